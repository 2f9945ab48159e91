"""mosaic.py: every pixel has its colour and its place, and the page shows it as it is."""

from cosmouline.plots import mosaic, style
from cosmouline.plots.scaling import stretch_norm

import numpy as np
import pytest
from matplotlib import colors

EDGE = np.round(255 * np.array(colors.to_rgb(style.RC["axes.edgecolor"])))
# sizes that are no whole number of pixels: the page ends where matplotlib cuts them
ODD_PAGE_IN = (4.0063, 3.0157)


def random_picture(shape, seed=1):
    """Picture of random colours."""
    picture = np.random.default_rng(seed).integers(0, 256, (*shape, 4)).astype(np.uint8)
    picture[..., 3] = 255
    return picture


def test_paint_gives_the_shades_of_the_norm_and_nan_its_own_colour():
    image = np.array([[0.0, 30.0, 100.0], [np.nan, -5.0, 1e9]])

    painted = mosaic.paint(image, stretch_norm(0.0, 100.0, "linear"), style.FIELD_MAP)

    shades = [[0.0, 0.3, 1.0], [np.nan, 0.0, 1.0]]
    np.testing.assert_array_equal(painted, style.FIELD_MAP(shades, bytes=True))
    np.testing.assert_array_equal(painted[1, 0], [0xDC, 0xE6, 0xF0, 0xFF])


def test_paint_is_what_an_axes_shows(screen, look):
    rng = np.random.default_rng(2)
    image, norm = rng.normal(0, 40, (20, 30)), stretch_norm(-100.0, 300.0, "asinh")
    image[3, 4] = np.nan
    tint = rng.uniform(0, 1, (20, 30, 4)) * (rng.uniform(size=(20, 30, 1)) < 0.5)
    page = style.blank(3.0, 2.0)
    ax = style.place(page, 0, 0, 3.0, 2.0)
    ax.set_axis_off()
    for layer, options in ((np.ma.masked_invalid(image), {"norm": norm, "cmap": style.IMAGE_MAP}),
                           (tint, {})):  # fmt: skip
        ax.imshow(layer, origin="lower", interpolation="nearest", **options)

    painted = mosaic.paint(image, norm, tint=tint)

    shown = look(screen(page), mosaic.Box(0.0, 0.0, 3.0, 2.0), (20, 30))
    # matplotlib rounds the product of tint and opacity, then what shines through, then their sum
    np.testing.assert_allclose(painted[..., :3], shown, atol=4)


@pytest.mark.parametrize("size_in", [(4.0, 3.0), ODD_PAGE_IN])
def test_a_picture_is_shown_upright_pixel_on_pixel(size_in, screen):
    page, picture = style.blank(*size_in), random_picture((20, 30))

    box, = mosaic.draw_mosaic(page, [picture], [(0.508, 0.2)], (1.0, 1.0))

    # 120 pixels for 30; the corner is rounded to 61, 24 and the picture stands on the floor
    assert np.multiply(box, 120) == pytest.approx([61, 24 + 120 - 80, 61 + 120, 24 + 120])
    enlarged = np.kron(picture[::-1, :, :3], np.ones((4, 4, 1), dtype=int))
    np.testing.assert_array_equal(screen(page)[64:144, 61:181], enlarged)


def test_many_pictures_are_all_in_their_boxes(screen, look):
    page = style.blank(*ODD_PAGE_IN)
    shapes = [(9, 9), (9, 5), (5, 9), (70, 70), (1, 1), (30, 20)]
    pictures = [random_picture(shape, seed) for seed, shape in enumerate(shapes)]
    corners = np.array([(0.1 + 0.6 * (i % 3), 0.3 + 0.7 * (i // 3)) for i in range(6)])

    boxes = mosaic.draw_mosaic(page, pictures, corners, (0.5, 0.6))

    assert len(page.axes) == 1
    shown = screen(page)
    for picture, corner, box in zip(pictures, corners, boxes, strict=True):
        assert box.left == pytest.approx(corner[0], abs=0.5 / 120)
        assert box.bottom == pytest.approx(corner[1] + 0.6, abs=0.5 / 120)
        ny, nx = picture.shape[:2]
        if ny < 70:  # larger ones have fewer pixels than the picture on the page
            np.testing.assert_array_equal(look(shown, box, (ny, nx)), picture[..., :3])
        assert (box.right - box.left) / (box.bottom - box.top) == pytest.approx(nx / ny, rel=0.02)
        assert box.right - box.left < 0.5 + 1e-9
        assert box.bottom - box.top < 0.6 + 1e-9


@pytest.mark.parametrize(
    ("shape", "size_px"),
    [
        ((48, 48), (96, 96)),  # twice fills 96 %
        ((40, 40), (100, 100)),  # twice would fill 80 %
        ((10, 50), (100, 20)),
        ((24, 12), (48, 96)),
        ((300, 150), (50, 100)),
        ((500, 1), (1, 100)),
    ],
)
def test_pixels_are_of_one_size_where_that_costs_little(shape, size_px):
    page, cell_in = style.blank(2.0, 2.0), (100 / 120, 100 / 120)

    box, = mosaic.draw_mosaic(page, [random_picture(shape)], [(0.5, 0.5)], cell_in)

    assert (120 * (box.right - box.left), 120 * (box.bottom - box.top)) == pytest.approx(size_px)
    assert (120 * box.left, 120 * box.bottom) == pytest.approx((60, 160))  # at the lower left


def test_an_uneven_enlargement_is_that_of_the_nearest_pixel(screen):
    page, picture = style.blank(2.0, 2.0), random_picture((70, 70))

    mosaic.draw_mosaic(page, [picture], [(0.5, 0.5)], (100 / 120, 100 / 120))

    # no centre of the 100 pixels of the page lies between two of the 70
    nearest = [int((index + 0.5) * 70 / 100) for index in range(100)]
    expected = picture[::-1, :, :3][np.ix_(nearest, nearest)]
    np.testing.assert_array_equal(screen(page)[60:160, 60:160], expected)


def test_frames_lie_around_the_pictures_in_their_colours(screen):
    page, picture = style.blank(3.0, 2.0), random_picture((10, 10))
    corners, edges = [(0.5, 0.5), (1.5, 0.5)], [mosaic.EDGE, ("#FF0000", 2.4)]

    mosaic.draw_mosaic(page, [picture] * 2, corners, (0.5, 0.5), edges)

    shown = screen(page)
    thin, thick = shown[55:125, 55:125], shown[55:125, 175:245]
    for frame, colour, width in ((thin, EDGE, 1), (thick, (255, 0, 0), 4)):  # 2.4 pt are 4 pixels
        is_edge = (frame == np.array(colour)).all(axis=-1)
        expected = np.zeros((70, 70), dtype=bool)
        expected[5 - width : 65 + width, 5 - width : 65 + width] = True
        expected[5:65, 5:65] = False
        np.testing.assert_array_equal(is_edge[expected], True)
        outside = ~expected
        outside[5:65, 5:65] = False
        np.testing.assert_array_equal(frame[outside], 255)


@pytest.mark.parametrize("nothing", [None, np.zeros((0, 4, 4), dtype=np.uint8)])
def test_an_empty_cell_has_a_frame_and_says_so(nothing, screen, place_of):
    page = style.blank(3.0, 2.0)

    _, box = mosaic.draw_mosaic(
        page, [random_picture((5, 5)), nothing], [(0.1, 0.1), (1.5, 0.5)], (1.0, 1.0)
    )

    assert box == pytest.approx((1.5, 0.5, 2.5, 1.5))
    assert mosaic.middle(place_of(page, "no data")) == pytest.approx((2.0, 1.0), abs=0.02)
    shown = screen(page)
    np.testing.assert_array_equal(shown[59, 180:300], np.broadcast_to(EDGE, (120, 3)))
    assert (shown[60:90, 180:300] == 255).all()


def test_no_pictures_no_axes():
    page = style.blank(2.0, 2.0)

    assert mosaic.draw_mosaic(page, [], [], (1.0, 1.0)) == []
    assert page.axes == []


def test_texts_stand_around_their_picture(place_of):
    page, box = style.blank(4.0, 4.0), mosaic.Box(1.0, 1.0, 2.0, 2.5)

    mosaic.write_above(page, box, "a$b$")
    mosaic.write_below(page, box, "below", ha="center")
    mosaic.write_below(page, box, "at the left")
    mosaic.write_beside(page, box, "beside")

    pixel = 1 / 120
    above, below, left, beside = (
        place_of(page, text) for text in (r"a\$b\$", "below", "at the left", "beside")
    )
    assert above.left == left.left == pytest.approx(box.left, abs=2 * pixel)
    assert box.top - 6 / 72 - above.bottom == pytest.approx(0, abs=4 * pixel)  # the foot of "g"
    assert below.top == left.top == pytest.approx(box.bottom + 3 / 72, abs=2 * pixel)
    assert mosaic.middle(below)[0] == pytest.approx(1.5, abs=pixel)
    assert beside.right == pytest.approx(box.left - 4 / 72, abs=2 * pixel)
    assert mosaic.middle(beside)[1] == pytest.approx(1.75, abs=pixel)
    assert beside.bottom - beside.top > beside.right - beside.left
