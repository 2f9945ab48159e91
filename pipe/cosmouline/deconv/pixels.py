"""Noise and masks of the stamps: before there is a model, and from one."""

from dataclasses import dataclass, replace

from cosmouline.deconv.epoch_images import PAD_PX, point_images
from cosmouline.deconv.epochs import Epochs
from cosmouline.stamps.pixel_rejection import judge_pixels, smoothed_variance

import numpy as np

SMALLEST_LIGHT = 0.1  # share of the light of each source on good pixels of a measured epoch
FAINTEST_TRACE = 1e-3  # of a neighbour on the stamp: below, it is left out of that epoch


@dataclass(frozen=True, eq=False)
class Pixels:
    """Epochs that are measured, with the masks and the noise of the moment.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Their numbers among all epochs.
    epochs : Epochs
    good : ndarray of bool, shape (n, side, side)
    variance_e2 : ndarray of float, shape (n, side, side)
    """

    index: np.ndarray
    epochs: Epochs
    good: np.ndarray
    variance_e2: np.ndarray

    def take(self, kept):
        """Return the same of some of the epochs."""
        return Pixels(
            self.index[kept], self.epochs.take(kept), self.good[kept], self.variance_e2[kept]
        )


def first_pixels(epochs):
    """Masks and noise before there is a model: no suspected cosmics, smoothed stamps.

    Parameters
    ----------
    epochs : Epochs

    Returns
    -------
    Pixels

    Raises
    ------
    ValueError
        If no pixel can be used.
    """
    good = epochs.usable & ~epochs.cosmic
    if not good.any():
        raise ValueError("no usable pixel in any epoch: good, cosmic, data_e, sky_variance_e2")
    stamps = zip(epochs.data_e, good, epochs.sky_variance_e2, epochs.fwhm_px, strict=True)
    variance = [smoothed_variance(data[None], kept[None], sky[None], fwhm)[0]
                for data, kept, sky, fwhm in stamps]
    return Pixels(np.arange(len(epochs)), epochs, good, np.array(variance))


def judge(pixels, sweep, scale, relative_error, options):
    """Noise and masks that follow from a model.

    Parameters
    ----------
    pixels : Pixels
    sweep : Sweep
        The model of its epochs.
    scale : float
        Unit of the sweep on the common scale.
    relative_error : float
        Tolerated error of the model of the sources.
    options : FitOptions

    Returns
    -------
    Pixels
        Masks begin from those of the epochs: a pixel may come back.
    """
    epochs = pixels.epochs
    unit = (scale / epochs.coeff)[:, None, None]
    source = (sweep.points + sweep.extended) * unit
    residual = epochs.data_e - source - sweep.solution[:, -1, None, None] * unit
    variance = epochs.sky_variance_e2 + np.maximum(source, 0)
    good = judge_pixels(residual, variance, source, epochs.usable, relative_error,
                        options.model_error_shift_px, options.clip_sigma)
    return replace(pixels, good=good, variance_e2=variance)


def drop_unmeasured(pixels, problem, state):
    """Leave out the epochs whose good pixels miss most of the light of a source.

    Parameters
    ----------
    pixels : Pixels
    problem : Problem
    state : State

    Returns
    -------
    pixels, problem, state
        Of the epochs that are left. A source that does not shine asks for nothing; neighbours
        that are off the stamp do not shine there.

    Raises
    ------
    ValueError
        If none is left, or a neighbour is on no stamp.
    """
    measured = np.array([_light_on_good(problem, state, e) for e in range(len(problem.data))])
    shining = problem.shining
    neighbours = slice(problem.n_images or shining.shape[1], None)
    off = np.zeros_like(shining)
    off[:, neighbours] = measured[:, neighbours] < FAINTEST_TRACE
    if (off | ~shining).all(0).any():
        raise ValueError(f"source {int(np.argmax((off | ~shining).all(0))) + 1} is on no stamp")
    if (off & shining).any():
        problem = replace(problem, present=shining & ~off)
    measured[:, neighbours] = 1.0
    measured = ((measured > SMALLEST_LIGHT) | ~shining).all(1)
    if not measured.any():
        raise ValueError(
            f"no epoch has {SMALLEST_LIGHT:.0%} of the light of each source on good pixels"
        )
    if measured.all():
        return pixels, problem, state
    return pixels.take(measured), problem.take(measured), state.take(measured)


def _light_on_good(problem, state, epoch):
    """Share of the light of each source that falls on good pixels of an epoch."""
    places = state.position_px @ problem.linear[epoch].T + state.shift_px[epoch]
    point = point_images(problem.transfer[epoch], places, problem.geometry)[0]
    reach_px = (problem.geometry.side_px + PAD_PX) / 2  # beyond, it comes in on the other side
    is_near = (np.abs(places) < reach_px).all(1)
    return is_near * np.tensordot(point, problem.weight[epoch] > 0, axes=2)
