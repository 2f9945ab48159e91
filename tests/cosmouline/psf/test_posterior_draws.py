"""Draws from the posterior of the PSF."""

from dataclasses import replace

from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.model import moffat, render
from cosmouline.psf.posterior_draws import _size2, flux_scale, psf_draws

import numpy as np
import pytest

FWHM = 2.2
PAIR = np.array([[0.1, -0.2], [0.1 + 1.2 * FWHM, 0.3]])  # blended: the fainter one suffers
PAIR_FLUX = np.array([1.0, 0.3])
NEAR = 0.02 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])


def fitted(stamps, options=None, **changes):
    return fit_psf(
        stamps.data, stamps.sky_variance, stamps.good, stamps.fwhm_px, options, **changes
    )


def found(single, narrow, side_px, place, weight=1.0):
    """Flux and place of a star by a PSF that finds it; weights are those of the pixels' values."""
    for _ in range(3):
        star, right, left, up, down = render(narrow, place + NEAR, side_px, 2)
        basis = np.stack([star, (right - left) / 0.04, (up - down) / 0.04]) * weight
        flux, *move = np.linalg.lstsq(basis.reshape(3, -1).T, (single * weight).ravel(),
                                      rcond=None)[0]
        place = place + np.array(move) / flux
    return flux, place


def blend_error(scene, single, narrow, side_px):
    """Relative errors of the fluxes of a blended pair, in units of a single star, by a PSF."""
    flux, place = found(single, narrow, side_px, PAIR[0])
    pair = render(narrow, PAIR - PAIR[0] + place, side_px, 2).reshape(2, -1).T
    return np.linalg.lstsq(pair, scene.ravel(), rcond=None)[0] / flux / PAIR_FLUX - 1


def errors_of(stamps, seed):
    """Actual error of the pair, and the errors of the draws: scenes without noise."""
    side_px = stamps.side_px
    fit = fitted(stamps)
    true = [stamps.truth.stamp(side_px, *place) for place in PAIR]
    narrow = fit.psf.narrow()
    actual = blend_error(PAIR_FLUX @ np.reshape(true, (2, -1)), true[0], narrow, side_px)
    model = render(narrow, PAIR, side_px, 2)
    scene = PAIR_FLUX @ model.reshape(2, -1)
    draws, _ = psf_draws(fit, 4, seed)
    return actual, [blend_error(scene, model[0], draw, side_px) for draw in draws]


@pytest.mark.long
def test_draws_predict_the_error_that_the_psf_makes_in_a_blend(star_stamps):
    frames = [
        star_stamps(100 + k, FWHM, (2e4, 3e5), lobe_angle=0.7 * k, beta=2.5 + 0.1 * k)
        for k in range(12)
    ]

    actual, drawn = zip(*[errors_of(stamps, k) for k, stamps in enumerate(frames)], strict=True)
    ratio = np.sqrt(np.mean(np.square(actual)) / np.mean(np.square(drawn)))

    # 24 values: known to 15 %; the prior is right to 25 % (0.8 to 1.3 in eight cases of
    # brightness and seeing): a factor 1.5
    assert 1 / 1.5 < ratio < 1.5


def test_draws_are_psfs_and_depend_on_the_seed_alone(star_stamps):
    stamps = star_stamps(31, FWHM, (2e4, 3e5))
    fit = fitted(stamps)

    draws, flux_e = psf_draws(fit, 2, 5)
    again, _ = psf_draws(fit, 2, 5)
    other, _ = psf_draws(fit, 2, 6)

    assert draws.shape == (2, 2 * stamps.side_px, 2 * stamps.side_px)
    assert draws.sum((1, 2)) == pytest.approx([1, 1])
    assert (draws == again).all()
    assert (draws != other).any()
    # fluxes move by their noise: S/N of 80 and more, and the sum of the PSF
    assert flux_e / fit.flux_e == pytest.approx(np.ones((2, 6)), abs=5 * 0.015)


def test_fluxes_of_draws_are_as_the_psfs_drawn_and_the_photons_have_them(star_stamps):
    stamps = star_stamps(37, FWHM, (2e4, 3e5))
    fit = fitted(stamps)
    sky_variance = np.median(stamps.sky_variance)

    draws, flux_e = psf_draws(fit, 60, 2)

    scale = flux_scale(flux_e, fit, FWHM, sky_variance) - 1
    # the equations are linear: the mean of the draws is the fit, to 4 errors of a mean
    assert abs(scale.mean()) < 4 * scale.std() / np.sqrt(len(scale))
    # Apart from photons, a draw changes the flux as it changes that of a star without noise
    star = render(fit.psf.narrow(), np.zeros((1, 2)), stamps.side_px, 2)[0]
    weight = 1 / np.sqrt(sky_variance + 1e5 * star)
    changed = np.array([found(star, one, stamps.side_px, np.zeros(2), weight)[0]
                        for one in draws]) - 1
    used = fit.flux_e[fit.is_used]
    snr2 = used**2 / (used + np.pi * FWHM**2 * sky_variance)
    photons = 1 / np.sqrt(snr2.sum())
    # the PSF drawn takes up a part of the noise of its stars: at most the photons are left
    assert (scale - changed).std() < 1.3 * photons


def test_draws_scatter_less_with_brighter_stars(star_stamps):
    scatter = []
    for flux_e in ((1e4, 2e4), (1e6, 2e6)):
        stamps = star_stamps(32, FWHM, flux_e)
        fit = fitted(stamps)
        draws, _ = psf_draws(fit, 4, 1)
        scatter.append(np.sqrt(np.mean((draws - fit.psf.narrow()) ** 2)))

    assert scatter[1] < 0.5 * scatter[0]


def test_what_no_star_shows_scatters_as_the_prior_has_it(star_stamps):
    stamps = star_stamps(37, FWHM, (1e5, 3e5))
    stamps.good[:, :6] = False  # the same band of all stars: 12 small pixels
    fit = fitted(stamps, PsfOptions(wings=(0.0, 4.0, 0.5)))

    draws, _ = psf_draws(fit, 12, 1)

    n_small = 2 * stamps.side_px
    unit = moffat(fit.psf.moffat, n_small, 2)
    hidden = (slice(0, 7), slice(4, n_small - 4))
    scatter = (draws * (unit + fit.psf.residual).sum() - unit).std(0)[hidden]
    # .05 moffat; 12 draws of a band of about three correlation lengths
    expected = 0.05 * unit[hidden]
    ratio = np.sqrt(np.mean((scatter / expected) ** 2))
    assert ratio == pytest.approx(1, abs=5 / np.sqrt(2 * 12 * 3) + 0.1)


@pytest.mark.parametrize("size2", [0.01, 0.3])
def test_the_size_of_a_part_of_the_prior_is_that_of_its_values(size2):
    random = np.random.default_rng(3)
    part, n_values = np.arange(100, 900), 1000
    curvature = np.exp(random.uniform(np.log(0.1), np.log(1e4), n_values))  # of the data
    true = np.sqrt(np.where(np.isin(np.arange(n_values), part), size2, 1.0))
    true = true * random.standard_normal(n_values)
    side = curvature * true + np.sqrt(curvature) * random.standard_normal(n_values)
    fitted_values = side / (curvature + 1)

    found = _size2(np.diag(curvature + 1), fitted_values, part)

    # 800 values, more than a quarter of them well measured: 2 / 200 of the variance
    assert found == pytest.approx(size2, rel=3 * np.sqrt(2 / 200))


def test_draws_of_the_wings_are_as_large_as_those_that_the_stars_show(star_stamps):
    stamps = star_stamps(38, FWHM, (1e5, 3e5))
    n_small = 2 * stamps.side_px
    radius = np.hypot(*(np.indices((n_small, n_small)) - (n_small - 1) / 2))
    ring = (radius > 3 * 2 * FWHM) & (radius < n_small / 2)

    scatter = []
    for wings in (0.01, 0.08):  # priors of the fit that allow for more
        draws, _ = psf_draws(fitted(stamps, PsfOptions(wings=(wings, 4.0, 0.5))), 12, 1)
        scatter.append(draws.std(0)[ring].mean())

    # eight times the prior, but the same stars
    assert scatter[1] < 3 * scatter[0]


def test_rejected_stars_take_no_part_in_the_draws(star_stamps):
    stamps = star_stamps(33, FWHM, (2e4, 3e5))
    stamps.data[4] = np.nan
    fit = fitted(stamps)

    draws, flux_e = psf_draws(fit, 2, 1)

    assert flux_e.shape == (2, 5)
    assert np.isfinite(draws).all()


def test_draws_are_made_where_they_are_wanted_in_a_field_that_varies(star_stamps):
    stamps = star_stamps(34, 2.5, (1e5, 3e5), n_stars=12, gradient=0.2)
    fit = fitted(stamps, PsfOptions(field="on"), uv=stamps.uv)
    place = np.array([0.9, 0.0])

    draws, _ = psf_draws(fit, 3, 1, uv=place)

    there, centre = fit.psf.narrow(place), fit.psf.narrow()
    distance = [np.sqrt(np.mean((draws.mean(0) - psf) ** 2)) for psf in (there, centre)]
    assert distance[0] < 0.3 * distance[1]


def test_draws_know_a_width_that_is_quadratic_over_the_field(star_stamps):
    """Their mean is the PSF of a corner; where no star is the draws scatter more."""
    stamps = star_stamps(34, 2.5, (1e5, 3e5), n_stars=12)
    fit = fitted(stamps, uv=stamps.uv)
    curved = np.hstack([np.zeros((3, 2)), [[0.1, 0.0, 0.1], [0, 0, 0], [0, 0, 0]]])
    fit = replace(fit, psf=replace(fit.psf, gradient=curved))

    widths = {}
    for place in ((0.0, 0.0), (2.0, 2.0)):
        draws, _ = psf_draws(fit, 12, 1, uv=np.array(place))
        peaks = draws.max((1, 2)) / fit.psf.narrow(place).max()
        assert peaks.mean() == pytest.approx(1, abs=4 * peaks.std() / np.sqrt(12))
        widths[place] = peaks.std()
    assert widths[2.0, 2.0] > 3 * widths[0.0, 0.0]


def test_a_common_factor_of_all_fluxes_is_the_flux_scale(star_stamps):
    stamps = star_stamps(35, FWHM, (2e4, 3e5))
    fit = fitted(stamps)
    flux_e = fit.flux_e[fit.is_used]

    scale = flux_scale(np.outer([1.0, 1.03], flux_e), fit, FWHM, stamps.sky_variance)

    assert scale == pytest.approx([1.0, 1.03])


def test_the_flux_scale_trusts_bright_stars(star_stamps):
    stamps = star_stamps(36, FWHM, (2e4, 3e5))
    fit = fitted(stamps)
    faintest = np.argmin(fit.flux_e)
    drawn = fit.flux_e.copy()
    drawn[faintest] *= 1.06

    weight = fit.flux_e**2 / (fit.flux_e + np.pi * FWHM**2 * 400)

    scale = flux_scale(drawn[None], fit, FWHM, 400.0)
    assert scale[0] - 1 == pytest.approx(0.06 * weight[faintest] / weight.sum())
    assert scale[0] - 1 < 0.06 / 6
