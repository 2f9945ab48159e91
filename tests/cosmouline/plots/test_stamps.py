"""plots/stamps.py: pixels are shown as they are, masks in their colours."""

from cosmouline.plots import stamps, style

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
    mask = np.array([[0, 1, 2, 4, 8, 16]])

    tint = stamps.mask_tint(mask)[0]

    assert tint[0, 3] == 0
    assert len({tuple(colour) for colour in tint}) == 6
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

    assert set(texts(page)) == {"bad pixel", "cosmic"}


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


def test_the_page_shows_names_noise_and_masks(assert_whole, texts):
    data = np.array([star(i) for i in range(10)])
    sigma = np.full(data.shape, 10.0)
    mask = np.zeros(data.shape, dtype=np.uint8)
    mask[4, :8] = 16  # a quarter of the stamp

    page = stamps.stamps_page(data, mask, [f"s${i}$" for i in range(10)], sigma, title="c_1")

    assert_whole(page)
    shown = texts(page)
    assert {r"s\$0\$", r"s\$9\$", "outside the frame"} <= set(shown)
    assert "cosmic" not in shown
    assert any("25.0 % masked" in text and "σ 10.0 e⁻" in text for text in shown)
    np.testing.assert_array_equal(page.axes[0].images[0].get_array(), data[0])
    np.testing.assert_array_equal(page.axes[1].images[0].get_array(), sigma[0])


def test_notes_replace_the_numbers(texts):
    page = stamps.stamps_page(star()[None], names=["a"], notes=["$only$ this"])

    assert set(texts(page)) == {"a", r"\$only\$ this"}


@pytest.mark.parametrize(
    "data",
    [np.zeros((0, 4, 4)), np.full((2, 4, 4), np.nan), np.ones((1, 1, 1)), np.zeros((1, 0, 0))],
)
def test_pages_of_little_are_drawn(data, assert_whole):
    mask = np.zeros(data.shape, dtype=np.uint8)

    assert_whole(stamps.stamps_page(data, mask, ["a", "b"][: len(data)], data))
    assert_whole(stamps.stamps_page(data))
