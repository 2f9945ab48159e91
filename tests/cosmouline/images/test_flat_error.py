"""Structure that several skies share: planted with a known scatter, under noise and sources."""

from cosmouline.images.flat_error import (
    at_places,
    block_means,
    common_map,
    common_structure,
    of_mean,
)

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter


def test_means_of_blocks_are_those_of_their_good_pixels():
    values = np.arange(20.0).reshape(4, 5)
    good = np.ones((4, 5), bool)
    good[0, 0] = good[2:, 2:] = False
    good[2, 2] = True

    mean, n_good = block_means(values, good, 2)

    # (1 + 5 + 6) / 3; the fifth column is left over; one good pixel of four is not half
    assert mean[0].tolist() == [4.0, np.mean([2, 3, 7, 8])]
    assert mean[1, 0] == np.mean([10, 11, 15, 16])
    assert np.isnan(mean[1, 1])
    assert n_good.tolist() == [[3, 4], [4, 0]]


@pytest.mark.parametrize("seed", range(3))
def test_the_scatter_of_what_is_common_is_found_under_noise(seed):
    rng = np.random.default_rng(seed)
    pattern = 0.004 * rng.normal(size=(40, 40))
    noise = np.array([0.003, 0.006] * 4)[:, None, None]
    means = pattern + noise * rng.normal(size=(8, 40, 40))
    means[3, 5:8, 9] = 0.5  # a source that one mask has missed
    weights = np.broadcast_to(noise**-2.0, means.shape).copy()
    means[2, :4], weights[2, :4] = np.nan, 0.0

    sigma, significance, scale = common_structure(means, weights)

    # a standard deviation from the median absolute deviation of 1600 values: 1 / sqrt(1600 * .74)
    assert sigma == pytest.approx(0.004, rel=4 / np.sqrt(1600 * 0.74) + 0.03)
    assert significance > 50
    assert scale == pytest.approx(0.5, abs=0.1)  # no block is like its neighbour: the least one


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("smooth", [1.5, 3.0])
def test_the_map_is_nearer_to_the_truth_than_the_mean_and_fills_holes(seed, smooth):
    """A Gaussian field of known scale under as much noise, with holes as wide as stars."""
    rng = np.random.default_rng(seed)
    pattern = gaussian_filter(rng.normal(size=(48, 48)), smooth, mode="wrap")
    pattern *= 0.005 / pattern.std()
    means = pattern + 0.005 * rng.normal(size=(8, 48, 48))
    weights = np.full(means.shape, 0.005**-2.0)
    for y, x in rng.integers(3, 44, (12, 2)):  # masked in all images
        means[:, y:y + 2, x:x + 2], weights[:, y:y + 2, x:x + 2] = np.nan, 0.0

    sigma, _, scale = common_structure(means, weights)
    found = common_map(means, weights, sigma, scale)

    # white noise smoothed by a Gaussian of s has a correlation of exp(-d^2 / (4 s^2))
    assert scale == pytest.approx(smooth, rel=0.25)
    left, hole = found - pattern, weights.sum(0) == 0
    assert left[~hole].std() < 0.7 * 0.005 / np.sqrt(8)  # the mean of eight has all of that noise
    assert left[hole].std() < 0.5 * 0.005


def test_a_map_is_linear_between_the_middles_of_its_blocks():
    blocks = np.array([[1.0, 3.0], [5.0, 7.0]])  # middles at 3.5 and 11.5 px

    found = at_places(blocks, 8, np.array([3.5, 7.5, 11.5, 40.0, np.nan]),
                      np.array([3.5, 3.5, 7.5, 40.0, 1.0]))

    assert found[:4] == pytest.approx([1.0, 2.0, 5.0, 7.0])
    assert np.isnan(found[4])
    grid = at_places(blocks, 8, np.arange(16)[None, :], np.arange(16)[:, None])
    assert grid.shape == (16, 16)
    assert grid[4, 4] == pytest.approx(1 + 2 / 16 + 4 / 16)


def test_noise_alone_has_nothing_in_common():
    rng = np.random.default_rng(5)
    found = [common_structure(rng.normal(size=(6, 30, 30)), np.ones((6, 30, 30)))[1]
             for _ in range(200)]

    # in units of its error it is a standard normal: the mean to 4 / sqrt(200), its scatter to 20 %
    assert abs(np.mean(found)) < 4 / np.sqrt(200)
    assert np.std(found) == pytest.approx(1, abs=0.2)
    assert np.max(found) < 5


def test_too_few_blocks_tell_nothing():
    assert np.isnan(common_structure(np.ones((4, 3, 3)), np.ones((4, 3, 3)))).all()


def test_the_error_of_a_mean_falls_with_the_moves_of_the_source():
    """By hand: one place s; n far ones s / sqrt(n); two sets, each at one place, s / sqrt(2)."""
    sigma, sets, here = np.full(4, 0.01), np.array(list("aaaa")), np.full((4, 2), 7.0)
    far = here + 1000 * np.arange(4)[:, None]

    assert of_mean(sigma, here, sets, 20) == pytest.approx(0.01)
    assert of_mean(sigma, far, sets, 20) == pytest.approx(0.005)
    assert of_mean(sigma, here, np.array(list("aabb")), 20) == pytest.approx(0.01 / np.sqrt(2))
    # two at a distance of the scale: (1 + exp(-1/2)) / 2 of the variance
    assert of_mean(sigma[:2], np.array([[0.0, 0], [20, 0]]), sets[:2], 20) == pytest.approx(
        0.01 * np.sqrt((1 + np.exp(-0.5)) / 2))
