"""io_regions.py: regions against pixels counted by hand, and DS9 files of several kinds."""

import subprocess
import sys

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star
from cosmouline.files.io_regions import inside_regions, read_ds9_masks, write_ds9_regions

import numpy as np
import pytest
from astropy.wcs import WCS


@pytest.fixture
def reg(tmp_path):
    """Write a region file and return its path."""

    def make(content):
        path = tmp_path / "mask.reg"
        path.write_text(content)
        return path

    return make


@pytest.fixture
def pixels(reg):
    """Give the set of (x, y) of the pixels that a region file marks on an image."""

    def marked(content, shape=(7, 7)):
        y, x = np.indices(shape)
        mask = inside_regions(read_ds9_masks(reg(content)), x, y)
        return {(int(x), int(y)) for y, x in np.argwhere(mask)}

    return marked


def numbers(region):
    """Give the numbers of a circle or of a box."""
    size = ([region.radius] if hasattr(region, "radius")
            else [region.width, region.height, region.angle.to_value("deg")])
    return [region.center.x, region.center.y, *size]


def test_a_file_as_ds9_saves_it(reg):
    path = reg(
        "# Region file format: DS9 version 4.1\n"
        'global color=green dashlist=8 3 font="helvetica 10 normal roman" select=1\n'
        "physical\n"
        "circle(10,20,3.5) # text={a star; or two}\n"
        "image; box(33.5,40,6,4,30)\n"
        "+BOX( 5, 5, 2, 2 )\n"
        "# text(20,20) text={a remark}\n"
    )

    circle, turned, upright = [numbers(region) for region in read_ds9_masks(path)]
    assert circle == [9.0, 19.0, 3.5]
    assert turned == pytest.approx([32.5, 39.0, 6.0, 4.0, 30.0], rel=1e-8)
    assert upright == pytest.approx([4.0, 4.0, 2.0, 2.0, 0.0], rel=1e-8)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("panda(1,2,3,4,5,6,7,8)", r"line 2: 'panda\(1.*' is not read. Save .* as circle\(x,y,r"),
        ("point(1,2)", "line 2: 'point.*is not read"),
        ("circle 1 2 3", "line 2: 'circle 1 2 3' is not read"),
        ("circle(1,2,3) || circle(4,5,6)", "is not read"),
        ("circle(1,2,3) ||", "is not read"),
        ("galactic", "line 2: 'galactic' is not read. Save the regions in image or fk5"),
        ("fk5;circle(1,2,3)", "the reference image has no WCS.*Save the regions in image"),
        ('circle(1,2,3")', r"has wrong numbers. Use circle\(x,y,r\)\.$"),
        ("circle(1,2)", "has wrong numbers"),
        ("circle(1,2,3,4)", "has wrong numbers"),
        ("circle(1,2,-3)", "has wrong numbers"),
        ("circle(1,nan,3)", "has wrong numbers"),
        ("box(1,2,3,nan,0)", "has wrong numbers"),
        ("polygon(1,2,3,4)", "has wrong numbers"),
        ("polygon(1,2,3,4,5,6,7)", "has wrong numbers"),
        ("annulus(1,2,4,3)", "has wrong numbers"),
    ],
)
def test_a_region_that_is_not_understood_is_never_passed_over(reg, line, message):
    with pytest.raises(UserError, match=message) as found:
        read_ds9_masks(reg(f"image\n{line}\n"))

    assert "\n" not in str(found.value)


def sky(east=-1):
    """Make a TAN sky of 0.5 arcsec per pixel about (10, -5) deg at (100, 100), north up."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [10, -5], [101, 101]
    wcs.wcs.cd = np.diag([east, 1]) * 0.5 / 3600
    return wcs


def test_regions_on_the_sky_lie_where_their_coordinates_say(reg):
    """10 deg are 0 h 40 min; 18 arcsec north are 36 px; ds9 turns boxes from west to north."""
    path = reg("icrs\n"
               'circle(0:40:00.0,-4:59:42.0,2.5")\n'
               "circle(10,-5,0.1')\n"
               'box(10.0,-5.0,4",1",30)\n'
               "image\n"
               "circle(1,1,2)\n")

    north, middle, box, corner = [numbers(region) for region in read_ds9_masks(path, sky())]

    assert north == pytest.approx((100, 136, 5))
    assert middle == pytest.approx((100, 100, 12))
    assert box == pytest.approx((100, 100, 8, 2, 30))
    assert corner == [0.0, 0.0, 2.0]


def test_fk5_is_within_a_tenth_of_an_arcsec_of_icrs(reg):
    region, = read_ds9_masks(reg('J2000;circle(10,-5,2")\n'), sky())

    assert numbers(region) == pytest.approx((100, 100, 4), abs=0.1 / 0.5)


def test_a_box_on_a_mirrored_sky_turns_the_other_way(reg):
    box, = read_ds9_masks(reg('icrs;box(10,-5,4",1",30)\n'), sky(east=1))

    assert numbers(box)[-1] % 180 == pytest.approx(150)  # west is at the left


def test_a_place_that_is_not_on_the_projected_sky_has_wrong_numbers(reg):
    with pytest.raises(UserError, match=r"line 1: 'circle.*has wrong numbers"):
        read_ds9_masks(reg('icrs;circle(190,5,2")\n'), sky())


def test_circle_and_box_of_one_place_mark_pixels_around_the_same_one(pixels):
    """The centre pixel of ds9's (4, 3) is (3, 2) here; COSMOULINE put the box on (4, 3)."""
    square = {(x, y) for x in (2, 3, 4) for y in (1, 2, 3)}

    assert pixels("circle(4,3,1.5)\n", (6, 8)) == square
    assert pixels("box(4,3,3,3,0)\n", (6, 8)) == square
    assert pixels("polygon(2.4,1.4, 5.6,1.4, 5.6,4.6, 2.4,4.6)\n", (6, 8)) == square


def test_a_centre_on_the_edge_is_outside(pixels):
    assert pixels("circle(4,4,1)") == {(3, 3)}
    assert pixels("box(4,4,2,4,0)") == {(3, 2), (3, 3), (3, 4)}
    assert pixels("box(4,4,2,4,90)") == {(2, 3), (3, 3), (4, 3)}
    assert pixels("box(4,4,4,2,90)") == {(3, 2), (3, 3), (3, 4)}


def test_the_angle_of_a_box_turns_from_x_to_y(pixels):
    assert pixels("box(4,4,7,1,45)") == {
        (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)}  # 3.5 / sqrt(2) = 2.5 px


def test_the_pixels_of_an_ellipse_fulfil_its_equation(pixels):
    """DS9 writes semi-axes; an ellipse that is turned by 30 degrees."""
    along, across = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)]), np.array(
        [-np.sin(np.pi / 6), np.cos(np.pi / 6)])
    expected = {(x, y) for x in range(24) for y in range(20)
                if (np.dot(along, (x - 10.3, y - 8.2)) / 7.1) ** 2
                + (np.dot(across, (x - 10.3, y - 8.2)) / 3.2) ** 2 < 1}

    assert pixels("ellipse(11.3,9.2,7.1,3.2,30)", (20, 24)) == expected
    assert len(expected) == pytest.approx(np.pi * 7.1 * 3.2, abs=8)


def test_an_annulus_lies_between_its_radii(pixels):
    assert pixels("annulus(4,4,1.2,2.1)") == {
        (x, y) for x in range(7) for y in range(7) if 1.2 < np.hypot(x - 3, y - 3) < 2.1}


def test_a_triangle_marks_the_pixels_on_the_right_sides_of_its_edges(pixels):
    assert pixels("polygon(0.5,0.5, 5.5,0.5, 0.5,5.5)") == {
        (x, y) for x in range(7) for y in range(7) if x + y < 4}


def test_an_excluded_region_cuts_a_hole_wherever_it_stands_in_the_file(reg, pixels):
    hole = {(3, 3), (2, 3), (4, 3), (3, 2), (3, 4)}
    around = {(x, y) for x in range(1, 6) for y in range(1, 6)} - hole

    assert pixels("-circle(4,4,1.2)\nbox(4,4,5,5,0)") == around
    assert pixels("box(4,4,5,5,0)\n- circle(4,4,1.2)") == around
    excluded, box = read_ds9_masks(reg('icrs;-circle(10,-5,1")\nbox(10,-5,5",5",0)'), sky())
    y, x = np.indices((200, 200))
    assert not inside_regions([excluded, box], x, y)[100, 100]
    with pytest.raises(UserError, match="all regions are excluded"):
        read_ds9_masks(reg("-circle(4,4,1)"))


def test_the_area_of_a_turned_box_is_that_of_the_box(pixels):
    marked = pixels("box(101.2,100.6,90,50,33)", (200, 200))

    assert len(marked) == pytest.approx(4500, abs=60)  # edge of 280 px, each counted to +-0.3


def test_regions_add_up_and_may_reach_beyond_the_image(pixels):
    assert pixels("circle(0,1,1.5)\ncircle(5,5,0.5)", (5, 5)) == {(0, 0), (0, 1), (4, 4)}
    assert not pixels("# nothing\n", (5, 5))


def test_star_regions_are_circles_with_names_in_ds9_pixels(tmp_path):
    path = tmp_path / "stars.reg"
    write_ds9_regions(path, [Star("a", 0.0, 9.5), Star("b", 20.0, 30.0)], radius_px=8.0)

    assert "image\ncircle(1.0000,10.5000,8.0000) # text={a}\n" in path.read_text()
    assert [numbers(region) for region in read_ds9_masks(path)] == [
        [0.0, 9.5, 8.0], [20.0, 30.0, 8.0]]


def test_scripts_do_not_wait_for_regions_unless_there_is_a_mask():
    """It takes half a second to import."""
    code = "import sys, cosmouline.stamps.db_drawn_masks; print('regions' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
