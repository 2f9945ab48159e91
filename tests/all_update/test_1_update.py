"""The update of a reduction; the scripts that it runs are made up here."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.errors import EXIT_IMAGES_FAILED
from cosmouline.frames import db_intake

import pytest

FIT = "7_deconv/6_readout:second"


@pytest.fixture
def lens(script, tmp_path, monkeypatch, caplog):
    """Make a reduction of two images, and a new frame; give the script and what it runs."""
    caplog.set_level("INFO", "cosmouline")
    raw, work, config = (tmp_path / name for name in ("raw", "work", "config"))
    for folder in (raw, work, config):
        folder.mkdir()
    for name in "abc":
        (raw / f"{name}.fits").write_text(name)
    (config / "settings.py").write_text(
        f"lens_name = 'Q'\nwork_dir = {str(work)!r}\ndec_name = 'second'\n"
        f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(raw)!r}}}]\n")
    update(work, {name: epoch(100.0, raw_state=db_intake.state(raw / f"{name[2]}.fits"))
                  for name in ("R_a", "R_b")})
    module = script("pipe/all_update/1_update")
    run = SimpleNamespace(calls=[], code=0, work=work, module=module)

    def stretch(order, config_dir, extra, keep_going):
        run.calls.append((order, config_dir, extra, keep_going))
        update(work, {"R_a": epoch(104.0, number=1)})
        return run.code

    run.is_done = False
    monkeypatch.setattr(module.launch, "run_stretch", stretch)
    monkeypatch.setattr(module.db_update, "is_done", lambda *_: run.is_done)
    monkeypatch.setattr(module, "log_to_terminal", lambda: None)

    def main(*options):
        monkeypatch.setattr("sys.argv", ["1_update.py", str(config), *options])
        return module.main()

    run.main = main
    return run


def epoch(flux_e, number=0, **more):
    return {"set_name": "R", "flux_e__second__A": flux_e, "flux_sigma_e__second__A": 2.0,
            "dec_coeff__second": 1.0, "dec_chi2__second": 1.0,
            f"ran__{FIT}": f"done {number} {number}"} | more


def update(work, rows):
    db = Database(paths.database(SimpleNamespace(work_dir=work, band="")))
    for name, values in rows.items():
        db.update(name, values)
    db.save()
    db.close()


def rows(lens):
    db = Database(paths.database(SimpleNamespace(work_dir=lens.work, band="")))
    db.close()
    return db.rows


def test_all_scripts_are_run_and_what_changed_is_reported(lens, caplog):
    """A moves by 4 e-, two errors; one of two images was done again."""
    assert lens.main("--cpus", "3") == 0

    (order, _, extra, keep_going), = lens.calls
    assert order == list(lens.module.listed_scripts())
    assert (extra, keep_going) == (["--cpus", "3"], True)
    assert "1 new frames, 2 known" in caplog.messages
    assert "1 new images: R_c\n" in caplog.messages[-1]
    text = (lens.work / "report_update.txt").read_text()
    assert text.startswith("Q: update")
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    assert ["7_deconv/6_readout", "0", "1", "1"] in cells
    (moved,) = [line for line in cells if line[0] == "A" or line[1:2] == ["A"]]
    assert moved[-3:] == ["2", "1.000", "2.000"]
    assert text.split("\n\n", 1)[1].strip() in caplog.messages[-1]
    assert str(lens.work / "report_update.txt") in caplog.messages[-1]
    assert {name: row["updating"] for name, row in rows(lens).items()} == {
        "R_a": False, "R_b": False}  # the new frame has no row: its script was not run here


def test_pictures_can_be_left_out(lens):
    assert lens.main("--no-pictures") == 0

    (order, _, extra, _), = lens.calls
    whole = list(lens.module.listed_scripts())
    assert order == lens.module.launch.without_pictures(whole)
    assert len(order) < len(whole)
    assert extra == ["--no-pictures"]  # for scripts that measure and draw


def test_after_a_script_that_stopped_nothing_is_marked_or_reported(lens):
    lens.code = EXIT_IMAGES_FAILED

    assert lens.main() == EXIT_IMAGES_FAILED
    assert not (lens.work / "report_update.txt").exists()
    assert not any("updating" in row for row in rows(lens).values())


def test_a_mistake_of_the_user_is_one_line(lens, caplog, tmp_path):
    for path in (tmp_path / "raw").iterdir():
        path.unlink()

    assert lens.main() == 1
    assert lens.calls == []
    assert caplog.messages[-1].startswith("1_update.py: set R: no FITS file in ")


def test_with_nothing_new_and_nothing_out_of_date_no_script_runs(lens, caplog, tmp_path):
    lens.is_done = True
    (tmp_path / "raw" / "c.fits").unlink()

    assert lens.main() == 0
    assert lens.calls == []
    assert caplog.messages[-1] == "nothing to do: no script is out of date"


def test_with_nothing_new_what_is_out_of_date_is_done(lens, tmp_path):
    (tmp_path / "raw" / "c.fits").unlink()

    assert lens.main() == 0
    assert len(lens.calls) == 1


def test_a_new_frame_is_done_even_where_nothing_is_out_of_date(lens):
    lens.is_done = True

    assert lens.main() == 0
    assert len(lens.calls) == 1
