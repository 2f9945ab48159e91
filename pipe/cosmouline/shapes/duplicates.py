"""Objects that two tiles have in common."""

from cosmouline import library

import numpy as np

spatial = library("scipy.spatial")


def duplicates(ra_deg, dec_deg, tile, edge, radius_arcsec):
    """Which objects are in the catalogue of another tile too, where they lie farther inside.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray of float, shape (n,)
    tile : ndarray of int, shape (n,)
        Number of the tile: two objects of one tile are two.
    edge : ndarray of float, shape (n,)
        Distance from the edge of the tile.
    radius_arcsec : float
        Within it two objects are one.

    Returns
    -------
    ndarray of bool, shape (n,)
        Of two equal distances the later one is the duplicate.
    """
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    points = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    pairs = spatial.cKDTree(points).query_pairs(chord, output_type="ndarray")
    found = np.zeros(len(points), dtype=bool)
    pairs = pairs[tile[pairs[:, 0]] != tile[pairs[:, 1]]]
    later = np.where(edge[pairs[:, 0]] >= edge[pairs[:, 1]], pairs[:, 1], pairs[:, 0])
    found[later] = True
    return found
