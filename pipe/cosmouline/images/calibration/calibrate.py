"""One raw frame calibrated: bias, linearity, dark, flat, and the variance of these."""

from typing import NamedTuple

import numpy as np

MATTERS = 0.01  # of the variance of the frame: less of a master's is left out
SAMPLE = 7  # every so many pixels are enough for a median


class Planes(NamedTuple):
    """Image and variance of a master, arrays of shape (ny, nx)."""

    image: np.ndarray
    variance: np.ndarray


class Calibrated(NamedTuple):
    """A calibrated frame.

    `variance_adu2` is what the masters brought in beyond its median, 0 where that is less than
    1 % of the variance of the frame; `noise_fraction` that median in units of the frame's.
    """

    data_adu: np.ndarray
    bad: np.ndarray
    variance_adu2: np.ndarray
    noise_fraction: float


def linearised(data_adu, coefficients, factors=()):
    """Correct counts above the bias, (ny, nx), by true / measured as a polynomial of them.

    `coefficients` begin with that of the power 0; (1.0,) leaves the counts as they are. Counts
    below 0, which are noise, are not corrected. `factors` are (slices, factor) of the amplifiers,
    whose own counts those are times the factor.
    """
    if tuple(coefficients) == (1.0,):
        return data_adu
    if factors:
        data_adu = data_adu.copy()
        for place, factor in factors:
            data_adu[place] = factor * linearised(data_adu[place] / factor, coefficients)
        return data_adu
    counts = np.maximum(data_adu, 0).astype(np.float32)
    factor = np.full(counts.shape, coefficients[-1], np.float32)
    for coefficient in coefficients[-2::-1]:
        factor = factor * counts + np.float32(coefficient)
    return data_adu * factor


def calibrated(data_adu, exptime_s, gain_e_per_adu, read_noise_e, bias=None, dark=None,
               dark_exptime_s=None, flat=None, linearity=(1.0,), factors=(), flat_least=0.3):
    """Calibrate a frame.

    Parameters
    ----------
    data_adu : ndarray of float32, shape (ny, nx)
        Joined and without overscan; NaN where there is no value.
    exptime_s, gain_e_per_adu, read_noise_e : float
    bias, dark, flat : Planes, optional
        In ADU, ADU/s, and relative to the median.
    dark_exptime_s : float, optional
        Exposure of the frames of the dark.
    linearity, factors : sequence
        See `linearised`.
    flat_least : float
        Pixels of lower sensitivity are bad.

    Returns
    -------
    Calibrated
        NaN where a pixel is bad: no value in the frame or in a master, too low a flat.

    Notes
    -----
    In this order, which is that of every guide: overscan (before this function), bias,
    linearity, dark, flat. The variance of the masters is
    [s_b^2 (1 - t/t_d)^2 + t^2 s_d^2 + (D s_f)^2] / f^2: the bias was taken off the dark, too, so
    of a dark of the same exposure no bias noise is left. The dark current of the frame adds its
    own noise to it: hot pixels stay in use with the noise that they have.
    """
    data = data_adu
    variance = np.zeros(data.shape, np.float32)
    if bias is not None:
        data = data - bias.image
        kept = 1.0 - exptime_s / dark_exptime_s if dark is not None and dark_exptime_s else 1.0
        variance += bias.variance * np.float32(kept**2)
    data = linearised(data, linearity, factors)
    if dark is not None:
        data = data - dark.image * np.float32(exptime_s)
        # that of the master, and the noise of the current itself, which no level of a sky tells
        variance += dark.variance * np.float32(exptime_s**2)
        variance += np.maximum(dark.image, 0) * np.float32(exptime_s / gain_e_per_adu)
    bad = ~np.isfinite(data)
    # Variance of the frame without the masters: its photons and read noise
    own = np.maximum(np.nan_to_num(data), 0) / np.float32(gain_e_per_adu)
    own = own + np.float32((read_noise_e / gain_e_per_adu) ** 2)
    if flat is not None:
        bad |= ~(flat.image >= flat_least)
        sensitivity = np.where(bad, np.float32(1), flat.image)
        data = data / sensitivity
        variance += data**2 * flat.variance
        variance /= sensitivity**2
        own /= sensitivity**2
    data = np.where(bad, np.float32(np.nan), data).astype(np.float32)
    known = ~bad & np.isfinite(variance)
    if not known.any():
        return Calibrated(data, bad, np.zeros(data.shape, np.float32), 0.0)
    middle = float(np.median(variance[known][::SAMPLE]))
    fraction = middle / float(np.median(own[known][::SAMPLE]))
    # The scatter of the sky, which 1_character measures on the frame, holds the median already
    matters = known & (variance > MATTERS * own)
    beyond = np.where(matters, np.maximum(variance - middle, 0), 0).astype(np.float32)
    return Calibrated(data, bad, beyond, fraction)
