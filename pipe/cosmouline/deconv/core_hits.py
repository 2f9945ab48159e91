"""Cosmic rays and hot pixels on the cores of sources, where they look like more flux."""

from dataclasses import replace

from cosmouline.deconv.epoch_images import point_images
from cosmouline.robust import mad_sigma
from cosmouline.stamps.pixel_rejection import model_error

import numpy as np
from scipy.ndimage import minimum_filter

N_SIGMA = 5.0  # of the most deviant pixel of an epoch
NEXT_SIGMA = 3.0  # of pixels next to a hit
SHIFT_ERROR_PX = 0.02  # of a source, until the epoch shows that it is worse
CORE_FWHM = 1.5  # farther out, residuals are clipped as they are
MOST_PIXELS = 12  # of one epoch
LEAST_LEFT = 0.02  # of the variance of a pixel in its residual; below, it cannot be tested


def without_core_hits(pixels, problem, state, sweep, relative_error):
    """Return the `Pixels` without those on the cores of sources that a single epoch alone has.

    Parameters
    ----------
    pixels : Pixels
        Masks and noise from the model of the sweep.
    problem : Problem
    state : State
    sweep : Sweep
    relative_error : float
        Error of the model of the sources; of the PSF alone a third of it.

    Notes
    -----
    Fluxes, sky and shift of an epoch are free, so that a hit on a source drags them along, and the
    tolerance of the clipping for sharp cores covers what is left. Here a pixel is compared with
    the model of all epochs as the other pixels of its epoch have it (deletion residual, Cook &
    Weisberg 1982, Residuals and Influence in Regression, section 2.2), the error of the PSF being
    as large as the cores of all sources of that epoch show, by their median. The highest one is
    masked and the rest solved again, until none stands out. A source that varies has all of its
    pixels higher: its flux follows, and nothing stands out.
    """
    good, axis = pixels.good.copy(), np.arange(pixels.good.shape[-1])
    axis = axis - (len(axis) - 1) / 2
    for e, epochs in enumerate([pixels.epochs] * len(good)):
        # images of the sources, their derivatives to the shift, and a constant, in electrons
        unit = problem.scale / epochs.coeff[e]
        places = state.position_px @ problem.linear[e].T + state.shift_px[e]
        points = point_images(problem.transfer[e], places, problem.geometry)
        shining = problem.shining[e]
        moved = np.tensordot(points[1:, shining], sweep.solution[e, :-1][shining] * unit, (1, 0))
        columns = np.concatenate([points[0, shining], moved, np.ones_like(moved[:1])])
        light = epochs.data_e[e] - sweep.extended[e] * unit
        near = np.hypot(axis - places[shining, 0, None, None],
                        axis[:, None] - places[shining, 1, None, None])
        near = near.min(0) < CORE_FWHM * epochs.fwhm_px[e]
        good[e] = _without_hits(light, columns, pixels.variance_e2[e], good[e], near,
                                sweep.extended[e] * unit, relative_error / 3)
    return replace(pixels, good=good)


def _without_hits(light, columns, variance, good, near, extended, relative):
    """Good pixels of one epoch without hits; the last three columns are no sources."""
    flat = columns.reshape(len(columns), -1)
    norm = np.sqrt((flat**2).sum(1)) + 1e-30
    flat = flat / norm[:, None]
    kept, light, variance = good.copy(), np.where(good, light, 0), np.where(good, variance, 1)
    for _ in range(MOST_PIXELS + 1):
        # solution, residual and leverage of each pixel
        weight = (kept / variance).ravel()
        ridge = 1e-12 * weight.max() * np.eye(len(flat))
        inverse = np.linalg.inv((flat * weight) @ flat.T + ridge)
        solved = inverse @ (flat * weight) @ light.ravel()
        model = (solved[:-3] @ flat[:-3]).reshape(light.shape)
        residual = light - (solved @ flat).reshape(light.shape)
        leverage = ((inverse @ flat) * flat * weight).sum(0).reshape(light.shape)
        left = np.maximum(1 - leverage, LEAST_LEFT)
        # deletion residuals in units of noise and error of the PSF, those of the cores being 1
        error2 = model_error(np.maximum(model + extended, 0), relative, SHIFT_ERROR_PX) ** 2
        tested = kept & near
        excess = np.where(tested, residual / np.sqrt(variance * left + error2), 0.0)
        limit = np.where(minimum_filter(kept, 3), N_SIGMA, NEXT_SIGMA)
        excess /= limit * max(1.0, mad_sigma(excess[tested]) if tested.any() else 1.0)
        if excess.max() < 1:
            return kept
        kept[np.unravel_index(excess.argmax(), kept.shape)] = False
    return good
