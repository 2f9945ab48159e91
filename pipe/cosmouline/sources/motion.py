"""Sources that move: positions on the stacks of single nights against each other."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.astrometry.align import mutual_pairs
from cosmouline.robust import mad_sigma, median_of_finite
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

spatial = library("scipy.spatial")

LEAST_NIGHTS = 2  # behind a motion
FLOOR_SOURCES = 8  # behind the error that all positions share
BRIGHT_PART = 0.5  # of the sources that tell it


class Linked(NamedTuple):
    """Sources of the deep stack on m nights, and what is on one night alone."""

    xy_px: np.ndarray  # (n, m, 2), NaN where a source was not found
    sigma_px: np.ndarray  # (n, m), by its signal-to-noise
    singles: list  # for each night the rows of its list that no deep source is near


class Motions(NamedTuple):
    """Motions of n sources; NaN for those found on fewer than two nights."""

    rate_px_d: np.ndarray  # (n, 2)
    sigma_px_d: np.ndarray  # (n,), along either axis
    n_nights: np.ndarray  # (n,)
    floor_px: float  # error of a position beyond the noise

    @property
    def sigmas(self):
        """Size of the motion in units of its error, (n,)."""
        return np.hypot(*self.rate_px_d.T) / self.sigma_px_d


def linked(deep_px, nights, radius_px, fwhm_px):
    """Find the sources of the deep stack again on those of single nights.

    Parameters
    ----------
    deep_px : ndarray of float, shape (n, 2)
    nights : list of (ndarray of float, shape (k, 2); ndarray of float, shape (k,))
        Positions on each night, on the same grid, and their signal-to-noise.
    radius_px : float
        Largest distance; pairs are mutual nearest ones.
    fwhm_px : float

    Returns
    -------
    Linked
    """
    xy = np.full((len(deep_px), len(nights), 2), np.nan)
    sigma = np.full(xy.shape[:2], np.nan)
    singles = []
    for m, (found_px, snr) in enumerate(nights):
        deep, own = mutual_pairs(deep_px, found_px, radius_px)
        xy[deep, m] = found_px[own]
        # the centre of a Gaussian of noise-limited signal (King 1983, PASP 95, 163)
        sigma[deep, m] = fwhm_px / FWHM_PER_SIGMA * np.sqrt(2) / snr[own]
        away = (spatial.cKDTree(deep_px).query(found_px)[0] if len(deep_px) and len(found_px)
                else np.full(len(found_px), np.inf))
        singles.append(np.flatnonzero(away > radius_px))
    return Linked(xy, sigma, singles)


def motions(mjd, links):
    """Fit a straight motion to every source.

    Parameters
    ----------
    mjd : ndarray of float, shape (m,)
    links : Linked

    Returns
    -------
    Motions

    Notes
    -----
    The median shift of all sources is taken off each night. The error of a position is that of
    its noise and a floor, the scatter of the brighter half of the sources about their motions.
    At last all errors grow until most sources stand still within theirs: blends and colours shift
    with the seeing.
    """
    xy = links.xy_px - median_of_finite(links.xy_px, axis=1)[:, None]
    if len(xy):
        xy = xy - median_of_finite(xy, axis=0)
    there = np.isfinite(xy[..., 0])
    n_nights = there.sum(1)
    floor_px = 0.0
    for _ in range(2):
        weight = np.where(there, 1 / (np.nan_to_num(links.sigma_px, nan=1.0) ** 2
                                      + floor_px**2 + 1e-12), 0)
        total = np.maximum(weight.sum(1), 1e-30)
        when = np.asarray(mjd) - (weight @ mjd / total)[:, None]
        place = xy - (np.nansum(weight[..., None] * xy, 1) / total[:, None])[:, None]
        spread = (weight * when**2).sum(1)
        enough = (n_nights >= LEAST_NIGHTS) & (spread > 0)
        spread = np.where(enough, spread, np.nan)
        rate = np.nansum((weight * when)[..., None] * place, 1) / spread[:, None]
        # with two nights every motion fits: what is left tells the floor from three on
        left = place - rate[:, None] * when[..., None]
        noise = median_of_finite(links.sigma_px, axis=1)
        bright = (n_nights > LEAST_NIGHTS) & (noise <= np.nanquantile(
            noise[n_nights > LEAST_NIGHTS], BRIGHT_PART) if (n_nights > LEAST_NIGHTS).any()
            else False)
        if bright.sum() >= FLOOR_SOURCES:
            scatter = left[bright][np.isfinite(left[bright])]
            free = np.sqrt(1 - 2 / np.median(n_nights[bright]))
            floor_px = np.sqrt(max(0.0, (mad_sigma(scatter) / free) ** 2
                                   - np.median(noise[bright]) ** 2))
    sigma = np.sqrt(1 / spread)
    pulls = (rate / sigma[:, None])[np.isfinite(sigma)]
    growth = max(1.0, mad_sigma(pulls)) if len(pulls) >= FLOOR_SOURCES else 1.0
    return Motions(rate, growth * sigma, n_nights, float(floor_px))
