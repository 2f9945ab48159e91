"""Gain and read noise from pairs: of frames drawn with known ones."""

from cosmouline.images.calibration.photon_transfer import clipped_sigma, transfer

import numpy as np
import pytest

GAIN, READ_NOISE_E = 1.7, 6.0
SHAPE = (512, 512)


def drawn(rng, electrons):
    noisy = rng.poisson(electrons) if np.any(electrons) else np.zeros(SHAPE)
    return (noisy + rng.normal(0, READ_NOISE_E, SHAPE)) / GAIN


def test_gain_and_read_noise_of_drawn_pairs():
    """The error of a variance of n pixels is sqrt(2 / n), 0.3 %, of a median 1.25 times as much.

    Levels, pattern and a star of the flats must not matter.
    """
    rng = np.random.default_rng(2)
    pattern = 1 + 0.01 * rng.normal(size=SHAPE) - 0.1 * np.linspace(-1, 1, 512) ** 2
    biases = [drawn(rng, 0.0) for _ in range(2)]
    flats = [drawn(rng, level * pattern) for level in (30000.0, 42000.0)]
    flats[0][100:110, 100:110] += 9000

    found = transfer(biases, flats)

    assert found.gain_e_per_adu == pytest.approx(GAIN, rel=0.02)
    assert abs(found.gain_e_per_adu - GAIN) < 5 * found.gain_sigma
    assert found.read_noise_e == pytest.approx(READ_NOISE_E, rel=0.03)


def test_without_pairs_nothing_is_known():
    assert transfer([], []) == (None, None, None, None)
    dark = [np.zeros(SHAPE)] * 2
    assert transfer(dark, dark).gain_e_per_adu is None


def test_clipped_sigma_is_that_of_a_gaussian_despite_outliers():
    values = np.random.default_rng(3).normal(0, 2, 100_000)
    values[:500] = 1e4

    assert clipped_sigma(values) == pytest.approx(2, rel=5 / np.sqrt(2e5))
