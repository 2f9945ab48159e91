"""Gain and read noise from pairs of flats and biases."""

from typing import NamedTuple

from cosmouline.images.calibration.masters import clipped_median

import numpy as np

BOXES, BOX_LEAST_PX = 16, 32  # the level of a flat varies: pairs are compared box by box
CLIP_SIGMAS = 4.0
LOST = 0.99906  # of the standard deviation of a Gaussian that is clipped at 4 sigma
LEAST_BOXES = 8


class Transfer(NamedTuple):
    """What pairs of frames show; None where they do not."""

    gain_e_per_adu: float | None
    gain_sigma: float | None
    read_noise_e: float | None
    read_noise_adu: float | None


def read_noise_adu(one, other):
    """Return the read noise in ADU of two bias frames, (ny, nx): of their difference / sqrt 2."""
    return clipped_sigma(one - other) / np.sqrt(2)


def gain_of_pair(one, other, noise_adu):
    """Return the gain of two flats, without bias, by the variance of their difference.

    Parameters
    ----------
    one, other : ndarray of float, shape (ny, nx)
        In ADU above the bias; NaN is left out.
    noise_adu : float
        Read noise of one frame.

    Returns
    -------
    gain_e_per_adu, its error : float
        NaN where fewer than eight boxes have light.

    Notes
    -----
    With the flats A and B of levels a and b, the variance of A - B a/b is
    (a + a^2 / b) / gain + r^2 (1 + a^2 / b^2): the pattern of the pixels cancels (Janesick 2001,
    chapter 2). The median of boxes, so that stars and dust do no harm.
    """
    gains, box_px = [], max(BOX_LEAST_PX, min(one.shape) // BOXES)
    for y in range(0, one.shape[0] - box_px + 1, box_px):
        for x in range(0, one.shape[1] - box_px + 1, box_px):
            box = slice(y, y + box_px), slice(x, x + box_px)
            a, b = clipped_median(one[box], 1), clipped_median(other[box], 1)
            if not (a > 0 and b > 0):
                continue
            variance = clipped_sigma(one[box] - other[box] * (a / b)) ** 2
            light = variance - noise_adu**2 * (1 + (a / b) ** 2)
            if light > 0:
                gains.append((a + a**2 / b) / light)
    if len(gains) < LEAST_BOXES:
        return float("nan"), float("nan")
    return float(np.median(gains)), float(1.2533 * np.std(gains) / np.sqrt(len(gains)))


def clipped_sigma(values):
    """Standard deviation without what is 4 sigma off, corrected for the Gaussian tails."""
    values = values[np.isfinite(values)]
    for _ in range(5):
        middle, sigma = np.median(values), np.std(values)
        keep = np.abs(values - middle) <= CLIP_SIGMAS * sigma
        if keep.all():
            break
        values = values[keep]
    return float(np.std(values) / LOST) if values.size else float("nan")


def transfer(biases, flats):
    """Return the `Transfer` of two biases and two flats without bias; either may be empty."""
    noise = read_noise_adu(*biases) if len(biases) == 2 else None
    gain, sigma = gain_of_pair(*flats, noise or 0.0) if len(flats) == 2 else (np.nan, np.nan)
    known = np.isfinite(gain)
    return Transfer(gain if known else None, sigma if known else None,
                    noise * gain if known and noise else None, noise)
