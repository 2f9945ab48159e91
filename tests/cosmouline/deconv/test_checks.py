"""What shows that a fit is wrong, on drawn lenses and by hand."""

from types import SimpleNamespace

from cosmouline.deconv import checks
from cosmouline.deconv.checks import (
    amplitudes_over_floor,
    degenerate_direction,
    missing_light,
    neighbour_pulls,
    source_chi2,
)
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import model_images

import numpy as np
import pytest

PAIR = ((-2.6, 0.6), (2.9, -1.1))
POINTS = FitOptions(sky_sigma_factor=1.0, extended_light="none")


def test_a_star_that_the_model_lacks_is_found(draw, monkeypatch):
    """4000 e- at (11, -9): S/N of 35 in each of four epochs, so that its core is masked there."""
    epochs, _ = draw(seed=3, n_epochs=4, side=40, flux=(30000, 12000, 4000), galaxy_flux=0,
                     position_px=(*PAIR, (11.0, -9.0)))
    fit = fit_lens(epochs, PAIR, POINTS)

    found = missing_light(fit, epochs)

    assert len(found) == 1
    assert (found[0].x_px, found[0].y_px) == pytest.approx((11, -9), abs=1.0)
    assert found[0].flux == pytest.approx(4000, rel=0.4)  # PSF here: 80 % in the narrow Gaussian
    assert found[0].snr > 20
    monkeypatch.setattr(checks, "LEAST_SHARE", 0.25)  # 7500 e- of the brightest, 3000 of the other
    assert missing_light(fit, epochs) == []


def test_nothing_is_missing_where_all_is_modelled_and_a_cosmic_is_no_star(draw):
    epochs, _ = draw(seed=3, n_epochs=4, side=40, galaxy_flux=0)
    epochs.data_e[1, 8:10, 30] += 5000

    assert missing_light(fit_lens(epochs, PAIR, POINTS), epochs) == []


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

    assert labels[0], labels[-1] == ("flat 0.35", "PSF")
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


def test_the_pull_of_one_epoch_by_hand():
    """A quarter of the way between its neighbours; where both are of one time, half of each."""
    flux, sigma = np.array([[1.0], [10.0], [5.0]]), np.array([[1.0], [2.0], [4.0]])

    assert neighbour_pulls(np.array([0.0, 1.0, 4.0]), flux, sigma) == pytest.approx(
        [(10 - 0.75 * 1 - 0.25 * 5) / np.sqrt(2**2 + 0.75**2 + 1)])
    assert neighbour_pulls(np.zeros(3), flux, sigma) == pytest.approx(
        [(10 - 3) / np.sqrt(2**2 + 0.5**2 + 2**2)])


SIGMA_PX, SIDE = 2.0, 61


def point_missing(monkeypatch, light, place_px=(10.0, -4.0), fwhm_px=(4.71, 4.71, 4.71), **more):
    """What is missing where a Gaussian of unit variance is all light of three epochs.

    One source lies in the middle, of 50 electrons; the epochs are shifted by whole pixels.
    """
    shift_px = np.array([[0.0, 0.0], [2.0, -3.0], [-1.0, 1.0]])
    x = np.arange(SIDE) - SIDE // 2
    data = [light / (2 * np.pi * SIGMA_PX**2) * np.exp(-(
        (x - place_px[0] - dx) ** 2 + (x[:, None] - place_px[1] - dy) ** 2) / (2 * SIGMA_PX**2))
        for dx, dy in shift_px]
    epochs = SimpleNamespace(
        data_e=np.array(data) / np.array([1, 2, 4.0])[:, None, None],
        usable=np.ones((3, SIDE, SIDE), bool), cosmic=np.zeros((3, SIDE, SIDE), bool),
        coeff=np.array([1, 2, 4.0]), fwhm_px=np.full(3, SIGMA_PX * np.sqrt(8 * np.log(2))),
        linear=np.array([np.eye(2)] * 3), fwhm_reference_px=np.array(fwhm_px))
    fit = SimpleNamespace(**{
        "measured": np.ones(3, bool), "node_flux": np.zeros(0), "shift_px": shift_px,
        "variance_e2": np.ones((3, SIDE, SIDE)) / np.array([1, 4, 16.0])[:, None, None],
        "position_px": np.zeros((1, 2)), "nodes_px": np.zeros((0, 2)), "node_step_px": 1.0,
        "flux": np.full((3, 1), 50.0)} | more)
    monkeypatch.setattr(checks, "replace", lambda fit, **_: fit)
    monkeypatch.setattr(checks, "model_images", lambda *_: (
        np.zeros((3, SIDE, SIDE)), np.zeros((3, SIDE, SIDE)), np.zeros(3)))
    return missing_light(fit, epochs)


def signal_to_noise(flux):
    """By hand: weights 1 / (4 pi sigma^2) of three epochs, less what the surround of 2.5 costs."""
    kept = 1 - 2 / (1 + 2.5**2)
    loss = (1 - 4 / (1 + 2.5**2) + 2.5**-2) / kept**2
    return flux * np.sqrt(3 / (4 * np.pi * SIGMA_PX**2) / loss) / 1.25


def is_at_its_peak(found):
    return (10.0, -4.0) in [(one.x_px, one.y_px) for one in found]


def test_the_flux_and_the_noise_of_missing_light_by_hand(monkeypatch):
    (found,) = point_missing(monkeypatch, 300.0)

    assert (found.x_px, found.y_px) == (10.0, -4.0)
    assert found.flux == pytest.approx(300.0, rel=1e-3)
    assert found.snr == pytest.approx(signal_to_noise(300.0), rel=1e-3)


@pytest.mark.parametrize(("change", "n_found"), [(1.01, 1), (0.99, 0)])
def test_missing_light_has_eight_times_its_error_and_half_a_per_cent_of_a_source(
        monkeypatch, change, n_found):
    limit = 8 / signal_to_noise(1.0)
    assert len(point_missing(monkeypatch, change * limit)) == n_found
    bright = np.array([[20.0 * 300, 200.0 * 300]] * 3)
    assert len(point_missing(monkeypatch, change * 300.0, flux=bright)) == n_found


@pytest.mark.parametrize(("fwhm_px", "is_found"), [
    # the light is sqrt(116) = 10.77 px from the source: 1.5 times 7.18, the median of the FWHM
    ((7.1, 1.0, 99.0), True), ((7.3, 1.0, 99.0), False)])
def test_light_near_a_source_is_not_missing(monkeypatch, fwhm_px, is_found):
    # a pixel beside its peak is farther away
    assert is_at_its_peak(point_missing(monkeypatch, 900.0, fwhm_px=fwhm_px)) == is_found


@pytest.mark.parametrize(("half_px", "step_px", "is_found"), [
    # nodes to the left and right of (10, 0), 4 px from the light, and one step more
    (3.0, 0.9, True), (3.0, 1.1, False), (2.0, 1.9, True)])
def test_light_among_the_nodes_is_not_missing(monkeypatch, half_px, step_px, is_found):
    nodes_px = np.array([[10.0 - half_px, 0.0], [10.0 + half_px, 0.0]])

    found = point_missing(monkeypatch, 900.0, nodes_px=nodes_px, node_step_px=step_px)

    assert is_at_its_peak(found) == is_found
