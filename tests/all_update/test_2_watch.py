"""When new frames are reduced; the scripts of the reduction do not run here."""

import os
import time

from cosmouline.database import paths
from cosmouline.errors import EXIT_IMAGES_FAILED, EXIT_USER_ERROR, UserError

import pytest

OLD_S = 3600


@pytest.fixture
def watch(script, tmp_path, monkeypatch, caplog):
    """Give the script with a lens of one new frame, an hour old, and what was run."""
    caplog.set_level("INFO", "cosmouline")
    raw, work, config = (tmp_path / name for name in ("raw", "work", "config"))
    for folder in (raw, work, config):
        folder.mkdir()
    (config / "settings.py").write_text(
        f"lens_name = 'Q'\nwork_dir = {str(work)!r}\n"
        f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(raw)!r}}}]\n")
    module = script("pipe/all_update/2_watch")
    module.raw, module.calls, module.code, module.told = raw, [], 0, []

    def frame(name, age_s=OLD_S):
        (raw / name).write_text(name)
        os.utime(raw / name, (time.time() - age_s,) * 2)

    def ran(name, folder, extra):
        module.calls.append((name, extra))
        return module.code

    monkeypatch.setattr(module.launch, "run_script", ran)
    monkeypatch.setattr(module.db_live, "tell", lambda settings: module.told)
    monkeypatch.setattr(module, "log_to_terminal", lambda: None)
    monkeypatch.setattr(module, "stop_on_signals", lambda: None)

    def main(*options):
        monkeypatch.setattr("sys.argv", ["2_watch.py", str(config), *options])
        return module.main()

    module.frame, module.run_main, module.paths = frame, main, paths
    frame("a.fits")
    return module


def test_a_new_frame_is_reduced(watch, caplog):
    watch.told = ["Q A 18.0"]

    assert watch.run_main("--once", "--no-pictures") == 0

    assert watch.calls == [("all_update/1_update", ["--no-pictures"])]
    assert "Q A 18.0" in caplog.messages


def test_a_frame_that_may_still_be_written_is_waited_for(watch, caplog):
    watch.frame("b.fits", age_s=30)

    watch.run_main("--once")
    assert watch.calls == []
    assert "2 new frames, 1 of them may still be written" in caplog.messages

    watch.run_main("--once", "--quiet", "10")
    assert len(watch.calls) == 1


def test_a_lens_without_new_frames_is_left_alone(watch, monkeypatch):
    monkeypatch.setattr(watch.db_update, "new_frames", lambda settings, rows: {"R": []})

    assert watch.run_main("--once") == 0
    assert watch.calls == []


@pytest.mark.parametrize(("code", "runs"), [(1, 2), (EXIT_IMAGES_FAILED, 3), (0, 3)])
def test_what_failed_is_tried_again_only_with_other_frames(watch, monkeypatch, code, runs):
    """Three looks; before the third a frame comes. Here nothing is ever marked as known."""
    watch.code, looks = code, []

    def sleep(seconds):
        assert seconds == 120
        looks.append(seconds)
        if len(looks) == 2:
            watch.frame("b.fits")
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(watch.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        watch.run_main("--every", "2")

    assert len(watch.calls) == runs


def test_an_interrupted_update_ends_the_watch(watch):
    watch.code = 143

    with pytest.raises(SystemExit) as stop:
        watch.run_main("--once")

    assert stop.value.code == 143


def test_a_folder_that_is_away_is_told_once_and_the_watch_goes_on(watch, monkeypatch, caplog):
    away, looks = watch.raw.with_name("away"), []
    watch.raw.rename(away)

    def sleep(_):
        looks.append(1)
        if len(looks) == 3:
            away.rename(watch.raw)
        if len(looks) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(watch.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        watch.run_main()

    told = [text for text in caplog.messages if "there is no folder" in text]
    assert len(told) == 1
    assert len(watch.calls) == 1
    assert watch.run_main("--once") == 0


def test_a_folder_that_is_no_lens_is_an_error_at_once(watch, monkeypatch, tmp_path):
    monkeypatch.setattr(watch.time, "sleep", None)
    monkeypatch.setattr("sys.argv", ["2_watch.py", str(tmp_path / "confog")])

    with pytest.raises(UserError, match=r"there is no .*confog/settings\.py\. Did you mean"):
        watch.main()


def test_with_once_a_folder_that_is_away_is_an_error(watch):
    watch.raw.rename(watch.raw.with_name("away"))

    assert watch.run_main("--once") == EXIT_USER_ERROR
