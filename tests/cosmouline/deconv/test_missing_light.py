"""Stars that the model lacks, on drawn lenses."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import missing_light as module
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.missing_light import (
    missing_light,
    missing_sources,
    point_map,
    with_source,
)
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import Sources

import numpy as np
import pytest

PAIR = ((-2.6, 0.6), (2.9, -1.1))
POINTS = FitOptions(sky_sigma_factor=1.0, extended_light="none")
GALAXY = FitOptions(sky_sigma_factor=1.0)


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
    monkeypatch.setattr(module, "LEAST_SHARE", 0.25)  # 7500 e- of the brightest, 3000 of the other
    assert missing_light(fit, epochs) == []


def test_nothing_is_missing_where_all_is_modelled_and_a_cosmic_is_no_star(draw):
    epochs, _ = draw(seed=3, n_epochs=4, side=40, galaxy_flux=0)
    epochs.data_e[1, 8:10, 30] += 5000

    assert missing_light(fit_lens(epochs, PAIR, POINTS), epochs) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [3, 4])
def test_a_trial_fit_gives_place_and_flux_of_a_star_at_the_rim_of_the_field(draw, seed):
    """12000 e- at 2 FWHM from B, next to a galaxy; errors of .01 px and 1 % in each epoch."""
    place = (9.0, 5.0)
    epochs, truth = draw(seed=seed, n_epochs=4, side=40, flux=(30000, 12000, 12000),
                         position_px=(*PAIR, place))
    fit = fit_lens(epochs, PAIR, GALAXY)

    found, change = missing_sources(fit, epochs)

    assert (found[0].x_px, found[0].y_px) == pytest.approx(place, abs=0.1)
    assert found[0].snr > 8
    mean = truth.flux.mean(0)
    assert found[0].flux == pytest.approx(mean[2], rel=0.05)
    # B had 11 to 14 % too little
    assert fit.flux.mean(0) + change == pytest.approx(mean[:2], rel=0.05)
    assert abs(fit.flux[:, 1].mean() / mean[1] - 1) > 0.05


def test_no_trial_fit_where_nothing_is_missing(lens, monkeypatch):
    monkeypatch.setattr(module, "fit_lens", lambda *_: pytest.fail("a trial fit"))

    found, change = missing_sources(lens[2], lens[0])

    assert found == []
    assert change.tolist() == [0.0, 0.0]


def test_a_trial_fit_keeps_priors_and_epochs(draw, monkeypatch):
    """20 epochs, of which three have the source: eight of the others, and held positions."""
    epochs, _ = draw(seed=9, n_epochs=20, side=24, galaxy_flux=0)
    sources = Sources(np.array(PAIR), sigma_px=np.array([0.0, 0.1]), n_images=1)
    fit = fit_lens(epochs, sources, POINTS)
    monkeypatch.setattr(module, "fit_lens", lambda *given: given)
    shines = np.isin(np.arange(20), [3, 4, 11])

    (chosen, tried, options), index = with_source(fit, epochs, (5.0, 5.0), shines)

    assert set(index) >= {3, 4, 11}
    assert (index[0], index[-1]) == (0, 19)
    assert len(index) == len(chosen) == 3 + 8
    assert tried.start_px == pytest.approx(np.array([*PAIR, (5.0, 5.0)]))
    assert tried.sigma_px == pytest.approx(
        [1e-3, 0.1, 0.5 * np.median(epochs.fwhm_reference_px)])
    assert tried.n_images == 1
    assert options == POINTS
    assert tried.present[:, 2].tolist() == np.isin(index, [3, 4, 11]).tolist()
    assert tried.present[:, :2].all()
    assert len(with_source(fit, epochs, (5.0, 5.0))[1]) == 16


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
        "flux": np.full((3, 1), 50.0), "n_images": 1, "field_fwhm_px": 3.0,
        "field_galaxy_flux": np.zeros(len(more.get("nodes_px", ()))),
        # 50 x 2 pi = 314 electrons within 1 FWHM, five times that are 1571
        "options": SimpleNamespace(flat_floor=2.0, galaxy_fraction_floor=0.0,
                                   field_scales_fwhm=(1.0,))} | more)
    monkeypatch.setattr(module, "bare_images", lambda *_: np.zeros((3, SIDE, SIDE)))
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
def test_light_among_the_nodes_must_exceed_what_the_field_expects(
        monkeypatch, half_px, step_px, is_found):
    nodes_px = np.array([[10.0 - half_px, 0.0], [10.0 + half_px, 0.0]])

    found = point_missing(monkeypatch, 900.0, nodes_px=nodes_px, node_step_px=step_px)

    assert is_at_its_peak(found) == is_found
    found = point_missing(monkeypatch, 1800.0, nodes_px=nodes_px, node_step_px=step_px)
    assert is_at_its_peak(found)


def test_what_is_usable_is_worked_out_once_for_all_epochs(lens, monkeypatch):
    """For each epoch again it would grow with their square: 5 s of CPU at 400."""
    epochs, _, fit = lens
    epochs, calls = replace(epochs), []
    original = type(epochs).usable.func
    monkeypatch.setattr(type(epochs).usable, "func", lambda one: calls.append(1) or original(one))

    point_map(fit, epochs, np.arange(6))

    assert len(calls) == 1
