"""From stamps to fluxes, against the drawn truth."""

from dataclasses import replace

from cosmouline.deconv.find_sources import find_sources
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import Sources

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0)
POINTS = replace(OPTIONS, extended_light="none")


def in_sigmas(fit, other):
    """Largest difference of the fluxes in units of the random error."""
    return np.nanmax(np.abs(fit.flux - other.flux) / fit.flux_sigma)


@pytest.mark.long
def test_fluxes_are_unbiased_and_their_errors_true(draw):
    """Five lenses: pulls of 50 deviations from the mean 1 +- .10, of 10 means 1 +- .22."""
    scatter, constant = [], []
    for seed in range(20, 25):
        epochs, truth = draw(seed=seed)
        fit = fit_lens(epochs, truth.position_px + 0.1, OPTIONS)
        away = fit.flux - truth.flux
        mean = away.mean(0)
        scatter.append((away - mean) / fit.flux_sigma * np.sqrt(6 / 5))
        random = np.sqrt((fit.flux_sigma**2).mean(0) / 6)
        constant.append(mean / np.hypot(fit.flux_systematic, random))
        assert fit.convergence < OPTIONS.convergence_sigma
        assert fit.has_galaxy

    assert np.sqrt(np.mean(np.square(scatter))) == pytest.approx(1, abs=5 * 0.10)
    assert np.sqrt(np.mean(np.square(constant))) < 1 + 5 * 0.22
    assert np.abs(constant).max() < 4
    assert abs(np.mean(constant)) < 5 / np.sqrt(10)


def test_scene_is_found(lens):
    """Galaxy of 20000 e-, radius 2.5 px, axis ratio .7 at 30 degrees.

    Over seeds the separation scatters by .035 px: the core of the galaxy may lean to a source.
    """
    _, truth, fit = lens
    separation = fit.position_px[1] - fit.position_px[0]
    e = np.hypot(fit.galaxy.e1, fit.galaxy.e2)

    assert separation == pytest.approx(truth.position_px[1] - truth.position_px[0], abs=0.17)
    assert fit.galaxy.flux == pytest.approx(20000, rel=0.1)
    assert fit.galaxy.radius_px == pytest.approx(2.5, rel=0.2)
    assert np.exp(-e) == pytest.approx(0.7, abs=0.1)
    assert np.degrees(np.arctan2(fit.galaxy.e2, fit.galaxy.e1)) / 2 == pytest.approx(30, abs=10)
    assert fit.chi2_reduced == pytest.approx(1, abs=5 * np.sqrt(2 / 1024))
    assert fit.n_masked.max() <= 1


def test_without_noise_nothing_is_lost(draw):
    """What is left is the galaxy as 18 Gaussians: below .2 % of the fluxes."""
    epochs, truth = draw(seed=1, noise=False)

    fit = fit_lens(epochs, truth.position_px + 0.1, OPTIONS)

    assert fit.flux == pytest.approx(truth.flux, rel=2e-3)
    assert fit.position_px[1] - fit.position_px[0] == pytest.approx([5.5, -1.7], abs=0.02)
    assert fit.galaxy.flux == pytest.approx(20000, rel=0.02)
    assert fit.galaxy.sersic_index == pytest.approx(2.0, rel=0.05)


def test_point_sources_only(draw):
    """Without galaxy: errors of the constant part are those of the positions, nearly none."""
    epochs, truth = draw(seed=7, galaxy_flux=0)

    fit = fit_lens(epochs, truth.position_px, POINTS)

    assert len(fit.nodes_px) == 0
    assert not fit.has_galaxy
    assert fit.galaxy.flux == 0
    assert np.abs((fit.flux - truth.flux) / fit.flux_sigma).max() < 4.5
    assert np.all(fit.flux_systematic < 0.3 * fit.flux_sigma.mean(0))


@pytest.mark.parametrize("signs", [(-1, -1), (-1, 1)])
def test_a_turned_or_mirrored_epoch_has_the_same_flux(lens, signs):
    """The stamps of three epochs, turned by 180 degrees as a meridian flip does, or mirrored."""
    epochs, truth, fit = lens
    turned = slice(0, 6, 2)
    arrays = {}
    for name in ("data_e", "sky_variance_e2", "psf"):
        arrays[name] = getattr(epochs, name).copy()
        arrays[name][turned] = arrays[name][turned, :: signs[1], :: signs[0]]
    linear, shift = epochs.linear.copy(), epochs.shift_px.copy()
    linear[turned], shift[turned] = np.diag(signs) @ linear[turned], shift[turned] * signs
    flipped = replace(epochs, linear=linear, shift_px=shift, **arrays)

    again = fit_lens(flipped, truth.position_px + 0.1, OPTIONS)

    assert in_sigmas(fit, again) < 0.02


def test_order_of_the_epochs_and_padding_of_the_psfs_change_nothing(lens):
    epochs, truth, fit = lens
    order = np.array([3, 0, 5, 1, 4, 2])

    again = fit_lens(epochs.take(order), truth.position_px + 0.1, OPTIONS)

    assert again.flux == pytest.approx(fit.flux[order], rel=1e-5)
    assert again.covariance_total == pytest.approx(fit.covariance_total[order], rel=1e-4)


def test_upsampling_is_not_a_scale(draw):
    """The same stars on small pixels of a half and of a third of a pixel."""
    fits = []
    for upsampling in (2, 3):
        epochs, truth = draw(seed=9, galaxy_flux=0, n_epochs=3, upsampling=upsampling)
        fits.append(fit_lens(epochs, truth.position_px, POINTS))

    assert fits[0].upsampling, fits[1].upsampling == (2, 3)
    assert in_sigmas(*fits) < 0.01


def test_masked_pixels_do_not_count(lens):
    epochs, truth = lens[0].take([0, 1]), lens[1]
    good, data = epochs.good.copy(), epochs.data_e.copy()
    good[1, 12:15, 12:20] = False
    spoilt = data.copy()
    spoilt[1, 12:15, 12:20] = np.nan

    fits = [
        fit_lens(replace(epochs, data_e=d, good=good), truth.position_px + 0.1, OPTIONS)
        for d in (data, spoilt)
    ]

    assert np.array_equal(fits[0].flux, fits[1].flux)
    assert not fits[0].good[1, 12:15, 12:20].any()


def test_cosmics_are_masked_whether_suspected_or_not(lens):
    """Five pixels of 3000 e- beside the sources; a wrongly suspected core comes back."""
    epochs, truth, fit = lens
    data, cosmic = epochs.data_e.copy(), epochs.cosmic.copy()
    hits = (
        np.array([0, 1, 2, 3, 4]),
        np.array([12, 20, 15, 8, 19]),
        np.array([18, 14, 10, 16, 12]),
    )
    data[hits] += 3000
    cosmic[0] = data[0] > data[0].max() / 2
    hit = replace(epochs, data_e=data, cosmic=cosmic)

    again = fit_lens(hit, truth.position_px + 0.1, OPTIONS)

    assert not again.good[hits].any()
    assert (fit.good & ~again.good).sum() == 5
    assert np.array_equal(np.delete(again.n_masked - fit.n_masked, 5), np.ones(5))
    assert in_sigmas(fit, again) < 0.5


def test_what_the_first_pass_misses_is_masked_by_a_refit(lens):
    """A first pass that tolerates all keeps a cosmic of 3000 e- on the core of a source."""
    epochs, truth, _ = lens
    data, good = epochs.data_e.copy(), epochs.good.copy()
    data[2, 16, 13] += 3000
    good[2, 16, 13] = False

    blind = replace(OPTIONS, prefit_model_error=10.0)
    again = fit_lens(replace(epochs, data_e=data), truth.position_px + 0.1, blind)

    judged = [entry["n_changed"] for entry in again.log if entry["stage"] == "judged"]
    assert len(judged) == 2
    assert judged[0] >= 1
    assert judged[1] <= 2
    assert not again.good[2, 16, 13]
    known = fit_lens(replace(epochs, good=good), truth.position_px + 0.1, OPTIONS)
    assert in_sigmas(known, again) < 0.05


def test_a_masked_epoch_has_no_flux_and_leaves_the_others(lens):
    epochs, truth, _ = lens
    good = epochs.good.copy()
    good[3] = False

    part = fit_lens(replace(epochs, good=good), truth.position_px + 0.1, OPTIONS)
    others = fit_lens(epochs.take([0, 1, 2, 4, 5]), truth.position_px + 0.1, OPTIONS)

    assert part.measured.tolist() == [True, True, True, False, True, True]
    for values in (part.flux, part.covariance, part.shift_px, part.sky, part.chi2_reduced):
        assert np.isnan(values[3]).all()
    assert part.n_masked[3] == 0
    assert not part.good[3].any()
    assert np.delete(part.flux, 3, axis=0) == pytest.approx(others.flux, rel=1e-5)


@pytest.mark.parametrize("options", [OPTIONS, POINTS])
def test_one_epoch_and_one_source(draw, options):
    """Isolated star of 30000 e-: within 4.5 of its error and the systematic one."""
    epochs, truth = draw(
        seed=11, n_epochs=1, flux=(30000.0,), position_px=((0.4, -0.3),), galaxy_flux=0
    )

    fit = fit_lens(epochs, truth.position_px, options)

    assert fit.flux.shape == (1, 1)
    sigma = np.hypot(fit.flux_sigma, fit.flux_systematic)
    assert np.abs(fit.flux - truth.flux) < 4.5 * sigma
    assert 150 < fit.flux_sigma < 400  # sqrt(30000 + pi * 4 * 1.6^2 * 400) = 206 for known PSF


def test_eight_sources(draw):
    angle = np.arange(8) * np.pi / 4
    position = 7 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    epochs, truth = draw(
        seed=12, n_epochs=2, flux=(8000.0,) * 8, position_px=position, galaxy_flux=0
    )

    fit = fit_lens(epochs, truth.position_px, POINTS)

    assert np.abs((fit.flux - truth.flux) / fit.flux_sigma).max() < 5


def test_found_positions_give_the_same_fluxes(lens):
    epochs, _, fit = lens

    again = fit_lens(epochs, find_sources(epochs, 2), OPTIONS)

    assert in_sigmas(fit, again) < 0.3


def test_warm_refit_with_new_epochs_is_the_full_fit(lens):
    epochs, truth, fit = lens
    old = fit_lens(epochs.take(np.arange(4)), truth.position_px + 0.1, OPTIONS)

    warm = fit_lens(epochs, truth.position_px + 0.1, OPTIONS, warm=old)

    assert in_sigmas(fit, warm) < 0.05
    assert warm.flux_systematic == pytest.approx(fit.flux_systematic, rel=0.05)


def test_a_warm_refit_keeps_the_neighbours_apart_from_the_images(draw):
    """A neighbour of 3 times the light of the brightest image: it has no say in the field."""
    places = np.array([(-2.6, 0.6), (2.9, -1.1), (10.5, 5.0)])
    epochs, _ = draw(seed=31, n_epochs=4, flux=(30000, 12000, 90000), position_px=places)
    sources, coarse = Sources(places + 0.1, n_images=2), replace(OPTIONS, node_step_fwhm=0.6)
    old = fit_lens(epochs.take(np.arange(3)), sources, coarse)

    cold, warm = (fit_lens(epochs, sources, coarse, warm=one) for one in (None, old))

    assert (old.n_images, cold.n_images, warm.n_images) == (2, 2, 2)
    assert in_sigmas(cold, warm) < 0.1
    # the amplitudes of the flat components, near their floor, would be 3 times as large
    assert warm.field_amplitude[::2] / cold.field_amplitude[::2] == pytest.approx(
        np.ones(4), abs=0.5)


def test_errors_of_the_positions_are_in_the_prior(lens):
    """The second held to .01 px, the first free: .5 px, and 1 px of both together."""
    epochs, truth, _ = lens
    sources = Sources(truth.position_px, sigma_px=np.array([np.nan, 0.01]))

    fit = fit_lens(epochs.take([0, 1]), sources, POINTS)

    assert fit.prior_sd[8:] == pytest.approx([0.5, 0.01, 0.5, 0.01])
    assert fit.prior_common_sd == 1.0


def test_a_fit_that_went_on_twice_still_knows_the_scatter_of_the_shifts(draw):
    """The prior of the shifts is measured by the first fit alone; the others take it over."""
    epochs, truth = draw(seed=1, n_epochs=4, galaxy_flux=0)
    known = replace(epochs, shift_sigma_px=np.full(len(epochs), 0.02))
    first = fit_lens(known, truth.position_px, POINTS)

    second = fit_lens(known, truth.position_px, POINTS, warm=first)
    third = fit_lens(known, truth.position_px, POINTS, warm=second)

    assert first.shift_scatter_px is not None
    assert third.shift_scatter_px == second.shift_scatter_px == first.shift_scatter_px
    assert in_sigmas(first, third) < 0.05


def test_noise_of_the_sky_is_scaled(lens):
    epochs, truth, fit = lens

    again = fit_lens(epochs.take([0, 1]), truth.position_px, replace(POINTS, sky_sigma_factor=1.2))

    assert again.variance_e2[0, 0, 0] == pytest.approx(1.2**2 * 400, rel=0.02)
    assert fit.variance_e2[0, 0, 0] == pytest.approx(400, rel=0.02)


def test_amplitudes_of_the_field_are_on_the_common_scale(lens):
    """There is no structure beside the galaxy: they stay near their floors."""
    fit = lens[2]

    flat = 3e-4 * fit.flux.mean(0).max() / fit.field_fwhm_px**2
    floor = [flat, 0.03, flat, 0.03, flat, 0.03, 1e-4]
    assert np.all(fit.field_amplitude > 0.99 * np.array(floor))
    assert np.all(fit.field_amplitude < 3 * np.array(floor))


def test_progress_is_told_and_kept(lens):
    epochs, truth, _ = lens
    told = []

    fit = fit_lens(epochs.take([0, 1]), truth.position_px, OPTIONS, progress=told.append)

    assert told == fit.log
    stages = [entry["stage"] for entry in told]
    assert stages[:3] == ["prefit", "prefit", "galaxy"]
    assert "iteration" in stages
    assert "judged" in stages
    assert fit.cpu_s > 0


@pytest.mark.parametrize(
    ("start_px", "message"),
    [
        (np.zeros(2), r"start_px must have the shape \(n_sources, 2\), not \(2,\)"),
        (np.zeros((0, 2)), "start_px must have the shape"),
        (np.zeros((1, 3)), r"start_px must have the shape \(n_sources, 2\), not \(1, 3\)"),
        ([[0.0, np.nan]], "start_px must be finite"),
        ([[0.0, 1.0], [0.0, 1.0]], r"start_px must be 0.05 px apart or more"),
    ],
)
def test_wrong_positions_are_refused(lens, start_px, message):
    with pytest.raises(ValueError, match=message):
        fit_lens(lens[0], start_px, OPTIONS)


def test_an_earlier_fit_must_match(lens):
    epochs, truth, fit = lens

    with pytest.raises(ValueError, match="warm has 6 epochs and 2 sources; epochs has 3 and"):
        fit_lens(epochs.take([0, 1, 2]), truth.position_px, OPTIONS, warm=fit)
    with pytest.raises(ValueError, match="and 2 sources; epochs has 6 and start_px 1"):
        fit_lens(epochs, truth.position_px[:1], OPTIONS, warm=fit)


def test_nothing_to_fit_is_an_error(lens):
    epochs, truth, _ = lens

    with pytest.raises(ValueError, match="no usable pixel in any epoch"):
        fit_lens(replace(epochs, good=~epochs.good), truth.position_px, OPTIONS)


def test_two_new_epochs_end_as_a_fit_from_scratch(draw):
    """8 epochs and 2 more: all fluxes within .05 sigma, in fewer steps, the new ones aligned."""
    epochs, truth = draw(seed=21, n_epochs=10)
    start = truth.position_px + 0.1
    known = fit_lens(epochs.take(np.arange(8)), start, OPTIONS)

    warm = fit_lens(epochs, start, OPTIONS, warm=known)

    scratch = fit_lens(epochs, start, OPTIONS)
    assert in_sigmas(scratch, warm) < 0.05
    n_warm, n_scratch = (sum(one["stage"] in ("prefit", "iteration") for one in fit.log)
                         for fit in (warm, scratch))
    assert n_warm < n_scratch
    assert warm.shift_px == pytest.approx(scratch.shift_px, abs=0.005)
