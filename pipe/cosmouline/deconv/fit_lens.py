"""From stamps to fluxes: noise and masks from the model, fits until they settle."""

import time
from dataclasses import replace

from cosmouline.deconv.gauss_newton import N_ALIGNMENTS, align_epochs, fit_all, prefit, refit
from cosmouline.deconv.held.equations import Equations
from cosmouline.deconv.image_width import WIDTH_SIGMAS, judge_width
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.pixels import (
    drop_unmeasured,
    first_pixels,
    reject_outliers,
    without_core_hits,
)
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.problem import make_lattice, make_prior, make_problem, start_state
from cosmouline.deconv.registration import register
from cosmouline.deconv.stored import field_prior_of, lens_fit, problem_of
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np

FEW_PIXELS = 2  # changes of a mask after a refit that do not ask for another ...
FEW_FRACTION = 1e-5  # ... and at any time as a fraction of all: of many epochs, some always change
NEGATIVE_FIELD_SIGMA = 3.0  # errors of the field, by which its light may be negative in sum
NOISE_CHANGE = 0.01  # relative change of the sigma of pixels that does not ask for a refit ...
NOISE_PERCENTILE = 99.9  # ... for all but one pixel in a thousand


def fit_lens(epochs, start, options=None, progress=None, warm=None):
    """Fit point sources, a galaxy and a residual field to all epochs at once.

    Parameters
    ----------
    epochs : Epochs
    start : Sources or array_like of float, shape (n_sources, 2)
        The point sources, or only their offsets (x, y) in pixels of the reference frame, from the
        point whose positions in the stamps are ``epochs.shift_px``. Good to about .3 px.
    options : FitOptions, optional
    progress : callable, optional
        Called with a dict after each stage.
    warm : LensFit, optional
        Earlier fit to go on from: its epochs come first in `epochs`, new ones after them. Fluxes
        of the old epochs change too, mostly by what is common to all, within the systematic error.

    Returns
    -------
    LensFit

    Raises
    ------
    ValueError
        If an argument has the wrong shape, or no pixel, or no epoch, can be used.

    Notes
    -----
    First pass: noise from the smoothed stamps, point sources and galaxy, no field. Its model
    gives the noise and the masks of the second, which fits all. Its model gives them again, and
    when they change the fit is resumed, at most ``options.max_refits`` times. Masks come from
    residuals rather than from a search of cosmic rays on the image, which takes the cores of
    sharp sources for them.

    Images that are narrower than their PSF, held to it, can end in a galaxy that is too sharp and
    a field that is negative in sum, which no light is: a second minimum, out of which no later
    step leads. Such a fit is made again with a width of the images that is free from the start,
    and this one is kept where the images are narrow in it and its field is less negative.
    """
    options = options or FitOptions()
    fit = _fit_once(epochs, start, options, progress, warm)
    negative = fit.found_width["field_sigma"]
    if warm is not None or not options.frees_width or negative > -NEGATIVE_FIELD_SIGMA:
        return fit
    free = _fit_once(epochs, start, replace(options, width_is_free=True), progress, None)
    width = free.found_width
    is_narrow = width["width"] < -WIDTH_SIGMAS * width["sigma"]
    return free if is_narrow and width["field_sigma"] > negative else fit


def _fit_once(epochs, start, options, progress, warm):
    """Return the `LensFit` from one start, or from an earlier fit."""
    started = time.process_time()
    sources = as_sources(start, len(epochs))
    epochs = epochs.with_sky_sigma(options.sky_sigma_factor)
    log = []

    def report(stage, **values):
        log.append({"stage": stage, **values})
        if progress is not None:
            progress(log[-1])

    if warm is None:
        # First pass without the field; its shifts show how well the stars predict the lens
        pixels, problem, state, sweep = first_pass(epochs, sources, options, report)
        sigma_px = pixels.epochs.shift_sigma_px
        registered, state, scatter_px = register(problem, state, sweep, sigma_px)
        report("registered", scatter_px=scatter_px)
        # Second pass: noise and masks from that model, lattice and prior about its positions
        pixels = judge(pixels, problem, state, sweep, options.prefit_model_error, options)
        gain = max((one["gain"] for one in log if one["stage"] == "galaxy"), default=0.0)
        pixels, problem, state = _start(
            pixels, sources, state.position_px, state.shift_px, options, registered.prior.shift_sd
        )
        fitted = fit_all(problem, state, options, report, gain)
    else:
        if sources.start_px.shape != warm.position_px.shape or len(epochs) < len(warm.flux):
            raise ValueError(
                f"warm has {len(warm.flux)} epochs and {len(warm.position_px)} sources; epochs "
                f"has {len(epochs)} and start_px {len(sources)}"
            )
        # The log keeps the scatter of the first fit, for the fit that continues this one
        report("registered", scatter_px=warm.shift_scatter_px)
        # New epochs are aligned to the known model, which then gives noise and masks of all
        pixels = first_pixels(epochs)
        problem, state = problem_of(warm, pixels, sources)
        pixels, problem, state = drop_unmeasured(pixels, problem, state)
        is_new = ~np.isin(pixels.index, np.flatnonzero(warm.measured))
        state = align_epochs(problem, state, N_ALIGNMENTS, is_new)
        sweep = sweep_epochs(problem, state, with_shared=False)
        pixels = judge(pixels, problem, state, sweep, options.final_model_error, options)
        pixels, fitted = _refit(
            pixels, problem, state, field_prior_of(warm), sources, options, report
        )
    # Masks and noise from the full model, and refits until they do not change
    for n_refits in range(options.max_refits):
        rejected = judge(pixels, fitted.problem, fitted.state, fitted.sweep,
                          options.final_model_error, options)
        n_changed, noise_change = _changes(pixels, rejected)
        report("judged", n_changed=n_changed, noise_change=noise_change)
        few = FEW_FRACTION * pixels.good.sum() + FEW_PIXELS * (n_refits > 0)
        if n_changed <= few and (noise_change < NOISE_CHANGE or n_refits > 0):
            break
        pixels, fitted = _refit(
            rejected, fitted.problem, fitted.state, fitted.field_prior, sources, options, report
        )
    fitted, width, free = judge_width(fitted, pixels.epochs.psf, options, report)
    fit = lens_fit(len(epochs), len(epochs) if warm is None else warm.n_started, pixels, fitted,
                   width, options, log, time.process_time() - started)
    equations = Equations.of(free.state, free.sweep, free.gram, pixels.epochs.coeff)
    return replace(fit, equations=equations.spread(pixels.index, len(epochs)))


def _changes(pixels, rejected):
    """Return how many pixels masks differ in, and by how much the sigma of most does."""
    n_changed = int((rejected.good != pixels.good).sum())
    ratio = rejected.variance_e2[rejected.good] / pixels.variance_e2[rejected.good]
    change = np.abs(np.sqrt(ratio) - 1)
    return n_changed, float(np.percentile(change, NOISE_PERCENTILE)) if change.size else 0.0


def first_pass(epochs, sources, options, report):
    """Fit without the field, under the noise of the smoothed stamps.

    Returns pixels, problem, state and sweep of the epochs that can be measured.
    """
    pixels = first_pixels(epochs)
    place_px = sources.start_px
    pixels, problem, state = _start(pixels, sources, place_px, epochs.shift_px, options)
    return pixels, *prefit(problem, state, options, report)


def _start(pixels, sources, position_px, shift_px, options, shift_sd=None):
    """Pixels, problem and state of a fit from the best positions and shifts so far."""
    epochs = pixels.epochs
    fwhm_px, images_px = epochs.fwhm_reference_px, position_px[: sources.n_images]
    lattice = make_lattice(images_px, fwhm_px, options)
    prior = make_prior(sources.start_px, images_px, epochs.shift_px, fwhm_px, options)
    prior = sources.inform(prior, options)
    if options.width_is_free:
        prior = prior.with_width(options.image_width_sd)
    if shift_sd is not None:
        prior = replace(prior, shift_sd=shift_sd)
    problem = make_problem(pixels.epochs, pixels.good, pixels.variance_e2, lattice, prior,
                           sources=sources.take(pixels.index))
    return drop_unmeasured(pixels, problem, start_state(prior, position_px, shift_px, lattice))


def judge(pixels, problem, state, sweep, model_error, options):
    """Return the `Pixels` with noise and masks of a model: outliers, then hits on cores."""
    pixels = reject_outliers(pixels, sweep, problem.scale, model_error, options)
    return without_core_hits(pixels, problem, state, sweep, model_error)


def _refit(pixels, problem, state, field_prior, sources, options, report):
    """Resume a fit under new masks and noise."""
    problem = make_problem(pixels.epochs, pixels.good, pixels.variance_e2, problem.lattice,
                           problem.prior, problem.scale, sources.take(pixels.index))
    pixels, problem, state = drop_unmeasured(pixels, problem, state)
    return pixels, refit(problem, state, field_prior, options, report)
