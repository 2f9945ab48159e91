"""One list of the sources of the field, from the stacks of all bands; which of them move."""

from typing import NamedTuple

from cosmouline.astrometry import db_coordinates, tangent
from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files import io_fits, io_table
from cosmouline.images.bad_pixels import LINEAR_FRACTION
from cosmouline.images.db_photom_stacks import read_flat
from cosmouline.sources import motion
from cosmouline.sources.chi_square import (
    FLAG_BLENDED,
    FLAG_CUT,
    combined,
    significance,
    sources_on,
)
from cosmouline.sources.detect import detect_sources
from cosmouline.sources.moments import adaptive_moments
from cosmouline.sources.seeing import frame_seeing

import numpy as np

MOVING_SIGMAS = 5.0  # of a motion that is believed: none of a thousand sources by chance
MOVING_FWHM = 0.15  # from the first to the last night; blends of another seeing shift by less
SINGLE_STRENGTH = 1.5  # times the threshold: on one night, and what of it were on all is found
COSMIC_WIDTH = 0.7  # of the median source: nothing that came through a telescope is narrower
LINK_FWHM = 1.0  # a source of a night this near to one of all nights is the same
FIELDS = {
    "number": (int, "", "number of the source, brightest first"),
    "x_px": (float, "px", "on the grid of the stacks, first pixel 0, windowed"),
    "y_px": (float, "px", "see x_px"),
    "ra_deg": (float, "deg", "right ascension, ICRS"),
    "dec_deg": (float, "deg", "declination, ICRS"),
    "a_px": (float, "px", "long half axis of the pixels above the threshold, second moments"),
    "b_px": (float, "px", "short half axis"),
    "theta_deg": (float, "deg", "direction of the long axis, from x towards y"),
    "n_pix": (int, "1", "pixels above the threshold"),
    "peak_sigma": (float, "1", "highest pixel of the chi-square image, in sigmas"),
    "flags": (int, "", "2 blended, 4 saturated, 8 at the edge, 64 deblending gave up"),
    "n_nights": (int, "1", "nights on whose stacks it was found"),
    "motion_arcsec_d": (float, "arcsec / d", "motion from night to night"),
    "motion_sigma_arcsec_d": (float, "arcsec / d", "its error along either axis"),
    "note": (str, "", "what is special: it moves, or was there on one night alone"),
}


class Detected(NamedTuple):
    """Sources of a set of stacks."""

    sources: np.ndarray
    segments: np.ndarray  # (ny, nx), 0 for the sky
    image: np.ndarray  # (ny, nx), see `chi_square.combined`
    there: np.ndarray  # (ny, nx) of bool, where a stack has a value
    mjd: float  # mean of the stacks
    fwhm_px: float  # smallest of the stacks
    width_px: np.ndarray  # FWHM of each source on the image, NaN where not measured


def stack_seeing(path, images):
    """Return the FWHM of the stars of a stack in pixels, and their number.

    With too few stars the mean of the images behind it, and 0.
    """
    flat = read_flat(path)
    gain = np.float32(flat.header["GAIN"])
    try:
        seeing = frame_seeing(detect_sources(flat.image * gain, flat.header["SATURLVL"] * gain))
    except ImageRejected:
        return float(np.mean(column(images, "fwhm_px") / column(images, "align_scale"))), 0
    return seeing.fwhm_px, seeing.n_stars


def detect(stacks, settings):
    """Find the sources of stacks, a list of (filter, path) of one grid; return `Detected`."""
    saturated, there, headers = False, False, []

    def one_by_one():
        nonlocal saturated, there
        for _, path in stacks:
            flat = read_flat(path)
            headers.append(flat.header)
            full = np.nan_to_num(flat.image) >= LINEAR_FRACTION * flat.header["SATURLVL"]
            saturated, there = full | saturated, ~flat.bad | there
            with np.errstate(divide="ignore"):
                yield significance(flat.image, 1 / np.sqrt(flat.weight))

    limit = settings.photom_threshold_sigma
    image = combined(one_by_one(), limit)
    sources, segments = sources_on(image, limit, settings.detect_min_area_px, saturated)
    return Detected(sources, segments, image, there,
                    float(np.mean([header["MJD"] for header in headers])),
                    float(min(header["SEEPIX"] for header in headers)),
                    adaptive_moments(image, sources["x"], sources["y"]).fwhm_px)


def rows_of(found, reference, settings):
    """Return the sources of all nights as rows of `FIELDS`, without what the nights tell."""
    wcs = db_coordinates.wcs_of(reference, settings)
    xy = np.column_stack([found.sources["x"], found.sources["y"]])
    rows = [{"number": k, "x_px": float(one["x"]), "y_px": float(one["y"]),
             "a_px": float(one["a"]), "b_px": float(one["b"]),
             "theta_deg": float(np.degrees(one["theta"])), "n_pix": int(one["npix"]),
             "peak_sigma": float(one["peak"]), "flags": int(one["flag"])}
            for k, one in enumerate(found.sources, 1)]
    if wcs is not None and rows:
        for row, (ra, dec) in zip(rows, tangent.sky_of(wcs, xy).tolist(), strict=True):
            row |= {"ra_deg": ra, "dec_deg": dec}
    return rows


def add_nights(rows, deep, nights, reference, settings):
    """Add the motions of the sources to their rows, and rows of what is on one night alone.

    Parameters
    ----------
    rows : list of dict
        From `rows_of` of `deep`; what is added stands at its end.
    deep : Detected
    nights : dict of str to Detected
        By the date of the evening, two or more.
    reference : dict
        Row of the image whose grid the stacks have.
    settings : namespace

    Returns
    -------
    motion.Motions
    """
    scale_arcsec = reference["pixel_scale_arcsec"]
    xy = np.array([(row["x_px"], row["y_px"]) for row in rows]).reshape(-1, 2)
    lists = [(np.column_stack([one.sources["x"], one.sources["y"]]),
              np.maximum(one.sources["peak"], 1.0).astype(float)) for one in nights.values()]
    links = motion.linked(xy, lists, LINK_FWHM * deep.fwhm_px, deep.fwhm_px)
    mjd = np.array([one.mjd for one in nights.values()])
    found = motion.motions(mjd, links)
    least = SINGLE_STRENGTH * settings.photom_threshold_sigma
    far_px_d = MOVING_FWHM * deep.fwhm_px / np.ptp(mjd)
    for k, row in enumerate(rows):
        row["n_nights"] = int(found.n_nights[k])
        # so strong that it must be on each night, and neither saturated nor at the edge
        if (row["peak_sigma"] > least * np.sqrt(len(nights)) and not row["flags"] & ~FLAG_BLENDED
                and row["n_nights"] <= len(nights) / 2):
            row["note"] = (f"on {row['n_nights']} of {len(nights)} nights: it moves, or flared "
                           "up, or the nights are of other depth")
        if not np.isfinite(found.sigma_px_d[k]):
            continue
        rate_px_d = float(np.hypot(*found.rate_px_d[k]))
        row |= {"motion_arcsec_d": rate_px_d * scale_arcsec,
                "motion_sigma_arcsec_d": float(found.sigma_px_d[k]) * scale_arcsec}
        if found.sigmas[k] > MOVING_SIGMAS and rate_px_d > far_px_d:
            row["note"] = (f"moves by {rate_px_d * scale_arcsec:.3g} arcsec a day "
                           f"({found.sigmas[k]:.0f} sigma, {found.n_nights[k]} nights)")
    for (night, one), own in zip(nights.items(), links.singles, strict=True):
        others = np.delete(one.width_px, own)
        typical = np.nanmedian(others) if np.isfinite(others).any() else np.nan
        # strong, whole, no sharper than the others, and where the deep stack has light at all
        source = one.sources[own]
        good = ((source["peak"] > least) & ((source["flag"] & FLAG_CUT) == 0)
                & (one.width_px[own] > COSMIC_WIDTH * typical))
        at = np.rint(np.column_stack([source["y"], source["x"]])).astype(int)
        good &= deep.there[at[:, 0], at[:, 1]]
        for row in rows_of(one._replace(sources=source[good]), reference, settings):
            day = f"{night[:4]}-{night[4:6]}-{night[6:]}"
            rows.append(row | {"number": len(rows) + 1, "n_nights": 1,
                               "note": f"on {day} alone: it moves, or flared up"})
    return found


def write(rows, settings):
    """Write the list of sources."""
    io_table.write_ecsv(paths.photom_sources(settings), rows, FIELDS)


def read(settings):
    """Return the list of sources as rows; UserError where it is missing."""
    path = paths.photom_sources(settings)
    if not path.is_file():
        raise UserError(f"{path} is missing. Run fac_photom/3_detect.py first.")
    return io_table.read_ecsv(path)


def write_maps(found, settings, cards):
    """Write the chi-square image and the segments of the sources, as FITS images."""
    folder = paths.photometry(settings)
    io_fits.write_image(folder / "chi_square.fits", found.image, {"BUNIT": "sigma"}, cards)
    io_fits.write_image(folder / "segments.fits", found.segments.astype(np.float32),
                        {"BUNIT": "source"}, cards)
