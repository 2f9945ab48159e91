"""Light curves of single images or nights, with any coefficient, for a first look."""

import logging
from typing import NamedTuple

from cosmouline.database import columns
from cosmouline.database.columns import column, members, texts
from cosmouline.database.fields import lookup
from cosmouline.errors import UserError
from cosmouline.frames import db_nights
from cosmouline.lightcurve import db_columns, db_curves
from cosmouline.lightcurve.join import dispersion
from cosmouline.robust import median_of_finite

import numpy as np

log = logging.getLogger("cosmouline")

ARGUMENTS = db_curves.SUM_ARGUMENT | {"--coefficient": {
    "metavar": "NAME", "help": "medcoeff, the name of a renormalisation, or none (default: the "
    "coefficient of the deconvolution)"}}


class Curves(NamedTuple):
    """Magnitudes of M sources at n points, in order of mhjd (n,).

    `mags` and `sigmas` (M, n) are NaN where a source has no positive flux. `rows` are the images
    in the order of the points; none for nights.
    """

    mhjd: np.ndarray
    mags: np.ndarray
    sigmas: np.ndarray
    rows: list


def words(given):
    """Return each word once, by its field; set and set_name are the same."""
    found = dict.fromkeys("field_fwhm_arcsec" if word == "seeing" else word for word in given)
    return [word for word in found if word != "set_name" or "set" not in found]


def without_copies(words, images):
    """Return the words without those whose picture would be that by image again; log them."""
    n_nights = len(db_nights.grouped(images, "night", None))
    same = {"set": len({row["set_name"] for row in images}) == 1 and "all are of one set",
            "night": n_nights == len(images) and "no night has two"}
    for word in [word for word in words if "image" in words and same.get(word)]:
        log.info("no picture by %s, it would be that by image: %s", word, same[word])
    return [word for word in words if "image" not in words or not same.get(word)]


def chosen(db, settings):
    """Return the rows to be drawn, with the coefficient of the option, and sources with sums."""
    rows, sources = db_curves.rows_with_sums(db, settings)
    return with_coefficient(rows, settings.dec_name, settings.options.coefficient), sources


def with_coefficient(rows, dec_name, name):
    """Return rows with another coefficient in place of that of the deconvolution.

    The name is ``none`` (the coefficient is 1), ``medcoeff``, or that of a renormalisation; None
    changes nothing. Images without it are left out. Fluxes are stored in electrons of the
    exposure, so any coefficient can be applied to them.

    Raises
    ------
    UserError
        If no image has it.
    """
    if name is None:
        return rows
    # The error of a coefficient stands in a field of its own; that of none is 0.
    value, sigma = ((name, f"{name}_sigma") if name == "medcoeff" else
                    (f"renorm__{name}", f"renorm_sigma__{name}"))
    found = [row | {f"dec_coeff__{dec_name}": 1.0 if name == "none" else row[value],
                    f"dec_coeff_sigma__{dec_name}":
                        0.0 if name == "none" else row.get(sigma, np.nan)}
             | {f"dec_{kind}__{dec_name}": row.get(f"renorm_{kind}__{name}", 0.0)
                for kind in ("calib", "calib_night")}
             for row in rows if name == "none" or value in row]
    if not found:
        known = ", ".join(sorted(members(rows, "renorm__{renorm}"))) or "no renormalisation"
        raise UserError(f"--coefficient {name}: no image has '{value}'. There is medcoeff, none, "
                        f"and: {known}.")
    return found


def by_image(rows, sources, settings):
    """Return the `Curves` of the single images: flux errors and those of the coefficients."""
    rows = sorted(rows, key=lambda row: row["mjd"])
    return Curves(columns.time_of(rows),
                  *db_columns.magnitudes(rows, sources, settings.dec_name), rows)


def by_night(rows, sources, settings):
    """Return the `Curves` of the nights, as lcmanip joins them; errors are magerr_cov."""
    groups = db_nights.grouped(rows, "night", None)
    joined = db_columns.joined(rows, groups, sources, settings.dec_name, settings.join_center)
    # The date of a night is the mean of its images, as that of lcmanip.
    times = columns.time_of(rows)
    mhjd = np.array([times[group].mean() for group in groups])
    order = np.argsort(mhjd)
    return Curves(mhjd[order], joined.mag.T[:, order], joined.magerr_cov.T[:, order], [])


def colour_of(rows, name):
    """Return the values of a field, or names where it is text or True or False, and its unit.

    Raises
    ------
    UserError
        If the field is not declared, or no row has it.
    """
    try:
        declared = lookup(name)
    except ValueError as problem:
        raise UserError(f"{problem}; see doc/fields.md.") from problem
    if not any(name in row for row in rows):
        raise UserError(f"no image has '{name}'. Run {declared.producer}.py first.")
    if declared.type in (str, bool):
        return np.array([str(value) for value in texts(rows, name, "?")]), ""
    return column(rows, name), declared.unit


def notes(curves, sources):
    """Return the scatter of each source in words, and the lines of a report, with that of all.

    Notes
    -----
    `join.dispersion`, COSMOULINE's estimator. The total counts every point of every source.
    """
    found = [dispersion(curves.mhjd, m, s)
             for m, s in zip(curves.mags, curves.sigmas, strict=True)]
    words = [f"distance from neighbours: {mean:.2f} x error (median {median:.2f}, {n} points)"
             if n else "too few points to measure the scatter" for mean, median, n in found]
    # Of all sources: the mean over all points, so that a source counts by its points.
    n_all = sum(n for _, _, n in found)
    total = sum(mean * n for mean, _, n in found if n) / n_all if n_all else np.nan
    lines = [f"{source}: {word}" for source, word in zip(sources, words, strict=True)]
    return words, [*lines, f"all: distance from neighbours: {total:.2f} x error ({n_all} points)"]


def medians(curves, sources, names):
    """Yield how far the median of each set of images lies from that of all, source by source."""
    for source, mags in zip(sources, curves.mags, strict=True):
        offsets = (f"{name} {median_of_finite(mags[names == name]) - median_of_finite(mags):+.3f}"
                   for name in np.unique(names))
        yield f"{source}: median of {', '.join(offsets)} mag"


def title(settings):
    """Return what is drawn, in words: deconvolution, band, and another coefficient."""
    other = settings.options.coefficient
    return " ".join([settings.dec_name, *filter(None, [settings.band])]) + (
        f" (coefficient {other})" if other else "")


def file_name(settings, what):
    """Return the name of a picture; another coefficient is part of it."""
    other = settings.options.coefficient
    return f"{settings.dec_name}{f'_{other}' if other else ''}_{what}"
