"""Noise and masks of the stamps: before there is a model, and from one."""

from dataclasses import dataclass, replace

from cosmouline import library
from cosmouline.deconv.epoch_images import PAD_PX
from cosmouline.deconv.epochs import Epochs
from cosmouline.robust import mad_sigma
from cosmouline.stamps.pixel_rejection import judge_pixels, model_error, smoothed_variance

import numpy as np

ndimage = library("scipy.ndimage")

SMALLEST_LIGHT = 0.1  # fraction of the light of each source on good pixels of a measured epoch
FAINTEST_TRACE = 1e-3  # of a neighbour on the stamp: below, it is left out of that epoch
HIT_SIGMA = 5.0  # of the most deviant pixel on the cores of an epoch
NEXT_SIGMA = 3.0  # of pixels next to a hit
HIT_SHIFT_PX = 0.02  # of a source, until the epoch shows that it is worse
HIT_FWHM = 1.5  # farther out, residuals are clipped as they are
MOST_HITS = 12  # of one epoch
LEFT_OF_VARIANCE = 0.02  # of the variance of a pixel in its residual; below, it cannot be tested


@dataclass(frozen=True, eq=False)
class Pixels:
    """Epochs that are measured, their numbers among all, and the masks and noise of the moment."""

    index: np.ndarray
    epochs: Epochs
    good: np.ndarray
    variance_e2: np.ndarray

    def take(self, kept):
        """Return the same of some of the epochs."""
        return Pixels(self.index[kept], self.epochs.take(kept), self.good[kept],
                      self.variance_e2[kept])


def first_pixels(epochs):
    """Return the `Pixels` before there is a model: no suspected cosmic rays, smoothed stamps.

    Raises ValueError if no pixel can be used.
    """
    good = epochs.usable & ~epochs.cosmic
    if not good.any():
        raise ValueError("no usable pixel in any epoch: good, cosmic, data_e, sky_variance_e2")
    stamps = zip(epochs.data_e, good, epochs.sky_variance_e2, epochs.fwhm_px, strict=True)
    variance = [smoothed_variance(data[None], kept[None], sky[None], fwhm)[0]
                for data, kept, sky, fwhm in stamps]
    return Pixels(np.arange(len(epochs)), epochs, good, np.array(variance))


def reject_outliers(pixels, sweep, scale, relative_error, options):
    """Return the `Pixels` with the noise of a model, and without those that are far from it.

    The unit of the sweep on the common scale is `scale`; `relative_error` is the error of the
    model of the sources that is tolerated. Masks begin from those of the epochs: a pixel may come
    back.
    """
    epochs = pixels.epochs
    unit = (scale / epochs.coeff)[:, None, None]
    source = (sweep.points + sweep.extended) * unit
    residual = epochs.data_e - source - sweep.solution[:, -1, None, None] * unit
    variance = epochs.sky_variance_e2 + np.maximum(source, 0)
    good = judge_pixels(residual, variance, source, epochs.usable, relative_error,
                        options.model_error_shift_px, options.clip_sigma)
    return replace(pixels, good=good, variance_e2=variance)


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
    epochs = pixels.epochs
    for e in range(len(good)):
        # images of the sources, their derivatives to the shift, and a constant, in electrons
        unit = problem.scale / epochs.coeff[e]
        places, points = problem.places_px(e, state), problem.point_images(e, state)
        shining = problem.shining[e]
        moved = np.tensordot(points[1:, shining], sweep.solution[e, :-1][shining] * unit, (1, 0))
        columns = np.concatenate([points[0, shining], moved, np.ones_like(moved[:1])])
        light = epochs.data_e[e] - sweep.extended[e] * unit
        near = np.hypot(axis - places[shining, 0, None, None],
                        axis[:, None] - places[shining, 1, None, None])
        near = near.min(0) < HIT_FWHM * epochs.fwhm_px[e]
        good[e] = _without_hits(light, columns, pixels.variance_e2[e], good[e], near,
                                sweep.extended[e] * unit, relative_error / 3)
    return replace(pixels, good=good)


def _without_hits(light, columns, variance, good, near, extended, relative):
    """Good pixels of one epoch without hits; the last three columns are no sources."""
    flat = columns.reshape(len(columns), -1)
    norm = np.sqrt((flat**2).sum(1)) + 1e-30
    flat = flat / norm[:, None]
    kept, light, variance = good.copy(), np.where(good, light, 0), np.where(good, variance, 1)
    for _ in range(MOST_HITS + 1):
        # solution, residual and leverage of each pixel
        weight = (kept / variance).ravel()
        ridge = 1e-12 * weight.max() * np.eye(len(flat))
        inverse = np.linalg.inv((flat * weight) @ flat.T + ridge)
        solved = inverse @ (flat * weight) @ light.ravel()
        model = (solved[:-3] @ flat[:-3]).reshape(light.shape)
        residual = light - (solved @ flat).reshape(light.shape)
        leverage = ((inverse @ flat) * flat * weight).sum(0).reshape(light.shape)
        left = np.maximum(1 - leverage, LEFT_OF_VARIANCE)
        # deletion residuals in units of noise and error of the PSF, those of the cores being 1
        error2 = model_error(np.maximum(model + extended, 0), relative, HIT_SHIFT_PX) ** 2
        tested = kept & near
        excess = np.where(tested, residual / np.sqrt(variance * left + error2), 0.0)
        limit = np.where(ndimage.minimum_filter(kept, 3), HIT_SIGMA, NEXT_SIGMA)
        excess /= limit * max(1.0, mad_sigma(excess[tested]) if tested.any() else 1.0)
        if excess.max() < 1:
            return kept
        kept[np.unravel_index(excess.argmax(), kept.shape)] = False
    return good


def drop_unmeasured(pixels, problem, state, is_part=False):
    """Leave out the epochs whose good pixels miss most of the light of a source.

    Returns pixels, problem and state of the others. A source that does not shine needs no light;
    neighbours that are off the stamp do not shine there. Raises ValueError if no epoch is left, or
    a neighbour is on no stamp, unless the epochs are a part of all (`is_part`).
    """
    # Fraction of the light of each source that falls on good pixels of each epoch
    measured = []
    limit_px = (problem.geometry.side_px + PAD_PX) / 2  # beyond, it comes in on the other side
    for epoch, weight in enumerate(problem.weight):
        places, point = problem.places_px(epoch, state), problem.point_images(epoch, state)[0]
        is_near = (np.abs(places) < limit_px).all(1)
        measured.append(is_near * np.tensordot(point, weight > 0, axes=2))
    measured = np.array(measured)
    # Neighbours off a stamp do not shine in that epoch, and never make it unmeasured
    shining = problem.shining
    neighbours = slice(problem.n_images or shining.shape[1], None)
    off = np.zeros_like(shining)
    off[:, neighbours] = measured[:, neighbours] < FAINTEST_TRACE
    if (off | ~shining).all(0).any() and not is_part:
        raise ValueError(f"source {int(np.argmax((off | ~shining).all(0))) + 1} is on no stamp")
    if (off & shining).any():
        problem = replace(problem, present=shining & ~off)
    # Epochs that measure all images of the lens which shine
    measured[:, neighbours] = 1.0
    measured = ((measured > SMALLEST_LIGHT) | ~shining).all(1)
    if not measured.any():
        raise ValueError(
            f"no epoch has {SMALLEST_LIGHT:.0%} of the light of each source on good pixels (they "
            "may lie elsewhere than the settings have them, or under the mask of a star)"
        )
    if measured.all():
        return pixels, problem, state
    return pixels.take(measured), problem.take(measured), state.take(measured)
