"""The rounds of the PSF fit: fit, judge pixels and stars against the model, fit again."""

from dataclasses import dataclass, replace

from cosmouline.errors import ImageRejected
from cosmouline.psf.model import moffat, render, star_parameters
from cosmouline.psf.moffat import MoffatFit, first_guess, fit_moffat, linear_amplitude
from cosmouline.psf.residual_grid import GridFit, fit_grid, grid_prior
from cosmouline.psf.star_rejection import drop_coarse, drop_fine, drop_misshapen, star_quality
from cosmouline.stamps.pixel_rejection import faint_neighbours, judge_pixels, smoothed_variance

import numpy as np

MOFFAT_ROUNDS = 3  # fits of the Moffat, each with the stars and pixels judged by the last one
FIRST_STEPS, NEXT_STEPS = 30, 8  # Levenberg-Marquardt steps of the first and the later rounds
MOFFAT_FLOOR = 0.05  # relative model error in the weights of the rounds: no star dominates
FIELD_FLOOR = 0.01  # the same where a constant and a linear field are compared
FIELD_STEPS = (6, 12)  # steps of the constant and of the linear fit
FIELD_LEAST_STARS = 4  # three stars define a plane exactly: nothing is left to check it
START_SHRINK = 0.9  # the narrow Moffat is narrower than a star
FIRST_GOOD_SHARE = 0.4  # of the pixels of a stamp, without suspected cosmics
WIDEST = 0.5  # FWHM per side of the stamp; a wider "star" is none
SETTLED_PIXELS = 4  # fewer changes of pixels than this end the passes


@dataclass(frozen=True, eq=False)
class Frame:
    """What does not change during the fit of one image; bad pixels are zero."""

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
    """What the rounds change: parameters of the Moffat, and all stars, pixels and noise maps."""

    theta: np.ndarray
    offset_px: np.ndarray
    amplitude: np.ndarray
    is_used: np.ndarray
    good: np.ndarray
    variance: np.ndarray

    @property
    def gradient(self):
        """Change of the Moffat over the field, shape (3, 2), or None."""
        return self.theta[4:].reshape(3, 2) if len(self.theta) > 4 else None

    def with_fit(self, theta, offset_px, amplitude):
        """Return a state with new parameters, and positions and amplitudes of the used stars."""
        all_offset_px, all_amplitude = self.offset_px.copy(), self.amplitude.copy()
        all_offset_px[self.is_used] = offset_px
        all_amplitude[self.is_used] = amplitude
        return replace(self, theta=theta, offset_px=all_offset_px, amplitude=all_amplitude)


def make_frame(data, sky_variance, good, fwhm_px, uv, options):
    """Return the unchanging part of a fit; arguments as `psf.fit_psf`."""
    good = np.asarray(good, dtype=bool) & np.isfinite(data) & np.isfinite(sky_variance)
    data = np.where(good, data, 0.0).astype(float)
    sky_variance = np.where(good, sky_variance, 1.0).astype(float)
    uv = None if uv is None else np.asarray(uv, dtype=float)
    return Frame(data, sky_variance, good, float(fwhm_px), uv, options)


def first_state(frame, good):
    """Return the first state: round Moffat, stars with enough pixels, noise of smoothed stamps.

    Parameters
    ----------
    frame : Frame
    good : ndarray of bool, shape (n, side_px, side_px)
        Good pixels without suspected cosmics.

    Raises
    ------
    ImageRejected
        If too few stars have enough good pixels.
    """
    n_stars = len(frame.data)
    is_used = good.mean((1, 2)) > FIRST_GOOD_SHARE
    if is_used.sum() < frame.options.min_stars:
        raise ImageRejected(
            f"{is_used.sum()} of {n_stars} PSF stars have enough good pixels, "
            f"{frame.options.min_stars} needed"
        )
    guess = first_guess(n_stars, max(START_SHRINK * frame.fwhm_px, 1.0))
    variance = smoothed_variance(frame.data, good, frame.sky_variance, frame.fwhm_px)
    return State(guess.theta, guess.offset_px, np.zeros(n_stars), is_used, good, variance)


def moffat_rounds(frame, state):
    """Fit the Moffat to stars of one shape, judge pixels and stars, again.

    The last fit is without a floor in the weights.

    Raises
    ------
    ImageRejected
        If too few stars are left, or the Moffat is wider than any star.
    """
    stamps = (frame.data, state.variance, state.good, frame.fwhm_px)
    is_used = drop_misshapen(*stamps, state.is_used, frame.options.min_stars)
    state = replace(state, is_used=is_used)
    for k in range(MOFFAT_ROUNDS):
        floor = MOFFAT_FLOOR * (state.variance - frame.sky_variance)
        steps = NEXT_STEPS if k else FIRST_STEPS
        state = _refit_moffat(frame, state, state.variance + floor**2, steps)
        images = moffat_images(frame, state)
        state, model = _judge(frame, state, images, frame.options.moffat_error)
        quality = _quality(frame, state, model)
        is_used = drop_coarse(quality, state.is_used, frame.options.min_stars)
        is_settled = k > 0 and (is_used == state.is_used).all()
        state = replace(state, is_used=is_used)
        if is_settled:
            break
    _require_stars(frame, state, quality)
    return _refit_moffat(frame, state, state.variance, NEXT_STEPS)


def _refit_moffat(frame, state, variance, max_steps):
    """Return the state with the Moffat fitted to the used stars; the others stay in place."""
    fit = _moffat_of_used(frame, state, variance, max_steps)
    return state.with_fit(fit.theta, fit.offset_px, fit.amplitude)


def _moffat_of_used(frame, state, variance, max_steps, uv=None):
    """Fit the Moffat to the used stars, from the state on."""
    used = state.is_used
    start = MoffatFit(state.theta, state.offset_px[used], state.amplitude[used], np.inf)
    weight = state.good[used] / variance[used]
    return fit_moffat(frame.data[used], weight, start, frame.options.upsampling, uv, max_steps)


def moffat_images(frame, state):
    """Return Moffats of unit peak: one, or one per star where the field varies."""
    uv = None if state.gradient is None else frame.uv
    parameters = np.atleast_2d(star_parameters(state.theta[:4], state.gradient, uv))
    up = frame.options.upsampling
    return moffat(parameters, frame.side_px * up, up)


def _judge(frame, state, narrow, relative):
    """Return the state with pixels and noise judged by a model, and the model."""
    options = frame.options
    shape = render(narrow, state.offset_px, frame.side_px, options.upsampling)
    others = linear_amplitude(frame.data, state.good, shape)
    amplitude = np.where(state.is_used, state.amplitude, others)
    model = amplitude[:, None, None] * shape
    variance = frame.sky_variance + np.maximum(model, 0)
    limits = (relative, options.shift_error_px, options.clip_sigma)
    good = judge_pixels(frame.data - model, variance, model, frame.good, *limits)
    return replace(state, amplitude=amplitude, good=good, variance=variance), model


def _quality(frame, state, model):
    """Judge the stars, half the error of the grid tolerated."""
    tolerated = frame.options.grid_error / 2
    return star_quality(frame.data, model, frame.sky_variance, state.good, tolerated)


def _require_stars(frame, state, quality):
    """Reject an image without enough stars, or with a PSF that no star has."""
    n_usable = int((state.is_used & ~quality.is_hopeless).sum())
    if n_usable < frame.options.min_stars:
        raise ImageRejected(
            f"{n_usable} of {len(frame.data)} PSF stars are usable, "
            f"{frame.options.min_stars} needed"
        )
    fwhm_px = np.exp(state.theta[0])
    if not fwhm_px < WIDEST * frame.side_px:
        raise ImageRejected(
            f"the PSF fit ran away: FWHM {fwhm_px:.1f} px in stamps of {frame.side_px} px"
        )


def vary_over_field(frame, state):
    """Return the state with a Moffat linear over the field, where asked for or clearly better.

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
    flat, linear = _flat_and_linear(frame, state)
    reduced = linear.chi2 / max(state.good[state.is_used].sum(), 1)
    if is_auto and (flat.chi2 - linear.chi2) / max(reduced, 1.0) <= options.field_min_gain:
        return state
    return state.with_fit(linear.theta, linear.offset_px, linear.amplitude)


def _flat_and_linear(frame, state):
    """Fit a constant and a linear field with the same weights."""
    images = moffat_images(frame, state)
    shape = render(images, state.offset_px, frame.side_px, frame.options.upsampling)
    error = FIELD_FLOOR * state.amplitude[:, None, None] * shape
    variance = state.variance + error**2
    flat = _moffat_of_used(frame, state, variance, FIELD_STEPS[0])
    state = state.with_fit(flat.theta, flat.offset_px, flat.amplitude)
    uv = frame.uv[state.is_used]
    return flat, _moffat_of_used(frame, state, variance, FIELD_STEPS[1], uv)


def grid_passes(frame, state, fit_residual=None):
    """Fit the grid, judge pixels and stars, again until they stay.

    Parameters
    ----------
    frame : Frame
    state : State
    fit_residual : callable, optional
        Fits the grid to the used stars: takes the frame, the state, the Moffats, the last
        `GridFit` and the largest number of steps, returns a `GridFit`. Default: under the
        Gaussian-process prior.

    Returns
    -------
    state : State
    grid : GridFit
    quality : StarQuality
    n_passes : int

    Raises
    ------
    ImageRejected
        If too few stars are left.
    """
    options = frame.options
    fit_residual = fit_residual or _grid_of_used
    images = moffat_images(frame, state)
    grid = GridFit(None, np.zeros(images.shape[1:]), None, None)
    for k in range(options.max_passes):
        before = state
        steps = options.max_steps // 3 if k else options.max_steps
        grid = fit_residual(frame, state, images, grid, steps)
        state = state.with_fit(state.theta, grid.offset_px, grid.amplitude)
        state, model = _judge(frame, state, images + grid.residual, options.grid_error)
        state = _without_neighbours(frame, state, model)
        quality = _quality(frame, state, model)
        state = replace(state, is_used=drop_fine(quality, state.is_used, options.min_stars))
        if _is_settled(before, state):
            break
    _require_stars(frame, state, quality)
    return state, grid, quality, k + 1


def _without_neighbours(frame, state, model):
    """Return the state without the pixels of faint neighbours."""
    arrays = (frame.data - model, state.variance, model, state.good)
    return replace(state, good=state.good & ~faint_neighbours(*arrays, frame.fwhm_px))


def _is_settled(before, after):
    """Tell whether a pass changed neither the stars nor more than a few pixels of them."""
    n_changed = (before.good != after.good)[before.is_used].sum()
    return (before.is_used == after.is_used).all() and n_changed < SETTLED_PIXELS


def moffat_prior(theta, side_px, options):
    """Return the prior of the grid around the Moffat at the centre of the field."""
    up = options.upsampling
    unit = moffat(theta[:4], side_px * up, up)
    return grid_prior(unit, np.exp(theta[0]), up, (options.prior, options.wings))


def _grid_of_used(frame, state, images, grid, max_steps):
    """Fit the grid to the used stars, from the state and the last grid on."""
    used = state.is_used
    prior = moffat_prior(state.theta, frame.side_px, frame.options)
    images = images[used] if len(images) > 1 else images
    weight = state.good[used] / state.variance[used]
    start = GridFit(grid.white, None, state.offset_px[used], state.amplitude[used])
    up = frame.options.upsampling
    return fit_grid(frame.data[used], weight, images, prior, start, up, max_steps)
