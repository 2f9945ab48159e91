"""Noise and masks of the stamps: before there is a model, and from one."""

from dataclasses import dataclass, replace

from cosmouline.deconv.epoch_images import PAD_PX, point_images
from cosmouline.deconv.epochs import Epochs
from cosmouline.stamps.pixel_rejection import judge_pixels, smoothed_variance

import numpy as np

SMALLEST_LIGHT = 0.1  # fraction of the light of each source on good pixels of a measured epoch
FAINTEST_TRACE = 1e-3  # of a neighbour on the stamp: below, it is left out of that epoch


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


def drop_unmeasured(pixels, problem, state):
    """Leave out the epochs whose good pixels miss most of the light of a source.

    Returns pixels, problem and state of the others. A source that does not shine needs no light;
    neighbours that are off the stamp do not shine there. Raises ValueError if no epoch is left, or
    a neighbour is on no stamp.
    """
    # Fraction of the light of each source that falls on good pixels of each epoch
    measured = []
    limit_px = (problem.geometry.side_px + PAD_PX) / 2  # beyond, it comes in on the other side
    for epoch, weight in enumerate(problem.weight):
        places = state.position_px @ problem.linear[epoch].T + state.shift_px[epoch]
        point = point_images(problem.transfer[epoch], places, problem.geometry)[0]
        is_near = (np.abs(places) < limit_px).all(1)
        measured.append(is_near * np.tensordot(point, weight > 0, axes=2))
    measured = np.array(measured)
    # Neighbours off a stamp do not shine in that epoch, and never make it unmeasured
    shining = problem.shining
    neighbours = slice(problem.n_images or shining.shape[1], None)
    off = np.zeros_like(shining)
    off[:, neighbours] = measured[:, neighbours] < FAINTEST_TRACE
    if (off | ~shining).all(0).any():
        raise ValueError(f"source {int(np.argmax((off | ~shining).all(0))) + 1} is on no stamp")
    if (off & shining).any():
        problem = replace(problem, present=shining & ~off)
    # Epochs that measure all images of the lens which shine
    measured[:, neighbours] = 1.0
    measured = ((measured > SMALLEST_LIGHT) | ~shining).all(1)
    if not measured.any():
        raise ValueError(
            f"no epoch has {SMALLEST_LIGHT:.0%} of the light of each source on good pixels"
        )
    if measured.all():
        return pixels, problem, state
    return pixels.take(measured), problem.take(measured), state.take(measured)
