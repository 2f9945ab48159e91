import math
import shutil
from pathlib import Path

from cosmouline.database import paths
from cosmouline.dates import mjd_to_iso
from cosmouline.errors import UserError

import pytest
from astropy.io import fits

SCRIPT = "1_character/1a_add_to_database"
MS_D = 1e-3 / 86400


def change_card(path, keyword, value):
    """Change one card of a raw frame; None removes it."""
    with fits.open(path, "update") as hdus:
        if value is None:
            del hdus[0].header[keyword]
        else:
            hdus[0].header[keyword] = value


def test_the_row_says_what_the_frame_was_drawn_from(lens_after):
    lens = lens_after(SCRIPT)
    camera = lens.truth.campaign.telescopes[0]

    assert list(lens.rows) == lens.truth.names
    for name, row in lens.rows.items():
        frame = lens.truth.frame(name)
        assert row["mjd"] == pytest.approx(frame.mjd_mid, abs=1.5 * MS_D)  # DATE-OBS is in ms
        assert row["datetime_utc"][:19] == mjd_to_iso(frame.mjd_mid)[:19]
        assert row["exptime_s"] == frame.exptime_s
        assert (row["gain_e_per_adu"], row["read_noise_e"]) == (camera.gain_e_per_adu,
                                                                camera.read_noise_e)
        assert row["saturation_adu"] == camera.saturation_adu
        assert row["pixel_scale_arcsec"] == camera.pixel_scale_arcsec
        assert (row["site_lon_deg"], row["site_lat_deg"], row["site_height_m"]) == (
            camera.site_lon_deg, camera.site_lat_deg, camera.site_elev_m)
        assert (row["set_name"], row["telescope"], row["filter"]) == ("R", "TINY", "R")
        assert (row["gogogo"], row["treatme"], row["testlist"]) == (True, True, False)


def test_a_second_run_keeps_all_and_a_new_frame_is_added(lens_after):
    lens = lens_after(SCRIPT)
    raw = lens.own_frames()
    lens.run(SCRIPT)  # sets has changed: its raw_dir
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 7
    assert lens.snapshot() == before

    shutil.copy(raw / "tiny_0000.fits", raw / "new.fits")
    counts = lens.run(SCRIPT)
    assert (counts["done"], counts["kept"]) == (1, 7)
    assert lens.rows["R_new"]["mjd"] == lens.rows["R_tiny_0000"]["mjd"]


def test_a_broken_frame_is_rejected_alone_and_comes_back_when_replaced(lens_before, caplog):
    lens = lens_before(SCRIPT)
    raw = lens.own_frames()
    good = (raw / "tiny_0003.fits").read_bytes()
    (raw / "tiny_0003.fits").write_text("no image")

    counts = lens.run(SCRIPT)

    assert (counts["done"], counts["rejected"]) == (6, 1)
    row = lens.rows["R_tiny_0003"]
    assert row["gogogo"] is False
    assert row["whynot"].endswith(f"({SCRIPT})")
    assert "mjd" not in row

    (raw / "tiny_0003.fits").write_bytes(good)
    assert lens.run(SCRIPT)["done"] == 1
    assert lens.rows["R_tiny_0003"]["gogogo"] is True
    assert "whynot" not in lens.rows["R_tiny_0003"]


def test_a_missing_card_is_named_and_an_override_gives_it(lens_before, caplog):
    lens = lens_before(SCRIPT)
    change_card(lens.own_frames() / "tiny_0001.fits", "GAIN", None)

    assert lens.run(SCRIPT)["rejected"] == 1
    assert "gain_e_per_adu" in lens.rows["R_tiny_0001"]["whynot"]

    lens.set(f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}, "
             "'overrides': {'gain_e_per_adu': 1.7}}]\n")
    assert lens.run(SCRIPT)["done"] == 7
    assert {row["gain_e_per_adu"] for row in lens.rows.values()} == {1.7}


def test_a_frame_that_does_not_look_at_the_lens_is_flagged(lens_after):
    """The settings' declination is 2 degrees off that of the frames."""
    lens = lens_after(SCRIPT)
    name, dec_deg = lens.truth.good[0], lens.truth.campaign.dec_deg
    assert "pointing" not in lens.rows[name].get("frame_notes", "")
    lens.set(f"lens_dec_deg = {dec_deg + 2 if dec_deg < 0 else dec_deg - 2}\n")

    lens.run(SCRIPT, only=[name])

    assert "is 2.0 deg from the pointing of the header" in lens.rows[name]["frame_notes"]


def test_a_wide_frame_may_look_away_from_the_lens_by_half_its_diagonal(lens_after):
    """With 95 arcsec a pixel it is more than the 2 degrees by which the declinations differ."""
    lens = lens_after(SCRIPT)
    name, dec_deg = lens.truth.good[0], lens.truth.campaign.dec_deg
    row = lens.rows[name]
    assert 95 * math.hypot(row["raw_nx_px"], row["raw_ny_px"]) / 2 / 3600 > 2
    lens.set(f"lens_dec_deg = {dec_deg + 2 if dec_deg < 0 else dec_deg - 2}\n"
             f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}, "
             "'overrides': {'pixel_scale_arcsec': 95.0}}]\n")

    lens.run(SCRIPT, only=[name])

    assert "from the pointing" not in lens.rows[name].get("frame_notes", "")


def test_kicklist_and_testlist_mark_images(lens_before, caplog):
    lens = lens_before(SCRIPT)
    (lens.config / "kicklist.txt").write_text("R_tiny_0000 satellite\nR_nobody trail\n")
    (lens.config / "testlist.txt").write_text("R_tiny_0001 sharp\nR_tiny_0002\n")

    lens.run(SCRIPT)

    assert lens.rows["R_tiny_0000"]["gogogo"] is False
    assert lens.rows["R_tiny_0000"]["whynot"] == "kicklist: satellite"
    assert [name for name, row in lens.rows.items() if row["testlist"]] == [
        "R_tiny_0001", "R_tiny_0002"]
    assert lens.rows["R_tiny_0001"]["test_comment"] == "sharp"
    assert "kicklist.txt: R_nobody is not in the database" in caplog.messages

    (lens.config / "testlist.txt").write_text("R_tiny_0002\n")
    lens.run(SCRIPT)
    assert [name for name, row in lens.rows.items() if row["testlist"]] == ["R_tiny_0002"]
    assert "test_comment" not in lens.rows["R_tiny_0001"]


def test_a_comment_in_brackets_kicks_an_image_like_any_other(lens_before):
    lens = lens_before(SCRIPT)
    (lens.config / "kicklist.txt").write_text("R_tiny_0000 satellite (see the log)\n")
    lens.run(SCRIPT)

    assert lens.run("1_character/1b_copy_convert")["done"] == 6


def test_an_image_taken_off_the_kicklist_is_in_use_again(lens_before):
    lens = lens_before(SCRIPT)
    (lens.config / "kicklist.txt").write_text("R_tiny_0000 satellite\n")
    lens.run(SCRIPT)
    (lens.config / "kicklist.txt").write_text("")

    lens.run(SCRIPT)

    assert lens.rows["R_tiny_0000"]["gogogo"] is True
    assert "whynot" not in lens.rows["R_tiny_0000"]


def test_what_the_user_can_mend_is_told(lens_before):
    lens = lens_before(SCRIPT)
    raw = lens.own_frames()
    shutil.copy(raw / "tiny_0000.fits", raw / "tiny_0000.fit")
    with pytest.raises(UserError, match=r"tiny_0000\.fits? and tiny_0000\.fits? would both be "
                                        r"called R_tiny_0000\. Rename or remove one"):
        lens.run(SCRIPT)
    (raw / "tiny_0000.fit").rename(raw / "TINY_0000.fits")
    with pytest.raises(UserError, match="differ by upper and lower case only"):
        lens.run(SCRIPT)
    lens.set(f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(lens.config)!r}}}]")
    with pytest.raises(UserError, match=r"set R: no FITS file in .*config \(raw_dir\)"):
        lens.run(SCRIPT)
    lens.set("sets = [{'name': 'R', 'telescope': 'generic', 'raw_dir': '/not/there'}]")
    with pytest.raises(UserError, match=r"set R: there is no folder /not/there \(raw_dir\)"):
        lens.run(SCRIPT)
    lens.set("sets = []")
    with pytest.raises(UserError, match="sets is empty: give name, telescope and raw_dir"):
        lens.run(SCRIPT)


def test_a_telescope_of_one_s_own_is_read_again_when_it_changes(lens_before):
    lens = lens_before(SCRIPT)
    camera = lens.config / "Own.yaml"
    generic = paths.__file__.replace("paths.py", "../frames/telescopes/generic.yaml")
    text = Path(generic).read_text()
    camera.write_text(text)
    lens.set(f"sets = [{{'name': 'R', 'telescope': {str(camera)!r}, "
             f"'raw_dir': {str(lens.raw)!r}}}]\n")
    lens.run(SCRIPT)
    camera.write_text(text.replace("gain_e_per_adu: [GAIN, EGAIN, CCDGAIN]",
                                   "gain_e_per_adu: 1.25"))

    lens.run(SCRIPT)

    assert lens.rows["R_tiny_0000"]["gain_e_per_adu"] == 1.25


def test_an_unknown_telescope_stops_the_run_with_its_name(lens_before):
    lens = lens_before(SCRIPT)
    lens.set(f"sets = [{{'name': 'R', 'telescope': 'Hubble', 'raw_dir': {str(lens.raw)!r}}}]")

    with pytest.raises(UserError, match="Hubble"):
        lens.run(SCRIPT)
