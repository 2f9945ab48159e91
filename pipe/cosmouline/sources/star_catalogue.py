"""The stars of a set of aligned frames: one list, the reference image, the seeing from them."""

from dataclasses import dataclass, replace

from cosmouline import library
from cosmouline.astrometry.align import apply, invert, matched_pairs
from cosmouline.robust import MAD_TO_SIGMA, median_of_finite
from cosmouline.sources.seeing import known_seeing, recurring_seeing

import numpy as np

spatial = library("scipy.spatial")

FIELD_DTYPE = np.dtype([
    ("x_px", "f8"), ("y_px", "f8"),  # pixels of the reference image
    ("flux_e", "f8"),  # on the scale of the reference image
    ("fwhm_ratio", "f8"),  # to the seeing of its frames; NaN where never measured
    ("ellipticity_excess", "f8"),  # over that of its frames
    ("saturated_fraction", "f8"),
    ("n_detected", "i4"),  # frames
    ("n_inside", "i4")])  # frames on whose detector it falls

MATCH_PX = 2.0  # a detection this near to a star is that star
NEW_STAR_PX = 3.0  # a detection farther than this from all stars is a new one
DETECTED_EDGE_PX = 6.0  # nearer to the edge a star is not expected to be detected
MAX_STARS = 5000  # then faint noise of many frames is all that is added
INSIDE_MIN = 0.3  # fraction of the frames on which a star of the list falls
BRIGHT_PERCENTILE = 60.0  # stars above it give the relative scale of the frames

REFERENCE_STARS = 150  # brightest stars that a possible reference is compared on
ELLIPTICITY_SIGMAS, ELLIPTICITY_FLOOR = 3.0, 0.01  # a reference is no more elongated than that


@dataclass(frozen=True, eq=False)
class FieldStars:
    """The stars of a set of frames, brightest first.

    `frame_scale`, (n_frames,), is the light of a star in each frame over that in the reference
    image, from the isophotal fluxes of the bright stars, good to some per cent; NaN for a frame
    that is not aligned.
    """

    stars: np.ndarray  # of FIELD_DTYPE, one row per star
    frame_scale: np.ndarray

    def __len__(self):
        return len(self.stars)

    @property
    def xy_px(self):
        """Positions in pixels of the reference image, shape (n, 2)."""
        return np.stack([self.stars["x_px"], self.stars["y_px"]], axis=1)

    @property
    def has_width(self):
        """Stars with a width of the seeing: saturated in less than half of their detections."""
        return self.stars["saturated_fraction"] < 0.5


def positions(catalog):
    """Positions (x, y) of a catalogue, shape (n, 2)."""
    return np.stack([catalog["x_px"], catalog["y_px"]], axis=1)


def best_of_each(values, groups):
    """Return the order in which the lowest value of every group comes first, then the second ...

    `values` and `groups` have one length. So the shallow frames of one set are not all that is
    compared.
    """
    order = np.argsort(values, kind="stable")
    groups, rank = np.asarray(groups)[order], np.zeros(len(order), int)
    for group in np.unique(groups):
        rank[groups == group] = np.arange((groups == group).sum())
    return order[np.argsort(rank, kind="stable")]


def first_reference(catalogs, align):
    """Find a frame to which most others can be aligned.

    Parameters
    ----------
    catalogs : list of ndarray
    align : callable
        ``align(reference, catalog)`` gives the transform from one to the other, or None.

    Returns
    -------
    first : int
        The frame with most unsaturated sources; if less than half of the others match it, as its
        sources may be no stars, the next; if none has so many, the one that most of them match.
    matrices : list of ndarray or None
        Transforms from it to each frame; to itself always.
    """
    counts = [np.count_nonzero(~catalog["is_saturated"]) for catalog in catalogs]
    found = []
    for index in np.argsort(np.negative(counts), kind="stable"):
        matrices = [align(catalogs[index], catalog) if k != index else np.eye(2, 3)
                    for k, catalog in enumerate(catalogs)]
        found.append((sum(matrix is not None for matrix in matrices), int(index), matrices))
        if 2 * found[-1][0] >= len(catalogs):
            break
    _, first, matrices = max(found, key=lambda one: one[0])
    return first, matrices


def reference_scores(catalogs, matrices, sky_sigma_e, fwhm_px, ellipticity, first):
    """Rate every frame as a reference image.

    Parameters
    ----------
    catalogs : list of ndarray
        Sources of each frame (``detect.CATALOG_DTYPE``).
    matrices : list of ndarray or None
        Transform from frame `first` to each frame; None for a frame that is not aligned.
    sky_sigma_e, fwhm_px, ellipticity : array_like of float, shape (n_frames,)
        Scatter of the sky, seeing and ellipticity of each frame.
    first : int
        Index of the frame to which the others are aligned.

    Returns
    -------
    ndarray of float, shape (n_frames,)
        Higher is better; 0 for a frame that is not aligned, without a scatter of its sky, or too
        elongated where another is not.

    Notes
    -----
    Median light of the common stars / (sky scatter * FWHM), the signal-to-noise ratio of a faint
    star, times the fraction that it has of the stars that half of all have. Too elongated: more
    than 3 sigma above the median ellipticity. COSMOULINE leaves the choice to the user.
    """
    brightest = catalogs[first][:REFERENCE_STARS]
    ellipticity = np.asarray(ellipticity, dtype=float)
    middle = np.median(ellipticity)
    spread = MAD_TO_SIGMA * np.median(np.abs(ellipticity - middle)) + ELLIPTICITY_FLOOR
    is_aligned = np.array([matrix is not None for matrix in matrices])
    # aligned, and not trailed; where all aligned ones are trailed, any of them
    eligible = is_aligned & (ellipticity <= middle + ELLIPTICITY_SIGMAS * spread)
    if not eligible.any():
        eligible = is_aligned
    # Stars that half of the frames have: one that is exposed twice has each of them twice
    light = np.full((len(catalogs), len(brightest)), np.nan)
    for k in np.flatnonzero(is_aligned):
        i, j = matched_pairs(matrices[k], positions(brightest), positions(catalogs[k]), MATCH_PX)
        light[k, i] = catalogs[k]["flux_e"][j] / brightest["flux_e"][i]
    has = np.isfinite(light)
    is_common = 2 * has.sum(0) >= is_aligned.sum()
    if is_common.any():
        light, has = light[:, is_common], has[:, is_common]
    scores = np.zeros(len(catalogs))
    for k in np.flatnonzero(eligible & (np.asarray(sky_sigma_e) > 0) & has.any(1)):
        scores[k] = np.nanmedian(light[k]) / (sky_sigma_e[k] * fwhm_px[k]) * has[k].mean()
    return scores


def build_catalog(catalogs, matrices, shapes, fwhm_px, ellipticity, min_fraction=0.5, reference=0):
    """Join the detections of all frames into one list of stars.

    Parameters
    ----------
    catalogs : list of ndarray
        Sources of each frame (``detect.CATALOG_DTYPE``). The work grows with frames times stars;
        about 200 frames, spread over the set, are enough.
    matrices : list of ndarray or None
        Transform from the reference image to each frame; None for a frame that is not aligned.
    shapes : list of tuple of int
        (ny, nx) of each frame.
    fwhm_px, ellipticity : array_like of float, shape (n_frames,)
        Seeing and ellipticity of each frame.
    min_fraction : float
        Fraction of the frames on which a star falls in which it must be detected.
    reference : int
        Index of the reference image.

    Returns
    -------
    FieldStars

    Raises
    ------
    ValueError
        If the reference image is not among the aligned frames.

    Notes
    -----
    A source of a single frame is a cosmic ray or noise: a star is found in at least two, and in
    half of those on which it falls. Positions, fluxes and shapes are medians over the frames, the
    fluxes after each frame is scaled by its bright stars.
    """
    if matrices[reference] is None:
        raise ValueError("the reference image must be among the aligned frames")
    xy_px = _union(catalogs, matrices, reference)
    found = nearest_detections(catalogs, matrices, xy_px)

    # on which frames each star falls, and which stars are detected often enough
    inside = np.zeros(found.shape, dtype=bool)
    for k, (matrix, shape) in enumerate(zip(matrices, shapes, strict=True)):
        if matrix is not None:
            here_px = apply(matrix, xy_px)
            last_px = np.array(shape[::-1]) - 1 - DETECTED_EDGE_PX
            inside[k] = np.all((here_px > DETECTED_EDGE_PX) & (here_px < last_px), axis=1)
    n_detected, n_inside = (found >= 0).sum(axis=0), inside.sum(axis=0)
    n_aligned = sum(matrix is not None for matrix in matrices)
    kept = n_detected >= 1
    if n_aligned > 1:
        kept = ((n_detected >= 2) & (n_detected >= min_fraction * np.maximum(n_inside, 1))
                & (n_inside >= INSIDE_MIN * n_aligned))
    # the middle of a blend moves: two places with mostly the same detections are one star
    pairs = spatial.cKDTree(xy_px).query_pairs(2 * MATCH_PX, output_type="ndarray")
    first, second = pairs.T
    shared = ((found[:, first] == found[:, second]) & (found[:, first] >= 0)).sum(axis=0)
    first, second = pairs[2 * shared > n_detected[pairs].min(axis=1)].T
    kept[np.where(n_detected[second] > n_detected[first], first, second)] = False
    found, n_detected, n_inside = found[:, kept], n_detected[kept], n_inside[kept]

    # median position on the reference image, flux and shape over the frames
    xy_px = np.stack([column(catalogs, found, name) for name in ("x_px", "y_px")], axis=-1)
    for k, matrix in enumerate(matrices):
        if matrix is not None:
            xy_px[k] = apply(invert(matrix), xy_px[k])
    flux_e, frame_scale = _common_scale(column(catalogs, found, "flux_e"))
    stars = np.zeros(found.shape[1], dtype=FIELD_DTYPE)
    stars["x_px"], stars["y_px"] = median_of_finite(xy_px).T
    stars["flux_e"] = flux_e * frame_scale[reference]
    stars["fwhm_ratio"], stars["ellipticity_excess"] = _shape_excess(
        catalogs, found, fwhm_px, ellipticity)
    stars["n_detected"], stars["n_inside"] = n_detected, n_inside
    saturated = np.nansum(column(catalogs, found, "is_saturated"), axis=0)
    stars["saturated_fraction"] = saturated / np.maximum(n_detected, 1)
    order = np.argsort(-stars["flux_e"], kind="stable")
    return FieldStars(stars[order], frame_scale / frame_scale[reference])


def nearest_detections(catalogs, matrices, xy_px, tolerance_px=MATCH_PX):
    """Find the detection of every star in every frame, within `tolerance_px` on the reference.

    `catalogs` and `matrices` as in `build_catalog`; `xy_px`, (n_stars, 2), on the reference image.
    Returns rows of the frames' catalogues, (n_frames, n_stars); -1 where a star was not found.
    """
    found = np.full((len(catalogs), len(xy_px)), -1)
    for k, (catalog, matrix) in enumerate(zip(catalogs, matrices, strict=True)):
        if matrix is not None and len(catalog):
            tree = spatial.cKDTree(apply(invert(matrix), positions(catalog)))
            distance, row = tree.query(xy_px, distance_upper_bound=tolerance_px)
            found[k] = np.where(np.isfinite(distance), row, -1)
    return found


def light_in_frame(catalog, matrix, xy_px, flux_e):
    """Return the light of the stars of a list in one frame over that in the list.

    Parameters
    ----------
    catalog : ndarray
        Sources of the frame (``detect.CATALOG_DTYPE``).
    matrix : ndarray of float, shape (2, 3)
        Transform from the reference image to the frame.
    xy_px, flux_e : ndarray of float, shape (n, 2) and (n,)
        Positions on the reference image and isophotal fluxes of the stars.

    Returns
    -------
    float
        Median over the brighter ones of those that were found, saturated ones left out; good to
        some per cent. NaN where none was found.
    """
    row, = nearest_detections([catalog], [matrix], xy_px)
    found = (row >= 0) & (flux_e > 0)
    found[found] = ~catalog["is_saturated"][row[found]]
    if not found.any():
        return np.nan
    typical_e, ratio = flux_e[found], catalog["flux_e"][row[found]] / flux_e[found]
    # of the faint ones only those are found that are too bright
    return float(np.median(ratio[typical_e >= np.percentile(typical_e, BRIGHT_PERCENTILE)]))


def column(catalogs, found, name):
    """One column of the catalogues for every star, (n_frames, n_stars); NaN where not found.

    `found` holds rows as `nearest_detections` gives them.
    """
    values = np.full(found.shape, np.nan)
    for k, catalog in enumerate(catalogs):
        is_found = found[k] >= 0
        values[k, is_found] = catalog[name][found[k, is_found]]
    return values


def _union(catalogs, matrices, reference):
    """Positions on the reference of its detections and, where they are new, of the others."""
    xy_px = positions(catalogs[reference])
    for catalog, matrix in zip(catalogs, matrices, strict=True):
        if matrix is None or len(xy_px) > MAX_STARS:
            continue
        here_px = apply(invert(matrix), positions(catalog))
        if len(xy_px) == 0:
            xy_px = here_px
            continue
        distance, _ = spatial.cKDTree(xy_px).query(here_px, distance_upper_bound=NEW_STAR_PX)
        xy_px = np.concatenate([xy_px, here_px[~np.isfinite(distance)]])
    return xy_px


def _common_scale(flux_e):
    """Fluxes of the stars on the scale of the median frame, and the scale of every frame."""
    typical_e = median_of_finite(flux_e)
    if typical_e.size == 0:
        return typical_e, np.full(len(flux_e), np.nan)
    # the bright stars give the scale: the faint ones are found in deep frames only
    bright = typical_e > np.percentile(typical_e, BRIGHT_PERCENTILE)
    if not bright.any():
        bright[:] = True
    scale = median_of_finite(flux_e[:, bright] / typical_e[bright], axis=1)
    return median_of_finite(flux_e / scale[:, None]), scale


def _shape_excess(catalogs, found, fwhm_px, ellipticity):
    """Median width over the frame's, and median ellipticity above the frame's, of every star."""
    widths_px = column(catalogs, found, "fwhm_px") / np.asarray(fwhm_px, float)[:, None]
    shapes = column(catalogs, found, "ellipticity") - np.asarray(ellipticity, float)[:, None]
    return median_of_finite(widths_px), median_of_finite(shapes)


def refine_seeing(field, catalogs, matrices, seeings):
    """Measure the seeing of all frames again, from the stars that recur.

    Parameters
    ----------
    field : FieldStars
        Stars of the set.
    catalogs, matrices : list
        As in `build_catalog`.
    seeings : list of Seeing
        First seeing of each frame.

    Returns
    -------
    seeings : list of Seeing
        A frame that is not aligned, or shows fewer than two of the stars, keeps its own.
    field : FieldStars
        With ratios and excesses over the new values.
    """
    found = nearest_detections(catalogs, matrices, field.xy_px)
    shapes = [column(catalogs, found, name) for name in ("fwhm_px", "ellipticity", "pa_deg")]
    common = recurring_seeing(*shapes, field.has_width)
    seeings = [new or old for new, old in zip(common, seeings, strict=True)]
    stars = field.stars.copy()
    stars["fwhm_ratio"], stars["ellipticity_excess"] = _shape_excess(
        catalogs, found, [s.fwhm_px for s in seeings], [s.ellipticity for s in seeings])
    return seeings, replace(field, stars=stars)


def more_seeings(field, catalogs, matrices, seeings):
    """Measure the seeing of new frames of a set, as `refine_seeing`, by the widths in its list.

    Returns the seeings, and how many stars of the list were found in each frame, (n_frames,).
    """
    found = nearest_detections(catalogs, matrices, field.xy_px)
    shapes = [column(catalogs, found, name) for name in ("fwhm_px", "ellipticity", "pa_deg")]
    common = known_seeing(*shapes, field.has_width, field.stars["fwhm_ratio"])
    return [new or old for new, old in zip(common, seeings, strict=True)], (found >= 0).sum(axis=1)
