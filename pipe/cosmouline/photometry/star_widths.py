"""Widths of the stars against that of their PSF: what they differ by, and what they follow."""

from typing import NamedTuple

from cosmouline.robust import MAD_TO_SIGMA, mad_sigma, median_of_finite

import numpy as np
from scipy.stats import t as student

LEAST_STARS, IMAGES_OF_A_STAR = 5, 3
SPARE_STARS = 4  # stars beyond the terms of a fit
BY_CHANCE = 0.01  # that a term is believed that is none
LEAST_EFFECT = 0.01  # of the width, over all stars: what a term must make
FLOOR = 0.001  # of the error of a star's width: its pixels, its neighbours


class StarWidths(NamedTuple):
    """Widths of the stars of a set relative to that of the PSFs, less 1.

    `mean` and `sigma` (n_stars,), NaN where not known; `scatter` beyond the errors, from the
    median absolute deviation; `terms` by name: slope and effect over all stars of what the widths
    follow beyond chance.
    """

    mean: np.ndarray
    sigma: np.ndarray
    scatter: float
    terms: dict


def star_widths(widths, quantities):
    """Return the `StarWidths` of a set, or None with too few stars or images.

    Parameters
    ----------
    widths : ndarray of float, shape (n_images, n_stars)
        NaN where not measured.
    quantities : dict of str to ndarray of float, shape (n_stars,)
        What they may follow; one that is not known of all measured stars is left out.

    Notes
    -----
    The mean of a star is the median of its images. All quantities are fitted at once, by least
    squares; Student's t tells what chance gives. A term counts where it makes 1 % or more.
    """
    n = np.isfinite(widths).sum(0)
    mean = np.where(n >= IMAGES_OF_A_STAR, median_of_finite(widths), np.nan)
    spread = MAD_TO_SIGMA * median_of_finite(np.abs(widths - mean))
    # the median of n Gaussian values has pi / 2 of the variance of their mean
    sigma = np.hypot(spread * np.sqrt(np.pi / 2 / np.maximum(n, 1)), FLOOR)
    known = np.isfinite(mean) & np.isfinite(sigma)
    if known.sum() < LEAST_STARS:
        return None
    scatter2 = mad_sigma(mean[known]) ** 2 - np.median(sigma[known] ** 2)
    usable = {name: values[known] - np.mean(values[known]) for name, values in quantities.items()
              if np.isfinite(values[known]).all() and np.ptp(values[known]) > 0}
    freedom, terms = known.sum() - 1 - len(usable), {}
    if usable and freedom >= SPARE_STARS:
        design = np.column_stack([np.ones(known.sum()), *usable.values()])
        inverse = np.linalg.pinv(design.T @ design)
        found = inverse @ (design.T @ mean[known])
        residual = mean[known] - design @ found
        error = np.sqrt(np.diag(inverse) * (residual @ residual) / freedom)
        for k, (name, values) in enumerate(usable.items(), 1):
            effect = found[k] * np.ptp(values)
            if abs(effect) > LEAST_EFFECT and 2 * student.sf(
                    abs(found[k]) / error[k], freedom) < BY_CHANCE:
                terms[name] = float(found[k]), float(effect)
    return StarWidths(mean, sigma, float(np.sqrt(max(scatter2, 0.0))), terms)
