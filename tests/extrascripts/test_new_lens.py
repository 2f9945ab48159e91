"""new_lens.py on the frames of the small lens: its settings are those that 1a can use."""

import shutil

from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError

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
        standard = dict.fromkeys(("name", "ra", "dec", "work_dir")) | {
            "frames": frames, "out": tmp_path / "config"}
        script(SCRIPT).main(type("Options", (), standard | options))
        return tmp_path / "config"

    return run


def test_the_settings_say_what_the_frames_say(new, tiny, caplog):
    settings = load_settings(new())

    assert settings.lens_name == "TINY"
    assert settings.lens_ra_deg == pytest.approx(tiny.ra_deg, abs=1e-4)
    assert [(one["name"], one["science_only"]) for one in settings.sets] == [("R", True)]
    assert "2 frames; 1 calibration frames are left out" in caplog.messages
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
