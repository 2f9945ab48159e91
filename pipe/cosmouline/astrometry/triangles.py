"""Candidate transforms between two star lists, from triangles of neighbouring stars."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

N_NEIGHBOURS = 7  # triangles are made of a star and two of these: local ones survive a shift
SIDE_MIN_PX = 8.0  # shorter sides have no useful ratio at a centroid error of .15 px
RATIO_REACH = 0.006  # largest distance of two triangles in the plane of the side ratios
N_CANDIDATES = 25  # transforms handed on; the right one is nearly always the first
DENSITY_CELL = 4.0  # cell of the density of transforms, in units of the tolerance ...
DENSITY_REACH = 1.5  # ... and the reach in cells
SAMPLE_PAIRS = 1000  # pairs of triangles counted first; if so many of them ...
SAMPLE_CLEAR = 20  # ... agree (chance: up to 5), that is enough


class _Triangles(NamedTuple):
    """Triangles of one list: corners as complex numbers, side ratios, and sense of rotation."""

    corners: np.ndarray
    ratios: np.ndarray
    sense: np.ndarray


def candidate_transforms(reference_xy, image_xy, n_stars, parity, tolerance_px):
    """Propose transforms on which many pairs of similar triangles agree, most agreed first.

    Parameters
    ----------
    reference_xy, image_xy : ndarray of float, shape (n, 2), (m, 2)
        Positions, brightest star first.
    n_stars : int
        Brightest stars of each list that make triangles.
    parity : int
        1: same sense of rotation in both lists, -1: mirrored.
    tolerance_px : float
        Position error within which two transforms are the same.

    Returns
    -------
    ndarray of float, shape (k, 2, 3)
        At most 25 similarity transforms from the reference to the image. Whether one of them is
        right is for the caller to count (``align.align_catalogs``).

    Notes
    -----
    Triangle matching after Groth 1986, AJ 91, 1244, and Valdes et al. 1995, PASP 107, 1119, with
    local triangles (each star and two of its 7 nearest) and with their sense of rotation, which
    halves the chance pairs and tells a mirror image. Each pair of triangles with the same two
    side ratios gives a similarity by least squares over its corners. Pairs that are right agree
    on it, chance pairs do not: candidates are ranked by their number of neighbours in the space
    of scale, rotation and image of the field's centre. astroalign takes the 50 brightest stars
    and draws pairs at random, which fails where fewer than half of the stars are common.
    """
    if min(len(reference_xy), len(image_xy)) < 3:
        return np.empty((0, 2, 3))
    reference = _triangles(_mirrored(reference_xy[:n_stars], parity))
    image = _triangles(np.asarray(image_xy[:n_stars], dtype=float))
    first, second = _similar_pairs(reference, image)
    if len(first) == 0:
        return np.empty((0, 2, 3))
    turn, shift = _similarities(reference.corners[first], image.corners[second])
    # a mirrored list is turned into the other one by (x, y) -> (-x, y) before it is matched
    field = _mirrored(reference_xy[: 2 * n_stars], parity)
    best = _most_agreed(_space(turn, shift, field, tolerance_px))[:N_CANDIDATES]
    return _as_matrices(turn[best], shift[best], parity)


def _mirrored(xy, parity):
    """Positions with x mirrored where the parity is negative."""
    return np.asarray(xy, dtype=float) * (parity, 1)


def _triangles(xy):
    """All triangles among each star and its nearest neighbours, each once."""
    n_near = min(N_NEIGHBOURS + 1, len(xy))
    _, near = cKDTree(xy).query(xy, n_near)
    choice = np.array(list(combinations(range(n_near), 3)))
    index = np.sort(near[:, choice].reshape(-1, 3), axis=1)
    # one number per triangle: unique rows are ten times slower
    number = np.unique(index @ (len(xy) ** 2, len(xy), 1))
    index = np.stack(np.unravel_index(number, (len(xy),) * 3), axis=1)
    corners = (xy[:, 0] + 1j * xy[:, 1])[index]
    # side k lies opposite to corner k; corners are ordered by the length of that side
    sides = np.abs(corners[:, [1, 0, 0]] - corners[:, [2, 2, 1]])
    order = np.argsort(sides, axis=1)
    corners = np.take_along_axis(corners, order, axis=1)
    sides = np.take_along_axis(sides, order, axis=1)
    kept = sides[:, 0] > SIDE_MIN_PX
    corners, sides = corners[kept], sides[kept]
    edge = corners[:, 1:] - corners[:, :1]
    sense = np.sign((edge[:, 0].conj() * edge[:, 1]).imag)
    return _Triangles(corners, sides[:, :2] / sides[:, 2:], sense)


def _similar_pairs(reference, image):
    """Pair the triangles with the same side ratios and sense of rotation, by index."""
    if not len(reference.ratios) or not len(image.ratios):
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    near = cKDTree(image.ratios).query_ball_point(reference.ratios, RATIO_REACH)
    first = np.repeat(np.arange(len(near)), [len(found) for found in near])
    second = np.concatenate(near).astype(int)
    same = reference.sense[first] == image.sense[second]
    return first[same], second[same]


def _similarities(corners, images):
    """Least-squares similarities ``images = turn * corners + shift`` of complex triangles."""
    centre, image_centre = corners.mean(axis=1), images.mean(axis=1)
    arm, image_arm = corners - centre[:, None], images - image_centre[:, None]
    turn = np.sum(arm.conj() * image_arm, axis=1) / np.sum(np.abs(arm) ** 2, axis=1)
    return turn, image_centre - turn * centre


def _space(turn, shift, field, tolerance_px):
    """Place transforms by scale, rotation and image of the field's centre, in cells, (n, 4)."""
    half_px = np.ptp(field, axis=0).max() / 2  # makes a turn as large as the shift it causes
    centre = turn * complex(*field.mean(axis=0)) + shift
    space = np.stack([turn.real * half_px, turn.imag * half_px, centre.real, centre.imag], axis=1)
    return space / (DENSITY_CELL * tolerance_px)


def _most_agreed(space):
    """Rank transforms by the number of others near them, by index, highest first."""
    # n right pairs cost n^2 counts: where they are many, a sample of them shows it
    step = -(-len(space) // SAMPLE_PAIRS)
    agreed = _count_near(space[::step])
    if step > 1 and agreed.max() < SAMPLE_CLEAR:
        step, agreed = 1, _count_near(space)
    return step * np.argsort(-agreed, kind="stable")


def _count_near(space):
    """Count the points near each one."""
    return cKDTree(space).query_ball_point(space, DENSITY_REACH, return_length=True)


def _as_matrices(turn, shift, parity):
    """Complex similarities as 2x3 matrices, the mirror put in front where there is one."""
    first = [turn.real * parity, -turn.imag, shift.real]
    second = [turn.imag * parity, turn.real, shift.imag]
    return np.moveaxis(np.array([first, second]), -1, 0)
