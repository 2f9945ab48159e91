"""Notes on trails and on the pixels of the lens, on made-up frames."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.files.io_fits import wcs_cards, write_image
from cosmouline.sources import db_trails

import numpy as np
import pytest
from astropy.io import fits

SHAPE, SCALE = (200, 240), 0.5  # arcsec per pixel
LENS = (150.2, 90.1)
RA, DEC = 150.0, -40.0
ROW = {"img_name": "i", "nx_px": SHAPE[1], "ny_px": SHAPE[0], "pixel_scale_arcsec": SCALE,
       "saturation_e": 60_000.0, "has_wcs": True}


@pytest.fixture
def settings(tmp_path):
    """Settings of a lens whose WCS puts it at `LENS`."""
    found = SimpleNamespace(work_dir=tmp_path, lens_ra_deg=RA, lens_dec_deg=DEC)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": RA, "CRVAL2": DEC,
                          "CRPIX1": LENS[0] + 1, "CRPIX2": LENS[1] + 1,
                          "CD1_1": -SCALE / 3600, "CD2_2": SCALE / 3600})
    write_image(paths.image(found, "i"), np.zeros(SHAPE), {}, wcs_cards(header))
    return found


def frame(trail_y=None):
    """Give a sky of noise, with a bright row across it where wanted."""
    image = np.random.default_rng(1).normal(100, 5, SHAPE).astype(np.float32)
    if trail_y is not None:
        image[trail_y - 1:trail_y + 2] += 100
    return image


def notes(settings, trail_y=None, bad=None, **changes):
    bad = np.zeros(SHAPE, bool) if bad is None else bad
    return db_trails.notes(ROW | changes, frame(trail_y), bad, settings)[0]


def test_a_frame_without_a_trail_has_no_notes(settings):
    assert notes(settings) == []


@pytest.mark.parametrize(("trail_y", "text"), [
    (97, "a trail of 239 pixels on the lens (7 pixels from it)"),  # 3.5 arcsec
    (103, "a trail of 239 pixels, 13 pixels from the lens")])  # 6.5 arcsec: 5 are near
def test_a_trail_is_noted_with_its_distance_from_the_lens(settings, trail_y, text):
    assert notes(settings, trail_y) == [text]


def test_the_distance_of_a_trail_is_a_number_where_the_lens_is_known(settings):
    """Three rows about y = 97, the lens at 90.1: 6.9 px of .5 arcsec."""
    bad = np.zeros(SHAPE, bool)

    assert db_trails.notes(ROW, frame(97), bad, settings)[1] == pytest.approx(3.45, abs=0.05)
    assert db_trails.notes(ROW, frame(), bad, settings)[1] is None
    assert db_trails.notes(ROW | {"has_wcs": False}, frame(97), bad, settings)[1] is None


def test_without_a_wcs_the_position_of_the_lens_is_not_known(settings):
    assert notes(settings, 97, has_wcs=False) == ["a trail of 239 pixels"]
    settings.lens_dec_deg = None
    assert notes(settings, 97) == ["a trail of 239 pixels"]


def test_saturated_light_is_no_trail(settings):
    assert notes(settings, 97, saturation_e=150.0) == []


def test_bad_pixels_on_the_lens_are_noted(settings):
    """The lens has a radius of 1.5 arcsec: 3 px, of which a column is a quarter; or 15 px."""
    bad = np.zeros(SHAPE, bool)
    bad[:, 150] = True
    inside = [(x, y) for x in range(SHAPE[1]) for y in range(SHAPE[0])
              if np.hypot(x - LENS[0], y - LENS[1]) < 3]
    fraction = sum(x == 150 for x, _ in inside) / len(inside)

    assert notes(settings, bad=bad) == [
        f"{100 * fraction:.0f} % of the pixels of the lens are bad"]
    assert notes(settings, bad=bad, pixel_scale_arcsec=0.1) == []  # 31 of 709 pixels


def test_the_fraction_of_bad_pixels_around_a_position():
    bad = np.zeros((40, 50), bool)
    bad[:, 30:] = True

    # all of radius 2 about (30, 20): 13 pixels, of which 9 have x of 30 or more
    assert db_trails.around(bad, 30, 20, 2) == pytest.approx(9 / 13)
    assert db_trails.around(bad, 10, 20, 2) == 0
    assert db_trails.around(bad, 500, 20, 2) == 1
