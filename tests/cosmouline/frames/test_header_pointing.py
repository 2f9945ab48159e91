"""Pointings of headers in every notation, and frames that do not look at the lens."""

from cosmouline.frames.header_pointing import (
    frame_centre,
    lens_guess,
    off_frame_arcsec,
    pointing,
    pointing_flag,
)

import pytest
from astropy.io import fits


@pytest.mark.parametrize(("cards", "ra_deg", "dec_deg", "by"), [
    ({"RA": 69.5619, "DEC": -12.2874}, 69.5619, -12.2874, "RA, DEC"),
    ({"RA": "04:38:14.9", "DEC": "-12:17:14"}, 69.56208, -12.28722, "RA, DEC"),
    ({"OBJCTRA": "04 38 14.9", "OBJCTDEC": "-12 17 14", "RA": 1.0, "DEC": 1.0}, 69.56208,
     -12.28722, "OBJCTRA, OBJCTDEC"),
    ({"RA": 0.0, "DEC": -90.0}, 0.0, -90.0, "RA, DEC"),
    ({"RA": 359.9, "DEC": 90.0}, 359.9, 90.0, "RA, DEC"),
    ({"RA": "4h38m14.9s", "DEC": "-12d17m14s"}, 69.56208, -12.28722, "RA, DEC"),
    ({"RA": "n/a", "DEC": 1.0, "TELRA": "0:0:4", "TELDEC": "1:0:0"}, 1 / 60, 1.0,
     "TELRA, TELDEC"),
    ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 12.5, "CRVAL2": -3.25, "CRPIX1": 1.0,
      "CRPIX2": 1.0, "CD1_1": 1e-4, "CD2_2": 1e-4}, 12.5, -3.25, "CRVAL1, CRVAL2")])
def test_pointings(cards, ra_deg, dec_deg, by):
    found = pointing(fits.Header(cards))

    assert found[:2] == pytest.approx((ra_deg, dec_deg), abs=1e-4)  # typed to 0.1 s and 1 arcsec
    assert found[2] == by


@pytest.mark.parametrize("cards", [
    {}, {"RA": "here", "DEC": "there"}, {"RA": 360.0, "DEC": 0.0}, {"RA": -0.5, "DEC": 0.0},
    {"RA": 1.0, "DEC": 90.5}, {"RA": 1.0, "DEC": -90.5}, {"RA": 1.0}, {"DEC": 1.0}])
def test_no_pointing(cards):
    assert pointing(fits.Header(cards)) is None


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


# 101 x 51 pixels of 1 arcsec; the reference point is 1000 pixels left of the centre (51, 26)
WCS_CARDS = {"NAXIS1": 101, "NAXIS2": 51, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
             "CRVAL1": 10.0, "CRVAL2": 0.0, "CRPIX1": -949.0, "CRPIX2": 26.0,
             "CDELT1": -1 / 3600, "CDELT2": 1 / 3600}
CENTRE_RA_DEG = 10.0 - 1000 / 3600


def test_the_centre_of_a_frame_is_not_the_reference_point_of_its_wcs():
    header = fits.Header(WCS_CARDS)

    assert frame_centre(header)[:2] == pytest.approx((CENTRE_RA_DEG, 0.0), abs=1e-5)
    assert pointing(header)[:2] == pytest.approx((CENTRE_RA_DEG, 0.0), abs=1e-5)
    del header["NAXIS1"]
    assert frame_centre(header) is None


@pytest.mark.parametrize(("east_arcsec", "north_arcsec", "off_arcsec"), [
    (0, 0, 0), (50, 25, 0), (-50, 0, 0), (80.5, 0, 30), (0, -65.5, 40), (80.5, 65.5, 50)])
def test_how_far_a_place_is_off_a_frame(east_arcsec, north_arcsec, off_arcsec):
    off = off_frame_arcsec(fits.Header(WCS_CARDS), CENTRE_RA_DEG + east_arcsec / 3600,
                           north_arcsec / 3600)

    assert off == pytest.approx(off_arcsec, abs=0.01)  # 1e-5 of 1000 arcsec from the tangent point
    assert off_frame_arcsec(fits.Header(), 10.0, 0.0) is None


@pytest.mark.parametrize(("ra_deg", "by"), [
    (CENTRE_RA_DEG + 40 / 3600, "RA, DEC"), (10.0, "the centre by the WCS")])
def test_the_target_counts_where_it_is_on_the_frame(ra_deg, by):
    """The telescope of a mosaic points at another CCD."""
    header = fits.Header(WCS_CARDS | {"RA": ra_deg, "DEC": 0.0})

    assert lens_guess(header)[2] == by
    assert lens_guess(fits.Header({"RA": 30.0, "DEC": 0.0})) == (30.0, 0.0, "RA, DEC")


@pytest.mark.parametrize(("ra", "dec", "comments", "says"), [
    (10.0, 30.0, ("[deg]", ""), "RA, DEC"), (10.0, 30.0, ("degrees, not hours", ""), "RA, DEC"),
    (2 / 3, 30.0, ("[h] right ascension", "[deg]"), "RA, DEC"),
    (2 / 3, 30.0, ("RA in hours", ""), "RA, DEC"), ("0:40:00", "30 00 00", ("", ""), "RA, DEC"),
    (0.17453293, 0.52359878, ("[rad]", "radians"), "RA, DEC"),
    (10.0, 30.0, ("of the telescope", ""), "RA, DEC (taken as degrees: are they hours?)")])
def test_the_unit_of_a_pointing(ra, dec, comments, says):
    """10 degrees are 2/3 h."""
    header = fits.Header([("RA", ra, comments[0]), ("DEC", dec, comments[1])])

    found = lens_guess(header)

    assert found[:2] == pytest.approx((10.0, 30.0))
    assert found[2] == says


def test_a_lens_off_the_frame_by_its_wcs_is_flagged():
    header = fits.Header(WCS_CARDS)

    assert pointing_flag(header, CENTRE_RA_DEG + 100 / 3600, 0.0) is None
    assert pointing_flag(header, CENTRE_RA_DEG + 0.1, 0.0) == (
        "the lens is 5.2 arcmin off the frame by its WCS")
