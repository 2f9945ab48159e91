"""The list of runs, of numbers, and of what is not finished."""

from cosmouline.errors import UserError

import pytest

CCD, TILE = "2079613-0", "tile-051"
LINE = "2026-01-01 10:00:00,123 INFO fac_shapes/{0}: done in 1.0 s, CPU 0.50 s (log)\n"


@pytest.fixture
def listed(field, caplog):
    """Give a field with two logs, and what 0_runs says on it."""
    caplog.set_level("INFO", "cosmouline")
    (field.work / "logs").mkdir(exist_ok=True)
    for day, script in ((1, "3c_psf_model"), (2, "6_shapes")):
        (field.work / "logs" / f"2026010{day}T100000_fac_shapes-{script}.log").write_text(
            LINE.format(script))

    def run(*which, **options):
        caplog.clear()
        field.run("0_runs", runs=list(which), **({"unfinished": None, "files": None,
                                                  "numbers": "-0000000"} | options))
        return [record.getMessage() for record in caplog.records]
    run.field = field
    return run


def test_all_runs_and_the_last_of_a_module(listed):
    assert listed() == ["20260101T100000_fac_shapes-3c_psf_model: ok",
                        "20260102T100000_fac_shapes-6_shapes: ok"]
    assert listed("last:ngmix_runner") == ["20260102T100000_fac_shapes-6_shapes: ok"]
    (listed.field.work / "logs" / "20260103T100000_fac_shapes-2b_masks.log").write_text("")
    assert listed()[-1] == "20260103T100000_fac_shapes-2b_masks: stopped"
    (listed.field.work / "shapes.json.lock").write_text("{}")
    assert listed()[-1] == "20260103T100000_fac_shapes-2b_masks: running"


def test_what_is_not_finished_is_a_list_for_only(listed):
    field = listed.field
    path = field.work / "shapes" / "unfinished_3c_psf_model.txt"
    listed(unfinished="psfex_runner")
    assert path.read_text() == ""
    field.set("shape_psf = {'max_degree': 1}")  # out of date now
    listed(unfinished="3c")
    assert path.read_text() == f"{CCD}\n2079614-0\n"
    text = (field.work / "report_runs.txt").read_text()
    assert text.startswith("FIELD  runs")
    assert "3c_psf_model        |            2 | 2079613-0 out of date" in text
    with pytest.raises(UserError, match="'9_none' is no script or module"):
        listed(unfinished="9_none")


def test_numbers_of_files(listed):
    lines = listed(files=[str(listed.field.sky / "exposures"), "image", "flag", "other"])[0]
    assert lines.splitlines() == ["-2079613  lacks other", "-2079614  lacks other"]
    lines = listed(files=[str(listed.field.sky / "exposures"), "image", "flag"])[0]
    assert lines.splitlines()[0] == "-2079613  image-2079613.fits  flag-2079613.fits"
    with pytest.raises(UserError, match="give a folder and the beginnings"):
        listed(files=["/nowhere", "image"])
