"""moments.py against drawn Moffats of known width and shape, and against plain loops."""

from cosmouline.sources.moments import adaptive_moments

import numpy as np
import pytest

PARTS = 5  # of a pixel, along each axis, over which a star is integrated


def moffat(shape, x, y, fwhm_px, ellipticity=0.0, pa_deg=0.0, beta=3.5):
    """Star of flux 1, integrated over the pixels; `fwhm_px` is the geometric mean of the axes."""
    ny, nx = shape
    along_x = (np.arange(nx * PARTS) + 0.5) / PARTS - 0.5 - x
    along_y = ((np.arange(ny * PARTS) + 0.5) / PARTS - 0.5 - y)[:, None]
    cos, sin = np.cos(np.radians(pa_deg)), np.sin(np.radians(pa_deg))
    stretch = np.sqrt(1 - ellipticity)
    u = (cos * along_x + sin * along_y) * stretch
    v = (cos * along_y - sin * along_x) / stretch
    core = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    density = (beta - 1) / np.pi / core**2 * (1 + (u**2 + v**2) / core**2) ** -beta
    return density.reshape(ny, PARTS, nx, PARTS).mean(axis=(1, 3))


def slow_moments(image, x, y, sigma, n_iterations=200):
    """Width of one source by the same fixed point, pixel by pixel on the whole image."""
    rows, cols = np.indices(image.shape)
    for _ in range(n_iterations):
        weight = image * np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
        total = weight.sum()
        second = (weight * ((cols - x) ** 2 + (rows - y) ** 2)).sum() / total / 2
        x += 2 * (weight * (cols - x)).sum() / total
        y += 2 * (weight * (rows - y)).sum() / total
        sigma = np.sqrt(1 / (1 / second - 1 / sigma**2))
    return x, y, 2 * np.sqrt(2 * np.log(2)) * sigma


@pytest.mark.parametrize(
    ("fwhm_px", "low", "high"),
    [(2.0, 1.0, 1.06), (2.5, 1.0, 1.05), (3.5, 0.98, 1.03), (5.0, 0.98, 1.02), (8.5, 0.97, 1.02)],
)
def test_fwhm_of_a_moffat(fwhm_px, low, high):
    image = sum(moffat((90, 90), x, y, fwhm_px) for x, y in [(25.3, 30.8), (60.0, 60.5)])
    moments = adaptive_moments(image, [25.0, 60.0], [31.0, 60.0])
    np.testing.assert_array_less(moments.fwhm_px / fwhm_px, high)
    np.testing.assert_array_less(low, moments.fwhm_px / fwhm_px)


def test_wide_stamps_reach_bad_seeing():
    image = moffat((110, 110), 55.2, 54.9, 14.0)
    assert adaptive_moments(image, [55.0], [55.0]).fwhm_px < 13.0  # the weight is at its limit
    wide = adaptive_moments(image, [55.0], [55.0], half_px=24)
    assert wide.fwhm_px / 14.0 == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("pa_deg", [-80.0, -30.0, 0.0, 45.0, 89.0])
@pytest.mark.parametrize("ellipticity", [0.08, 0.3])
def test_ellipticity_and_angle_are_recovered(ellipticity, pa_deg):
    image = moffat((61, 61), 30.3, 29.8, 5.0, ellipticity, pa_deg)
    moments = adaptive_moments(image, [30.0], [30.0])
    # a round weight on a Moffat gives 8 % less than on a Gaussian
    assert moments.ellipticity[0] == pytest.approx(0.92 * ellipticity, rel=0.03)
    turn = (moments.pa_deg[0] - pa_deg + 90) % 180 - 90
    assert turn == pytest.approx(0, abs=1.0)


def test_position_is_that_of_the_star():
    image = moffat((61, 61), 30.37, 29.81, 4.0, 0.1, 20.0)
    moments = adaptive_moments(image, [31.0], [29.0])
    assert moments.x_px[0] == pytest.approx(30.37, abs=0.005)
    assert moments.y_px[0] == pytest.approx(29.81, abs=0.005)


def test_same_numbers_as_plain_loops():
    image = moffat((41, 41), 20.2, 19.7, 3.3, 0.2, 35.0)
    x, y, fwhm_px = slow_moments(image, 20.0, 20.0, 2.0)
    moments = adaptive_moments(image, [20.0], [20.0])
    assert moments.x_px[0] == pytest.approx(x, abs=1e-4)
    assert moments.y_px[0] == pytest.approx(y, abs=1e-4)
    assert moments.fwhm_px[0] == pytest.approx(fwhm_px / 1.109, rel=1e-3)


def test_noise_scatters_the_width_by_what_theory_says():
    rng = np.random.default_rng(1)
    place = np.arange(30.0, 600.0, 60.0)
    x, y = (axis.ravel() for axis in np.meshgrid(place, place))
    flux_e, sky_e, fwhm_px = 2e4, 300.0, 4.0
    one = moffat((41, 41), 20.0, 20.0, fwhm_px) * flux_e
    image = np.full((600, 600), sky_e)
    for i, j in zip(x.astype(int), y.astype(int), strict=True):
        image[j - 20 : j + 21, i - 20 : i + 21] += one
    widths = adaptive_moments(rng.poisson(image) - sky_e, x, y).fwhm_px
    # sigma from matched weights: ds/s = N / F, with N^2 = F/2 + 4 pi s^2 sky (s of the core)
    s = 1.109 * fwhm_px / 2.3548
    expected = np.sqrt(flux_e / 2 + 8 * np.pi * s**2 * sky_e) / flux_e
    assert widths.std() / widths.mean() == pytest.approx(expected, rel=0.5)
    assert widths.mean() == pytest.approx(fwhm_px, rel=0.02)


def test_what_cannot_be_measured_is_nan_and_harms_no_other():
    image = moffat((80, 80), 40.0, 40.0, 4.0)
    alone = adaptive_moments(image, [40.0], [40.0])
    image[20, 20] = np.nan
    x, y = [40.0, 20.0, 5.0, 79.0, 66.0], [40.0, 22.0, 40.0, 40.0, 66.0]
    moments = adaptive_moments(image, x, y)
    assert moments.fwhm_px[0] == alone.fwhm_px[0]
    for values in moments:
        # a NaN in the stamp, two too near to the edge, and nothing but faint wing
        assert np.isnan(values[1:4]).all()


def test_a_frame_smaller_than_a_stamp_measures_nothing():
    moments = adaptive_moments(np.ones((10, 10)), [5.0], [5.0])
    assert np.isnan(moments.fwhm_px).all()


def test_no_source_gives_empty_columns():
    assert adaptive_moments(np.ones((50, 50)), [], []).x_px.shape == (0,)


@pytest.mark.parametrize(("x", "y", "is_measured"), [
    (12, 30, True), (11, 30, False), (57, 30, True), (58, 30, False),
    (30, 12, True), (30, 11, False), (30, 47, True), (30, 48, False)])
def test_a_stamp_must_be_on_the_frame_at_all_four_sides(x, y, is_measured):
    """Stamps of 25 pixels on a frame of 60 x 70."""
    frame = moffat((60, 70), x, y, 4.0)

    found = adaptive_moments(1e5 * frame, [x], [y])

    assert np.isfinite(found.fwhm_px[0]) == is_measured
    if is_measured:
        assert (found.x_px[0], found.y_px[0]) == pytest.approx((x, y), abs=0.02)


def test_a_single_pixel_has_a_position_and_no_width():
    """The least weight, 1.06 px, would be taken for the best seeing of all frames."""
    flat_e = np.zeros((60, 60))
    flat_e[30, 25] = 1000.0
    flat_e[31, 25] = flat_e[29, 25] = flat_e[30, 24] = flat_e[30, 26] = 100.0

    found = adaptive_moments(flat_e, [25.0], [30.0])

    assert (found.x_px[0], found.y_px[0]) == pytest.approx((25.0, 30.0), abs=0.01)
    assert np.isnan(found.fwhm_px[0])
