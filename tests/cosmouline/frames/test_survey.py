"""A survey of frames that nobody has described."""

from pathlib import Path

from cosmouline.errors import UserError
from cosmouline.frames import survey as survey_module
from cosmouline.frames.survey import missing, pointing, pointing_flag, summary, survey
from cosmouline.frames.telescope import load_telescope

import numpy as np
import pytest
from astropy.io import fits

HEADERS = Path(__file__).parent / "headers"
COMPLETE = {"DATE-OBS": "2020-01-01T00:00:00", "EXPTIME": 10.0, "GAIN": 1.0, "RDNOISE": 1.0,
            "SATURATE": 6e4, "PIXSCALE": 0.2}


@pytest.mark.parametrize(("cards", "ra_deg", "dec_deg", "by"), [
    ({"RA": 69.5619, "DEC": -12.2874}, 69.5619, -12.2874, "RA, DEC"),
    ({"RA": "04:38:14.9", "DEC": "-12:17:14"}, 69.56208, -12.28722, "RA, DEC"),
    ({"OBJCTRA": "04 38 14.9", "OBJCTDEC": "-12 17 14", "RA": 1.0, "DEC": 1.0}, 69.56208,
     -12.28722, "OBJCTRA, OBJCTDEC"),
    ({"RA": "4h38m14.9s", "DEC": "-12d17m14s"}, 69.56208, -12.28722, "RA, DEC"),
    ({"RA": "n/a", "DEC": 1.0, "TELRA": "0:0:4", "TELDEC": "1:0:0"}, 1 / 60, 1.0,
     "TELRA, TELDEC"),
    ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 12.5, "CRVAL2": -3.25, "CRPIX1": 1.0,
      "CRPIX2": 1.0, "CD1_1": 1e-4, "CD2_2": 1e-4}, 12.5, -3.25, "CRVAL1, CRVAL2")])
def test_pointings(cards, ra_deg, dec_deg, by):
    found = pointing(fits.Header(cards))

    assert found[:2] == pytest.approx((ra_deg, dec_deg), abs=1e-4)  # typed to 0.1 s and 1 arcsec
    assert found[2] == by


@pytest.mark.parametrize("cards", [{}, {"RA": "here", "DEC": "there"}, {"RA": 400.0, "DEC": 0.0}])
def test_no_pointing(cards):
    assert pointing(fits.Header(cards)) is None


def test_values_that_are_missing_are_named_each():
    generic = load_telescope("generic")

    assert missing(fits.Header(COMPLETE), generic) == ()
    without = {card: value for card, value in COMPLETE.items() if card not in ("GAIN", "DATE-OBS")}
    assert missing(fits.Header(without), generic) == ("gain_e_per_adu", "date")
    assert missing(fits.Header(COMPLETE | {"GAIN": 0.0}), generic) == ("gain_e_per_adu",)
    assert len(missing(fits.Header(), generic)) == 6


def test_a_known_camera_lacks_nothing():
    header = fits.Header.fromstring((HEADERS / "WFI.txt").read_text(), sep="\n")

    found = summary(Path("a.fits"), header)

    assert (found.telescope, found.filter, found.kind, found.missing) == (
        "WFI", "BB#Rc/162_ESO844", None, ())


def test_a_frame_that_two_cameras_could_have_taken_is_of_none(monkeypatch):
    monkeypatch.setattr(survey_module, "recognise", lambda header: ["EulerCAM", "FORS2"])

    found = summary(Path("a.fits"), fits.Header(COMPLETE))

    assert (found.telescope, found.recognised) == ("generic", ("EulerCAM", "FORS2"))


def test_a_frame_in_a_folder_of_calibrations_is_one():
    assert summary(Path("night/Flats/a.fits"), fits.Header(COMPLETE)).kind == "flat"
    assert summary(Path("flats_of_2019/deep/a.fits"), fits.Header(COMPLETE)).kind is None


def test_a_tree_is_looked_through_and_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "deep").mkdir()
    cards = fits.Header(COMPLETE | {"OBJECT": "Q", "TELESCOP": "Mine", "IMAGETYP": "Dark"})
    fits.PrimaryHDU(np.zeros((4, 4)), cards).writeto(tmp_path / "deep" / "a.fits")
    (tmp_path / "broken.fits").write_text("")

    (found,), problems = survey(tmp_path)

    assert (found.telescope, found.camera, found.target, found.kind) == ("generic", "Mine", "Q",
                                                                     "dark")
    assert [path.name for path in problems] == ["broken.fits"]
    with pytest.raises(UserError, match="nothing is not a folder"):
        survey(tmp_path / "nothing")


@pytest.mark.parametrize(("cards", "lens", "field_deg", "hint"), [
    ({"RA": 69.5, "DEC": -12.3}, (69.6, -12.3), 0.0, None),
    ({"RA": 4.6375, "DEC": -12.3}, (69.5625, -12.3), 0.0, None),  # the card in hours
    ({"RA": 359.9, "DEC": 0.0}, (0.1, 0.0), 0.0, None),  # across 0 h
    ({"RA": 69.5, "DEC": -10.0}, (69.5, -12.3), 3.0, None),  # a wide field
    ({"RA": 69.5, "DEC": -10.0}, (69.5, -12.3), 0.0, "is 2.3 deg from the pointing"),
    ({"OBJCTRA": "04 38 15", "OBJCTDEC": "-12 17 14"}, (4.6375, -12.287), 0.0,
     "(OBJCTRA, OBJCTDEC): 15 x lens_ra_deg fits, it is in hours?"),
    ({"RA": 69.5, "DEC": -10.0}, (None, None), 0.0, None), ({}, (69.5, -12.3), 0.0, None)])
def test_a_frame_that_does_not_look_at_the_lens_is_flagged(cards, lens, field_deg, hint):
    flag = pointing_flag(fits.Header(cards), *lens, field_deg)

    assert flag is None if hint is None else hint in flag
