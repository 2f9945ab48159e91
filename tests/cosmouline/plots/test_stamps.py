"""plots/stamps.py: pixels are shown as they are, masks in their colours."""

from cosmouline.plots import mosaic, stamps, style

import numpy as np
import pytest
from matplotlib import colors


def star(seed=1, peak=5000.0, sigma=10.0):
    """Gaussian star of 3 px on noise, shape (32, 40)."""
    y, x = np.indices((32, 40))
    clean = peak * np.exp(-((x - 20) ** 2 + (y - 16) ** 2) / 18)
    return clean + np.random.default_rng(seed).normal(0, sigma, clean.shape)


def test_the_stamp_is_the_data():
    data = star()
    _, ax = style.figure()

    stamps.stamp(ax, data)

    np.testing.assert_array_equal(ax.images[0].get_array(), data)
    assert tuple(ax.images[0].get_extent()) == (-0.5, 39.5, -0.5, 31.5)


def test_a_fine_image_is_drawn_in_the_pixels_of_its_stamp():
    _, ax = style.figure()

    stamps.stamp(ax, np.ones((64, 80)), shape=(32, 40))

    assert tuple(ax.images[0].get_extent()) == (-0.5, 39.5, -0.5, 31.5)
    assert ax.get_xlim() == (-0.5, 39.5)


def test_shades_go_from_below_the_sky_to_the_peak():
    data = star(sigma=10.0)

    norm = stamps.stamp_norm(data)

    # 160 pixels of noise: the scatter of a scaled median deviation is 1.17 / sqrt(160) of it
    assert norm.vmin == pytest.approx(
        -30, abs=5 * 1.17 * 30 / np.sqrt(160) + 5 * 12.5 / np.sqrt(160)
    )
    assert norm.vmax == data.max()
    assert 0.0 < float(norm(0.0)) < 0.25


def test_a_masked_cosmic_does_not_set_the_scale():
    data, mask = star(), np.zeros((32, 40), dtype=np.uint8)
    data[3, 3], mask[3, 3] = 1e6, 8

    assert stamps.stamp_norm(data, mask).vmax < 1e4
    assert stamps.stamp_norm(data).vmax == 1e6


def test_every_bit_has_its_own_colour():
    mask = np.array([[0, 1, 2, 4, 8, 16, 32]])

    tint = stamps.mask_tint(mask)[0]

    assert tint[0, 3] == 0
    assert len({tuple(colour) for colour in tint}) == 7
    for bit, _, colour in stamps.MASK_LOOKS:
        index = list(mask[0]).index(bit)
        np.testing.assert_allclose(tint[index], colors.to_rgba(colour, stamps.OPACITY))


def test_a_saturated_pixel_hides_the_other_reasons():
    tint = stamps.mask_tint(np.array([[2, 2 | 1 | 4 | 8 | 16]]))[0]

    np.testing.assert_array_equal(tint[0], tint[1])


def test_the_legend_names_what_occurs(texts):
    page, axes = style.figure(2)

    stamps.mask_legend(axes[0], np.array([0, 1, 9]))
    stamps.mask_legend(axes[1], np.zeros(3, dtype=int))
    axes[0].set_axis_off()
    axes[1].set_axis_off()

    assert set(texts(page)) == {"bad pixel", "cosmic ray"}


def test_residuals_are_symmetric_and_masked_pixels_are_grey():
    residual, mask = np.linspace(-9, 9, 100).reshape(10, 10), np.zeros((10, 10))
    mask[0, 0] = 1
    _, ax = style.figure()

    stamps.residual_stamp(ax, residual, 5.0, mask)

    shown = ax.images[0]
    assert shown.get_clim() == (-5.0, 5.0)
    assert np.ma.getmaskarray(shown.get_array()).sum() == 1
    middle = shown.cmap(shown.norm(0.0))
    np.testing.assert_allclose(middle[:3], 0.97, atol=0.03)


def test_colours_are_the_shades_of_the_unmasked_pixels_with_the_tint_over_them():
    data, mask = star(), np.zeros((32, 40), dtype=np.uint8)
    data[3, 3], mask[3, 3], mask[10:12] = 1e6, 8, 4

    colours = stamps.stamp_colours(data, mask)

    norm, good = stamps.stamp_norm(data, mask), mask == 0
    plain = style.IMAGE_MAP(norm(data), bytes=True)
    np.testing.assert_array_equal(colours[good], plain[good])
    for row, col, name in ((3, 3, "cosmic ray"), (10, 7, "neighbour")):
        over = next(colour for _, look, colour in stamps.MASK_LOOKS if look == name)
        below = plain[row, col, :3] / 255
        mixed = 0.45 * below + 0.55 * np.array(colors.to_rgb(over))
        np.testing.assert_allclose(colours[row, col, :3], 255 * mixed, atol=0.51)
    np.testing.assert_array_equal(stamps.stamp_colours(data[:2, :2]).shape, (2, 2, 4))


def test_colours_of_a_residual_are_those_of_its_stamp(screen, look):
    residual, mask = np.linspace(-9, 9, 600).reshape(20, 30), np.zeros((20, 30))
    mask[0, 1], residual[4, 5] = 1, np.nan
    page = style.blank(3.0, 2.0)
    ax = style.place(page, 0, 0, 3.0, 2.0)

    stamps.residual_stamp(ax, residual, 5.0, mask)
    ax.set_axis_off()
    colours = stamps.residual_colours(residual, 5.0, mask)

    shown = look(screen(page), mosaic.Box(0.0, 0.0, 3.0, 2.0), (20, 30))
    np.testing.assert_allclose(colours[..., :3], shown, atol=1)
    assert colours[0, 1, 0] == colours[4, 5, 0] == 0xC9


N_STARS = 10


@pytest.fixture
def star_page(boxes):
    """Page of ten stars with a mask and noise maps, and what it was made of."""
    data = np.array([star(i, peak=1000.0 * (i + 1)) for i in range(N_STARS)])
    sigma = 10.0 + np.random.default_rng(3).uniform(0, 9, data.shape)
    mask = np.zeros(data.shape, dtype=np.uint8)
    mask[4, :8], mask[2, 30:, :3] = stamps.OUTSIDE, 8  # a quarter of one, nine pixels of another
    sigma[4, :8] = 1.0
    names = [f"s${i}$" for i in range(N_STARS)]
    return stamps.stamps_page(data, mask, names, sigma, title="c_1"), data, mask, sigma


def test_every_stamp_is_in_its_place_with_its_mask_and_its_noise_map(
    star_page, boxes, screen, look
):
    page, data, mask, sigma = star_page

    shown = screen(page)

    assert len(boxes) == 2 * N_STARS
    for i in range(N_STARS):
        stamp_seen, noise_seen = (look(shown, box, (32, 40)) for box in boxes[i::N_STARS])
        expected = stamps.stamp_colours(data[i], mask[i])
        np.testing.assert_array_equal(stamp_seen, expected[..., :3])
        inside = np.where(mask[i] == stamps.OUTSIDE, np.nan, sigma[i])
        values = inside[np.isfinite(inside)]
        norm = colors.Normalize(values.min(), np.percentile(values, 99), clip=True)
        expected = style.IMAGE_MAP(norm(np.ma.masked_invalid(inside)), bytes=True)
        np.testing.assert_array_equal(noise_seen, expected[..., :3])


def test_noise_outside_the_frame_is_pale_blue_and_does_not_count(
    star_page, boxes, screen, look, texts
):
    page, _, _, sigma = star_page

    seen = look(screen(page), boxes[N_STARS + 4], (32, 40))

    np.testing.assert_array_equal(seen[:8], np.broadcast_to((0xDC, 0xE6, 0xF0), (8, 40, 3)))
    assert not (seen[8:] == (0xDC, 0xE6, 0xF0)).all(axis=-1).any()
    least = style.short(sigma[4, 8:].min())
    assert any("25.0 % masked" in text and f"σ {least} e⁻" in text for text in texts(page))


def test_names_stand_above_and_numbers_below_their_stamps(star_page, boxes, place_of, texts):
    page, data, *_ = star_page

    for i in range(N_STARS):
        name = place_of(page, rf"s\${i}\$")
        note, = (text for text in texts(page) if f"peak {style.short(data[i].max())}," in text)
        below = place_of(page, note)
        assert name.left == pytest.approx(boxes[i].left, abs=0.02)
        assert 0 < boxes[i].top - name.bottom < 0.1
        assert below.left == pytest.approx(boxes[i].left, abs=0.02)
        assert 0 < below.top - boxes[N_STARS + i].bottom < 0.1
    assert texts(page).count("data") == texts(page).count("noise") == 2  # in each row


def test_the_page_is_whole_and_explains_the_masks_that_occur(star_page, assert_whole, texts):
    page, *_ = star_page

    assert_whole(page)
    shown = texts(page)
    assert {"c_1", "outside the frame", "cosmic ray"} <= set(shown)
    assert "neighbour" not in shown


def test_rows_are_filled_one_after_the_other(boxes):
    stamps.stamps_page(np.array([star()] * 5), per_row=3)

    # aligned on the left, the second row below the first
    assert [round(box.left, 3) for box in boxes[3:]] == [round(box.left, 3) for box in boxes[:2]]
    assert boxes[0].top == boxes[2].top < boxes[2].bottom < boxes[3].top == boxes[4].top


def test_notes_replace_the_numbers(texts):
    page = stamps.stamps_page(star()[None], names=["a"], notes=["$only$ this"])

    assert set(texts(page)) == {"a", r"\$only\$ this"}


def test_without_noise_maps_the_notes_stand_below_the_stamps(boxes, place_of):
    page = stamps.stamps_page(np.array([star(), star()]), notes=["one", "two"])

    for box, note in zip(boxes, ("one", "two"), strict=True):
        assert place_of(page, note).left == pytest.approx(box.left, abs=0.02)
        assert 0 < place_of(page, note).top - box.bottom < 0.1


@pytest.mark.parametrize(
    "data",
    [np.zeros((0, 4, 4)), np.full((2, 4, 4), np.nan), np.ones((1, 1, 1)), np.zeros((1, 0, 0))],
)
def test_pages_of_little_are_drawn(data, assert_whole):
    mask = np.zeros(data.shape, dtype=np.uint8)

    assert_whole(stamps.stamps_page(data, mask, ["a", "b"][: len(data)], data))
    assert_whole(stamps.stamps_page(data))


def test_the_logarithm_of_a_bright_star_starts_at_a_fraction_of_its_peak():
    rows = np.zeros((20, 20))
    rows[0, ::2] = rows[-1, ::2] = 1.0  # sky 0 and 1: median 0 or so, deviation small
    for peak in (10.0, 1e6):
        data = rows.copy()
        data[10, 10] = peak
        norm = stamps.stamp_norm(data)
        low, high = norm.vmin, norm.vmax
        depth = np.median(np.r_[rows[:2].ravel(), rows[-2:].ravel()]) - low
        slope = (high - low) / max(2 * depth, (high - low) / stamps.MAX_SLOPE)
        middle = low + 0.1 * (high - low)
        assert float(norm(middle)) == pytest.approx(np.arcsinh(0.1 * slope) / np.arcsinh(slope))


def test_the_noise_map_of_a_flat_stamp_is_white(boxes, screen, look):
    page = stamps.stamps_page(star()[None], sigma=np.full((1, 32, 40), 7.0))

    seen = look(screen(page), boxes[1], (32, 40))

    assert (seen == 255).all()


def test_notes_count_the_masked_pixels_and_leave_them_out_of_the_peak(texts):
    data, mask = np.full((2, 10, 10), 5.0), np.zeros((2, 10, 10), dtype=np.uint8)
    data[0, 0, 0], mask[0, 0, :2] = 900.0, 2
    sigma = np.linspace(1.0, 2.0, 200).reshape(2, 10, 10)

    page = stamps.stamps_page(data, mask, sigma=sigma)

    assert {"peak 5.00, σ 1.00 e⁻\n2.00 % masked", "peak 5.00, σ 1.50 e⁻\n"} <= set(texts(page))


@pytest.mark.parametrize(("n", "per_row", "has_noise"), [
    (1, 8, False), (9, 8, True), (3, 2, True)])
def test_the_page_is_as_large_as_its_rows(n, per_row, has_noise):
    data = np.ones((n, 6, 6))

    page = stamps.stamps_page(data, sigma=data if has_noise else None, per_row=per_row)

    n_rows = -(-n // per_row)
    cols = min(max(n, 4), per_row)
    assert page.get_size_inches() == pytest.approx(
        (max(6.5, 0.47 + 1.4 * cols), 0.45 + n_rows * (0.78 + 1.4 * (1 + has_noise)) + 0.55))


def test_a_legend_without_a_mask_explains_all_bits():
    ax = style.figure()[1]

    stamps.mask_legend(ax)

    assert len(ax.get_legend().get_texts()) == len(stamps.MASK_LOOKS)
    for patch, (_, _, colour) in zip(ax.get_legend().legend_handles, stamps.MASK_LOOKS,
                                     strict=True):
        assert patch.get_facecolor() == pytest.approx(colors.to_rgba(colour, stamps.OPACITY))


def test_a_stamp_without_shades_of_its_own_has_those_of_stamp_norm():
    _, ax = style.figure()
    data = star()

    stamps.stamp(ax, data)

    shown, wanted = ax.images[0].norm, stamps.stamp_norm(data)
    assert (shown.vmin, shown.vmax) == (wanted.vmin, wanted.vmax)
    np.testing.assert_allclose(shown(data), wanted(data))
    assert ax.images[0].cmap is style.IMAGE_MAP
