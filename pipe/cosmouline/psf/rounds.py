"""The rounds of the PSF fit: fit, reject pixels and stars that disagree, fit again."""

from dataclasses import dataclass, replace

from cosmouline.errors import ImageRejected
from cosmouline.psf.model import (
    N_LINEAR,
    N_QUADRATIC,
    gradient_of,
    moffat,
    render,
    star_parameters,
)
from cosmouline.psf.moffat import (
    MoffatFit,
    first_guess,
    fit_moffat,
    gain_of_quadratic,
    linear_amplitude,
)
from cosmouline.psf.residual_grid import GridFit, fit_grid, grid_prior
from cosmouline.psf.star_rejection import drop_coarse, drop_fine, drop_misshapen, star_quality
from cosmouline.stamps.pixel_rejection import (
    faint_neighbours,
    judge_pixels,
    shared_by_stars,
    smoothed_variance,
)

import numpy as np

MOFFAT_ROUNDS = 3  # fits of the Moffat, each with the stars and pixels that the last one left
FIRST_STEPS, NEXT_STEPS = 30, 8  # Levenberg-Marquardt steps of the first and the later rounds
MOFFAT_FLOOR = 0.05  # relative model error in the weights of the rounds: no star dominates
FIELD_FLOOR = 0.01  # the same where a constant and a linear field are compared
FIELD_STEPS = (6, 12)  # steps of the constant and of the linear fit
QUADRATIC_LEAST_STARS = 9  # for the six terms of the width; each of them is left out in turn
FIELD_LEAST_STARS = 4  # three stars define a plane exactly: nothing is left to check it
START_SHRINK = 0.9  # the narrow Moffat is narrower than a star
FIRST_GOOD_FRACTION = 0.4  # of the pixels of a stamp, without suspected cosmic rays
WIDEST = 0.5  # FWHM per side of the stamp; a wider "star" is none
SETTLED_PIXELS = 4  # fewer changes of pixels than this end the passes


@dataclass(frozen=True, eq=False)
class Frame:
    """Constants of the fit of one image; bad pixels are zero."""

    data: np.ndarray
    sky_variance: np.ndarray
    good: np.ndarray
    fwhm_px: float
    uv: np.ndarray | None
    options: object

    @property
    def side_px(self):
        """Side of the stamps."""
        return self.data.shape[-1]


@dataclass(frozen=True, eq=False)
class State:
    """Results of the rounds: parameters of the Moffat, and all stars, pixels and noise maps."""

    theta: np.ndarray
    offset_px: np.ndarray
    amplitude: np.ndarray
    is_used: np.ndarray
    good: np.ndarray
    variance: np.ndarray

    @property
    def gradient(self):
        """Change of the Moffat over the field (`model.Psf`), or None."""
        return gradient_of(self.theta)

    def with_fit(self, theta, offset_px, amplitude):
        """Return a state with new parameters, and positions and amplitudes of the used stars."""
        all_offset_px, all_amplitude = self.offset_px.copy(), self.amplitude.copy()
        all_offset_px[self.is_used] = offset_px
        all_amplitude[self.is_used] = amplitude
        return replace(self, theta=theta, offset_px=all_offset_px, amplitude=all_amplitude)


def make_frame(data, sky_variance, good, fwhm_px, uv, options):
    """Return the constants of a fit; arguments as `fit.fit_psf`."""
    good = np.asarray(good, dtype=bool) & np.isfinite(data) & np.isfinite(sky_variance)
    data = np.where(good, data, 0.0).astype(float)
    sky_variance = np.where(good, sky_variance, 1.0).astype(float)
    uv = None if uv is None else np.asarray(uv, dtype=float)
    return Frame(data, sky_variance, good, float(fwhm_px), uv, options)


def fit_rounds(frame, cosmic, fit_residual=None):
    """Fit the Moffat, then the grid, in rounds that reject pixels and stars.

    Parameters
    ----------
    frame : Frame
    cosmic : ndarray of bool, shape (n, side_px, side_px)
        Suspected cosmic rays, left out of the first fit.
    fit_residual : callable, optional
        Fits the grid to the used stars: takes the frame, the state, the Moffats, the last
        `GridFit` and the largest number of steps, returns a `GridFit`. Default: under the
        Gaussian-process prior.

    Returns
    -------
    state : State
    grid : GridFit
    quality : StarQuality
    was_fitted : ndarray of bool, shape (n,)
        Stars with enough good pixels for the first fit.
    n_passes : int
        Fits of the grid.

    Raises
    ------
    ImageRejected
        If too few stars are left, or the Moffat is wider than any star.
    """
    options = frame.options
    state, quality, was_fitted = moffat_rounds(frame, cosmic)
    state = vary_over_field(frame, state)

    # passes of the grid, until neither the stars nor more than a few of their pixels change
    images = moffat_images(frame, state)
    grid = GridFit(None, np.zeros(images.shape[1:]), None, None)
    for k in range(options.max_passes):
        before, steps = state, options.max_steps // 3 if k else options.max_steps
        grid = (fit_residual or _fit_used_grid)(frame, state, images, grid, steps)
        state = state.with_fit(state.theta, grid.offset_px, grid.amplitude)
        state, model = _reject_pixels(frame, state, images + grid.residual, options.grid_error)
        neighbours = faint_neighbours(frame.data - model, state.variance, model, state.good,
                                      frame.fwhm_px)
        state = replace(state, good=state.good & ~neighbours)
        quality = _quality(frame, state, model)
        state = replace(state, is_used=drop_fine(quality, state.is_used, options.min_stars))
        n_changed = (before.good != state.good)[before.is_used].sum()
        if (before.is_used == state.is_used).all() and n_changed < SETTLED_PIXELS:
            break
    # a star without a core tells nothing of the PSF
    state = replace(state, is_used=state.is_used & quality.has_core)
    _require_stars(frame, state, quality)
    return state, grid, quality, was_fitted, k + 1


def moffat_rounds(frame, cosmic):
    """Fit the Moffat, the same everywhere, in rounds; parameters and errors as `fit_rounds`.

    Returns
    -------
    state : State
    quality : StarQuality
    was_fitted : ndarray of bool, shape (n,)
    """
    options, sky_variance = frame.options, frame.sky_variance
    n_stars, least = len(frame.data), options.min_stars

    # start: a round Moffat, the noise of smoothed stamps, and stars with enough pixels
    good = frame.good & ~cosmic
    was_fitted = good.mean((1, 2)) > FIRST_GOOD_FRACTION
    if was_fitted.sum() < least:
        raise ImageRejected(f"{was_fitted.sum()} of {n_stars} PSF stars have enough good pixels, "
                            f"{least} needed")
    guess = first_guess(n_stars, max(START_SHRINK * frame.fwhm_px, 1.0))
    variance = smoothed_variance(frame.data, good, sky_variance, frame.fwhm_px)
    is_used = drop_misshapen(frame.data, variance, good, frame.fwhm_px, was_fitted, least)
    state = State(guess.theta, guess.offset_px, np.zeros(n_stars), is_used, good, variance)

    # rounds of the Moffat, with a floor in the weights; a last fit without it
    for k in range(MOFFAT_ROUNDS):
        floored = state.variance + (MOFFAT_FLOOR * (state.variance - sky_variance)) ** 2
        state = _with_moffat(frame, state, floored, NEXT_STEPS if k else FIRST_STEPS)
        state, model = _reject_pixels(frame, state, moffat_images(frame, state),
                                      options.moffat_error)
        quality, before = _quality(frame, state, model), state
        state = replace(state, is_used=drop_coarse(quality, state.is_used, least))
        if k > 0 and (state.is_used == before.is_used).all():
            break
    _require_stars(frame, state, quality)
    state = _with_moffat(frame, state, state.variance, NEXT_STEPS)
    return state, quality, was_fitted


def vary_over_field(frame, state):
    """Return the state with a Moffat that varies over the field, where asked for or better.

    Linearly; the width as a quadratic too, where the options say that it is one.

    Notes
    -----
    "auto" asks for a gain of chi2, in units of the chi2 per pixel where that is above 1. Six
    coefficients gain 6 by chance; a BIC gate (6 ln of the number of pixels, about 50) misses 40 %
    of the gradients of 3 % of the FWHM with 20 stars.
    """
    options = frame.options
    is_auto = options.field == "auto"
    least = options.field_min_stars if is_auto else FIELD_LEAST_STARS
    if options.field == "off" or frame.uv is None or state.is_used.sum() < least:
        return state
    flat, linear, variance, unit = _constant_and_linear(frame, state)
    chosen = linear
    if options.is_curved and state.is_used.sum() >= QUADRATIC_LEAST_STARS:
        started = state.with_fit(linear.theta, linear.offset_px, linear.amplitude)
        chosen = _moffat_of_used(frame, started, variance, FIELD_STEPS[1],
                                 frame.uv[state.is_used], N_QUADRATIC)
    elif is_auto and (flat.chi2 - linear.chi2) / unit <= options.field_min_gain:
        return state
    return state.with_fit(chosen.theta, chosen.offset_px, chosen.amplitude)


def curvature_gain(frame, state):
    """Gain of chi2 on stars that are left out by a width that is a quadratic over the field.

    In units of the chi2 per pixel where that is above 1 (`moffat.gain_of_quadratic`); NaN with too
    few stars. Parameters as `vary_over_field`, with the Moffat of `moffat_rounds`.
    """
    used = state.is_used
    if frame.uv is None or used.sum() < QUADRATIC_LEAST_STARS:
        return np.nan
    flat, linear, variance, unit = _constant_and_linear(frame, state)
    is_flat = (flat.chi2 - linear.chi2) / unit <= frame.options.field_min_gain
    return gain_of_quadratic(frame.data[used], state.good[used] / variance[used],
                             flat if is_flat else linear, frame.options.upsampling,
                             frame.uv[used]) / unit


def _constant_and_linear(frame, state):
    """Fit a constant and a linear field with the same weights.

    Returns both, the variance, and the unit of chi2.
    """
    shape = render(moffat_images(frame, state), state.offset_px, frame.side_px,
                   frame.options.upsampling)
    variance = state.variance + (FIELD_FLOOR * state.amplitude[:, None, None] * shape) ** 2
    flat = _moffat_of_used(frame, state, variance, FIELD_STEPS[0])
    started = state.with_fit(flat.theta, flat.offset_px, flat.amplitude)
    linear = _moffat_of_used(frame, started, variance, FIELD_STEPS[1], frame.uv[state.is_used])
    unit = max(linear.chi2 / max(state.good[state.is_used].sum(), 1), 1.0)
    return flat, linear, variance, unit


def _with_moffat(frame, state, variance, max_steps):
    """Return the state with the Moffat fitted to the used stars; the others stay in place."""
    fit = _moffat_of_used(frame, state, variance, max_steps)
    return state.with_fit(fit.theta, fit.offset_px, fit.amplitude)


def _moffat_of_used(frame, state, variance, max_steps, uv=None, n_common=N_LINEAR):
    """Fit the Moffat to the used stars, from the state on."""
    used = state.is_used
    start = MoffatFit(state.theta, state.offset_px[used], state.amplitude[used], np.inf)
    weight = state.good[used] / variance[used]
    return fit_moffat(frame.data[used], weight, start, frame.options.upsampling, uv, max_steps,
                      n_common)


def moffat_images(frame, state):
    """Return Moffats of unit peak: one, or one per star where the field varies."""
    uv = None if state.gradient is None else frame.uv
    parameters = np.atleast_2d(star_parameters(state.theta[:4], state.gradient, uv))
    up = frame.options.upsampling
    varies = None if state.gradient is None else state.theta[0]
    return moffat(parameters, frame.side_px * up, up, varies)


def _reject_pixels(frame, state, narrow, relative):
    """Return the state with outliers rejected and noise taken from a model, and the model."""
    options = frame.options
    shape = render(narrow, state.offset_px, frame.side_px, options.upsampling)
    others = linear_amplitude(frame.data, state.good, shape)
    amplitude = np.where(state.is_used, state.amplitude, others)
    model = amplitude[:, None, None] * shape
    variance = frame.sky_variance + np.maximum(model, 0)
    good = judge_pixels(frame.data - model, variance, model, frame.good, relative,
                        options.shift_error_px, options.clip_sigma)
    # what several stars have alike is an error of the model: the next fit is to have these pixels
    good |= shared_by_stars(frame.good & ~good, state.offset_px, frame.fwhm_px)
    return replace(state, amplitude=amplitude, good=good, variance=variance), model


def _quality(frame, state, model):
    """Return the quality of the stars, half the error of the grid tolerated."""
    tolerated = frame.options.grid_error / 2
    return star_quality(frame.data, model, frame.sky_variance, state.good, tolerated)


def _require_stars(frame, state, quality):
    """Reject an image without enough stars, or with a PSF that no star has."""
    n_usable, least = int((state.is_used & ~quality.is_hopeless).sum()), frame.options.min_stars
    if n_usable < least:
        raise ImageRejected(f"{n_usable} of {len(frame.data)} PSF stars are usable, "
                            f"{least} needed")
    fwhm_px = np.exp(state.theta[0])
    if not fwhm_px < WIDEST * frame.side_px:
        raise ImageRejected(f"the PSF fit ran away: FWHM {fwhm_px:.1f} px in stamps of "
                            f"{frame.side_px} px")


def moffat_prior(theta, side_px, options):
    """Return the prior of the grid around the Moffat at the centre of the field."""
    up = options.upsampling
    unit = moffat(theta[:4], side_px * up, up)
    return grid_prior(unit, np.exp(theta[0]), up, (options.prior, options.wings))


def _fit_used_grid(frame, state, images, grid, max_steps):
    """Fit the grid to the used stars under the prior, from the state and the last grid on."""
    used = state.is_used
    prior = moffat_prior(state.theta, frame.side_px, frame.options)
    images = images[used] if len(images) > 1 else images
    weight = state.good[used] / state.variance[used]
    start = GridFit(grid.white, None, state.offset_px[used], state.amplitude[used], grid.factor)
    up = frame.options.upsampling
    return fit_grid(frame.data[used], weight, images, prior, start, up, max_steps)
