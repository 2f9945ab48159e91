"""Transforms between frames from their source lists: found, tested against chance, refined."""

from dataclasses import dataclass

from cosmouline import library
from cosmouline.astrometry.triangles import candidate_transforms
from cosmouline.errors import ImageRejected

import numpy as np

spatial = library("scipy.spatial")

MAX_SOURCES = 400  # brightest sources of each list that are compared
TRIANGLE_STARS = (120, 200)  # brightest stars that make triangles: a quick try, and a second one
TOLERANCE_PX = 3.0  # error of a transform that three stars give

# A transform that is right matches more stars than chance can: with mu expected by chance,
# mu + 5 sqrt(mu) + 4, and at least 6. No wrong answer in 560 trials.
MATCHES_MIN = 6
CHANCE_SIGMAS, CHANCE_EXTRA = 5.0, 4.0
CHANCE_RADIUS_PX = (1.0, 9.0)  # limits of the radius within which a match counts, 3 rms
AFFINE_MIN = 10  # matches that fix shear and the two scales besides a similarity
N_ROUNDS = 3  # of matching and fitting
RMS_PER_MEDIAN = 1.2  # of the distances of a 2-D Gaussian, sqrt(2) / sqrt(2 ln 2)
CLEAR_FACTOR = 2.0  # with twice the matches that chance cannot reach no other candidate is tried


@dataclass(frozen=True, eq=False)
class Alignment:
    """Transform from the reference image to an image, and how well it holds.

    ``xy_image = xy_reference @ matrix[:, :2].T + matrix[:, 2]``.
    """

    matrix: np.ndarray  # (2, 3)
    n_matches: int  # stars that agree on it
    rms_px: float  # root mean square distance of their positions

    @property
    def parity(self):
        """-1 for a mirror image, else 1."""
        return -1 if np.linalg.det(self.matrix[:, :2]) < 0 else 1

    @property
    def scale(self):
        """Image pixels per reference pixel."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    @property
    def angle_deg(self):
        """Rotation from x towards y in degrees, after the mirror in x of a mirror image."""
        (a, b), (c, d) = self.matrix[:, :2] * (self.parity, 1)
        return float(np.degrees(np.arctan2(c - b, a + d)))


def apply(matrix, xy):
    """Transform positions (..., 2) by a matrix (2, 3); NaN stays NaN."""
    matrix = np.asarray(matrix, dtype=float)
    return np.asarray(xy, dtype=float) @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix):
    """Return the transform that undoes `matrix`, shape (2, 3)."""
    matrix = np.asarray(matrix, dtype=float)
    back = np.linalg.inv(matrix[:, :2])
    return np.column_stack([back, -back @ matrix[:, 2]])


def matched_pairs(matrix, reference_xy, image_xy, tolerance_px):
    """Find the pairs of positions that a transform brings together.

    Parameters
    ----------
    matrix : ndarray of float, shape (2, 3)
        From the reference to the image.
    reference_xy, image_xy : ndarray of float, shape (n, 2), (m, 2)
        Without NaN.
    tolerance_px : float
        Largest distance, in pixels of the image.

    Returns
    -------
    i_reference, i_image : ndarray of int, shape (k,)
        Each image position occurs once, with the nearest of the reference positions that have it
        as their nearest neighbour.
    """
    if len(reference_xy) == 0 or len(image_xy) == 0:
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    return _pairs(apply(matrix, reference_xy), spatial.cKDTree(image_xy), tolerance_px)


def mutual_pairs(one_xy, other_xy, tolerance):
    """Find the pairs of positions that are each other's nearest.

    Parameters
    ----------
    one_xy, other_xy : ndarray of float, shape (n, 2), (m, 2)
        Without NaN.
    tolerance : float
        Largest distance, in their unit.

    Returns
    -------
    i_one, i_other : ndarray of int, shape (k,)
        In the order of the first list.
    """
    if len(one_xy) == 0 or len(other_xy) == 0:
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    distance, nearest = spatial.cKDTree(other_xy).query(one_xy)
    back = spatial.cKDTree(one_xy).query(other_xy)[1]
    found = np.flatnonzero((distance <= tolerance) & (back[nearest] == np.arange(len(one_xy))))
    return found, nearest[found]


def _pairs(predicted_xy, tree, tolerance_px):
    """Find unique nearest neighbours of predicted positions in a tree."""
    distance, nearest = tree.query(predicted_xy, distance_upper_bound=tolerance_px)
    found = np.flatnonzero(np.isfinite(distance))
    # of several predictions near one position the nearest keeps it
    found = found[np.argsort(distance[found], kind="stable")]
    i_image, first = np.unique(nearest[found], return_index=True)
    return found[first], i_image


def fit_similarity(xy, xy_image, parity=1):
    """Least-squares shift, rotation and scale (and mirror) between matched positions.

    Both have the shape (n, 2), with two pairs or more; `parity` is -1 for a mirror image. Returns
    the transform, shape (2, 3).
    """
    # as complex numbers: the image is turn * start + shift, |turn| the scale
    start, end = np.asarray(xy) @ (parity, 1j), np.asarray(xy_image) @ (1, 1j)
    arm = start - start.mean()
    turn = np.vdot(arm, end - end.mean()) / np.vdot(arm, arm).real
    shift = end.mean() - turn * start.mean()
    first = [turn.real * parity, -turn.imag, shift.real]
    return np.array([first, [turn.imag * parity, turn.real, shift.imag]])


def fit_affine(xy, xy_image):
    """Least-squares affine transform between matched positions, shape (2, 3)."""
    design = np.column_stack([xy, np.ones(len(xy))])
    return np.linalg.lstsq(design, xy_image, rcond=None)[0].T


def align_catalogs(reference_xy, image_xy, parities=(1,), max_sources=MAX_SOURCES,
                   method="triangles", rms_max_px=1.5):
    """Find the transform from the reference image to an image from their source lists.

    Parameters
    ----------
    reference_xy, image_xy : ndarray of float, shape (n, 2), (m, 2)
        Positions, brightest source first, without NaN.
    parities : tuple of int
        Senses of rotation that are tried: (1,), or (1, -1) where a mirror image is possible.
    max_sources : int
        Brightest sources of each list that are compared.
    method : {"triangles", "astroalign"}
        Algorithm that proposes the transform; it is tested and refined in the same way.
    rms_max_px : float
        A transform about which the matches scatter by more is refused.

    Returns
    -------
    Alignment
        Affine from 10 matches on, a similarity below.

    Raises
    ------
    ImageRejected
        If no transform matches more stars than chance would, or the matches scatter too much.
        Fewer than 6 common sources cannot be distinguished from chance.
    ValueError
        If the method is not known.

    Notes
    -----
    With the triangles 20 % of common stars, any rotation and scale, and lists of 12 stars are
    enough. COSMOULINE's ``geomaprms`` is the root of the mean distance and not comparable with
    `rms_px`.
    """
    if method not in ("triangles", "astroalign"):
        raise ValueError(f"method must be 'triangles' or 'astroalign', not '{method}'")
    lists = [np.asarray(xy, dtype=float)[:max_sources] for xy in (reference_xy, image_xy)]
    for xy, name in zip(lists, ("reference image", "image"), strict=True):
        if len(xy) < MATCHES_MIN:
            raise ImageRejected(
                f"only {len(xy)} sources in the {name}: with fewer than {MATCHES_MIN} a match by "
                "chance cannot be ruled out")
    if method == "astroalign":
        import astroalign  # loads scikit-image

        try:
            matrix = astroalign.find_transform(*lists)[0].params[:2]
        except (astroalign.MaxIterError, TypeError, ValueError) as error:
            raise ImageRejected(f"astroalign finds no transform: {error}") from error
        return _refined(matrix, *lists, rms_max_px)
    # a few bright stars are quick and nearly always enough; only if they fail, more of them
    quick, thorough = TRIANGLE_STARS
    try:
        return _refined(_best_triangles(*lists, quick, parities), *lists, rms_max_px)
    except ImageRejected:
        if min(len(xy) for xy in lists) <= quick:
            raise
    return _refined(_best_triangles(*lists, thorough, parities), *lists, rms_max_px)


def _best_triangles(reference_xy, image_xy, n_stars, parities):
    """Return the candidate that matches most stars, of equal ones the closest; or None."""
    reference_xy, image_xy = reference_xy[: 2 * n_stars], image_xy[: 2 * n_stars]
    tree, best = spatial.cKDTree(image_xy), None
    for parity in parities:
        for matrix in candidate_transforms(reference_xy, image_xy, n_stars, parity, TOLERANCE_PX):
            found = _iterate(matrix, reference_xy, image_xy, tree, 3 * TOLERANCE_PX)
            if best is None or (-found.n_matches, found.rms_px) < (-best.n_matches, best.rms_px):
                best = found
            # so many matches are no chance, and a wrong transform has no more of them
            if best.n_matches > CLEAR_FACTOR * _least_matches(best, reference_xy, image_xy):
                return best.matrix
    return best if best is None else best.matrix


def _iterate(matrix, reference_xy, image_xy, tree, tolerance_px, affine=False):
    """Match and fit in turns, with a tolerance that follows the scatter of the matches."""
    parity, before = -1 if np.linalg.det(matrix[:, :2]) < 0 else 1, None
    for _ in range(N_ROUNDS):
        i, j = _pairs(apply(matrix, reference_xy), tree, tolerance_px)
        if len(i) < 3:
            return Alignment(matrix, len(i), np.inf)
        # the same pairs give the same fit and the same tolerance: nothing changes any more
        if before is not None and np.array_equal(before, (i, j)):
            break
        before = i, j
        if affine and len(i) >= AFFINE_MIN:
            matrix = fit_affine(reference_xy[i], image_xy[j])
        else:
            matrix = fit_similarity(reference_xy[i], image_xy[j], parity)
        distance_px = np.hypot(*(apply(matrix, reference_xy[i]) - image_xy[j]).T)
        rms_px = float(np.sqrt(np.mean(distance_px**2)))
        # by the median, so that one wrong pair among few cannot keep itself in
        tolerance_px = max(1.0, min(tolerance_px, 4 * RMS_PER_MEDIAN * np.median(distance_px)))
    return Alignment(matrix, len(i), rms_px)


def _refined(matrix, reference_xy, image_xy, rms_max_px):
    """Refine a first transform with all sources; refuse what chance or noise could give."""
    if matrix is None:
        raise ImageRejected("no triangle of stars is similar to one of the reference image")
    tree = spatial.cKDTree(image_xy)
    found = _iterate(matrix, reference_xy, image_xy, tree, 3 * TOLERANCE_PX)
    _refuse_chance(found, reference_xy, image_xy)
    # many matches fix shear and two scales too: telescopes differ, and so does refraction
    if found.n_matches >= AFFINE_MIN:
        tolerance_px = max(1.0, 4 * found.rms_px)
        found = _iterate(found.matrix, reference_xy, image_xy, tree, tolerance_px, affine=True)
        _refuse_chance(found, reference_xy, image_xy)
    if found.rms_px > rms_max_px:
        raise ImageRejected(
            f"the {found.n_matches} matched stars scatter by {found.rms_px:.2f} px around the "
            f"transform, more than {rms_max_px:g} px")
    return found


def _refuse_chance(found, reference_xy, image_xy):
    """Raise if chance could match as many stars."""
    least = _least_matches(found, reference_xy, image_xy)
    if found.n_matches < least:
        raise ImageRejected(
            f"only {found.n_matches} stars match the reference image, of {len(image_xy)} and "
            f"{len(reference_xy)}: fewer than {least:.0f} can be chance")


def _least_matches(found, reference_xy, image_xy):
    """Return the number of matches that chance does not reach."""
    area = np.ptp(image_xy[:, 0]) * np.ptp(image_xy[:, 1]) + 1
    # the density of one list times the circles around the stars of the other
    radius_px = np.clip(3 * found.rms_px, *CHANCE_RADIUS_PX)
    by_chance = len(reference_xy) * len(image_xy) / area * np.pi * radius_px**2
    return max(MATCHES_MIN, np.ceil(by_chance + CHANCE_SIGMAS * np.sqrt(by_chance) + CHANCE_EXTRA))
