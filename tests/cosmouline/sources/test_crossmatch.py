"""crossmatch.py: made-up fields whose stars are known."""

from cosmouline.sources.crossmatch import Plane, match

import numpy as np
import pytest


def images(seed=1, n_stars=40, n_images=5, noise=0.2):
    """Places, fluxes and errors of stars at least 10 apart, shuffled, and who is who."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(8), np.arange(5)), -1).reshape(-1, 2)[:n_stars] * 20.0
    orders = [rng.permutation(n_stars) for _ in range(n_images)]
    places = [grid[order] + rng.normal(0, noise, (n_stars, 2)) for order in orders]
    fluxes = [100.0 + order for order in orders]  # the flux is the number of the star
    return grid, places, fluxes, [np.full(n_stars, 1.0)] * n_images


def test_every_star_is_found_in_every_image():
    grid, places, fluxes, sigmas = images()

    found = match(places, fluxes, sigmas, tolerance=2.0)

    assert found.flux.shape == (5, 40)
    assert (found.flux == found.flux[0]).all()
    assert sorted(found.flux[0]) == sorted(100.0 + np.arange(40))
    number = (found.flux[0] - 100).astype(int)
    assert np.hypot(*(found.xy - grid[number]).T).max() < 5 * 0.2 * 1.5


def test_a_star_that_is_not_common_enough_is_left_out_and_gaps_are_nan():
    _, places, fluxes, sigmas = images()
    lost = fluxes[0] == 107.0
    places[0], fluxes[0], sigmas[0] = (one[0][~lost] for one in (places, fluxes, sigmas))

    most = match(places, fluxes, sigmas, 2.0, least=0.8)
    all_ = match(places, fluxes, sigmas, 2.0, least=1.0)

    assert most.flux.shape == (5, 40)
    assert np.isnan(most.flux).sum() == np.isnan(most.sigma).sum() == 1
    assert all_.flux.shape == (5, 39)
    assert 107.0 not in all_.flux


def test_of_two_sources_near_a_star_the_nearest_counts():
    found = match([np.array([[0.0, 0.0]]), np.array([[0.4, 0.0], [0.1, 0.0]])],
                  [np.array([1.0]), np.array([2.0, 3.0])], [np.ones(1), np.ones(2)], 0.5, 1.0)

    assert 3.0 in found.flux[1]
    assert found.flux.shape[1] == 1


@pytest.mark.parametrize("ra", [0.0, 163.3, 359.99])
def test_the_plane_gives_arcsec_and_goes_back(ra):
    """60 arcsec east at a declination of 60 degrees are 2 arcmin of RA."""
    plane = Plane(ra, 60.0)
    sky = np.array([[(ra + 2 / 60) % 360, 60.0], [(ra - 0.1) % 360, 60.5]])

    assert plane.to(sky)[0] == pytest.approx([60.0, 0.0], abs=1e-6)
    assert plane.to(sky)[1, 1] == pytest.approx(1800.0)
    assert plane.back(plane.to(sky)) == pytest.approx(sky)
