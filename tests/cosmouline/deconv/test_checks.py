"""What shows that a fit is wrong, on drawn lenses and by hand."""

from types import SimpleNamespace

from cosmouline.deconv.checks import (
    amplitudes_over_floor,
    degenerate_direction,
    neighbour_pulls,
    partners,
    source_chi2,
    stray_positions,
)
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import model_images

import numpy as np
import pytest


def test_chi2_around_a_source_whose_psf_is_wrong(lens):
    epochs, truth, fit = lens
    points, extended, sky = model_images(fit, epochs)
    model = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    residuals = (epochs.data_e - model) / np.sqrt(fit.variance_e2)
    residuals[2, 14:18, 11:16] += 3.0  # around the first source
    residuals[3] = np.nan

    chi2, places, radius = source_chi2(fit, epochs, residuals)

    assert places[0] == pytest.approx(truth.position_px + truth.shift_px[0] + 15.5, abs=0.3)
    assert radius == pytest.approx(epochs.fwhm_px)
    assert chi2[2, 0] > 2.0
    assert np.isnan(chi2[3]).all()
    n_pixels = np.pi * radius.min() ** 2
    assert np.delete(chi2, [2, 3], axis=0) == pytest.approx(1, abs=5 * np.sqrt(2 / n_pixels))


@pytest.mark.parametrize("seed", [3, 4])
def test_a_source_that_is_off_its_place_in_one_epoch_is_seen_with_its_offset(
        draw, pictures, seed):
    """B is drawn .6 px off in one of eight epochs, where the error of its place is .05 px."""
    epochs, truth = draw(seed=seed, n_epochs=8, galaxy_flux=0)
    e, sigma = 5, truth.sigma_px[5]
    place = truth.position_px[1] + truth.shift_px[e]
    image = pictures["star_image"]
    moved = image(32, place + np.array([0.48, 0.36]), sigma) - image(32, place, sigma)
    epochs.data_e[e] += truth.flux[e, 1] * moved / epochs.coeff[e]
    fit = fit_lens(epochs, truth.position_px,
                   FitOptions(sky_sigma_factor=1.0, extended_light="none"))

    offset_px, gain = stray_positions(fit, epochs)

    # the shift of the epoch takes a part; what the mean place takes is in all epochs alike
    assert 0.3 < offset_px[e, 1] < 0.8
    assert gain[e, 1] > 50
    # the others: chi2 of two degrees of freedom
    assert np.delete(gain[:, 0], e).mean() < 2 + 5 * 2 / np.sqrt(7)
    assert np.delete(gain[:, 1], e).mean() < 2 + 5 * 2 / np.sqrt(7)
    assert np.delete(offset_px[:, 1], e).max() < 4 * 0.05


def test_pulls_of_a_line_with_noise_scatter_by_one():
    """1998 deviations, a third of them independent: scatter of the rms .03."""
    rng = np.random.default_rng(2)
    time = np.sort(rng.uniform(0, 1000, 1000))
    sigma = rng.uniform(1, 2, (1000, 2))
    flux = 100 + 0.3 * time[:, None] + sigma * rng.normal(size=(1000, 2))
    flux[::50, 1] = np.nan
    order = rng.permutation(1000)

    pulls = neighbour_pulls(time[order], flux[order], sigma[order])

    assert len(pulls) == 998 + 978
    assert np.sqrt(np.mean(pulls**2)) == pytest.approx(1, abs=5 * 0.03)
    assert len(neighbour_pulls(np.zeros(2), np.ones((2, 1)), np.ones((2, 1)))) == 0


def test_amplitudes_stay_at_their_floors_where_there_is_no_structure(lens):
    labels, ratio = amplitudes_over_floor(lens[2])

    assert labels[0], labels[-1] == ("evenly spread, 0.35 FWHM", "PSF")
    assert len(labels) == len(ratio) == 7
    assert ratio == pytest.approx(1, abs=0.2)


def test_the_direction_is_the_widest_and_the_galaxy_takes_what_is_lost():
    fit = SimpleNamespace(systematic_covariance=np.array([[4.0, 4.0], [4.0, 4.0]]), n_images=2,
                          flux=np.array([[100.0, 200.0], [100.0, np.nan]]))

    percent, share = degenerate_direction(fit)

    # eigenvector (1, 1) of variance 8: 2 of each flux; 4 of 300 go to the galaxy
    assert percent == pytest.approx([2.0, 1.0, -4 / 3])
    assert share == pytest.approx(1.0)
    fit.systematic_covariance[:] = np.nan
    assert np.isnan(degenerate_direction(fit)[0]).all()


def test_partners_by_hand():
    """A correlates with B by -.5 and hardly with C; galaxy and field lose what the three gain."""
    covariance = np.array([[16.0, -8.0, 2.0], [-8.0, 16.0, 0.0], [2.0, 0.0, 4.0]])
    fit = SimpleNamespace(systematic_covariance=np.pad(covariance, (0, 1)), n_images=3,
                          flux=np.array([[100.0, 200.0, 50.0, 9.0]] * 2))

    percent, light = partners(fit, 0)

    # 4 e- more of A: -8/4 of B, 2/4 of C (an eighth of A's: left out)
    assert percent[:2] == pytest.approx([4.0, -1.0])
    assert np.isnan(percent[2])
    assert light == pytest.approx(-(4 - 2 + 0.5))


def test_the_pull_of_one_epoch_by_hand():
    """A quarter of the way between its neighbours; where both are of one time, half of each."""
    flux, sigma = np.array([[1.0], [10.0], [5.0]]), np.array([[1.0], [2.0], [4.0]])

    assert neighbour_pulls(np.array([0.0, 1.0, 4.0]), flux, sigma) == pytest.approx(
        [(10 - 0.75 * 1 - 0.25 * 5) / np.sqrt(2**2 + 0.75**2 + 1)])
    assert neighbour_pulls(np.zeros(3), flux, sigma) == pytest.approx(
        [(10 - 3) / np.sqrt(2**2 + 0.5**2 + 2**2)])
