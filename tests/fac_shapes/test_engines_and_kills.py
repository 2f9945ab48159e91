"""The route on every engine, in parts, and killed in the middle of each script."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

from cosmouline.database.script_header import ROOT
from cosmouline.errors import UserError
from cosmouline.files.io_fits_tables import read_table
from cosmouline.files.lock import Lock
from cosmouline.shapes import db_shapes

import numpy as np
import pytest

TILE = "tile-051"
OF_THE_RUN = ("ran__", "made__", "ccd_origin")  # when, by whom: not what


def values_of(field):
    """Return the values of all rows, without those that tell of the run."""
    return {name: {key: value for key, value in row.items() if not key.startswith(OF_THE_RUN)}
            for name, row in field.rows().items()}


def assert_same(field, done):
    """Compare rows and catalogue with those of an undisturbed serial run, bit for bit."""
    assert values_of(field) == values_of(done)
    mine, other = (read_table(one.work / "shapes" / "catalogue.fits", "RESULTS")
                   for one in (field, done))
    assert list(mine) == list(other)
    for name, values in mine.items():
        assert np.array_equal(values, other[name], equal_nan=values.dtype.kind == "f"), name


def command(field, script, *options):
    """Return the command of a script, and the environment of the checkout."""
    return ([sys.executable, str(ROOT / "pipe" / script), str(field.config), *options],
            os.environ | {"PYTHONPATH": str(ROOT / "pipe")})


@pytest.mark.parametrize(("text", "expected"), [
    (None, [0, 1, 2, 3]), ("1/1", [0, 1, 2, 3]), ("2/3", [1]), ("1/3", [0, 3])])
def test_a_part_is_every_nth_batch(text, expected):
    part = db_shapes.part_of(text)
    assert [n for n in range(4) if n in part] == expected


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0"])
def test_a_part_that_is_none_is_told(text):
    with pytest.raises(UserError, match=f"--part {text}: write it as 2/16"):
        db_shapes.part_of(text)


def test_parts_together_are_all(field, done):
    field.set("shape_metacal = {'batch': 13}")
    folder = field.work / "shapes" / "shapes" / TILE
    shutil.rmtree(folder)
    before = field.rows()
    for part, n_files in (("2/3", 2), ("1/3", 4), ("3/3", 5)):
        field.run("6_shapes", part=part)
        assert len(list(folder.glob("*.fits"))) == n_files
        assert field.rows() == before  # parts write files only: several may be at work
    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("*.fits")}
    field.run("6_shapes")
    assert stamps == {path: path.stat().st_mtime_ns for path in folder.glob("*.fits")}
    for name in ("7a_make_catalogue", "7b_merge"):
        field.run(name)
    assert_same(field, done)


def test_a_part_runs_beside_a_script_that_holds_the_database(field):
    field.set("shape_metacal = {'batch': 13}")
    words, environment = command(field, "fac_shapes/6_shapes.py")
    with Lock(field.work / "shapes.json"):
        part = subprocess.run([*words, "--part", "1/2"], env=environment, capture_output=True,
                              text=True, timeout=300)
        whole = subprocess.run(words, env=environment, capture_output=True, text=True,
                               timeout=300)
    assert part.returncode == 0, part.stderr
    assert "this part is done" in part.stdout + part.stderr
    assert whole.returncode == 1
    assert "is in use by" in whole.stdout + whole.stderr


@pytest.mark.long
@pytest.mark.parametrize("lines", ['engine, max_cpus = "local", 2', """engine = "dask"
cluster = {"cluster": "local", "jobs": 1, "cores": 2, "memory": "2GB"}"""],
                         ids=["local", "dask"])
def test_every_engine_gives_the_same_rows(tmp_path, script, tiny_sky, done, lines):
    if "dask" in lines:
        pytest.importorskip("distributed")
    field = script("tests/fac_shapes/conftest").Field(tmp_path / "new", script, tiny_sky).make()
    field.set(f"{lines}\nshape_metacal = {{'batch': 20}}")
    words, environment = command(field, "run_all.py", "--route", "shapes")
    subprocess.run(words, env=environment, check=True, capture_output=True, timeout=500)
    assert_same(field, done)


def finished(field):
    """Return the values of the rows, and the times of the batches of shapes."""
    folder = field.work / "shapes" / "shapes" / TILE
    rows = values_of(field) if (field.work / "shapes.json").is_file() else {}
    return ({(name, key): value for name, row in rows.items() for key, value in row.items()}
            | {path: path.stat().st_mtime_ns for path in folder.glob("*.fits")})


@pytest.mark.long
def test_a_kill_in_the_middle_of_each_script_loses_nothing(tmp_path, script, tiny_sky, done):
    field = script("tests/fac_shapes/conftest").Field(tmp_path / "new", script, tiny_sky).make()
    field.set("engine, max_cpus = 'local', 2\nshape_metacal = {'batch': 20}")
    rng, n_in_the_middle = random.Random(1), 0
    for name in script("tests/fac_shapes/conftest").SCRIPTS:
        words, environment = command(field, f"fac_shapes/{name}.py")
        for _ in range(2):
            seen = finished(field)
            process = subprocess.Popen(words, env=environment, start_new_session=True,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.1, 0.8))
            n_in_the_middle += process.poll() is None
            with suppress(ProcessLookupError):  # it has ended, and its workers too
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            # what was in the database, and every finished batch, is there still, the same
            assert seen.items() <= finished(field).items()
        seen = finished(field)
        subprocess.run(words, env=environment, check=True, capture_output=True, timeout=300)
        assert seen.items() <= finished(field).items()
    assert n_in_the_middle > 8  # of 34: on a fast machine the others have ended
    assert_same(field, done)
