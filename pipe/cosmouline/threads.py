"""Threads for work inside one task, such as the epochs of a joint fit: numpy lets them run.

Its transforms and products of matrices leave the other threads running; results come in their
order, so that sums of them have the same bits with any number of threads.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor

_pool = [None]


@contextlib.contextmanager
def threads(n):
    """Let `in_order` have so many threads meanwhile; they are gone afterwards."""
    if n < 2 or _pool[0] is not None:
        yield
        return
    with ThreadPoolExecutor(n) as pool:
        _pool[0] = pool
        try:
            yield
        finally:
            _pool[0] = None


def in_order(function, *items):
    """Return an iterator over ``function(*item)`` in the order of the items, as `map` does.

    The function must not use `in_order` itself, nor write what others read.
    """
    return (map if _pool[0] is None else _pool[0].map)(function, *items)
