from cosmouline.sources.chi_square import (
    FLAG_BLENDED,
    FLAG_CUT,
    FLAG_SATURATED,
    combined,
    significance,
    sources_on,
    threshold,
)

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm


@pytest.mark.parametrize("n_bands", [2, 3, 5])
def test_noise_exceeds_the_threshold_as_rarely_as_in_one_band(n_bands):
    """Two million draws of each band: the tail beyond 3 sigma has 2700 of them, +- 2 %."""
    noise = np.random.default_rng(n_bands).standard_normal((n_bands, 2_000_000))
    root = np.sqrt((np.maximum(noise, 0) ** 2).sum(0))

    beyond = (root > threshold(n_bands, 3.0)).mean()

    assert beyond == pytest.approx(norm.sf(3.0), rel=0.1)


def test_one_band_keeps_its_own_sigmas():
    assert threshold(1, 4.0) == pytest.approx(4.0, abs=1e-6)
    assert threshold(1, 50.0) == pytest.approx(50.0, abs=1e-3)
    assert 50 < threshold(9, 50.0) < 53
    image = np.array([[5.0, -7.0, 0.0]], np.float32)
    assert combined([image], 4.0) == pytest.approx(np.array([[5.0, 0.0, 0.0]]), abs=1e-5)


def test_a_hole_in_two_bands_is_no_source_and_what_a_band_lacks_does_not_count():
    hole = np.full((2, 3), -9.0, np.float32)
    assert (combined([hole, hole], 4.0) == 0).all()
    image, missing = np.full((1, 2), 4.0, np.float32), np.full((1, 2), np.nan, np.float32)
    assert combined([image, missing], 4.0) == pytest.approx(np.full((1, 2), 4.0), abs=1e-5)
    assert (combined([missing, missing], 4.0) == 0).all()


def test_bright_sources_stay_linear_in_flux():
    one, two = (combined([k * np.ones((1, 1), np.float32)] * 3, 4.0)[0, 0] for k in (1000, 3000))
    assert two / one == pytest.approx(3.0, rel=1e-5)


def test_significance_is_1_on_empty_sky_also_where_pixels_are_correlated():
    rng = np.random.default_rng(3)
    image = gaussian_filter(rng.normal(0, 20, (300, 300)), 0.7).astype(np.float32) + 5
    image[100:110, 100:110] += 4000  # a source does not count
    image[0, 0] = np.nan

    found = significance(image, np.full_like(image, 123.0))

    sky = found[150:, 150:]
    assert sky.std() == pytest.approx(1.0, abs=0.03)  # 9000 correlated values
    assert sky.mean() == pytest.approx(0.0, abs=0.05)
    assert np.isnan(found[:2, :2]).all()


def drawn(flux, xy=(60.0, 40.0), seed=1, shape=(120, 100), fwhm_px=3.0):
    y, x = np.indices(shape)
    sigma = fwhm_px / 2.3548
    star = np.exp(-((x - xy[0]) ** 2 + (y - xy[1]) ** 2) / 2 / sigma**2) / (2 * np.pi * sigma**2)
    return (np.random.default_rng(seed).normal(0, 1, shape) + flux * star).astype(np.float32)


def test_a_source_too_faint_for_each_band_is_found_in_all_of_them():
    """A flux of 18 with a noise of 1: 3.6 sigma of the smoothed image in each of five bands."""
    ones = np.ones((120, 100), np.float32)
    bands = [significance(drawn(18, seed=k), ones) for k in range(5)]
    alone = [sources_on(combined([band], 4.5), 4.5, 3)[0] for band in bands]

    sources, segments = sources_on(combined(bands, 4.5), 4.5, 3)

    near = np.hypot(sources["x"] - 60, sources["y"] - 40) < 1.5
    assert near.sum() == 1
    assert segments[40, 60] == np.flatnonzero(near)[0] + 1
    assert sum((np.hypot(one["x"] - 60, one["y"] - 40) < 1.5).sum() for one in alone) < 5


def test_positions_are_good_and_flags_are_those_of_source_extractor():
    star = drawn(3000, (60.3, 40.7)) + drawn(2000, (67.0, 40.0), seed=2) + drawn(900, (0.0, 90.0))
    image = significance(star.astype(np.float32), np.ones_like(star))
    saturated = star > 300

    sources, segments = sources_on(combined([image], 4.0), 4.0, 5, saturated)

    first = np.hypot(sources["x"] - 60.3, sources["y"] - 40.7).argmin()
    assert sources["x"][first] == pytest.approx(60.3, abs=0.1)
    assert sources["y"][first] == pytest.approx(40.7, abs=0.1)
    assert sources["flag"][first] & FLAG_BLENDED
    assert bool(sources["flag"][first] & FLAG_SATURATED) == bool(
        saturated[segments == first + 1].any())
    edge = np.hypot(sources["x"], sources["y"] - 90).argmin()
    assert sources["flag"][edge] & FLAG_CUT
    assert (np.diff(sources["flux"]) <= 0).all()  # brightest first
