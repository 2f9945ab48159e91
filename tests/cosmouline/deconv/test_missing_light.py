"""Stars that the model lacks, on drawn lenses."""

from cosmouline.deconv import missing_light as module
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.missing_light import missing_light, missing_sources, with_source
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
    assert len(index) == len(chosen) == 3 + 8
    assert tried.start_px == pytest.approx(np.array([*PAIR, (5.0, 5.0)]))
    assert tried.sigma_px == pytest.approx(
        [1e-3, 0.1, 0.5 * np.median(epochs.fwhm_reference_px)])
    assert tried.n_images == 1
    assert options == POINTS
    assert tried.present[:, 2].tolist() == np.isin(index, [3, 4, 11]).tolist()
    assert tried.present[:, :2].all()
    assert len(with_source(fit, epochs, (5.0, 5.0))[1]) == 16
