from types import SimpleNamespace

from cosmouline.database import paths

import pytest

SCRIPT = "3_align/5_opt_remove_unaligned"


@pytest.fixture
def lens(lens_after):
    return lens_after("3_align/3_update_flags")


def files(lens, name):
    return {path for path in lens.work.rglob(f"{name}.*") if path.is_file()}


def test_the_files_of_a_rejected_image_go_and_those_of_others_stay(lens, caplog):
    clouded, = lens.truth.spoilt
    size = sum(path.stat().st_size for path in files(lens, clouded))
    assert size > 100_000
    others = {name: files(lens, name) for name in lens.truth.good}

    lens.run(SCRIPT, dry_run=False)

    assert files(lens, clouded) == set()
    assert all(files(lens, name) == those for name, those in others.items())
    assert caplog.messages[-1] == f"3 files of 1 images, {size / 1e6:.1f} MB removed"


def test_a_dry_run_removes_nothing(lens, caplog):
    before = lens.snapshot()

    lens.run(SCRIPT, dry_run=True)

    assert lens.snapshot() == before
    assert caplog.messages[-1].endswith("would be removed")


def test_the_image_stays_out_also_of_what_ran_before_it_was_rejected(lens, caplog):
    clouded, = lens.truth.spoilt
    lens.run(SCRIPT, dry_run=False)

    assert lens.rows[clouded]["whynot"].startswith("files removed: not aligned: its WCS and")
    counts = lens.run("1_character/3a_detect", redo=True)
    assert counts["done"] == 6
    lens.run(SCRIPT, dry_run=False)
    assert caplog.messages[-1] == "0 files of 1 images, 0.0 MB removed"


def test_an_image_that_is_put_back_is_done_anew(lens):
    clouded, = lens.truth.spoilt
    lens.run(SCRIPT, dry_run=False)
    lens.update(clouded, gogogo=True, whynot=None)

    assert lens.run("1_character/1b_copy_convert") == {
        "done": 1, "rejected": 0, "failed": 0, "died": 0, "timeout": 0, "kept": 6}

    assert paths.image(lens.settings(), clouded).is_file()


def test_an_image_called_as_another_with_an_ending_keeps_its_own(script, lens):
    settings = lens.settings()
    (lens.work / "ali" / "x.cat.fits").write_bytes(b"of x.cat, or the catalogue of x")

    measure = script(f"pipe/{SCRIPT}").measure

    assert [path.name for path in measure(["x"], [], settings)] == ["x.cat.fits"]
    assert measure(["x"], ["x.cat"], settings) == {}


def test_raw_frames_below_the_work_folder_stay(script, tmp_path):
    for folder in ("raw", "ali"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.fits").write_bytes(b"of x")
    settings = SimpleNamespace(work_dir=tmp_path, sets=[{"raw_dir": tmp_path / "raw"},
                                                        {"raw_dir": tmp_path / "missing"}])

    found = script(f"pipe/{SCRIPT}").measure(["x"], [], settings)

    assert found == {tmp_path / "ali" / "x.fits": 4}
