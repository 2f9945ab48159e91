"""Plate solutions: the sources of an image matched to a catalogue, and tested against chance."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.astrometry import tangent
from cosmouline.astrometry.align import (
    RMS_PER_MEDIAN,
    align_catalogs,
    apply,
    fit_affine,
    matched_pairs,
)
from cosmouline.errors import ImageRejected
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

fits = library("astropy.io.fits")
special = library("scipy.special")
spatial = library("scipy.spatial")

DEPTHS = (40, 20, 80, 150, 300)  # brightest stars of the catalogue that are tried in turn
SOURCES_PER_STAR = 1.6  # sources of the image for each star of the catalogue, in a trial
LEAST_PAIRS = 6  # of fewer pairs any can be chance
SPREAD_CELLS = 4  # a side: sources come from a grid of cells, the brightest of each in turn
SCALE_KNOWN_WITHIN = 0.30  # relative; a solution of another pixel scale is refused
WHOLE_SIDES = 3.6  # a catalogue up to so many sides of the image wide is tried as a whole
TILE_SIDES = 1.3  # side of a tile of the catalogue, in sides of the image
TILE_STEP = 0.5  # from tile to tile, in sides of the image
N_TILES = 400
TRIALS_EACH = 50  # candidates that are compared in one trial
FALSE_BY_CHANCE = 1e-9  # probability, all trials counted, beyond which a solution is refused
SHARE_LEAST = 0.25  # of the bright stars that fall on the image must be found on it
FREE_PAIRS = 3  # pairs of stars that the fit meets anyway: they say nothing
MATCH_PX = (1.0, 6.0)  # a star is its source within 3 rms, between these
N_ROUNDS = 3
RESIDUAL_CLIP = 3.5  # robust standard deviations
CENTROID_FLOOR_PX = 0.02  # no centroid is better
HEADER_WITHIN_PX = 40.0  # error of a header's WCS that is searched for a common shift
CHECKED_STARS = 200
EYE = np.eye(2, 3)
FAR_PX = 1e9  # where a star is put that has no place


class Solution(NamedTuple):
    """A plate solution."""

    header: "fits.Header"  # of the WCS
    n_stars: int  # behind it
    rms_px: float  # of their residuals, per coordinate, clipped
    sip_degree: int
    chance: float  # log10 of the probability that chance matches as many
    star: np.ndarray  # (n_stars,), rows of the catalogue
    source: np.ndarray  # (n_stars,), rows of the sources


def spread(xy_px, shape, n, cells=SPREAD_CELLS):
    """Order positions, brightest first, so that every part of the image has its share.

    The brightest source of each cell of a grid comes first, then the second of each, and so on:
    a cluster in a corner does not take all places. Returns the first `n` row numbers.
    """
    ny, nx = shape
    cell = (np.clip(xy_px[:, 0] / nx * cells, 0, cells - 1).astype(int) * cells
            + np.clip(xy_px[:, 1] / ny * cells, 0, cells - 1).astype(int))
    order = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[order], np.arange(cells * cells))
    rank = np.empty(len(xy_px), int)
    rank[order] = np.arange(len(xy_px)) - first[cell[order]]
    return np.lexsort((np.arange(len(xy_px)), rank))[:n]


def solve(sky_deg, xy_px, shape, scale_arcsec, centre_deg, pointing_arcsec, sigma_px=None,
          fit_too=None, parities=(1, -1), sip_degree=None, start=None):
    """Find the WCS of an image from its sources and a catalogue.

    Parameters
    ----------
    sky_deg : ndarray of float, shape (n, 2)
        RA and Dec of the stars at the date of the image, brightest first.
    xy_px : ndarray of float, shape (m, 2)
        Sources, brightest first, pixels from 0.
    shape : (int, int)
        (ny, nx) of the image.
    scale_arcsec : float
        Pixel scale, known to 20 %.
    centre_deg : (float, float)
        Where the image looks, within `pointing_arcsec`; infinity: anywhere in the catalogue.
    pointing_arcsec : float
    sigma_px : ndarray of float, shape (m,), optional
        Errors of the positions.
    fit_too : ndarray of bool, shape (m,), optional
        False for sources that are matched but do not count in the fit, as saturated ones.
    parities : tuple of int
        1: east is left when north is up; -1: right.
    sip_degree : int, optional
        See `tangent.fit_wcs`.
    start : WCS, optional
        Of the header: tried first.

    Returns
    -------
    Solution

    Raises
    ------
    ImageRejected
        If nothing is found that chance does not explain.

    Notes
    -----
    The catalogue on the tangent plane is matched as another image would be (`align`), with its
    brightest 40, 20, 80 ... stars, over the area where the image can look, and in tiles of it
    where that is much larger than the image. What is found must put stars onto sources where
    chance does so with a probability below 1e-9, all trials counted.
    """
    if min(len(sky_deg), len(xy_px)) < LEAST_PAIRS:
        raise ImageRejected(f"{len(xy_px)} sources and {len(sky_deg)} stars of the catalogue: "
                            f"with fewer than {LEAST_PAIRS} a solution can be chance")
    sigma_px = (np.full(len(xy_px), 1.0) if sigma_px is None
                else np.maximum(sigma_px, CENTROID_FLOOR_PX))
    fit_too = np.ones(len(xy_px), bool) if fit_too is None else fit_too
    final = {"sigma_px": sigma_px, "fit_too": fit_too, "sip_degree": sip_degree}
    if start is not None and (first := _from_header(sky_deg, xy_px, shape, start)) is not None:
        pairs = _match(sky_deg, xy_px, shape, first, 1, scale_arcsec)
        if pairs is not None:
            return _finished(sky_deg, xy_px, shape, pairs, **final)
    plane = tangent.project(*sky_deg.T, *centre_deg) / scale_arcsec
    plane[np.isnan(plane)] = np.inf
    # parity 1: east is left of north, so that plane and pixels have opposite senses of rotation
    senses, n_trials = tuple(-one for one in parities), 0
    for tile in _tiles(plane, shape, pointing_arcsec / scale_arcsec):
        for depth in DEPTHS:
            if n_trials and depth > 2 * min(len(tile), len(xy_px)):
                continue
            stars = tile[:depth]
            sources = np.sort(spread(xy_px, shape, int(SOURCES_PER_STAR * depth) + 5))
            n_trials += 1
            try:
                found = align_catalogs(plane[stars], xy_px[sources], senses, rms_max_px=4.0)
            except ImageRejected:
                continue
            if abs(np.log(found.scale)) > np.log1p(SCALE_KNOWN_WITHIN):
                continue
            predicted = apply(found.matrix, np.where(np.isfinite(plane), plane, FAR_PX))
            pairs = _match(sky_deg, xy_px, shape, predicted, n_trials, scale_arcsec)
            if pairs is not None:
                return _finished(sky_deg, xy_px, shape, pairs, **final)
    raise ImageRejected(
        f"its {len(xy_px)} sources fit no part of the catalogue ({len(sky_deg)} stars, "
        f"{n_trials} trials): what agrees can be chance")


def _tiles(plane, shape, pointing_px):
    """Yield the stars, brightest first, of parts of the catalogue about as large as the image."""
    sides = np.array(shape[::-1], float)
    half = np.hypot(*sides) / 2  # the image may be turned
    inside = np.flatnonzero((np.abs(plane) <= half + pointing_px).all(1))
    if len(inside) < LEAST_PAIRS:
        return
    low, high = plane[inside].min(0), plane[inside].max(0)
    if ((high - low) <= WHOLE_SIDES * sides.max()).all():
        yield inside
    if ((high - low) <= 1.5 * sides.max()).all():
        return
    # tiles that overlap by a half, nearest to where it should look first
    step = TILE_STEP * sides.min()
    ends = [np.arange(first + step / 2, max(last, first + step), step)
            for first, last in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*ends), -1).reshape(-1, 2)
    for place in places[np.argsort((places**2).sum(1), kind="stable")][:N_TILES]:
        tile = inside[(np.abs(plane[inside] - place) <= TILE_SIDES * sides.max() / 2).all(1)]
        if len(tile) >= LEAST_PAIRS:
            yield tile


def _from_header(sky_deg, xy_px, shape, wcs):
    """Where a header's WCS puts the stars, moved as most of them agree; None without a move."""
    predicted = tangent.pixels_of(wcs, sky_deg)
    ny, nx = shape
    near = np.flatnonzero((np.abs(predicted - (nx / 2, ny / 2)) <= (
        nx / 2 + HEADER_WITHIN_PX, ny / 2 + HEADER_WITHIN_PX)).all(1))[:CHECKED_STARS]
    some = xy_px[:2 * CHECKED_STARS]
    if not len(near) or not len(some):
        return None
    pairs = spatial.cKDTree(some).query_ball_point(predicted[near], HEADER_WITHIN_PX)
    shifts = np.concatenate([some[found] - at for at, found in zip(predicted[near], pairs,
                                                                   strict=True)])
    if not len(shifts):
        return None
    # the shift with most others near to it
    counts = spatial.cKDTree(shifts).query_ball_point(shifts, 2.0, return_length=True)
    best = shifts[np.argmax(counts)]
    return np.where(np.isfinite(predicted), predicted, FAR_PX) + shifts[
        np.hypot(*(shifts - best).T) < 2.0].mean(0)


def _match(sky_deg, xy_px, shape, predicted, n_trials, scale_arcsec):
    """Pairs (star, source) about first positions of the stars, and log10 of their chance.

    None if chance could give as many.
    """
    ny, nx = shape
    tolerance_px, plane = 3 * MATCH_PX[0], None
    for _ in range(N_ROUNDS):
        on_it = np.flatnonzero(((predicted >= -0.5) & (predicted < (nx - 0.5, ny - 0.5))).all(1))
        # the brightest: about as many as there are sources
        on_it = on_it[:int(1.5 * len(xy_px)) + 5]
        i, j = matched_pairs(EYE, predicted[on_it], xy_px, tolerance_px)
        if len(i) < LEAST_PAIRS:
            return None
        # on a tangent plane in the middle of the image the map to pixels is linear
        if plane is None:
            middle = np.argmin(np.hypot(*(predicted[on_it] - (nx / 2, ny / 2)).T))
            plane = tangent.project(*sky_deg.T, *sky_deg[on_it[middle]]) / scale_arcsec
            plane[np.isnan(plane)] = FAR_PX
        matrix = fit_affine(plane[on_it[i]], xy_px[j])
        predicted = apply(matrix, plane)
        away = np.hypot(*(predicted[on_it[i]] - xy_px[j]).T)
        tolerance_px = float(np.clip(3 * RMS_PER_MEDIAN * np.median(away), *MATCH_PX))
    # the stars that the image must show, as many as it has sources: how many of them it does
    n = min(len(on_it), len(xy_px))
    i, j = matched_pairs(EYE, predicted[on_it], xy_px, tolerance_px)
    bright = int((i < n).sum())
    by_chance = -np.expm1(-len(xy_px) * np.pi * tolerance_px**2 / (nx * ny))
    with np.errstate(divide="ignore"):
        log10 = float(np.log10(special.bdtrc(bright - FREE_PAIRS - 1, n, by_chance))
                      + np.log10(TRIALS_EACH * n_trials))
    scale = scale_arcsec / np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if (log10 > np.log10(FALSE_BY_CHANCE) or bright < max(LEAST_PAIRS, SHARE_LEAST * n)
            or abs(np.log(scale / scale_arcsec)) > np.log1p(SCALE_KNOWN_WITHIN)):
        return None
    return on_it[i], j, log10


def _finished(sky_deg, xy_px, shape, pairs, sigma_px, fit_too, sip_degree):
    """Fit the final WCS to matched pairs, without outliers."""
    star, source, chance = pairs
    counts = fit_too[source]
    if counts.sum() >= max(LEAST_PAIRS, len(source) // 3):
        star, source = star[counts], source[counts]
    # the errors of the centroids, and by what the stars scatter beyond them
    used, sigma, extra, sky0 = np.ones(len(star), bool), sigma_px[source], 0.0, None
    for last in (False,) * N_ROUNDS + (True,):
        total = np.hypot(sigma, extra)
        fitted = tangent.fit_wcs(sky_deg[star[used]], xy_px[source[used]], total[used], shape,
                                 sip_degree, sky0)
        if last:
            break
        # without distortion on the first try, none is looked for again
        sip_degree = 0 if sip_degree is None and fitted.degree == 1 else sip_degree
        away, sky0 = xy_px[source] - tangent.pixels_by_fit(fitted, sky_deg[star]), fitted.sky0_deg
        pull = np.abs(away) / total[:, None]
        inner = MAD_TO_SIGMA * np.median(pull[used])
        excess2 = (MAD_TO_SIGMA * np.median(np.abs(away[used]))) ** 2 - np.median(sigma[used]) ** 2
        extra = float(np.sqrt(max(excess2, 0.0)))
        clipped = (pull < RESIDUAL_CLIP * max(inner, 1.0)).all(1)
        used = clipped if clipped.sum() >= LEAST_PAIRS else used
    n_free = max(2 * used.sum() - fitted.terms.size, 1)
    rms_px = float(np.sqrt((fitted.residual_px**2).sum() / n_free))
    return Solution(tangent.header_of(fitted, shape), int(used.sum()), rms_px, fitted.sip_degree,
                    chance, star[used], source[used])


def residual_of(sky_deg, xy_px, shape, wcs):
    """Check a WCS against a catalogue: median distance of its stars from their sources.

    Returns
    -------
    median_px : float
        NaN where no star can be told from chance.
    n_stars : int
        Pairs behind it.
    shift_px : ndarray of float, shape (2,)
        Median of source minus predicted position.

    Notes
    -----
    The stars that fall on the image are moved together, by up to 40 px, to where most of them
    find a source; the distances are those without the move.
    """
    found = _from_header(sky_deg, xy_px, shape, wcs)
    nothing = np.nan, 0, np.full(2, np.nan)
    if found is None:
        return nothing
    scale, *_ = tangent.scale_and_north(wcs, np.array(shape[::-1]) / 2)
    pairs = _match(sky_deg, xy_px, shape, found, 1, scale)
    if pairs is None:
        return nothing
    star, source, _ = pairs
    away = xy_px[source] - tangent.pixels_of(wcs, sky_deg[star])
    return float(np.median(np.hypot(*away.T))), len(star), np.median(away, axis=0)


def centroid_sigma(flux_e, n_pix, fwhm_px, sky_sigma_e):
    """Errors per coordinate of centroids in px, from photons and sky: FWHM / (2.35 S/N)."""
    noise = np.sqrt(np.maximum(flux_e, 1) + n_pix * sky_sigma_e**2)
    return fwhm_px / 2.3548 / np.maximum(flux_e / noise, 1e-3)
