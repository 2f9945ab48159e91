"""Runs from log files."""

from cosmouline.errors import UserError
from cosmouline.shapes import io_runs

import pytest

AT = "2026-01-0{day} 10:00:00,123 "
LOGS = {  # script, lines: as run.py writes them
    1: ("6_shapes", "INFO 1 done", "INFO fac_shapes/6_shapes: done in 15.1 s, CPU 9.54 s (log)"),
    2: ("6_shapes", "INFO 6 of 6 batches are to be done"),  # killed
    3: ("3c_psf_model", "INFO 14 done, 2 failed", "INFO fac_shapes/3c_psf_model: done in 2.0 s, "
        "CPU 1.00 s (log: x)"),
    4: ("6_shapes", "INFO 1 done", "INFO fac_shapes/6_shapes: done in 5.0 s, CPU 4.00 s (log: x)"),
    5: ("3c_psf_model", "ERROR fac_shapes/3c_psf_model: no star"),
    6: ("2b_masks", "INFO fac_shapes/2b_masks on x (17 images, 17 in use)")}


@pytest.fixture
def folder(tmp_path):
    """Give a folder of log files, and one of another route."""
    for day, (script, *lines) in LOGS.items():
        (tmp_path / f"2026010{day}T100000_fac_shapes-{script}.log").write_text(
            "".join(f"{AT.format(day=day)}{line}\n" for line in lines))
    (tmp_path / "20260107T100000_5_psf-4_build_psf.log").write_text("")
    return tmp_path


def test_each_run_has_its_state(folder):
    runs = io_runs.read_runs(folder, "fac_shapes")
    assert [run.script for run in runs] == [script for script, *_ in LOGS.values()]
    assert [run.state for run in runs] == ["ok", "stopped", "failed 2", "ok", "failed", "stopped"]
    assert (runs[0].wall_s, runs[0].cpu_s) == (15.1, 9.54)
    assert runs[4].message == "no star"
    assert runs[0].started == "2026-01-01 10:00:00"
    at_work = io_runs.read_runs(folder, "fac_shapes", is_at_work=True)
    assert [run.state for run in at_work][-2:] == ["failed", "running"]


@pytest.mark.parametrize(("wanted", "days"), [
    ("last:6_shapes", [4]), ("all:6_shapes", [4, 1]), ("last:ngmix_runner", [4]),
    ("6_shapes", [4]), ("20260102:6_sh", [2]), ("0105:psfex_runner", [5])])
def test_a_run_is_found(folder, wanted, days):
    found = io_runs.chosen(io_runs.read_runs(folder, "fac_shapes"), wanted)
    assert [int(run.name[7]) for run in found] == days


@pytest.mark.parametrize(("wanted", "message"), [
    ("last:3c_psf_model", "2 runs, the last failed; none came to its end"),
    ("last:mask_runner", "1 runs, the last stopped; none came to its end"),
    ("202602:6_shapes", "none has '202602'"), ("202601:6_shapes", "3 runs fit"),
    ("last:6_shaps", "Did you mean '6_shapes'"), ("last:", "'' is no script")])
def test_a_run_that_is_not_there_is_told(folder, wanted, message):
    with pytest.raises(UserError, match=message):
        io_runs.chosen(io_runs.read_runs(folder, "fac_shapes"), wanted)
