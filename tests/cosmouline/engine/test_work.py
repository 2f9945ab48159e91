"""One task of an engine: found by file and name, and whatever it raises told as its outcome."""

import errno
import functools
import os
import pickle
from types import SimpleNamespace

from cosmouline.engine import work
from cosmouline.errors import ImageRejected, ProductLost, UserError
from cosmouline.files.atomic import add_finished, atomic_path

import pytest

ERRORS = {"rejected": ImageRejected("cloud"), "lost": ProductLost("no a.fits"),
          "memory": MemoryError(), "value": ValueError("broken"),
          "user": UserError("change this"), "os": OSError(errno.EACCES, "no right", "x"),
          "full": OSError(errno.ENOSPC, "full", "x.fits")}


def measure(image, settings, factor=1):
    """Raise the error that the image names, or write a file."""
    if image["img_name"] in ERRORS:
        raise ERRORS[image["img_name"]]
    with atomic_path(settings.work_dir / f"{image['img_name']}.txt") as half:
        half.write_text("x")
    return {"n_sources": factor * 3}


def result(name, tmp_path, task=None):
    task = task or work.Work.of(measure)
    return task({"img_name": name}, SimpleNamespace(work_dir=tmp_path))


@pytest.mark.parametrize(("name", "word", "message", "has_traceback"), [
    ("rejected", "rejected", "cloud", False), ("lost", "failed", "no a.fits", False),
    ("memory", "failed", "not enough memory", True),
    ("value", "failed", "ValueError: broken", True),
    ("os", "failed", "PermissionError: [Errno 13] no right: 'x'", True)])
def test_what_an_image_raises_is_its_outcome(tmp_path, name, word, message, has_traceback):
    found = result(name, tmp_path)

    assert (found.img_name, found.word, found.values, found.message) == (name, word, {}, message)
    assert ("Traceback" in found.details) is has_traceback


@pytest.mark.parametrize(("name", "message"), [
    ("user", "^change this$"), ("full", r"the disk is full \(x\.fits\)")])
def test_what_concerns_all_images_is_raised(tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        result(name, tmp_path)


def test_keywords_are_kept_and_the_task_can_be_sent(tmp_path):
    task = pickle.loads(pickle.dumps(work.Work.of(functools.partial(measure, factor=7))))

    assert result("a", tmp_path, task).values == {"n_sources": 21}
    assert work.module_of(task).measure is measure  # of the module that is loaded already


def test_files_of_this_task_alone_are_listed_where_there_is_a_recipe(tmp_path):
    add_finished([tmp_path / "of_another_task.txt"])
    seen = []
    recipe = SimpleNamespace(origin=lambda rows: seen.append(rows))
    task = work.Work.of(measure)._replace(recipe=recipe)

    found = result("a", tmp_path, task)

    assert [file.path for file in found.files] == ["a.txt"]
    assert result("b", tmp_path).files == ()


def test_a_script_is_loaded_by_its_path_once(tmp_path):
    """Names of numbered scripts begin with a digit: they cannot be imported."""
    path = tmp_path / "1_draw.py"
    path.write_text("n_loaded = [0]\nn_loaded[0] += 1\n"
                    "def measure(image, settings):\n    return {'n': n_loaded[0]}\n")
    task = work.Work(str(path), "measure", {})

    assert [result(name, tmp_path, task).values for name in "ab"] == [{"n": 1}, {"n": 1}]
    assert work.module_of(task).__name__ == "script_1_draw"


def test_the_cores_of_this_process_are_counted(monkeypatch):
    if hasattr(os, "sched_getaffinity"):
        assert work.n_usable_cpus() == len(os.sched_getaffinity(0))
        monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert work.n_usable_cpus() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert work.n_usable_cpus() == 1
