"""Where images lie on the sky: corners, common and total area, distance of a point from edges."""

from cosmouline.astrometry import tangent

import numpy as np

MAP_CELLS = 400  # of the map of the coverage along its longer side


def corners(wcs, shape):
    """RA and Dec in degrees, (4, 2), of the outer corners of an image, in turn."""
    ny, nx = shape
    xy = np.array([[0, 0], [nx, 0], [nx, ny], [0, ny]]) - 0.5
    return tangent.sky_of(wcs, xy)


def middle_of(sky_deg):
    """RA and Dec in degrees of the middle of positions (n, 2), on any side of RA 0."""
    ra, dec = np.radians(np.asarray(sky_deg, float)).T
    vector = np.mean([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    return (float(np.degrees(np.arctan2(vector[1], vector[0])) % 360),
            float(np.degrees(np.arctan2(vector[2], np.hypot(*vector[:2])))))


def inside(polygon, points):
    """Return which points (n, 2) lie in a convex polygon (k, 2), on its edges too."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    # on the same side of every edge
    side = (edge[:, 0] * (points[:, None, 1] - polygon[:, 1])
            - edge[:, 1] * (points[:, None, 0] - polygon[:, 0]))
    return (side >= 0).all(1) | (side <= 0).all(1)


def edge_distance(polygon, point):
    """Distance of a point from the edges of a convex polygon; negative outside."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    along = np.einsum("ij,ij->i", point - polygon, edge) / np.einsum("ij,ij->i", edge, edge)
    nearest = polygon + np.clip(along, 0, 1)[:, None] * edge
    away = float(np.hypot(*(nearest - point).T).min())
    return away if inside(polygon, np.asarray(point, float)[None])[0] else -away


def coverage(polygons):
    """Map how many images cover each place.

    Parameters
    ----------
    polygons : list of ndarray of float, shape (4, 2)
        East and north in arcsec; convex.

    Returns
    -------
    counts : ndarray of int, shape (n_north, n_east)
    cell_arcsec : float
    low : ndarray of float, shape (2,)
        East and north of the corner of the map from which cells count.
    """
    points = np.concatenate(polygons)
    low, high = points.min(0), points.max(0)
    cell = float((high - low).max() / MAP_CELLS)
    east, north = (np.arange(a + cell / 2, b, cell) for a, b in zip(low, high, strict=True))
    # Where each row of cells enters and leaves each polygon: (n_polygons, n_edges, n_north)
    begin = np.array(polygons)[..., None]
    end = np.roll(begin, -1, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (north - begin[:, :, 1]) / (end - begin)[:, :, 1]
        crossing = begin[:, :, 0] + along * (end - begin)[:, :, 0]
    is_crossed = (along >= 0) & (along <= 1)
    first = np.where(is_crossed, crossing, np.inf).min(1)
    last = np.where(is_crossed, crossing, -np.inf).max(1)
    # Of each such stretch one more from its first cell on, and one less behind its last one
    there = first <= last
    row = np.nonzero(there)[1]
    changes = np.zeros((len(north), len(east) + 1), int)
    at = [np.clip((edge[there] - east[0]) / cell, -1, len(east)) for edge in (first, last)]
    np.add.at(changes, (row, np.maximum(np.ceil(at[0]), 0).astype(int)), 1)
    np.add.at(changes, (row, np.floor(at[1]).astype(int) + 1), -1)
    return changes.cumsum(1)[:, :-1], cell, low
