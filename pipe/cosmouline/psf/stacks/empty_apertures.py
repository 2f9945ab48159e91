"""Noise of fluxes on a stack: what apertures on empty sky scatter by, against their size."""

from typing import NamedTuple

from cosmouline import library

import numpy as np

ndimage = library("scipy.ndimage")
sep = library("sep")

MOST_APERTURES = 4000  # of one size: their scatter is known to 1.2 %
LEAST_APERTURES = 40  # to 11 %; fewer tell nothing
EMPTY_CLIP_SIGMA = 4.0  # a source too faint to be found: 1 in 16 000 of empty ones is as far out
GAP_PX = 2.0  # between an aperture and the nearest pixel of a source


class NoiseCurve(NamedTuple):
    """Noise of aperture fluxes, for k radii; NaN where too few apertures found room."""

    radius_px: np.ndarray
    n: np.ndarray  # apertures measured
    factor: np.ndarray  # their scatter over what the variance of the pixels gives
    factor_sigma: np.ndarray  # its error
    level: np.ndarray  # their mean in units of their scatter: sky that is left
    sigma: np.ndarray  # their scatter, flux

    def at(self, radius_px):
        """Factor for any radius: that of the neighbouring sizes, the last one beyond them."""
        known = np.isfinite(self.factor)
        if not known.any():
            return np.ones(np.shape(radius_px))
        return np.interp(np.log(radius_px), np.log(self.radius_px[known]), self.factor[known])


def empty_places(blocked, radius_px, seed, most=MOST_APERTURES):
    """Return centres (n, 2) of circles on empty sky that do not overlap, at random.

    Parameters
    ----------
    blocked : ndarray of bool, shape (ny, nx)
        Pixels of sources and bad pixels.
    radius_px : float
    seed : int
    most : int
    """
    rng = np.random.default_rng([seed, round(1000 * radius_px)])
    # distance of every pixel to the nearest blocked one, or to the edge
    free = ndimage.distance_transform_edt(np.pad(~blocked, 1))[1:-1, 1:-1]
    # one place in each cell of a grid as coarse as the circles, so that none overlap
    step = 2 * radius_px + 1
    y, x = (np.arange(radius_px + rng.uniform(0, step), side - radius_px, step)
            for side in blocked.shape)
    places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    places = places + rng.uniform(-0.5, 0.5, places.shape)  # of all phases of the pixels
    at = np.clip(np.rint(places).astype(int), 0, np.array(blocked.shape[::-1]) - 1)
    places = places[free[at[:, 1], at[:, 0]] > radius_px + GAP_PX]
    return rng.permutation(places)[:most]


def noise_curve(image, variance, blocked, radii_px, seed):
    """Measure the noise of fluxes in circles of several radii on empty sky.

    Parameters
    ----------
    image, variance : ndarray of float32, shape (ny, nx)
        Without sky; variance per pixel as it counts for a flux. Not finite only where blocked.
    blocked : ndarray of bool, shape (ny, nx)
    radii_px : sequence of float
    seed : int

    Returns
    -------
    NoiseCurve

    Notes
    -----
    Resampling correlates neighbouring pixels: a small aperture scatters by less, a large one by
    as much as the variance that counts for a flux says; sky that is not flat, and sources too
    faint to be found, add to large ones. Labbe et al. 2003, AJ 125, 1107, fit a law to it; here
    the sizes are measured one by one.
    """
    flat, noise = (np.where(blocked, 0, one).astype(np.float32) for one in (image, variance))
    rows = []
    for radius in radii_px:
        places = empty_places(blocked, radius, seed)
        if len(places) < LEAST_APERTURES:
            rows.append((len(places), *[np.nan] * 4))
            continue
        flux, error, _ = sep.sum_circle(flat, *places.T, radius, var=noise, subpix=0)
        pull = flux / error
        for _ in range(3):
            pull = pull[np.abs(pull - np.median(pull)) <= EMPTY_CLIP_SIGMA * pull.std()]
        factor = pull.std(ddof=1)
        rows.append((pull.size, factor, factor / np.sqrt(2 * pull.size), pull.mean() / factor,
                     factor * np.median(error)))
    n, *others = np.array(rows, float).reshape(-1, 5).T
    return NoiseCurve(np.asarray(radii_px, float), n.astype(int), *others)
