"""Scatter of single images inside a night, against their errors."""

from typing import NamedTuple

import numpy as np


class NightScatter(NamedTuple):
    """Scatter of one object inside the nights of two images or more.

    `rms` is the standard deviation about the mean of the night, pooled over the nights, `error`
    the root mean square of the errors, both in magnitudes. `ratio` is the root of the reduced
    chi2 about the weighted mean of the night, 1 if the errors are right; `ratio_sigma` its error
    for Gaussian errors, 1 / sqrt(2 degrees of freedom) of it.
    """

    nights: int
    images: int
    rms: float
    error: float
    ratio: float
    ratio_sigma: float


def measure(groups, mag, sigma):
    """Return the `NightScatter` of one object from its groups of images, one for each night.

    Magnitudes and errors (n images,) are NaN where absent. A quasar or star that changes within
    hours scatters too. Errors that all images of a night share, such as that of a reference
    star's magnitude, do not show.
    """
    squares = chi2 = 0.0
    errors, freedom, nights = [], 0, 0
    # Sum the squares about the mean of every night, over all nights.
    good = np.isfinite(mag) & np.isfinite(sigma)
    for group in groups:
        one = group[good[group]]
        if one.size < 2:  # one image has no scatter
            continue
        weight = sigma[one] ** -2.0
        mean = np.average(mag[one], weights=weight)
        # The scatter without weights for the rms, with weights for chi2.
        squares += ((mag[one] - mag[one].mean()) ** 2).sum()
        chi2 += (weight * (mag[one] - mean) ** 2).sum()
        errors.extend(sigma[one])
        freedom, nights = freedom + one.size - 1, nights + 1
    if not freedom:
        return NightScatter(0, 0, *[np.nan] * 4)
    ratio = float(np.sqrt(chi2 / freedom))
    return NightScatter(nights, len(errors), float(np.sqrt(squares / freedom)),
                        float(np.sqrt(np.mean(np.square(errors)))), ratio,
                        ratio / np.sqrt(2 * freedom))
