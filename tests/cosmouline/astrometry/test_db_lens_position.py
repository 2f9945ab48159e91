from types import SimpleNamespace

from cosmouline.astrometry.db_lens_position import (
    arcsec_from_lens,
    extra_on_reference,
    lens_by_wcs,
    lens_centre_and_radius,
    lens_on_reference,
    pixels_per_arcsec,
    sky_of_places,
    sources_on_reference,
    stars_around_lens,
)
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import wcs_cards, write_image

import numpy as np
import pytest
from astropy.io import fits

SCALE = 0.2  # arcsec per pixel
TURN_DEG = 30.0  # of north, from +y towards -x
RA, DEC = 150.0, -40.0


def reference(has_wcs=True):
    return {"img_name": "ref", "nx_px": 100, "ny_px": 80, "pixel_scale_arcsec": SCALE,
            "has_wcs": has_wcs}


@pytest.fixture
def make(tmp_path):
    """Make settings of a lens at (60, 30) on a reference image whose north is turned."""
    angle = np.radians(TURN_DEG)
    east = np.array([-np.cos(angle), -np.sin(angle)]) / SCALE * 3600  # pixels per degree
    north = np.array([-np.sin(angle), np.cos(angle)]) / SCALE * 3600
    cd = np.linalg.inv(np.column_stack([east, north]))
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": RA, "CRVAL2": DEC,
                          "CRPIX1": 61.0, "CRPIX2": 31.0, "CD1_1": cd[0, 0], "CD1_2": cd[0, 1],
                          "CD2_1": cd[1, 0], "CD2_2": cd[1, 1]})

    def settings(**changes):
        found = SimpleNamespace(**({
            "work_dir": tmp_path, "config_dir": tmp_path, "lens_position_px": None,
            "lens_ra_deg": RA, "lens_dec_deg": DEC, "ref_img_name": None, "north_angle_deg": 0.0,
            "is_mirrored": False, "point_sources": {"A": (0.0, 0.0)},
            "point_sources_unit": "arcsec"} | changes))
        write_image(paths.image(found, "ref"), np.zeros((80, 100)), {}, wcs_cards(header))
        return found

    return settings


def turned(east_arcsec, north_arcsec):
    """Offset in pixels of an image whose north is turned by TURN_DEG, by geometry."""
    angle = np.radians(TURN_DEG)
    x = (-east_arcsec * np.cos(angle) - north_arcsec * np.sin(angle)) / SCALE
    y = (-east_arcsec * np.sin(angle) + north_arcsec * np.cos(angle)) / SCALE
    return np.array([x, y])


def test_the_lens_by_its_coordinates_or_by_its_pixels(make):
    assert lens_on_reference(reference(), make()) == pytest.approx([60.0, 30.0], abs=1e-6)
    found = lens_on_reference(reference(), make(lens_position_px=(21.5, 11.0),
                                                ref_img_name="ref"))
    assert found == pytest.approx([20.5, 10.0])  # ds9 counts from 1


def test_sources_lie_where_east_and_north_are(make):
    settings = make(point_sources={"A": (1.0, 0.5), "B": (-0.3, 0.8)})
    names, places = sources_on_reference(reference(), settings)

    assert names == ["A", "B"]
    expected = [np.array([60.0, 30.0]) + turned(*pair) for pair in ((1.0, 0.5), (-0.3, 0.8))]
    assert places == pytest.approx(np.array(expected), abs=1e-3)
    without = make(point_sources=settings.point_sources, north_angle_deg=TURN_DEG,
                   lens_position_px=(61.0, 31.0), ref_img_name="ref")
    assert sources_on_reference(reference(False), without)[1] == pytest.approx(places, abs=1e-3)


def test_a_mirror_image_has_east_on_the_other_side(make):
    plain = pixels_per_arcsec(reference(False), make(), None)
    mirrored = pixels_per_arcsec(reference(False), make(is_mirrored=True), None)

    assert plain == pytest.approx(np.array([[-5.0, 0.0], [0.0, 5.0]]))
    assert mirrored == pytest.approx(np.array([[5.0, 0.0], [0.0, 5.0]]))


def test_sources_in_degrees_need_the_coordinates_of_the_image(make):
    settings = make(point_sources={"A": (RA + 1.0 / 3600 / np.cos(np.radians(DEC)), DEC)},
                    point_sources_unit="deg")

    _, places = sources_on_reference(reference(), settings)
    assert places[0] == pytest.approx(np.array([60.0, 30.0]) + turned(1.0, 0.0), abs=1e-3)
    with pytest.raises(UserError, match="ref has no WCS: RA and Dec give no position on it"):
        sources_on_reference(reference(False), settings)


def test_sources_of_a_file_and_sources_to_be_found(make, tmp_path):
    (tmp_path / "sources.cat").write_text("A 10 20\nB 10.5 20.2\n")  # closer than two stars may be
    names, places = sources_on_reference(reference(), make(point_sources="sources.cat"))
    assert names == ["A", "B"]
    assert places == pytest.approx(np.array([[9.0, 19.0], [9.5, 19.2]]))

    assert sources_on_reference(reference(), make(point_sources=4)) == (list("ABCD"), None)
    assert sources_on_reference(reference(), make(point_sources="find")) == (
        list("ABCDEFGHIJKL"), None)


def test_centre_and_radius_of_the_lens(make):
    settings = make(point_sources={"A": (1.0, 0.0), "B": (-2.0, 0.0), "C": (1.0, 0.0)})

    centre, radius_px = lens_centre_and_radius(reference(), settings)
    assert centre == pytest.approx([60.0, 30.0], abs=1e-3)
    assert radius_px == pytest.approx(2.0 / SCALE, abs=1e-3)
    centre, radius_px = lens_centre_and_radius(reference(), make(point_sources=2))
    assert centre == pytest.approx([60.0, 30.0], abs=1e-3)
    assert radius_px == pytest.approx(1.5 / SCALE)


@pytest.mark.parametrize(("has_wcs", "changes", "message"), [
    (False, {}, r"the position of the lens on ref is not known: the image has no WCS\. Set "
     "lens_ra_deg and lens_dec_deg"),
    (True, {"lens_ra_deg": None}, r"lens on ref is not known: the image has a WCS"),
    (True, {"lens_position_px": (5.0, 5.0)},
     r"set ref_img_name too \(the reference image chosen now is ref\)"),
    (True, {"lens_position_px": (101.5, 5.0), "ref_img_name": "ref"},
     r"the lens would lie at \(101\.5, 5\.0\), outside of ref \(100 x 80 pixels\)"),
    (True, {"lens_dec_deg": -41.0}, "outside of ref"),
    (True, {"lens_dec_deg": None}, r"lens_dec_deg"),
])
def test_what_the_user_can_repair_is_reported(make, has_wcs, changes, message):
    with pytest.raises(UserError, match=message):
        lens_on_reference(reference(has_wcs), make(**changes))


@pytest.mark.parametrize(("sources", "message"), [
    ({}, "point_sources is empty: name at least one source"),
    ("nothing.cat", r"nothing\.cat"), (0, "point_sources")])
def test_sources_that_are_none_are_told(make, sources, message):
    with pytest.raises(UserError, match=message):
        sources_on_reference(reference(), make(point_sources=sources))


FIELD_STARS = {"x_px": np.array([60.0, 75.0, 62.0, 99.0]),
               "y_px": np.array([30.0, 35.0, 31.0, 75.0])}


def test_neighbours_by_their_place_or_from_the_field(make):
    """FWHM 3 px: what is within 4.8 px of the images is the lens; the last is off the stamp."""
    row = reference() | {"field_fwhm_px": 3.0}

    names, xy = extra_on_reference(row, make(extra_sources={"S": (2.0, 1.0)}), FIELD_STARS, 48)
    assert names == ["S"]
    assert xy == pytest.approx(np.array([60.0, 30.0]) + turned(2.0, 1.0)[None], abs=1e-3)
    names, xy = extra_on_reference(row, make(extra_sources="field"), FIELD_STARS, 48)
    assert names == ["N1"]
    assert xy == pytest.approx(np.array([[75.0, 35.0]]))
    assert extra_on_reference(row, make(extra_sources={}), FIELD_STARS, 48)[0] == []


def test_neighbours_in_degrees_where_the_sources_are(make):
    """point_sources_unit is that of a dict: sources of a file leave their neighbours in arcsec."""
    east = RA + 2.0 / 3600 / np.cos(np.radians(DEC))
    settings = make(extra_sources={"S": (east, DEC + 1.0 / 3600)}, point_sources_unit="deg",
                    point_sources={"A": (RA, DEC)})
    expected = np.array([60.0, 30.0]) + turned(2.0, 1.0)[None]

    _, xy = extra_on_reference(reference(), settings, FIELD_STARS, 48)
    assert xy == pytest.approx(expected, abs=1e-3)
    settings.extra_sources, settings.point_sources = {"S": (2.0, 1.0)}, "sources.cat"
    _, xy = extra_on_reference(reference(), settings, FIELD_STARS, 48)
    assert xy == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("changes", "xy"), [
    ({}, (60.0, 30.0)), ({"lens_ra_deg": None}, None), ({"lens_dec_deg": None}, None),
    ({"lens_dec_deg": DEC + 7.0 / 3600}, tuple(np.array([60.0, 30.0]) + turned(0.0, 7.0))),
    ({"lens_dec_deg": DEC + 12.0 / 3600}, None),  # 60 px up and to the left: outside
    ({"lens_ra_deg": RA + 170}, None)])  # on the other side of the sky
def test_the_lens_by_the_wcs_of_an_image(make, changes, xy):
    found = lens_by_wcs(reference(), make(**changes))

    assert found is None if xy is None else found == pytest.approx(xy, abs=1e-3)
    assert lens_by_wcs(reference(False), make(**changes)) is None


def test_positions_on_the_sky(make):
    found = sky_of_places(reference(), make(), [(60.0, 30.0),
                                                np.array([60.0, 30.0]) + turned(3.6, -1.8)])

    away = 3600 * (found - (RA, DEC)) * (np.cos(np.radians(DEC)), 1)
    assert away == pytest.approx(np.array([[0.0, 0.0], [3.6, -1.8]]), abs=1e-3)
    assert sky_of_places(reference(False), make(), [(60.0, 30.0)]) is None


def test_places_come_back_as_arcsec(make):
    settings = make()
    xy = np.array([60.0, 30.0]) + turned(2.0, 1.0)[None]

    assert arcsec_from_lens(reference(), settings, xy) == pytest.approx(np.array([[2.0, 1.0]]),
                                                                        abs=1e-4)


def test_stars_around_the_lens_are_on_its_stamp_and_beyond_its_images(make):
    """Images 2 px from their middle at (60, 30); FWHM of 5 px: from 2 + 8 px to 16 px."""
    settings = make(point_sources={"A": (2 * SCALE, 0.0), "B": (-2 * SCALE, 0.0)})
    away = np.array([[9.9, 0], [10.1, 0], [0, -9.9], [0, -10.1], [-15.9, 15.9], [16.1, 0],
                     [0, 16.1], [7.2, 7.2], [6.9, 6.9]])
    field = np.zeros(len(away), [("x_px", float), ("y_px", float)])
    field["x_px"], field["y_px"] = (away + np.array([60.0, 30.0])).T

    found = stars_around_lens(reference() | {"field_fwhm_px": 5.0}, settings, field, 32)

    assert found - [60.0, 30.0] == pytest.approx(away[[1, 3, 4, 7]], abs=1e-3)
