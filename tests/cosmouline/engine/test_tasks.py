"""Long tasks: each tells what it has to say, and one that fails does not stop the others."""

import logging
import os
import threading
from pathlib import Path
from types import SimpleNamespace

from cosmouline.engine import tasks
from cosmouline.engine.work import Outcome
from cosmouline.errors import UserError
from cosmouline.threads import in_order

import pytest
from tqdm import tqdm


def fit(item, settings):
    """Do what the name of the item says; worker processes load it by the path of this file."""
    log = logging.getLogger("cosmouline")
    log.info("begins with %s", item["part"])
    for _ in tqdm([1, 2], disable=False):  # a bar goes to the script's terminal, or nowhere
        pass
    if item["img_name"] == "odd":
        raise UserError("no pixel. Look at the stamps.")
    if item["img_name"] == "broken":
        raise KeyError("x")
    if item["img_name"] == "dies":
        os.kill(os.getpid(), 9)
    return {"twice": 2 * item["part"], "pid": os.getpid()}


def name_itself(item, settings):
    """Log two lines, one of which begins with the name of the task."""
    if item["img_name"] == "R_1":
        logging.getLogger("cosmouline").info("R_1 does not take part")
        logging.getLogger("cosmouline").info("R_12 is another one")
    return {}


def settings(name):
    return SimpleNamespace(engine=name, max_cpus=2, image_timeout_s=0.0, died_retries=0,
                           work_dir=Path("nowhere"))


def items(*names):
    return [{"img_name": name, "part": part} for part, name in enumerate(names, 1)]


@pytest.fixture
def told(caplog):
    caplog.set_level("INFO", "cosmouline")
    return caplog


@pytest.mark.parametrize("name", ["serial", "local"])
def test_one_that_fails_does_not_stop_the_others(name, told, capfd):
    found, todo = {}, items("odd", "R", "broken", "V")

    def run():
        for item, values in tasks.results(fit, todo, settings(name), "fit"):
            found[item["img_name"]] = values

    with pytest.raises(UserError, match=r"^2 of 4 fits failed \(.*\), see above; the others are "
                                        "finished and kept") as stop:
        run()

    assert {one: values["twice"] for one, values in found.items()} == {"R": 4, "V": 8}
    assert "odd" in str(stop.value)
    assert "broken" in str(stop.value)
    assert "R: begins with 2" in told.messages
    assert "odd failed: no pixel. Look at the stamps." in told.messages
    assert "broken failed: KeyError: 'x'" in told.messages
    here = {values["pid"] for values in found.values()} == {os.getpid()}
    assert here == (name == "serial")
    assert ("2/2" in capfd.readouterr().err) == here  # no two bars in one line


def test_two_are_enough_for_workers_and_a_dead_one_is_told(told):
    with pytest.raises(UserError, match=r"1 of 2 fits failed \(dies\)"):
        list(tasks.results(fit, items("dies", "V"), settings("local"), "fit"))

    assert any(line.startswith("dies died: its worker process died") for line in told.messages)


def test_one_alone_is_done_here_and_says_it_all_at_once(told):
    (_, values), = tasks.results(fit, items("V"), settings("local"), "fit")

    assert values == {"twice": 2, "pid": os.getpid()}
    assert told.messages == ["begins with 1"]
    with pytest.raises(UserError, match=r"^no pixel\. Look at the stamps\.$"):
        list(tasks.results(fit, items("odd"), settings("local"), "fit"))


@pytest.mark.parametrize(("name", "is_sent"), [("dask", True), ("local", False)])
def test_one_alone_goes_to_the_workers_of_a_cluster(told, monkeypatch, name, is_sent):
    sent = []

    def outcomes(function, images, settings, on_gpu, long):
        sent.append((on_gpu, long))
        return [Outcome(one["img_name"], "done", function(one, settings)) for one in images]

    monkeypatch.setattr(tasks.engine, "outcomes", outcomes)
    (_, values), = tasks.results(fit, items("V"), settings(name), "fit", on_gpu=True)

    assert values["twice"] == 2
    assert sent == [(True, True)] * is_sent


@pytest.mark.parametrize("name", ["serial", "local"])
def test_a_name_is_not_told_twice(told, name):
    list(tasks.results(name_itself, items("R_1", ""), settings(name)))
    logging.getLogger("cosmouline").info("R_12 is another one")

    assert told.messages == ["R_1 does not take part", "R_1: R_12 is another one",
                             "R_12 is another one"]


def count_threads(item, settings):
    """Return how many threads its epochs run in."""
    meeting = threading.Barrier(item["part"], timeout=10)
    return {"n": len(set(in_order(lambda _: (meeting.wait(), threading.get_ident())[1],
                                  range(item["part"]))))}


@pytest.mark.parametrize(("name", "n"), [("serial", 1), ("local", 2)])
def test_one_task_alone_has_as_many_threads_as_there_would_be_workers(name, n):
    """They wait for each other, so that each has one of the items."""
    before = threading.active_count()
    ((_, values),) = tasks.results(count_threads, [{"img_name": "", "part": n}], settings(name))
    assert values == {"n": n}
    assert threading.active_count() == before
