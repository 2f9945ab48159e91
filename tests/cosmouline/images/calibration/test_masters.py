"""Master frames: combined, clipped, with their variance; compared with ccdproc where it is."""

from cosmouline.images.calibration import masters
from cosmouline.images.calibration.masters import HOT, LOW, ODD, clipped_median, combined

import numpy as np
import pytest

SHAPE = (60, 80)


def stacked(frames, sigma, coeff=None, **options):
    """Return image, variance and count of some frames."""
    planes = [np.empty(SHAPE, np.float32) for _ in range(3)]

    def write(rows, cols, parts):
        for plane, part in zip(planes, parts, strict=True):
            plane[rows, cols] = part
    readers = [lambda rows, cols, one=frame: one[rows, cols].astype(np.float32)
               for frame in frames]
    combined(readers, SHAPE, sigma, np.zeros(len(frames)) if coeff is None else coeff, write,
             **options)
    return planes


def biases(seed, n=11, sigma=4.0):
    return np.random.default_rng(seed).normal(1000, sigma, (n, *SHAPE)).astype(np.float32)


def test_without_outliers_the_master_is_the_mean_and_its_variance_that_of_a_mean():
    frames = biases(seed=1)

    image, variance, count = stacked(frames, [4.0] * 11)

    np.testing.assert_allclose(image, frames.astype(float).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(variance, 16 / 11, rtol=1e-5)
    assert (count == 11).all()


def test_a_cosmic_ray_is_clipped_and_a_hot_pixel_that_scatters_is_not():
    frames = biases(seed=2)
    frames[3, 10, 20] += 400.0
    frames[:, 30, 40] += np.random.default_rng(5).normal(3000, 60, 11)

    image, _, count = stacked(frames, [4.0] * 11)

    others = np.delete(frames[:, 10, 20], 3)
    assert image[10, 20] == pytest.approx(others.mean(), rel=1e-6)
    assert count[10, 20] == 10
    assert count[30, 40] == 11


def test_pixels_without_a_value_are_left_out():
    frames = biases(seed=3, n=5)
    frames[:2, 5, 5] = np.nan
    frames[:, 6, 6] = np.nan

    image, variance, count = stacked(frames, [4.0] * 5)

    assert count[5, 5] == 3
    assert np.isnan(image[6, 6])
    assert np.isnan(variance[6, 6])
    assert variance[5, 5] == pytest.approx(16 / 3, rel=1e-5)


def test_the_variance_of_flats_goes_with_their_light():
    """Photons: of n electrons the relative variance is 1 / n; half the light has half of it."""
    flat = np.where(np.arange(80) < 40, 1.0, 0.5)
    frames = np.broadcast_to(flat, (6, *SHAPE))
    electrons = np.full(6, 20000.0)

    _, variance, _ = stacked(frames, 1 / np.sqrt(electrons), is_photon_limited=True)

    np.testing.assert_allclose(variance[0, [10, 60]], np.array([1.0, 0.5]) / electrons.sum(),
                               rtol=1e-5)


def test_the_clipped_median_does_not_see_stars():
    frame = biases(seed=4, n=1)[0]
    frame[:20, :40] += 30000

    assert clipped_median(frame) == pytest.approx(1000, abs=5 * 1.25 * 4 / np.sqrt(450))


def test_bad_pixels_are_told_apart_by_the_master_that_shows_them():
    rng = np.random.default_rng(6)
    bias, dark = rng.normal(0, 1, SHAPE), rng.normal(0.02, 0.004, SHAPE)
    flat = rng.normal(1, 0.005, SHAPE)
    dark[10, 20], flat[30, 40], flat[31, 60], bias[50, 50] = 5.0, 0.05, 0.6, -300.0

    bad = masters.bad_pixels([(kind, image.astype(np.float32)) for kind, image in (
        ("bias", bias), ("dark", dark), ("flat", flat))], 300.0, 8.0, 0.3)

    assert {(int(y), int(x)): int(bad[y, x]) for y, x in np.argwhere(bad)} == {
        (10, 20): HOT, (30, 40): LOW, (31, 60): LOW, (50, 50): ODD}


def test_ccdproc_gives_the_same_master_and_the_same_noise():
    """The same rule by its code: clipped at 5 sigma from the median, then the mean."""
    ccdproc = pytest.importorskip("ccdproc", reason="ccdproc is not installed")
    from astropy.nddata import CCDData

    frames = biases(seed=7, n=15)
    hit = np.random.default_rng(8).random(frames.shape) < 0.003
    frames[hit] += 500.0
    image, _, _ = stacked(frames, [4.0] * 15)

    combiner = ccdproc.Combiner([CCDData(frame.astype(float), unit="adu") for frame in frames])
    combiner.sigma_clipping(low_thresh=5, high_thresh=5, func="median",
                            dev_func=lambda data, axis: np.full(SHAPE, 4.0))
    oracle = combiner.average_combine().data

    # two hits of one pixel widen our limit; elsewhere the masters are the same
    single = hit.sum(axis=0) < 2
    np.testing.assert_allclose(image[single], oracle[single], rtol=1e-6)
    ratio = np.std(image[single]) / np.std(oracle[single])
    assert ratio == pytest.approx(1.0, abs=0.02)
