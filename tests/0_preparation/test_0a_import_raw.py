"""Raw frames registered: kinds, standard names, and what cannot be used."""

import re
import shutil

from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.io import fits

SCRIPT = "0_preparation/0a_import_raw"


def test_every_frame_has_its_kind_and_a_standard_name(done_night):
    rows = done_night.rows()

    kinds = {name: row["frame_kind"] for name, row in rows.items()}
    assert {name: kind for name, kind in kinds.items() if not name.startswith(
        "tiny" if kind == "object" else kind)} == {}
    assert sorted(set(kinds.values())) == ["bias", "dark", "flat", "object"]
    assert len(rows) == 18
    for name, row in rows.items():  # date, T, time, C0 and the first letter of its kind
        assert re.fullmatch(rf"\d{{8}}T\d{{6}}C0{kinds[name][0]}", row["standard_name"])
    report = (done_night.work / "report_raw_frames.txt").read_text()
    assert report.startswith("RAW: raw frames\n")
    assert "calib/TINY/flat_03.fits" in report


def test_the_standard_name_is_of_the_second_in_which_the_exposure_began(done_night):
    row = done_night.rows()["tiny_0001.fits"]
    start = fits.getheader(done_night.sky / "frames" / "TINY" / "tiny_0001.fits")["DATE-OBS"]

    assert row["standard_name"] == re.sub("[-:]", "", start)[:15] + "C0o"
    assert row["frame_overscan_adu"] == pytest.approx(1000, abs=30)  # drift of 4 ADU rms, ramp 20


def test_what_was_added_is_found_and_the_rest_is_kept(new_night, tmp_path):
    sky = tmp_path / "sky"
    (sky / "a").mkdir(parents=True)
    shutil.copy(new_night.sky / "calib" / "TINY" / "bias_00.fits", sky / "a" / "bias_00.fits")
    new_night.sky = sky
    new_night.set('raw_frames[0]["folders"] = "*"\n')
    new_night.run(SCRIPT)
    shutil.copy(new_night.sky / "a" / "bias_00.fits", sky / "a" / "again.fits")

    db, counts = new_night.run(SCRIPT)

    assert counts["done"] == 1
    assert counts["kept"] == 1
    names = sorted(db.rows)  # two frames of one second
    assert names[1] == f"{names[0]}-2"


def test_a_file_that_is_no_frame_is_rejected_with_its_reason(new_night, tmp_path):
    sky = tmp_path / "sky"
    sky.mkdir()
    (sky / "broken.fits").write_bytes(b"SIMPLE  = T" + bytes(3000))
    new_night.sky = sky
    new_night.set('raw_frames[0].pop("folders")\n')

    db, counts = new_night.run(SCRIPT)

    assert counts["rejected"] == 1
    assert list(db.rows) == ["undated_broken"]
    assert not db.rows["undated_broken"]["gogogo"]


def mosaic(path, kind):
    """Write two CCDs beside each other, the first around RA 69.5619, Dec -12.2874."""
    rng = np.random.default_rng(1)
    hdus = [fits.PrimaryHDU()]
    hdus[0].header.update({"OBSTYPE": kind, "DATE-OBS": "2020-01-29T01:02:35", "EXPTIME": 60.0,
                           "FILTER": "R", "PIXSCALE": 1.0, "GAIN": 2.0, "RDNOISE": 5.0,
                           "SATURATE": 60000})
    for i in (0, 1):
        hdus.append(fits.ImageHDU(rng.normal(500, 9, (64, 64)).astype(np.float32)))
        hdus[-1].header.update({
            "CCDNAME": f"ccd{i}", "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
            "CRVAL1": 69.5619 + 0.03 * i, "CRVAL2": -12.2874, "CRPIX1": 32.5, "CRPIX2": 32.5,
            "CD1_1": -1 / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1 / 3600})
    fits.HDUList(hdus).writeto(path)


@pytest.mark.parametrize(("lines", "kept"), [
    ("", ["ccd0"]), ("lens_ra_deg = 69.5919\n", ["ccd1"]),
    ("lens_ra_deg, lens_dec_deg = None, None\n", ["ccd0", "ccd1"])])
def test_of_a_mosaic_the_ccds_with_the_lens_are_kept_of_calibrations_too(new_night, tmp_path,
                                                                         lines, kept):
    sky = tmp_path / "sky"
    sky.mkdir()
    mosaic(sky / "a_object.fits", "OBJECT")
    mosaic(sky / "b_dark.fits", "DARK")
    new_night.sky = sky
    new_night.set('raw_frames[0].pop("folders")\nraw_frames[0]["telescope"] = "generic"\n' + lines)

    db, _ = new_night.run(SCRIPT)

    found = sorted((row["raw_name"][0], row["frame_detector"]) for row in db.rows.values())
    assert found == sorted((one, name) for one in "ab" for name in kept)


def test_a_lens_outside_of_all_ccds_is_told_with_its_distance(new_night, tmp_path):
    sky = tmp_path / "sky"
    sky.mkdir()
    mosaic(sky / "a_object.fits", "OBJECT")
    new_night.sky = sky
    new_night.set('raw_frames[0].pop("folders")\nraw_frames[0]["telescope"] = "generic"\n'
                  "lens_dec_deg = -12.2674\n")  # 72" north of the middle, 40" off the edge

    db, counts = new_night.run(SCRIPT)

    assert counts["rejected"] == 1
    assert "the lens is on no CCD: it is 40\" off ccd0" in db.rows["undated_a_object".replace(
        "_object", "-object")]["whynot"]


@pytest.mark.parametrize(("lines", "message"), [
    ("raw_frames = []\n", "raw_frames is empty: give name, telescope and raw_dir"),
    ('raw_frames[0].pop("folders")\nraw_frames[0]["raw_dir"] += "/calib"\n',
     'no FITS file in .* need "folders": "[*][*]"'),
    ('raw_frames[0]["raw_dir"] = "/nowhere/at/all"\n', "there is no folder /nowhere/at/all"),
    ('raw_frames[0]["telescope"] = "EulerKAM"\n', "did you mean 'EulerCAM'"),
    ('raw_frames[0]["master"] = "/x"\n', "unknown key 'master'. Did you mean 'masters'"),
    ("raw_frames = raw_frames * 2\n", "two entries of raw_frames are called 'TINY'"),
])
def test_wrong_settings_are_told_in_one_line(new_night, lines, message):
    new_night.set(lines)

    with pytest.raises(UserError, match=message) as problem:
        new_night.run(SCRIPT)

    assert "\n" not in str(problem.value)
