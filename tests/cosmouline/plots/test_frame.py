"""frame.py: what is shown is the image, in its own pixels; outlines follow the transforms."""

from cosmouline.plots import frame, style

import numpy as np
import pytest

NAN = np.full((30, 40), np.nan)


def starry(seed=1, shape=(300, 400)):
    """Sky of 100 electrons with Gaussian stars of 2 px, and their positions (x, y)."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(20, (shape[1] - 20, shape[0] - 20), (12, 2))
    y, x = np.indices(shape)
    image = rng.normal(100, 10, shape)
    for x0, y0 in xy:
        image += 5000 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 8)
    return image, xy


def test_a_small_image_is_shown_pixel_by_pixel():
    image, _ = starry()
    _, ax = style.figure()

    frame.frame_image(ax, image)

    np.testing.assert_array_equal(ax.images[0].get_array(), image)
    assert tuple(ax.images[0].get_extent()) == (-0.5, 399.5, -0.5, 299.5)
    assert ax.get_ylim() == (-0.5, 299.5)


def test_a_large_image_is_binned_and_keeps_its_coordinates():
    image = np.arange(210 * 100, dtype=float).reshape(210, 100)
    _, ax = style.figure()

    frame.frame_image(ax, image, max_side_px=100)

    # 210 px in 100: blocks of 3, 70 x 33 of them; one column is left over
    shown = ax.images[0]
    assert shown.get_array().shape == (70, 33)
    assert shown.get_array()[0, 0] == image[:3, :3].mean()
    assert tuple(shown.get_extent()) == (-0.5, 98.5, -0.5, 209.5)


def test_a_strip_thinner_than_the_binning_is_drawn():
    page, ax = style.figure()

    frame.frame_image(ax, np.ones((2, 5000)))

    page.draw_without_rendering()
    assert ax.images[0].get_array().shape == (1, 2500)


def test_given_limits_are_kept():
    image, _ = starry()
    _, ax = style.figure()

    frame.frame_image(ax, image, limits=(50.0, 60.0), stretch="linear")

    assert ax.images[0].get_clim() == (50.0, 60.0)


@pytest.mark.parametrize("image", [NAN, np.zeros((0, 0)), np.zeros((1, 1), int)])
def test_pages_of_nothing_are_drawn(image, assert_whole):
    assert_whole(frame.frame_page(image, "title"))
    assert_whole(frame.sky_page(image, image))
    assert_whole(frame.alignment_map(image, {"stars": ([], np.zeros((0, 2)))}))


def test_the_frame_page_shows_all_that_is_given(assert_whole, texts):
    image, xy = starry()

    page = frame.frame_page(
        image, "c_1$a$", ["seeing 0.9″", "$x$ " * 30], xy, [f"s{i}" for i in range(12)], (200, 150)
    )

    assert_whole(page)
    assert {r"c_1\$a\$", "lens", "s0", "s11"} <= set(texts(page))
    np.testing.assert_allclose(page.axes[0].collections[0].get_offsets(), xy)


def test_the_sky_page_has_the_frame_the_map_and_the_pixels(assert_whole):
    image, xy = starry()
    sky = np.tile(np.linspace(100, 120, 400), (300, 1))

    page = frame.sky_page(image - sky, sky, "t", ["sky 110 e⁻"], xy)

    assert_whole(page)
    np.testing.assert_array_equal(page.axes[1].images[0].get_array(), sky)
    low, high = page.axes[1].images[0].get_clim()
    assert (low, high) == pytest.approx(np.percentile(sky, (0.5, 99.5)))


def test_corners_of_an_unmoved_image_are_its_own():
    corners = frame.image_corners([[1, 0, 0], [0, 1, 0]], (30, 40))

    np.testing.assert_allclose(corners, [(-0.5, -0.5), (39.5, -0.5), (39.5, 29.5), (-0.5, 29.5)])


def test_corners_map_back_through_the_transform():
    angle = np.deg2rad(20)
    turn = 1.1 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    matrix = np.column_stack([turn, (12.0, -7.0)])

    corners = frame.image_corners(matrix, (30, 40))

    on_image = corners @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(on_image, [(-0.5, -0.5), (39.5, -0.5), (39.5, 29.5), (-0.5, 29.5)])


@pytest.mark.parametrize("matrix", [np.zeros((2, 3)), np.full((2, 3), np.nan)])
def test_what_cannot_be_inverted_has_no_corners(matrix):
    assert np.isnan(frame.image_corners(matrix, (30, 40))).all()


def test_outlines_widen_the_view_but_not_for_one_gone_astray():
    _, ax = style.figure()
    frame.frame_image(ax, np.zeros((300, 400)))
    shifts = [(-20, 0), (10, 10), (9000, 0)]
    matrices = [np.column_stack([np.eye(2), shift]) for shift in shifts] + [np.zeros((2, 3))]

    frame.footprints(ax, matrices, (300, 400))

    (outlines,) = ax.collections
    assert len(outlines.get_paths()) == 3
    # the first lies 20 px to the right; the third 9000 px to the left, where the view ends
    left, right = ax.get_xlim()
    assert right == pytest.approx(419.5 + 4)
    assert left == pytest.approx(-0.5 - frame.MAX_OUTSIDE * 400)


def test_each_image_may_have_its_own_shape():
    _, ax = style.figure()
    frame.frame_image(ax, np.zeros((300, 400)))

    frame.footprints(ax, [np.eye(2, 3), np.eye(2, 3)], [(300, 400), (100, 50)])

    assert ax.collections[0].get_paths()[1].get_extents().width == pytest.approx(50)


def test_the_map_shows_everything_at_once(assert_whole, texts):
    image, xy = starry()
    names = [f"s{i}" for i in range(12)]
    matrices = [np.column_stack([np.eye(2), (i, -i)]) for i in range(20)]

    page = frame.alignment_map(
        image, {"norm$s$": (names, xy), "PSF stars": (names[:3], xy[:3])}, (200, 150),
        (10, 60, 10, 60), matrices, (300, 400), "lens $1$", ["20 images"], 0.2, (0, 1), (-1, 0),
    )  # fmt: skip

    assert_whole(page)
    shown = texts(page)
    assert {r"norm\$s\$", "PSF stars", "outlines of 20 images", "N", "E", "lens", "10″"} <= set(
        shown
    )
    assert shown.count("s0") == 1


def test_a_map_of_thousands_of_outlines_is_drawn(assert_whole):
    shifts = np.random.default_rng(2).normal(0, 5, (3000, 2))
    matrices = [np.column_stack([np.eye(2), shift]) for shift in shifts]

    page = frame.alignment_map(starry()[0], {}, matrices=matrices, shapes=(300, 400))

    assert_whole(page)
    assert page.axes[0].collections[0].get_alpha() < 0.02


def test_the_cuts_are_those_of_the_shown_pixels_and_stretch():
    image, _ = starry()
    _, ax = style.figure(2)

    frame.frame_image(ax[0], image)
    frame.frame_image(ax[1], image, stretch="asinh")

    for one, least in zip(ax, (frame.LEAST_SIGMAS, 0.0), strict=True):
        assert one.images[0].get_clim() == pytest.approx(frame.frame_limits(image, least))
        assert one.images[0].cmap is style.IMAGE_MAP
        assert (one.get_xlabel(), one.get_ylabel()) == ("x (px)", "y (px)")


@pytest.mark.parametrize(("n_images", "opacity"), [(1, 0.8), (25, 0.6), (900, 30 / 900),
                                                   (9000, 0.012)])
def test_outlines_are_fainter_the_more_there_are(n_images, opacity):
    _, ax = style.figure()
    frame.frame_image(ax, np.zeros((30, 40)))

    frame.footprints(ax, [np.eye(2, 3)] * n_images, (30, 40), "red", "$l$")

    lines, = ax.collections
    assert lines.get_alpha() == pytest.approx(opacity)
    assert lines.get_label() == r"\$l\$"
    assert ax.get_xlim() == pytest.approx((-0.9, 39.9))  # 1 % more than the outlines
    assert ax.get_ylim() == pytest.approx((-0.8, 29.8))


@pytest.mark.parametrize(("shape", "size_in"), [((300, 400), (28 / 3, 7.0)), ((400, 400), (7, 7)),
                                                ((100, 1000), (9.5, 3.0)), ((0, 0), (7, 7)),
                                                ((1, 2), (9.5, 4.75)), ((2, 1), (3.5, 7.0))])
def test_the_frame_is_as_large_as_fits_beside_its_column(shape, size_in):
    page, ax = frame.frame_and_side(shape, "t")

    width, height = page.get_size_inches()
    assert (width, height) == pytest.approx((size_in[0] + 3.5, size_in[1] + 1.1))
    box = ax.get_position()
    assert (box.x0 * width, (1 - box.y1) * height) == pytest.approx((0.8, style.TITLE_IN))
    assert (box.width * width, box.height * height) == pytest.approx(size_in)


def test_a_star_of_two_lists_has_two_marks_and_one_name(texts):
    image, xy = starry()
    lists = {"norm": (["a", "b"], xy[:2]), "PSF": (["a", "b"], [xy[0], (np.nan, 1.0)])}

    page = frame.alignment_map(image, lists, empty_box=(10, 60, 20, 60))

    ax = page.axes[0]
    drawn = {one.get_label(): one for one in ax.collections}
    np.testing.assert_allclose(drawn["norm"].get_offsets(), xy[:2])
    np.testing.assert_allclose(drawn["PSF"].get_offsets(), xy[:1])
    assert drawn["norm"].get_sizes()[0] < drawn["PSF"].get_sizes()[0]
    found = texts(page)
    assert (found.count("a"), found.count("b"), found.count("empty")) == (1, 1, 1)
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["a"] == style.SOURCE_COLOURS[0]
    assert ax.patches[0].get_bbox().extents == pytest.approx((10, 20, 60, 60))


def test_one_star_has_its_name(texts):
    image, xy = starry()

    page = frame.alignment_map(image, {"stars": (["only"], xy[:1])})

    assert "only" in texts(page)


def test_too_many_stars_are_marked_without_names(monkeypatch, texts):
    monkeypatch.setattr(frame.marks, "MAX_LABELS", 11)
    image, xy = starry()

    page = frame.alignment_map(image, {"stars": ([f"s{i}" for i in range(12)], xy)})

    assert "s0" not in texts(page)


def test_both_frames_of_the_sky_have_the_stars_and_the_pixels_their_histogram():
    image, xy = starry()

    page = frame.sky_page(image, 2 * image, "t", ["a", "b"], xy)

    left, middle, right, *_ = page.axes
    for ax in (left, middle):
        np.testing.assert_allclose(ax.collections[0].get_offsets(), xy)
    assert middle.collections[0].get_edgecolor()[0].tolist() == [1, 1, 1, 1]
    assert [ax.get_title(loc="left") for ax in (left, middle, right)] == [
        "sky subtracted", "sky", "pixels without the sky"]
    assert middle.get_ylabel() == ""
    assert right.lines[0].get_xdata()[0] == pytest.approx(np.median(image))
    assert "a    b" in [text.get_text() for text in page.texts]
