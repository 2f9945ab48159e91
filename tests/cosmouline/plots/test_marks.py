"""marks.py: marks are where the stars are, names cover little, angles are round."""

from cosmouline.plots import marks, style

import numpy as np
import pytest
from matplotlib import colors


def frame_axes(nx=400, ny=300):
    """Axes of a frame whose pixels are 0.02 inches large."""
    page = style.blank(nx / 50, ny / 50)
    ax = style.place(page, 0, 0, nx / 50, ny / 50)
    ax.set(xlim=(-0.5, nx - 0.5), ylim=(-0.5, ny - 0.5))
    return page, ax


def label_boxes(page, ax):
    page.draw_without_rendering()
    return {text.get_text(): text.get_window_extent() for text in ax.texts}


def test_marks_are_at_the_positions_and_nan_is_left_out():
    _, ax = frame_axes()
    xy_px = np.array([(10.0, 20.0), (np.nan, 5.0), (300.0, 250.5)])

    marks.mark_stars(ax, xy_px, ["a", "b", "c"], label="stars")

    (drawn,) = ax.collections
    np.testing.assert_array_equal(drawn.get_offsets(), xy_px[[0, 2]])
    assert [text.get_text() for text in ax.texts] == ["a", "c"]
    assert drawn.get_label() == "stars"


def test_no_stars_and_one_star():
    page, ax = frame_axes()

    marks.mark_stars(ax, [], [])
    marks.mark_stars(ax, [(5, 5)])

    page.draw_without_rendering()
    assert not ax.texts


def test_names_beside_the_border_stay_inside():
    page, ax = frame_axes()
    corners = np.array([(1, 1), (398, 1), (1, 298), (398, 298)])

    marks.mark_stars(ax, corners, ["first", "second", "third", "fourth"])

    frame = ax.get_window_extent()
    for box in label_boxes(page, ax).values():
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        assert frame.y0 <= box.y0
        assert box.y1 <= frame.y1


def test_names_of_a_close_pair_do_not_lie_on_each_other():
    page, ax = frame_axes()

    marks.mark_stars(ax, np.array([(200, 150), (212, 150)]), ["star_1", "star_2"])

    first, second = label_boxes(page, ax).values()
    assert not first.overlaps(second)


def test_dollars_in_names_are_shown(texts):
    page, ax = frame_axes()

    marks.mark_stars(ax, [(100, 100)], ["a$b$"])
    marks.mark_box(ax, 10, 60, 10, 60, "$box$")
    marks.mark_lens(ax, 200, 200, "$lens$")
    marks.info_box(ax, ["$x$", "y"])

    assert {r"a\$b\$", r"\$box\$", r"\$lens\$", "\\$x\\$\ny"} <= set(texts(page))


def test_too_many_names_are_not_written():
    _, ax = frame_axes()
    n_stars = marks.MAX_LABELS + 1

    marks.mark_stars(ax, np.full((n_stars, 2), 50.0), ["x"] * n_stars)

    assert not ax.texts


@pytest.mark.parametrize("position", [(None, None), (np.nan, 3.0)])
def test_an_unknown_lens_is_not_marked(position):
    _, ax = frame_axes()

    marks.mark_lens(ax, *position)

    assert not ax.collections
    assert not ax.texts


def test_the_lens_is_marked_at_its_place():
    _, ax = frame_axes()

    marks.mark_lens(ax, 120.5, 80.0)

    for drawn in ax.collections:
        np.testing.assert_array_equal(drawn.get_offsets(), [(120.5, 80.0)])


def test_the_box_has_its_corners():
    _, ax = frame_axes()

    marks.mark_box(ax, 10, 60, 20, 90)

    assert ax.patches[0].get_extents().transformed(ax.transData.inverted()).extents == (
        pytest.approx([10, 20, 60, 90])
    )


@pytest.mark.parametrize(
    ("longest", "nice"),
    [(0.6, 0.5), (1.0, 1), (9.9, 5), (45, 30), (130, 120), (1e-9, 0.01), (1e9, 7200)],
)
def test_angles_are_round_and_fit(longest, nice):
    assert marks.nice_angle_arcsec(longest) == nice


def test_the_scale_bar_is_as_long_as_it_says_and_leaves_the_view():
    _, ax = frame_axes()
    limits = ax.get_xlim(), ax.get_ylim()

    marks.scale_bar(ax, pixel_scale_arcsec=0.215)

    # 22 % of 400 px are 18.9 arcsec: the bar is 10 arcsec
    assert ax.texts[0].get_text() == "10″"
    assert np.ptp(ax.lines[0].get_xdata()) == pytest.approx(10 / 0.215)
    assert (ax.get_xlim(), ax.get_ylim()) == limits


def test_arcminutes_have_their_own_sign():
    _, ax = frame_axes()

    marks.scale_bar(ax, pixel_scale_arcsec=2.0)

    assert ax.texts[0].get_text() == "2′"


@pytest.mark.parametrize("north", [(0, 1), (1, 1), (-1, 0.2), (0, -3)])
@pytest.mark.parametrize(("parity", "corner"), [(1, (0.96, 0.04)), (-1, (0.04, 0.96))])
def test_the_compass_points_along_its_vectors_and_stays_inside(north, parity, corner):
    page, ax = frame_axes()
    east = (-north[1] * parity, north[0] * parity)

    marks.compass(ax, north, east, corner)

    boxes = label_boxes(page, ax)
    frame = ax.get_window_extent().padded(1)
    for (start, end), vector, letter in zip(
        [patch._posA_posB for patch in ax.patches], (north, east), "NE", strict=True
    ):
        arrow = np.subtract(end, start)
        np.testing.assert_allclose(arrow / np.hypot(*arrow), vector / np.hypot(*vector))
        assert frame.fully_containsx(boxes[letter].x0)
        assert frame.fully_containsy(boxes[letter].y1)


@pytest.mark.parametrize("loc", ["upper left", "lower right"])
def test_the_info_box_stands_in_its_corner(loc):
    page, ax = frame_axes()

    marks.info_box(ax, ["first line", "second"], loc)

    (box,) = label_boxes(page, ax).values()
    middle = ax.get_window_extent()
    assert (box.y1 > middle.y1 - 60) == loc.startswith("upper")
    assert (box.x0 < 60) == loc.endswith("left")


def test_no_lines_no_box():
    _, ax = frame_axes()

    marks.info_box(ax, [])

    assert not ax.texts


def test_marks_have_the_size_and_look_that_is_asked_for():
    _, ax = frame_axes()

    marks.mark_stars(ax, [(5.0, 6.0)], ["a"], "red", "s", 20.0)

    drawn, text = ax.collections[0], ax.texts[0]
    assert drawn.get_sizes().tolist() == [400.0]
    assert colors.to_hex(drawn.get_edgecolor()[0]) == colors.to_hex(text.get_color()) == "#ff0000"
    assert drawn.get_facecolor().size == 0  # open
    marks.mark_stars(ax, [(5.0, 6.0)])
    assert colors.to_hex(ax.collections[1].get_edgecolor()[0]) == style.source_colour(0).lower()


def test_a_name_alone_stands_at_the_right_and_touches_its_mark():
    page, ax = frame_axes()

    marks.write_names(ax, [(200.0, 150.0)], ["name"], size_pt=20.0)

    # 10 points of the mark, 2 of a gap, and half the width of four letters of 8.5 points
    text, = ax.texts
    assert text.xyann == pytest.approx((12 + 8.5 * 0.63 * 4 / 2, 0))
    box = label_boxes(page, ax)["name"]
    centre = ax.transData.transform((200, 150))
    assert box.x0 > centre[0] + 10 * page.dpi / 72
    assert box.y0 < centre[1] < box.y1


def test_names_leave_the_right_side_where_a_mark_lies_there():
    _, ax = frame_axes()
    positions = np.array([(200.0, 150.0), (225.0, 150.0)])

    marks.write_names(ax, positions, ["first", "x"])

    assert ax.texts[0].xyann[0] < 0  # at the left
    assert ax.texts[1].xyann[0] > 0


def test_many_names_are_smaller_and_have_their_own_colours():
    _, ax = frame_axes()
    xy = np.column_stack([np.linspace(20, 380, 31), np.full(31, 100.0)])

    marks.write_names(ax, xy, ["x"] * 31, ["red", *["blue"] * 30])
    marks.write_names(ax, xy[:30], ["y"] * 30)

    assert {text.get_fontsize() for text in ax.texts[:31]} == {7.0}
    assert {text.get_fontsize() for text in ax.texts[31:]} == {8.5}
    assert [text.get_color() for text in ax.texts[:2]] == ["red", "blue"]


def test_the_scale_bar_stands_at_the_lower_left_with_its_angle_above():
    _, ax = frame_axes()

    marks.scale_bar(ax, pixel_scale_arcsec=0.5)

    # 22 % of 400 px are 44 arcsec: 30 arcsec, 60 px
    white, dark = ax.lines
    for line in (white, dark):
        x, y = line.get_data()
        assert x == pytest.approx([-0.5 + 0.035 * 400, -0.5 + 0.035 * 400 + 60])
        assert y == pytest.approx([-0.5 + 0.035 * 300] * 2)
    assert white.get_linewidth() > dark.get_linewidth()
    assert (white.get_color(), dark.get_color()) == ("white", style.INK)
    assert ax.texts[0].xy == pytest.approx((-0.5 + 14 + 30, -0.5 + 10.5))
    assert marks.nice_angle_arcsec(0.22 * 400 * 0.5) == 30


def test_compass_arrows_are_a_fraction_of_the_longer_side():
    _, ax = frame_axes()

    marks.compass(ax, (0, 2), (-3, 0))

    north, east = (np.subtract(*patch._posA_posB[::-1]) for patch in ax.patches)
    assert north == pytest.approx((0, 0.055 * 400))
    assert east == pytest.approx((-0.055 * 400, 0))
    letters = {text.get_text(): np.array(text.get_position()) for text in ax.texts}
    foot = ax.patches[0]._posA_posB[0]
    assert letters["N"] - foot == pytest.approx((0, 1.3 * 22))
    # the foot is the lower right corner of the drawing
    assert foot == pytest.approx((-0.5 + 0.96 * 400, -0.5 + 0.04 * 300))


def test_two_marks_at_one_position_have_their_names_on_two_sides():
    _, ax = frame_axes()

    marks.write_names(ax, [(200.0, 150.0)] * 2, ["name", "name"])

    first, second = ax.texts
    assert first.xyann == pytest.approx((-second.xyann[0], 0))
    assert first.xyann[0] > 0


def test_many_names_are_smaller_than_few():
    few, many = frame_axes(), frame_axes()
    for (_, ax), n in ((few, marks.FEW_LABELS), (many, marks.FEW_LABELS + 1)):
        marks.mark_stars(ax, np.column_stack([np.linspace(20, 380, n), np.full(n, 90.0)]),
                         [str(i) for i in range(n)])

    assert {text.get_fontsize() for text in few[1].texts} == {8.5}
    assert {text.get_fontsize() for text in many[1].texts} == {7.0}
