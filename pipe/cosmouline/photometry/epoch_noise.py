"""Noise that the epochs of a light curve share: errors of the stars that last for days."""

from typing import NamedTuple

from cosmouline import library

import numpy as np

linalg = library("scipy.linalg")

SCALES_D = (3.0, 10.0, 30.0, 100.0, 300.0)  # in which the errors of two epochs stay alike
AMPLITUDES = np.geomspace(0.15, 3.0, 10)  # of the median error of a point
LASTING_GAIN = 6.5  # of ln likelihood: 3 sigma for one amplitude, in one of five scales
FEWEST_OF_A_STAR, FEWEST_STARS = 8, 3


class EpochNoise(NamedTuple):
    """Covariance ``amplitude**2 exp(-|dt| / scale)`` of two epochs, of each star alone.

    `gain` is that of ln likelihood over independent epochs, without the star that gains most: it
    may vary. `is_there` tells whether it is beyond chance; where it is not, amplitude and scale
    are those of the best fit, which say nothing.
    """

    amplitude: float
    scale_d: float
    gain: float

    @property
    def is_there(self):
        """Whether the epochs are not independent."""
        return self.gain > LASTING_GAIN


def epoch_noise(mjd, mag, sigma):
    """Find the noise of the epochs of constant stars that is not independent; None with too few.

    Parameters
    ----------
    mjd : ndarray of float, shape (n_points,)
    mag, sigma : ndarray of float, shape (n_points, n_stars)
        NaN where not measured; the errors are those of the points, without what is looked for.

    Returns
    -------
    EpochNoise or None

    Notes
    -----
    Gaussian likelihood, the mean of each star free (integrated over), its errors scaled to its
    scatter under each model: an error bar that is too small is no correlation.
    """
    good = np.isfinite(mag) & (sigma > 0)
    stars = [k for k in range(mag.shape[1]) if good[:, k].sum() >= FEWEST_OF_A_STAR]
    if len(stars) < FEWEST_STARS:
        return None
    typical = float(np.median(sigma[good]))
    apart = np.abs(mjd[:, None] - mjd)

    def values(amplitude, scale_d):
        """Return ln likelihood of each star, and the factor of its variance."""
        found = []
        for k in stars:
            there, n = good[:, k], good[:, k].sum() - 1
            white = (sigma[there, k] / typical) ** 2
            matrix = np.diag(white) + amplitude**2 * np.exp(-apart[np.ix_(there, there)] / scale_d)
            factor = linalg.cho_factor(matrix, lower=True)
            columns = np.stack([mag[there, k] / typical, np.ones(there.sum())], 1)
            products = columns.T @ linalg.cho_solve(factor, columns)
            chi2 = products[0, 0] - products[0, 1] ** 2 / products[1, 1]
            log_det = 2 * np.log(np.diag(factor[0])).sum() + np.log(products[1, 1])
            found.append((-0.5 * (n * np.log(chi2 / n) + n + log_det), chi2 / n))
        return np.array(found).T

    without, _ = values(0.0, 1.0)
    best = None
    for scale in SCALES_D:
        for amplitude in AMPLITUDES:
            likelihood, scaled = values(amplitude, scale)
            gains = likelihood - without
            gain = float(gains.sum() - gains.max())
            if best is None or gain > best.gain:
                best = EpochNoise(float(amplitude * typical * np.sqrt(np.median(scaled))), scale,
                                  gain)
    return best


def covariance(mjd, sigma, noise):
    """Return the covariance (n_points, n_points) of the points of a source in mag^2.

    `sigma` (n_points,) are its own errors, NaN where it was not measured, as rows and columns are;
    `noise` an `EpochNoise`.
    """
    apart = np.abs(mjd[:, None] - mjd)
    matrix = noise.amplitude**2 * np.exp(-apart / noise.scale_d) + np.diag(
        np.nan_to_num(sigma) ** 2)
    known = np.isfinite(sigma)
    return np.where(known[:, None] & known, matrix, np.nan)
