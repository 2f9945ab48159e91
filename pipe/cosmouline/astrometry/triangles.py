"""Candidate transforms between two star lists, from triangles of neighbouring stars."""

from itertools import combinations

from cosmouline import library

import numpy as np

spatial = library("scipy.spatial")

N_NEIGHBOURS = 7  # triangles are made of a star and two of these: local ones survive a shift
SIDE_MIN_PX = 8.0  # shorter sides have no useful ratio at a centroid error of .15 px
RATIO_REACH = 0.006  # largest distance of two triangles in the plane of the side ratios
N_CANDIDATES = 25  # transforms handed on; the right one is nearly always the first
DENSITY_CELL = 4.0  # cell of the density of transforms, in units of the tolerance ...
DENSITY_REACH = 1.5  # ... and the reach in cells
SAMPLE_PAIRS = 1000  # pairs of triangles counted first; if so many of them ...
SAMPLE_CLEAR = 20  # ... agree (chance: up to 5), that is enough


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
    halves the chance pairs and recognises a mirror image. Each pair of triangles with the same two
    side ratios gives a similarity by least squares over its corners. Pairs that are right agree
    on it, chance pairs do not: candidates are ranked by their number of neighbours in the space
    of scale, rotation and image of the field's centre. astroalign takes the 50 brightest stars
    and draws pairs at random, which fails where fewer than half of the stars are common.
    """
    none = np.empty((0, 2, 3))
    if min(len(reference_xy), len(image_xy)) < 3:
        return none
    # a mirrored list is turned into the other one by (x, y) -> (-x, y) before it is matched
    reference_xy = np.asarray(reference_xy, dtype=float) * (parity, 1)
    corners, ratios, sense = _triangles(reference_xy[:n_stars])
    image_corners, image_ratios, image_sense = _triangles(np.asarray(image_xy[:n_stars], float))
    if not len(ratios) or not len(image_ratios):
        return none

    # pair the triangles of the same side ratios and sense of rotation
    near = spatial.cKDTree(image_ratios).query_ball_point(ratios, RATIO_REACH)
    first = np.repeat(np.arange(len(near)), [len(found) for found in near])
    second = np.concatenate(near).astype(int)
    same = sense[first] == image_sense[second]
    if not same.any():
        return none
    corners, images = corners[first[same]], image_corners[second[same]]

    # each pair gives images = turn * corners + shift by least squares over the three corners
    centre, image_centre = corners.mean(axis=1), images.mean(axis=1)
    arm, image_arm = corners - centre[:, None], images - image_centre[:, None]
    turn = np.sum(arm.conj() * image_arm, axis=1) / np.sum(np.abs(arm) ** 2, axis=1)
    shift = image_centre - turn * centre

    # right pairs are neighbours in scale, rotation and image of the field's centre; half the
    # field makes a turn as large as the shift it causes
    field = reference_xy[: 2 * n_stars]
    half_px = np.ptp(field, axis=0).max() / 2
    middle = turn * complex(*field.mean(axis=0)) + shift
    space = np.stack([turn.real * half_px, turn.imag * half_px, middle.real, middle.imag], axis=1)
    space = space / (DENSITY_CELL * tolerance_px)

    # n right pairs cost n^2 counts: where they are many, a sample of them shows it
    step = -(-len(space) // SAMPLE_PAIRS)
    agreed = _count_near(space[::step])
    if step > 1 and agreed.max() < SAMPLE_CLEAR:
        step, agreed = 1, _count_near(space)
    best = (step * np.argsort(-agreed, kind="stable"))[:N_CANDIDATES]

    turn, shift = turn[best], shift[best]
    rows = [[turn.real * parity, -turn.imag, shift.real],
            [turn.imag * parity, turn.real, shift.imag]]
    return np.moveaxis(np.array(rows), -1, 0)


def _triangles(xy):
    """Make all triangles among each star and its nearest neighbours, each once.

    Returns the corners as complex numbers, (n, 3), the two side ratios, (n, 2), and the sense of
    rotation.
    """
    n_near = min(N_NEIGHBOURS + 1, len(xy))
    _, near = spatial.cKDTree(xy).query(xy, n_near)
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
    return corners, sides[:, :2] / sides[:, 2:], sense


def _count_near(space):
    """Count the points near each one."""
    return spatial.cKDTree(space).query_ball_point(space, DENSITY_REACH, return_length=True)
