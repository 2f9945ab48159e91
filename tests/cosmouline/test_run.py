"""Scripts as the user runs them: on a made-up script in a made-up checkout."""

import signal
import socket
import subprocess
import time

from cosmouline.database.database import Database

import pytest


@pytest.fixture
def lens(made_up, tmp_path):
    return made_up.Lens(tmp_path, ["a", "bb", "cloud1"])


def test_fields_verdicts_counts_and_log(lens):
    text, code = lens.run()

    assert code == 0
    assert "cloud1 rejected: no star" in text
    assert "2 done, 1 rejected" in text
    assert (lens.rows["a"]["n_sources"], lens.rows["bb"]["n_sources"]) == (6, 7)
    assert lens.rows["cloud1"]["gogogo"] is False
    assert lens.rows["cloud1"]["whynot"] == "no star (1_character/3a_detect)"
    log, = (lens.folder / "work" / "logs").iterdir()
    assert "engine = 'serial'" in log.read_text()


def test_what_is_up_to_date_is_kept_and_a_new_setting_is_not(lens):
    lens.run()
    assert "3 kept" in lens.run()[0]
    lens.settings("detect_min_area_px = 9")

    assert "2 done" in lens.run()[0]
    assert lens.rows["a"]["n_sources"] == 10


def test_a_value_that_cannot_be_fails_its_image_alone(lens):
    text, code = lens.run(NO_NUMBER="a")

    assert code == 3
    assert "a failed: the field 'n_sources' is int, not nan" in text
    assert "1 done, 1 rejected, 1 failed" in text


def test_redo_does_all_again_and_a_failure_keeps_no_old_value(lens):
    lens.run()
    text, code = lens.run("--redo", BROKEN="a")

    assert code == 3
    assert "a failed: ValueError: broken image" in text
    assert "n_sources" not in lens.rows["a"]
    assert lens.rows["a"]["gogogo"] is True
    assert "1 done, 2 kept" in lens.run()[0]


def test_a_rejected_image_comes_back_when_its_cause_is_mended(lens):
    lens.run()
    assert "1 kept" in lens.run("--only", "cloud1")[0]
    lens.settings("detect_min_area_px = 9")

    text, _ = lens.run(CLEAR="1")

    assert "3 done" in text
    assert lens.rows["cloud1"]["gogogo"] is True
    assert "whynot" not in lens.rows["cloud1"]


def test_what_a_later_script_rejected_is_measured_but_stays_out_until_that_one_judges(lens):
    lens.run(CLEAR="1")
    lens.reject("a", "no PSF (5_psf/4_build_psf)")
    lens.reject("bb", "kicklist: satellite")
    lens.settings("detect_min_area_px = 9")

    text, _ = lens.run(CLEAR="1")

    assert "2 done" in text  # a and ccc; bb is out of use for all
    assert lens.rows["a"]["gogogo"] is False
    assert lens.rows["bb"]["gogogo"] is False


def test_only_and_test_choose_images(lens):
    assert "1 done" in lens.run("--only", "bb")[0]
    text, code = lens.run("--test")
    assert code == 1
    assert "--test: no image is marked. Name some in testlist.txt" in text


def test_only_takes_a_file_of_names(lens):
    names = lens.folder / "names.txt"
    names.write_text("a\nbb\n")
    assert "2 done" in lens.run("--only", f"@{names}")[0]
    text, code = lens.run("--only", "@/nowhere.txt")
    assert code == 2
    assert "No such file or directory: '/nowhere.txt'" in text


def test_an_image_out_of_use_is_told_under_only(lens):
    db = Database(lens.folder / "work" / "database.json")
    db.reject("bb", "kicklist: cloud")
    db.save()
    db.close()

    text, _ = lens.run("--only", "a", "bb")

    assert "--only bb is out of use: kicklist: cloud" in text


def test_a_user_error_is_one_line_and_exit_1(lens):
    text, code = lens.run(STOP="1")

    assert code == 1
    assert text.splitlines()[-1] == "1_character/3a_detect: the list is empty. Fill it."


def test_a_bug_shows_no_traceback_but_the_log_has_it(lens):
    text, code = lens.run(BUG="1")

    assert code == 1
    assert "Traceback" not in text
    assert "Traceback" in next((lens.folder / "work" / "logs").iterdir()).read_text()
    assert "Traceback" in lens.run("--debug", BUG="1")[0]


def test_the_help_is_the_manual_page(lens):
    text, code = lens.run("--help")

    assert code == 0
    assert "Count the letters" in text
    assert "Settings: detect_min_area_px" in text


@pytest.fixture
def many(made_up, tmp_path):
    return made_up.Lens(tmp_path, [f"img{i:02d}" for i in range(40)])


def wait_for_journal(lens, n_lines):
    journal = lens.folder / "work" / "database.json.journal"
    for _ in range(600):
        if journal.exists() and len(journal.read_bytes().splitlines()) >= n_lines:
            return
        time.sleep(0.05)
    raise TimeoutError


def half_written(lens, pid):
    """Leave a file as a process does that dies while it writes."""
    path = lens.folder / "work" / f".{socket.gethostname()}.{pid}.0123abcd.tmp.x.fits"
    path.write_text("half")
    return path


@pytest.mark.parametrize("engine", ["serial", "local"])
def test_kill_9_loses_nothing_that_was_finished(many, engine):
    many.settings(f"engine = {engine!r}\nmax_cpus = 2")
    process = many.start(WAIT_S="0.1")
    wait_for_journal(many, 6)
    process.kill()
    process.communicate()
    finished = sum("n_sources" in row for row in many.rows.values())
    left = half_written(many, process.pid)

    text, code = many.run()

    assert finished >= 5
    assert code == 0
    assert not left.exists()
    assert f"{40 - finished} done, {finished} kept" in text
    assert all("n_sources" in row for row in many.rows.values())


def test_ctrl_c_keeps_what_is_finished_and_leaves_no_lock(many):
    process = many.start(WAIT_S="0.1")
    wait_for_journal(many, 4)
    worker = subprocess.Popen(["true"])
    worker.wait()
    left = half_written(many, worker.pid)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=60)[0]

    assert process.returncode == 130
    assert "interrupted; what is finished is kept" in text
    assert not left.exists()
    assert not (many.folder / "work" / "database.json.lock").exists()
    assert sum("n_sources" in row for row in many.rows.values()) >= 3


def test_a_second_script_is_refused_in_two_seconds(many):
    first = many.start(WAIT_S="1.0")
    wait_for_journal(many, 2)
    start = time.monotonic()
    many.run("--help")  # what starting a script takes here
    started = time.monotonic()
    text, code = many.run()
    waited_s = time.monotonic() - started
    first.kill()
    first.communicate()

    assert code == 1
    assert "in use by 3a_detect.py" in text
    assert waited_s < 2 + 2 * (started - start)


def test_serial_and_local_give_the_same_rows(made_up, tmp_path):
    rows = {}
    for engine in ("serial", "local"):
        lens = made_up.Lens(tmp_path / engine, [f"img{i}" for i in range(9)] + ["cloud1"])
        lens.settings(f"engine = {engine!r}\nmax_cpus = 2")
        lens.run()
        rows[engine] = lens.rows

    assert rows["serial"] == rows["local"]


def test_a_work_folder_without_room_for_logs_is_named(lens):
    (lens.folder / "work" / "logs").write_text("a file")
    text, code = lens.run()

    assert code == 1
    assert f"work_dir {lens.folder / 'work'} cannot be written: " in text
