"""Threads inside one task: results in their order, and no thread left behind."""

import threading

from cosmouline.threads import in_order, threads

import pytest


@pytest.mark.parametrize("n", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(n):
    """The first waits for the second where there are threads: both run at the same time."""
    second = threading.Event()

    def work(item, factor):
        if item == 1:
            second.set()
        if item == 0 and n > 1:
            assert second.wait(10)
        return factor * item

    before = set(threading.enumerate())  # other tests of this process may have left some
    with threads(n):
        assert list(in_order(work, range(20), range(20))) == [item**2 for item in range(20)]
    assert set(threading.enumerate()) <= before


def test_without_threads_it_is_a_loop():
    here = threading.get_ident()
    assert list(in_order(lambda _: threading.get_ident(), "ab")) == [here, here]
    with threads(2):
        assert here not in in_order(lambda _: threading.get_ident(), "ab")
        with threads(2):  # of a task inside a task: those that are there
            assert here not in in_order(lambda _: threading.get_ident(), "ab")
        assert here not in in_order(lambda _: threading.get_ident(), "ab")
    assert list(in_order(lambda _: threading.get_ident(), "a")) == [here]


def test_an_error_reaches_the_caller_and_the_threads_end():
    def fails(item):
        raise ValueError(f"made up {item}")

    before = set(threading.enumerate())
    with pytest.raises(ValueError, match="made up 1"), threads(2):
        list(in_order(fails, [1, 2]))
    assert set(threading.enumerate()) <= before
