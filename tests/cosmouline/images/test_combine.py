from cosmouline.images.combine import combine, median_loss, strips
from cosmouline.images.resample import pixel_noise, resample
from cosmouline.photometry.aperture import aperture_fluxes

import numpy as np
import pytest


def obvious(values, sigma, coeff):
    """Clip and average one pixel, as the docstring of `combine` says, number by number."""
    there = [k for k in range(len(values)) if np.isfinite(values[k])]
    if not there:
        return np.nan, np.nan, 0
    ordered = sorted(values[k] for k in there)
    n = len(ordered)
    centre, spread = ordered[(n - 1) // 2], 0.0
    if n >= 5:
        low = round((1 - 0.8413) * (n - 1))
        spread = (ordered[n - 1 - low] - ordered[low]) / 2
    kept = [k for k in there if abs(values[k] - centre)
            <= 5 * max(sigma[k], spread) + 4 * max(centre, 0)]
    weights = [1 / sigma[k] ** 2 for k in kept]
    mean = sum(w * values[k] for w, k in zip(weights, kept, strict=True)) / sum(weights)
    photons = sum(w**2 * coeff[k] for w, k in zip(weights, kept, strict=True))
    return mean, 1 / sum(weights) + photons / sum(weights) ** 2 * max(mean, 0), len(kept)


def noisy(n, seed, shape=(12, 15)):
    """Give n images with noise of their own, holes, a star and cosmics, and what they are."""
    rng = np.random.default_rng(seed)
    sigma, coeff = rng.uniform(5, 15, n), rng.uniform(0.8, 1.5, n)
    values = rng.normal(0, sigma[:, None, None], (n, *shape)).astype(np.float32)
    values[:, 4:7, 4:7] += 500
    values[rng.random(values.shape) < 0.05] += 4000
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:, 0, 0] = np.nan
    return values, sigma, coeff


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 12])
def test_the_mean_is_that_of_the_slow_obvious_version(n):
    values, sigma, coeff = noisy(n, seed=n)

    found = combine(values, sigma, coeff)

    for y, x in np.ndindex(values.shape[1:]):
        mean, variance, count = obvious(values[:, y, x].astype(float), sigma, coeff)
        assert found.count[y, x] == count
        if count:
            assert found.image[y, x] == pytest.approx(mean, rel=2e-5, abs=1e-3)
            assert found.variance[y, x] == pytest.approx(variance, rel=1e-4)
            # without the photons of the source, which count from 0 up
            assert found.sky_variance[y, x] <= found.variance[y, x]
            assert (found.sky_variance[y, x] == found.variance[y, x]) == (found.image[y, x] <= 0)
        else:
            assert np.isnan(found.image[y, x])
    assert found.image.dtype == np.float32


def test_the_median_is_that_of_numpy():
    values, sigma, coeff = noisy(9, seed=3)
    values[:, 0, 0] = 1.0

    found = combine(values, sigma, coeff, "median")

    assert found.image == pytest.approx(np.nanmedian(values, axis=0), rel=1e-6)
    assert (found.count == np.isfinite(values).sum(axis=0)).all()


def test_two_images_tell_their_cosmics():
    values = np.zeros((2, 3, 3), np.float32)
    values[0, 1, 1], values[1, 2, 2] = 900, 700

    found = combine(values, [10, 10], [1, 1])

    assert (found.image == 0).all()
    assert found.count[1, 1] == found.count[2, 2] == 1
    assert found.count.sum() == 16


def test_a_star_loses_nothing_in_the_image_of_the_best_seeing():
    rows, cols = np.mgrid[:41, :41] - 20.0
    fwhm = np.array([3.0, 5.0, 5.5, 6.0])
    stars = np.stack([np.exp(-(rows**2 + cols**2) / 2 / s**2) / (2 * np.pi * s**2)
                      for s in fwhm / 2.355])

    found = combine((1e6 * stars).astype(np.float32), np.full(4, 20.0), np.ones(4))

    # without noise and at one weight per image the flux is kept to the last digit of float32
    assert found.image.sum() == pytest.approx(1e6, rel=1e-5)


@pytest.mark.parametrize("method", ["mean", "median"])
def test_the_variance_is_that_of_the_pixels(method):
    rng = np.random.default_rng(5)
    sigma = np.full(7, 10.0) if method == "median" else np.linspace(6, 15, 7)
    values = rng.normal(0, sigma[:, None, None], (7, 100, 100)).astype(np.float32)

    found = combine(values, sigma, np.ones(7), method)

    # 5 sigma of the scatter of 10 000 pixels; the photons of a mean around 0 add nothing
    expected = np.sqrt(np.median(found.variance))
    assert found.image.std() == pytest.approx(expected, rel=5 / np.sqrt(2e4) + 0.02)
    if method == "mean":
        assert expected == pytest.approx(np.sum(sigma**-2.0) ** -0.5, rel=0.02)


@pytest.mark.parametrize("n", [2, 3, 8, 12, 15])
def test_the_loss_of_the_median(n):
    medians = np.median(np.random.default_rng(n).normal(size=(40_000, n)), axis=1)

    assert medians.var() * n == pytest.approx(median_loss(n), rel=5 * np.sqrt(2 / 40_000))


def test_pixels_of_too_few_images_are_empty():
    values = np.ones((3, 2, 2), np.float32)
    values[:2, 0, 0] = np.nan

    found = combine(values, np.ones(3), np.ones(3), n_min=2)

    assert np.isnan(found.image[0, 0])
    assert np.isfinite(found.image).sum() == 3


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="mean, median, not 'mode'"):
        combine(np.ones((2, 2, 2)), np.ones(2), np.ones(2), "mode")


@pytest.mark.parametrize(("n_images", "shape"), [(3, (50, 40)), (400, (90, 4096)),
                                                 (20_000, (3, 1000))])
def test_strips_cover_every_pixel_once_and_stay_small(n_images, shape):
    seen = np.zeros(shape, int)
    for rows, cols in strips(n_images, shape):
        seen[rows, cols] += 1
        assert n_images * (rows.stop - rows.start) * (cols.stop - cols.start) * 4 < 25 << 20

    assert (seen == 1).all()


def campaign(seed, n_images=5, side=240, n_stars=64):
    """Draw turned frames of one field of stars; give resampled images, and what was put in."""
    rng = np.random.default_rng(seed)
    y, x = (v.ravel() + rng.uniform(-3, 3, n_stars)
            for v in np.mgrid[34:206:8j, 34:206:8j])
    flux = rng.uniform(2e5, 2e6, n_stars)
    coeff, sky = rng.uniform(0.8, 1.4, n_images), rng.uniform(300, 900, n_images)
    rows, cols = np.mgrid[:side, :side]
    images, noises = [], []
    for k in range(n_images):
        turn = np.deg2rad(rng.normal(0, 3))
        matrix = np.array([[np.cos(turn), -np.sin(turn), 3.0 + rng.uniform(-3, 3)],
                           [np.sin(turn), np.cos(turn), -2.0 + rng.uniform(-3, 3)]])
        sigma = rng.uniform(1.3, 2.2)
        light = np.zeros((side, side))
        for xs, ys, f in zip(x, y, flux, strict=True):
            xi, yi = matrix @ (xs, ys, 1)
            near = np.s_[max(int(yi) - 14, 0):int(yi) + 15, max(int(xi) - 14, 0):int(xi) + 15]
            away = (cols[near] - xi) ** 2 + (rows[near] - yi) ** 2
            light[near] += f / coeff[k] / (2 * np.pi * sigma**2) * np.exp(-away / 2 / sigma**2)
        frame = rng.poisson(light + sky[k]) - sky[k]
        images.append(resample(frame, matrix, (side, side)) * coeff[k])
        noises.append(pixel_noise(matrix, (side, side)))
    return np.stack(images), np.column_stack([x, y]), flux, coeff, np.sqrt(sky), np.array(noises)


def test_injected_stars_come_back_with_their_fluxes_and_the_noise_that_is_told():
    images, xy, flux, coeff, sigma_e, scatter = campaign(seed=11)
    sigma = sigma_e * coeff

    stack = combine(images.astype(np.float32), sigma, coeff, scatter=sigma * scatter)

    inside = np.isfinite(stack.image)
    found = aperture_fluxes(stack.image, 0.0, 0.0, *xy.T, [9.0], ~inside).flux_e[:, 0]
    variance = aperture_fluxes(np.where(inside, stack.variance, 0), 0.0, 0.0, *xy.T,
                               [9.0]).flux_e[:, 0]
    weight = flux**2 / variance
    bias = np.sum(weight * (found / flux - 1)) / np.sum(weight)
    assert abs(bias) < 1e-3  # what is asked for; the noise of all stars together is 1e-4
    assert np.sum(weight) ** -0.5 < 1.5e-4
    pull = (found - flux) / np.sqrt(variance)
    assert pull.std() == pytest.approx(1, abs=5 / np.sqrt(2 * len(pull)))


@pytest.mark.parametrize("missing", [False, True])
def test_values_that_scatter_by_more_than_their_noise_are_clipped_by_their_scatter(missing):
    """Eight values -3 ... 3 and one at h: ranks 1 and 6 are half of 5 apart, so the limit is 12.5.

    A ninth image has no value there, or does not exist.
    """
    # the lower median is 0, or -1 with a low value; a star has 4 times the median more
    for height, is_clipped in ((12.0, False), (13.0, True), (24.0, True), (-20.0, True)):
        values = np.array([3, -1, 2, -3, height, 0, -2, 1], np.float32)
        values = np.append(values, np.nan).astype(np.float32) if missing else values

        stack = combine(values[:, None, None], np.ones(len(values)), np.ones(len(values)))

        assert stack.count[0, 0] == 8 - is_clipped
        assert stack.image[0, 0] == pytest.approx(0 if is_clipped else height / 8, abs=1e-6)


def test_the_variance_of_a_median_has_the_photons_of_its_light():
    values = np.array([[100.0, -7.0], [90.0, -6.0], [130.0, -8.0]], np.float32)[:, None]
    sigma, coeff = np.array([3.0, 4.0, 5.0]), np.array([1.0, 0.5, 2.0])

    stack = combine(values, sigma, coeff, "median")

    assert stack.image.tolist() == [[100.0, -7.0]]
    # 1.3459 / 3 of the mean variance: sky of 9 + 16 + 25, photons of 3.5 x the light, if any
    expected = 1.3459 / 9 * np.array([[50 + 3.5 * 100, 50.0]])
    assert stack.variance == pytest.approx(expected, rel=1e-5)
