"""io_regions.py: regions against pixels counted by hand, and DS9 files of several kinds."""

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star
from cosmouline.files.io_regions import (
    Box,
    Circle,
    mask_from_regions,
    read_ds9_masks,
    write_ds9_regions,
)

import numpy as np
import pytest


@pytest.fixture
def reg(tmp_path):
    """Write a region file and return its path."""

    def make(content):
        path = tmp_path / "mask.reg"
        path.write_text(content)
        return path

    return make


def pixels(mask):
    """Return the set of (x, y) of the marked pixels."""
    return {(int(x), int(y)) for y, x in np.argwhere(mask)}


def test_a_file_as_ds9_saves_it(reg):
    path = reg(
        "# Region file format: DS9 version 4.1\n"
        'global color=green dashlist=8 3 font="helvetica 10 normal roman" select=1\n'
        "physical\n"
        "circle(10,20,3.5) # text={a star}\n"
        "image; box(33.5,40,6,4,30)\n"
        "+BOX( 5, 5, 2, 2 )\n"
    )

    assert read_ds9_masks(path) == [
        Circle(9.0, 19.0, 3.5), Box(32.5, 39.0, 6.0, 4.0, 30.0), Box(4.0, 4.0, 2.0, 2.0, 0.0)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ellipse(1,2,3,4,0)", r"line 2: 'ellipse\(1,2,3,4,0\)' is not read. Use circle"),
        ("-circle(1,2,3)", "line 2: '-circle.*is not read"),
        ("circle(1,2,3) || circle(4,5,6)", "is not read"),
        ("galactic", "line 2: coordinates 'galactic'. Save the regions in image or fk5"),
        ("fk5;circle(1,2,3)", "the reference image has no WCS.*Save the regions in image"),
        ('circle(1,2,3")', "has wrong numbers. Use circle"),
        ("circle(1,2)", "has wrong numbers"),
        ("circle(1,2,-3)", "has wrong numbers"),
        ("box(1,2,3,nan,0)", "has wrong numbers"),
    ],
)
def test_a_region_that_is_not_understood_is_never_passed_over(reg, line, message):
    with pytest.raises(UserError, match=message):
        read_ds9_masks(reg(f"image\n{line}\n"))


def flat_sky(ra_deg, dec_deg):
    """Map a sky with 0.5 arcsec per pixel, north up and east to the left; (10, -5) deg at 100."""
    matrix = np.array([[-2.0, 0.0], [0.0, 2.0]])  # pixels per arcsec
    away = 3600 * np.array([(ra_deg - 10) * np.cos(np.radians(5)), dec_deg + 5])
    return 100 + matrix @ away, matrix


def test_regions_on_the_sky_lie_where_their_coordinates_say(reg):
    """10 deg are 0 h 40 min; 18 arcsec north are 36 px; ds9 turns boxes from west to north."""
    path = reg("fk5\n"
               'circle(0:40:00.0,-4:59:42.0,2.5")\n'
               "circle(10,-5,0.1')\n"
               'box(10.0,-5.0,4",1",30)\n'
               "image\n"
               "circle(1,1,2)\n")

    north, middle, box, corner = read_ds9_masks(path, flat_sky)

    assert north == pytest.approx((100, 136, 5))
    assert middle == pytest.approx((100, 100, 12))
    assert box == pytest.approx((100, 100, 8, 2, 30))
    assert corner == Circle(0.0, 0.0, 2.0)


def test_a_box_on_a_mirrored_sky_turns_the_other_way(reg):
    mirrored = np.array([[2.0, 0.0], [0.0, 2.0]])

    box, = read_ds9_masks(reg('icrs;box(10,-5,4",1",30)\n'), lambda *_: (np.zeros(2), mirrored))

    assert box.angle_deg % 180 == pytest.approx(150)  # west is at the left


def test_circle_and_box_of_one_place_mark_pixels_around_the_same_one(reg):
    """The centre pixel of ds9's (4, 3) is (3, 2) here; COSMOULINE put the box on (4, 3)."""
    circle, box = read_ds9_masks(reg("circle(4,3,1.5)\nbox(4,3,3,3,0)\n"))
    square = {(x, y) for x in (2, 3, 4) for y in (1, 2, 3)}

    assert pixels(mask_from_regions([circle], (6, 8))) == square
    assert pixels(mask_from_regions([box], (6, 8))) == square


def test_a_centre_on_the_edge_is_outside():
    assert pixels(mask_from_regions([Circle(3, 3, 1)], (7, 7))) == {(3, 3)}
    assert pixels(mask_from_regions([Box(3, 3, 2, 4, 0)], (7, 7))) == {(3, 2), (3, 3), (3, 4)}
    assert pixels(mask_from_regions([Box(3, 3, 2, 4, 90)], (7, 7))) == {(2, 3), (3, 3), (4, 3)}


def test_the_angle_of_a_box_turns_from_x_to_y():
    diagonal = mask_from_regions([Box(3, 3, 7, 1, 45)], (7, 7))

    assert pixels(diagonal) == {(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)}  # 3.5 / sqrt(2) = 2.5 px


def test_the_area_of_a_turned_box_is_that_of_the_box():
    mask = mask_from_regions([Box(100.2, 99.6, 90.0, 50.0, 33.0)], (200, 200))

    assert mask.sum() == pytest.approx(4500, abs=60)  # edge of 280 px, each counted to +-0.3


def test_regions_add_up_and_may_reach_beyond_the_image():
    mask = mask_from_regions([Circle(-1, 0, 1.5), Circle(4, 4, 0.5)], (5, 5))

    assert pixels(mask) == {(0, 0), (0, 1), (4, 4)}
    assert not mask_from_regions([], (5, 5)).any()


def test_star_regions_are_circles_with_names_in_ds9_pixels(tmp_path):
    path = tmp_path / "stars.reg"
    write_ds9_regions(path, [Star("a", 0.0, 9.5), Star("b", 20.0, 30.0)], radius_px=8.0)

    assert "image\ncircle(1.0000,10.5000,8.0000) # text={a}\n" in path.read_text()
    assert read_ds9_masks(path) == [Circle(0.0, 9.5, 8.0), Circle(20.0, 30.0, 8.0)]
