"""The rounds of the PSF fit: what the first one finds is used by the next."""

from cosmouline.psf import rounds
from cosmouline.psf.fit import PsfOptions
from cosmouline.psf.model import moffat, render, star_parameters
from cosmouline.psf.residual_grid import GridFit
from cosmouline.psf.rounds import (
    curvature_gain,
    fit_rounds,
    make_frame,
    moffat_rounds,
    vary_over_field,
)

import numpy as np
import pytest

FLUXES = (2e4, 3e5)


def frame_of(stamps, uv=None, **options):
    return make_frame(stamps.data, stamps.sky_variance, stamps.good, stamps.fwhm_px, uv,
                      PsfOptions(**options))


def nothing(frame):
    return np.zeros(frame.good.shape, bool)


@pytest.fixture
def moffat_fits(monkeypatch):
    """Give the arguments and results of all fits of a Moffat."""
    fits, fit_moffat = [], rounds.fit_moffat

    def noted(data, weight, start, upsampling, uv, max_steps, n_common):
        found = fit_moffat(data, weight, start, upsampling, uv, max_steps, n_common)
        fits.append((weight, max_steps, found))
        return found

    monkeypatch.setattr(rounds, "fit_moffat", noted)
    return fits


@pytest.fixture
def grid_fits():
    """Give a fit of the grid that notes its arguments."""
    fits = []

    def fit(frame, state, images, grid, max_steps):
        fits.append((state, grid, max_steps))
        return rounds._fit_used_grid(frame, state, images, grid, max_steps)

    fit.fits = fits
    return fit


def test_the_moffat_is_fitted_without_the_pixels_that_the_first_round_rejects(
        star_stamps, moffat_fits):
    stamps = star_stamps(17, 3.0, FLUXES)
    stamps.data[0, 4, 9] += 4000.0  # 200 sigma of the sky, suspected by nobody

    frame = frame_of(stamps, max_passes=1)
    fit_rounds(frame, nothing(frame))

    weights = [weight[0, 4, 9] for weight, *_ in moffat_fits]
    assert [steps for _, steps, _ in moffat_fits] == [30, 8, 8]  # two rounds, one without floor
    assert weights[0] > 0
    assert weights[1:] == [0, 0]


def test_the_last_fit_of_the_moffat_has_the_noise_alone_in_its_weights(star_stamps, moffat_fits):
    """A floor of 5 % of a star of 1e6 e- is far above its noise: the core has little weight."""
    stamps = star_stamps(20, 3.0, (9e5, 1.1e6))

    frame = frame_of(stamps, max_passes=1)
    state, *_ = fit_rounds(frame, nothing(frame))

    middle = slice(stamps.side_px // 2 - 1, stamps.side_px // 2 + 1)
    core = [weight[0, middle, middle].mean() for weight, *_ in moffat_fits]
    peak = 1 / state.variance[0, middle, middle].mean()
    assert core[-1] == pytest.approx(peak, rel=0.2)
    assert core[-2] < 0.05 * peak


def test_the_grid_is_fitted_again_without_the_star_that_the_first_pass_drops(
        star_stamps, grid_fits, monkeypatch):
    """A double star that no rule after the Moffat drops: 15 % at less than a FWHM."""
    monkeypatch.setattr(rounds, "drop_misshapen", lambda *given: given[4])
    monkeypatch.setattr(rounds, "drop_coarse", lambda quality, is_used, least: is_used)
    stamps = star_stamps(14, 3.0, (2e5, 3e5), n_stars=8)
    x, y = stamps.offset_px[3]
    stamps.data[3] += 0.15 * stamps.flux_e[3] * stamps.truth.stamp(stamps.side_px, x + 2.4, y)

    frame = frame_of(stamps)
    state, grid, _, was_fitted, n_passes = fit_rounds(frame, nothing(frame), grid_fits)

    used = [np.flatnonzero(~state.is_used).tolist() for state, *_ in grid_fits.fits]
    assert used[:2] == [[], [3]]
    assert np.flatnonzero(~state.is_used).tolist() == [3]
    assert was_fitted.all()
    assert n_passes == len(grid_fits.fits)
    assert [steps for *_, steps in grid_fits.fits][:2] == [150, 50]
    # the second starts from the first, and the result is that of the seven stars
    assert grid_fits.fits[1][1].white is not None
    assert len(grid.amplitude) == 7


def test_the_grid_is_fitted_once_where_nothing_changes(star_stamps):
    """No pixel of a model with the noise of the model is beyond 50 sigma."""
    stamps = star_stamps(21, 3.0, (2e4, 4e4))

    frame = frame_of(stamps, clip_sigma=50.0)

    assert fit_rounds(frame, nothing(frame))[-1] == 1


def test_passes_end_at_their_largest_number(star_stamps):
    """A grid that jumps by its own noise at every pass never settles."""
    stamps = star_stamps(22, 3.0, FLUXES)
    random = np.random.default_rng(1)

    def restless(frame, state, images, grid, max_steps):
        residual = 0.15 * random.standard_normal(images.shape[1:])
        return GridFit(None, residual, state.offset_px[state.is_used],
                       state.amplitude[state.is_used])

    frame = frame_of(stamps, max_passes=4)
    assert fit_rounds(frame, nothing(frame), restless)[-1] == 4


def field_stars(seed, gradient, n_stars=10, side_px=20, curved=0.0):
    """Stamps of Moffats that vary over the field; errors given half as large as they are.

    ln(FWHM) has a slope along u, and is `curved` along v.
    """
    random = np.random.default_rng(seed)
    uv = random.uniform(-1, 1, (n_stars, 2))
    parameters = star_parameters(np.array([np.log(2.8), 0.03, -0.02, np.log(3.0)]),
                                 np.array([[gradient, 0, 0, 0, curved], 5 * [0], 5 * [0]]), uv)
    narrow = moffat(parameters, 2 * side_px, 2)
    narrow /= narrow.sum((1, 2), keepdims=True)
    flux_e = random.uniform(4e4, 8e4, n_stars)[:, None, None]
    star = flux_e * render(narrow, random.uniform(-0.5, 0.5, (n_stars, 2)), side_px, 2)
    data = star + np.sqrt(1600 + 4 * star) * random.standard_normal(star.shape)
    # a quarter of the variance: of the sky by its argument, of the star by fewer electrons
    return data, np.full(star.shape, 400.0), uv


@pytest.mark.parametrize(("gradient", "varies"), [(0.0, False), (0.06, True)])
def test_chi2_above_one_makes_no_field_vary(gradient, varies):
    """Six coefficients gain 6 of chi2 by chance, and 24 where all errors are half of the truth.

    The gain counts in units of chi2 per pixel, 4: it is above 20 in 0.3 % of fields without a
    gradient, and far above it for a change of the FWHM by 12 % over the field.
    """
    found = []
    for seed in range(4):
        data, sky_variance, uv = field_stars(seed, gradient)
        frame = make_frame(data, sky_variance, np.ones(data.shape, bool), 3.1, uv,
                           PsfOptions(clip_sigma=30.0, max_passes=1))
        state, *_ = fit_rounds(frame, nothing(frame))
        found.append(state.gradient is not None)

    assert sum(found) == (4 if varies else 0)


@pytest.mark.parametrize(("curved", "n_stars", "gains", "n_terms"), [
    (0.12, 16, True, 5), (0.0, 16, False, 5), (0.12, 8, None, 2)])
def test_the_width_is_a_quadratic_where_the_options_say_so(curved, n_stars, gains, n_terms):
    """Nine stars are needed: with six terms of the width eight would not show much of it."""
    for seed in range(4):
        data, sky_variance, uv = field_stars(seed, 0.06, n_stars, curved=curved)
        frame = make_frame(data, sky_variance, np.ones(data.shape, bool), 3.1, uv,
                           PsfOptions(clip_sigma=30.0, max_passes=1, is_curved=True))
        gain = curvature_gain(frame, moffat_rounds(frame, nothing(frame))[0])
        assert np.isnan(gain) if gains is None else (gain > 100) == gains
        state, *_ = fit_rounds(frame, nothing(frame))
        assert state.gradient.shape[1] == n_terms
        if n_terms == 5:  # .03: the noise with stars at random places, 10 for 6 terms
            assert state.gradient[0, [0, 4]] == pytest.approx([0.06, curved], abs=0.03)

def test_a_linear_field_needs_coordinates_and_stars(star_stamps):
    """Three stars define a plane exactly: `on` asks for four."""
    stamps = star_stamps(19, 3.0, FLUXES, n_stars=6, gradient=0.06)
    frame = frame_of(stamps, stamps.uv, field="off", max_passes=1)
    state, *_ = fit_rounds(frame, nothing(frame))
    frame = frame_of(stamps, stamps.uv, field="on")

    for n_used, varies in ((3, False), (4, True)):
        few = rounds.replace(state, is_used=np.arange(6) < n_used)
        assert (vary_over_field(frame, few).gradient is not None) == varies
    assert vary_over_field(frame_of(stamps, field="on"), state).gradient is None
