"""Rows e04 to e26 of the acceptance list: what surrounds a script must not change its results.

Rows that other files hold (a killed worker, a crash in C, memory, time, Ctrl-C) have their
verdicts recorded there.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cosmouline.database.database import Database
from cosmouline.database.json_store import N_BACKUPS, Store

import numpy as np
import pytest
from astropy.io import fits

ROOT = Path(__file__).resolve().parents[1]
# What chooses the numeric kernels stays: other kernels give other last digits
KERNELS = ("OPENBLAS_", "MKL_", "NPY_", "XLA_", "JAX_", "NVPL_")
MEASURE = '''
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_fits import read_frame

HERE = script_header.ROOT


def measure(image, settings):
    """Count the pixels; write a product."""
    name = image["img_name"]
    if (HERE / "wait").exists() and name != "a0":
        (HERE / "waiting").touch()
        while (HERE / "wait").exists():
            time.sleep(0.01)
    frame = HERE / "frame.fits"
    with atomic_path(settings.work_dir / f"{name}.txt", is_synced=False) as path:
        path.write_text(name)
    n_pixels = read_frame(frame).data_adu.size if frame.exists() else 0
    return {"n_sources": n_pixels + len(name)}
'''
SPY = '''
import os, sys
def look(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        os.write(2, f"NETWORK {event}".encode())
sys.addaudithook(look)
'''
FEW_HANDLES = "/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh"
BYTES_EQUAL = ("ali/*.cat.fits", "sky/*.fits", "badpix/*.fits")


@pytest.fixture
def lens_with(made_up, tmp_path):
    """Make a lens with this script."""
    def make(names, folder="lens", text=""):
        lens = made_up.Lens(tmp_path / folder, names, MEASURE)
        lens.settings(text)
        return lens
    return make


def until(path, process):
    """Wait until a file is there."""
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None
        time.sleep(0.01)
    raise TimeoutError


def tell(record_property, row, wanted, verdict, text):
    """Record a verdict for the table."""
    record_property("verdict", f"{row}\t{wanted}\t{verdict}\t{text}")


def results(lens):
    """Return all rows without the numbers of the runs and the times of the files."""
    varying = {"ran__": r"\d+", "made__": r"(?<= )\d{15,}(?= )"}
    return {name: {key: re.sub(varying.get(key.partition("__")[0] + "__", r"\Z\A"), "n", value)
                   if isinstance(value, str) else value for key, value in row.items()}
            for name, row in lens.rows.items()}


def test_e04_a_second_script_is_refused_and_the_first_goes_on(lens_with, record_property):
    lens = lens_with(["a0", "a1", "a2"])
    (lens.folder / "wait").touch()
    first = lens.start()
    until(lens.folder / "waiting", first)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text, code = lens.run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (lens.folder / "wait").unlink()
    told = first.communicate(timeout=60)[0]

    tell(record_property, "e04_two_scripts", "STOP", "STOP" if code == 1 else "OK",
         text.strip().replace(str(lens.folder), ""))
    assert code == 1
    assert "database.json is in use by 3a_detect.py (process " in text
    assert text.count("\n") == 1
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 30  # 0.8 alone
    assert first.returncode == 0
    assert "3 done" in told
    assert all("n_sources" in row for row in lens.rows.values())


def test_e05_a_script_killed_in_the_middle_ends_like_an_undisturbed_one(
        lens_with, record_property):
    names = [f"a{i}" for i in range(6)]
    lens, other = lens_with(names), lens_with(names, "other")
    (lens.folder / "wait").touch()
    process = lens.start()
    until(lens.folder / "waiting", process)
    process.kill()
    process.communicate()
    (lens.folder / "wait").unlink()
    text, code = lens.run()
    other.run()

    tell(record_property, "e05_kill9_parent", "OK", "OK" if code == 0 else "STOP", "")
    assert "5 done, 1 kept" in text
    assert results(lens) == results(other)
    assert not list((lens.folder / "work").glob("*.lock*"))


def test_e18_a_clock_set_back_changes_nothing(lens_after, record_property, monkeypatch):
    """Neither what is to do nor which backup is the newest rests on the time."""
    lens = lens_after("1_character/3b_measure_seeing")
    for path in lens.work.rglob("*"):
        os.utime(path, (1e9, 1e9))
    kept = lens.run("1_character/3b_measure_seeing")["kept"]
    store = Store(lens.work / "database.json")
    rows, runs = store.load()
    for years in range(5):  # every save is a year before the last one
        past = time.struct_time((2026 - years, 1, 1, 0, 0, 0, 3, 1, 0))
        monkeypatch.setattr("time.gmtime", lambda past=past: past)
        rows[lens.truth.good[0]]["n_sources"] = years
        store.save(rows, runs)

    in_use = sum(row["gogogo"] for row in rows.values())
    tell(record_property, "e18_clock_back", "OK", "OK" if kept == in_use else "FLAG", "")
    assert kept == in_use > 4
    copies = sorted((lens.work / "backups").iterdir())
    numbers = [int(re.search(r'"generation": (\d+)', path.read_text())[1]) for path in copies]
    assert numbers == sorted(numbers)
    assert numbers[-1] == store.generation - 1
    assert 5 <= len(copies) <= 2 * N_BACKUPS


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, trunk, new_lens):
    """Run the first part of the order as a node of a cluster would: nothing is as it should be.

    No home, no display, the C locale with a terminal that knows ASCII alone, accents in the names,
    another file system for temporary files, few file handles.
    """
    folder = tmp_path_factory.mktemp("node")
    lens = new_lens(folder / "Hélène", trunk)
    lens.set('lens_name = "Hélène"\nengine = "local"\nmax_cpus = 2\n')
    spy = folder / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY)
    no_folder = folder / "file"  # not even root can make a home below a file
    no_folder.touch()
    kernels = {name: value for name, value in os.environ.items() if name.startswith(KERNELS)}
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
    with tempfile.TemporaryDirectory(dir=memory) as other:  # a name that no other run has
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(no_folder / "home"), "LC_ALL": "C", **kernels,
            "TZ": "Asia/Tokyo", "PYTHONIOENCODING": "ascii", "TMPDIR": other,
            "PYTHONPATH": os.pathsep.join([str(spy), os.environ.get("PYTHONPATH", "")])}
        lens.said = [subprocess.run(
            [*FEW_HANDLES, sys.executable, *command], capture_output=True, env=environment,
            cwd=folder) for command in (
            [str(ROOT / "pipe/run_all.py"), str(lens.config), "--to", "2_skysub/1_skysub"],
            [str(ROOT / "pipe/2_skysub/2_sky_pngs.py"), str(lens.config), "--only",
             lens.truth.good[0]])]
        lens.left = list(Path(other).iterdir())
    return lens


def test_e20_the_locale_changes_no_result_and_loses_no_line(hostile, trunk, record_property):
    first = hostile.said[0]
    text = first.stdout.decode("ascii")

    tell(record_property, "e20_locale", "OK", "OK" if first.returncode == 0 else "STOP", "")
    assert first.returncode == 0, text
    assert r"H\xe9l\xe8ne/config (7 images, 7 in use)" in text
    usual = trunk.after("2_skysub/1_skysub")
    for pattern in BYTES_EQUAL:
        assert [path.read_bytes() for path in sorted(hostile.work.glob(pattern))] == [
            path.read_bytes() for path in sorted(usual.glob(pattern))]
    db = Database(usual / "database.json")
    for name, row in hostile.rows.items():
        assert row["fwhm_px"] == db.rows[name]["fwhm_px"]
        assert row["datetime_utc"] == db.rows[name]["datetime_utc"]
    assert "Hélène" in (hostile.work / "report_seeing.txt").read_text(encoding="utf-8")


def test_e21_pictures_need_no_display(hostile, record_property):
    drawn = hostile.said[1]

    tell(record_property, "e21_no_display", "OK", "OK" if drawn.returncode == 0 else "STOP", "")
    assert drawn.returncode == 0, drawn.stdout
    assert len(list(hostile.work.rglob("*.png"))) == 1


def test_e24_temporary_files_lie_beside_their_targets(hostile, record_property):
    tell(record_property, "e24_tmp_other_fs", "OK", "OK" if not hostile.left else "FLAG", "")

    assert hostile.left == []
    assert not list(hostile.work.rglob("*.tmp.*"))


def test_e25_few_file_handles_are_enough_for_many_images(lens_with, record_property):
    """With 64 handles a leak of one in five images shows."""
    lens = lens_with([f"a{i}" for i in range(300)], text="engine = 'local'\nmax_cpus = 2\n")
    fits.writeto(lens.folder / "frame.fits", np.zeros((64, 64), np.float32))

    done = subprocess.run([*FEW_HANDLES, sys.executable, str(lens.script), str(lens.folder)],
                          capture_output=True, text=True)

    tell(record_property, "e25_fd_limit", "OK", "OK" if done.returncode == 0 else "STOP", "")
    assert "300 done" in done.stdout
    assert done.returncode == 0


def test_e26_a_home_that_cannot_be_written_costs_no_word_and_no_download(hostile, record_property):
    said = b"".join(one.stdout + one.stderr for one in hostile.said).decode("ascii")
    odd = [line for line in said.splitlines()
           if re.search("NETWORK|[Ww]arning|cache|mkdir|nonexistent|iers", line)]

    tell(record_property, "e26_home_unwritable", "OK", "OK" if not odd else "FLAG", "")
    assert odd == []
    assert b"".join(one.stderr for one in hostile.said) == b""


def test_the_spy_sees_a_connection(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SPY)
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 1))"],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)})

    assert "NETWORK socket.connect" in done.stderr
