"""new_lens.py on the frames of the small lens: its settings are those that 1a can use."""

import shutil

from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.run import make_options

import numpy as np
import pytest
from astropy.io import fits

SCRIPT = "extrascripts/new_lens"


@pytest.fixture
def new(script, trunk, tmp_path, caplog):
    """Run the script on a copy of two frames and a bias; give its folder."""
    caplog.set_level("INFO", "cosmouline")
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in (0, 1):
        shutil.copy(trunk.sky / f"frames/TINY/tiny_000{index}.fits", frames)
    fits.writeto(frames / "b.fits", fits.getdata(frames / "tiny_0000.fits"),
                 fits.Header({"IMAGETYP": "bias"}))

    def run(**options):
        standard = dict.fromkeys(("name", "ra", "dec", "work_dir", "gain", "read_noise",
                                  "saturation", "scale", "exptime", "dates")) | {
            "frames": frames, "out": tmp_path / "config"}
        script(SCRIPT).main(type("Options", (), standard | options))
        return tmp_path / "config"

    return run


def test_the_settings_say_what_the_frames_say(new, tiny, caplog):
    settings = load_settings(new())

    assert settings.lens_name == "TINY"
    assert settings.lens_ra_deg == pytest.approx(tiny.ra_deg, abs=1e-4)
    assert [(one["name"], one["science_only"]) for one in settings.sets] == [("R", True)]
    assert "2 frames; 1 calibration frames are left out (1 bias)" in caplog.messages
    assert "1a_add_to_database.py" in caplog.messages[-1]


def test_an_existing_folder_is_never_touched(new):
    folder = new()
    before = (folder / "settings.py").read_text()

    with pytest.raises(UserError, match="config exists already: give another --out"):
        new(name="OTHER")
    assert (folder / "settings.py").read_text() == before


def test_what_is_given_by_hand_wins(new):
    settings = load_settings(new(name="HE", ra=1.0, dec=2.0, work_dir="/tmp/w"))

    assert (settings.lens_name, settings.lens_ra_deg, settings.lens_dec_deg) == ("HE", 1.0, 2.0)
    assert str(settings.work_dir) == "/tmp/w"


def test_half_a_position_is_refused(new):
    with pytest.raises(UserError, match="--ra and --dec: give both"):
        new(ra=1.0)


def test_a_folder_without_frames_is_told(new, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no science frame .*below .*empty"):
        new(frames=tmp_path / "empty")


def test_files_that_are_no_frames_are_named(new, tmp_path, caplog):
    fits.writeto(tmp_path / "frames" / "tiny_0000_rms.fits", np.ones((9, 9)))
    (tmp_path / "frames" / "odd.fits").write_text("")

    new()

    assert "1 files are no frames: the noise of another file (tiny_0000_rms.fits)" in (
        caplog.messages)
    assert "1 files are no frames: the file is empty (odd.fits)" in caplog.messages


def test_what_it_writes_goes_through_the_first_script(new, script, tmp_path):
    """Two nights, without gain or date, and another field: all is given by hand or parted."""
    for night in ("n1", "n2"):
        folder = tmp_path / "frames" / night
        folder.mkdir()
        data, cards = fits.getdata(tmp_path / "frames/tiny_0000.fits", header=True)
        for card in ("GAIN", "DATE-OBS", "MJD-OBS"):
            cards.remove(card, ignore_missing=True)
        fits.writeto(folder / "a.fits", data, cards)
        other = cards.copy()
        other["CRVAL1"] += 5.0
        fits.writeto(folder / "b.fits", data, other)
    for path in (tmp_path / "frames").glob("*.fits"):
        path.unlink()
    (tmp_path / "dates.txt").write_text("a 2020-01-02T03:04:05\nb.fits 2020-01-03T03:04:05\n")

    settings = load_settings(new(gain=2.0, dates=tmp_path / "dates.txt",
                                 work_dir=str(tmp_path / "work")))
    db = Database(tmp_path / "database.json")
    try:
        settings.max_cpus, settings.options = 1, make_options()
        script("pipe/1_character/1a_add_to_database").main(settings, db)
        used = [row for row in db.rows.values() if row["gogogo"]]
    finally:
        db.close()

    assert {row["img_name"] for row in used} == {"R_n1-a", "R_n2-a"}
    assert {row["gain_e_per_adu"] for row in used} == {2.0}
    assert {row["datetime_utc"][:16] for row in used} == {"2020-01-02T03:06"}


def test_the_name_is_that_of_the_headers_or_of_the_folder(new, tmp_path, caplog):
    for path in (tmp_path / "frames").glob("tiny*"):
        fits.delval(path, "OBJECT")

    folder = new(dec=-3.0, ra=0.0, gain=2.0)

    assert load_settings(folder).lens_name == "frames"
    assert (load_settings(folder).lens_ra_deg, load_settings(folder).lens_dec_deg) == (0.0, -3.0)
    assert str(load_settings(folder).work_dir).endswith("/cosmouline/frames")
    assert (folder / "testlist.txt").is_file()
    assert not list(folder.glob("__*"))
    assert [path.name for path in folder.glob("*.py")] == ["settings.py"]


def test_of_two_fields_that_of_the_position_is_taken_and_what_is_lacking_is_asked_for(
        new, tmp_path, caplog):
    for index in (0, 1):
        path = tmp_path / f"frames/tiny_000{index}.fits"
        fits.delval(path, "GAIN")
        if index:
            fits.setval(path, "CRVAL2", value=fits.getval(path, "CRVAL2") + 3.0)
            at = fits.getval(path, "CRVAL1"), fits.getval(path, "CRVAL2")
            fits.setval(path, "OBJECT", value="OTHER")

    settings = load_settings(new(ra=at[0], dec=at[1]))

    assert settings.lens_name == "OTHER"
    assert settings.sets[0]["lens_only"] is True
    assert "1 frames are left out (first: tiny_0000.fits)" in caplog.text
    assert "Next: put in what the headers lack, then python pipe" in caplog.messages[-1]
