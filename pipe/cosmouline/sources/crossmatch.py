"""Sources of many lists matched: one catalogue, and the fluxes of all images in it."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.astrometry.align import mutual_pairs

import numpy as np

spatial = library("scipy.spatial")


class Matched(NamedTuple):
    """Fluxes of M stars in N images."""

    xy: np.ndarray  # (M, 2), where each was first found, in the coordinates of the lists
    flux: np.ndarray  # (N, M), NaN where a star is not in a list
    sigma: np.ndarray  # (N, M)


class Plane(NamedTuple):
    """East and north offsets in arcsec from an origin in degrees; RA times cos Dec of the origin.

    Over a degree that is a few arcsec from a true projection, but the same in all lists, which is
    all that matching needs.
    """

    ra_deg: float
    dec_deg: float

    def to(self, sky_deg):
        """Return offsets in arcsec of RA and Dec in degrees, both of shape (n, 2)."""
        east = (sky_deg[:, 0] - self.ra_deg + 180) % 360 - 180
        return 3600 * np.column_stack([east * self._shrink, sky_deg[:, 1] - self.dec_deg])

    def back(self, offsets_arcsec):
        """Return RA and Dec in degrees of offsets in arcsec, both of shape (n, 2)."""
        east, north = offsets_arcsec.T / 3600
        return np.column_stack([(self.ra_deg + east / self._shrink) % 360, self.dec_deg + north])

    @property
    def _shrink(self):
        return np.cos(np.radians(self.dec_deg))


def match(places, fluxes, sigmas, tolerance, least=0.8):
    """Match the sources of many images.

    Parameters
    ----------
    places : list of ndarray of float, shape (n_i, 2)
        On a plane, the same for all images.
    fluxes, sigmas : list of ndarray of float, shape (n_i,)
    tolerance : float
        Largest distance of a source from its position in the catalogue; pairs are mutual nearest
        ones.
    least : float
        Fraction of the images in which a star must be found.

    Returns
    -------
    Matched
        Stars in the order of the catalogue: those of the longest list, then what others add.
    """
    # the catalogue: the sources of the longest list, then those that are far from all before
    catalogue = np.zeros((0, 2))
    for xy in sorted(places, key=len, reverse=True):
        distance = (spatial.cKDTree(catalogue).query(xy)[0] if len(catalogue)
                    else np.full(len(xy), np.inf))
        catalogue = np.vstack([catalogue, xy[distance > 2 * tolerance]])

    flux = np.full((len(places), len(catalogue)), np.nan)
    sigma = flux.copy()
    for i, (xy, one, error) in enumerate(zip(places, fluxes, sigmas, strict=True)):
        star, source = mutual_pairs(catalogue, xy, tolerance)
        flux[i, star], sigma[i, star] = one[source], error[source]
    common = np.isfinite(flux).sum(0) >= least * len(places)
    return Matched(catalogue[common], flux[:, common], sigma[:, common])
