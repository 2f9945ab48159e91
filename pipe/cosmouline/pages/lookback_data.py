"""What the lookback pages show of the images: the columns of a table, and the light curves."""

import math
from typing import NamedTuple

from cosmouline.database import skiplists
from cosmouline.database.columns import column, members
from cosmouline.database.fields import expand, lookup
from cosmouline.database.limits import Limits
from cosmouline.errors import UserError
from cosmouline.frames import db_nights
from cosmouline.lightcurve import db_columns

import numpy as np

TIME_DECIMALS, MAG_DECIMALS = 5, 6  # 1 s; two beyond those shown, not rounded twice


class Column(NamedTuple):
    """One column of the table of images.

    `fields` are fields or patterns, of which the first that an image has is shown; `decimals` is
    None for text.
    """

    label: str
    fields: tuple
    decimals: int | None = None
    is_shown: bool = False


COLUMNS = (
    Column("date", ("datetime_utc",), is_shown=True),
    Column("set", ("set_name",), is_shown=True),
    Column("telescope", ("telescope",), is_shown=True),
    Column("filter", ("filter",)),
    Column("exposure", ("exptime_s",), 0),
    Column("mhjd", ("mhjd",), 5),
    Column("seeing", ("field_fwhm_arcsec", "fwhm_arcsec"), 2, True),
    Column("ellipticity", ("field_ellipticity", "ellipticity"), 3, True),
    Column("sky", ("sky_level_e",), 0, True),
    Column("sky_sigma", ("sky_sigma_e",), 1),
    Column("coefficient", ("dec_coeff__{dec}", "renorm__{renorm}", "medcoeff"), 4, True),
    Column("coefficient_error", (
        "dec_coeff_sigma__{dec}", "renorm_sigma__{renorm}", "medcoeff_sigma"), 4),
    Column("medcoeff", ("medcoeff",), 4),
    Column("airmass", ("airmass",), 2, True),
    Column("moon_distance", ("moon_dist_deg",), 0),
    Column("moon_percent", ("moon_percent",), 0),
    Column("aligned_stars", ("n_align_stars",), 0),
    Column("align_rms", ("align_rms_px",), 2),
    Column("align_angle", ("align_angle_deg",), 2),
    Column("chi2", ("dec_chi2__{dec}",), 3, True),
    Column("masked", ("n_dec_masked__{dec}",), 0),
    Column("psf_stars", ("n_psf_used__{psf}",), 0, True),
    Column("psf_chi2", ("psf_chi2__{psf}",), 3),
    Column("psf_ellipticity", ("psf_ellipticity__{psf}",), 3),
    Column("renorm_stars", ("n_renorm_stars__{renorm}",), 0),
    Column("number", ("dec_number__{dec}",), 0),
)


def by_time(rows):
    """Return the rows in the order of time; those without a date at the end."""
    return sorted(rows, key=lambda row: (row.get("mjd", math.inf), row["img_name"]))


def sources_of(rows, settings):
    """Return the point sources that have fluxes in some row."""
    return members(rows, f"flux_e__{settings.dec_name}__{{source}}")


def table(rows, sources, settings):
    """Return the columns that some image has a value for, as the script of the pages reads them.

    Returns
    -------
    list of dict
        label, unit, title (field and meaning), decimals, shown, and values: one per row, None
        where it has none.
    """
    wanted = [*COLUMNS, *(Column(f"{label}_{source}", (f"{field}__{{dec}}__{source}",), 0, shown)
                          for source in sources
                          for label, field, shown in (("flux", "flux_e", True),
                                                      ("flux_error", "flux_sigma_e", False)))]
    found = []
    for one in wanted:
        # the first of the fields that an image has, rounded; None where it has none of them
        names = expand(one.fields, settings)
        values = [next((row[name] for name in names if name in row), None) for row in rows]
        if one.decimals is not None:
            values = [value if value is None else round(value, one.decimals or None)
                      for value in values]
        declared = lookup(names[0])
        unit = "" if declared.unit == "1" else declared.unit
        found.append({"label": one.label, "unit": unit, "decimals": one.decimals,
                      "shown": one.is_shown, "values": values,
                      "title": f"{' or '.join(names)}: {declared.meaning}"})
    return [one for one in found if any(value is not None for value in one["values"])]


def states(rows, inside, settings):
    """Return what became of every image, and why: two lists of texts; `inside` is of `within`.

    The states are ``used``, ``flagged`` (used, but it stands out), ``outside`` (beyond a join_
    limit), ``skipped`` (by the skip list), ``not fitted``, ``set aside`` and ``rejected``.
    """
    skipped, names = skiplist(settings), {row["img_name"] for row in inside}
    found = []
    for row in rows:
        note = ", ".join(filter(None, (row.get("quality_note"),
                                       row.get(f"psf_note__{settings.psf_name}"))))
        # the first of these that is true explains why an image is not in the curves
        if not row["gogogo"]:
            found.append(("rejected", row.get("whynot", "")))
        elif not row.get("treatme", True):
            found.append(("set aside", "treatme is False"))
        elif row["img_name"] in skipped:
            found.append(("skipped", skipped[row["img_name"]]))
        elif f"dec_chi2__{settings.dec_name}" not in row:
            found.append(("not fitted", note))
        elif row["img_name"] not in names:
            found.append(("outside", "beyond a join_ limit of the settings"))
        else:
            found.append(("flagged" if note else "used", note))
    return [state for state, _ in found], [why for _, why in found]


def skiplist(settings):
    """Return the images that the deconvolution leaves out by the user's list, with comments."""
    return skiplists.skiplist(settings, f"dec_{settings.dec_name}_skiplist.txt")


def by_image(rows, sources, settings):
    """Return the light curves image by image: time, magnitudes and errors, None where absent."""
    has_flux = [row for row in rows if f"dec_chi2__{settings.dec_name}" in row]
    time, name = _times(rows, has_flux)
    mag, sigma = db_columns.magnitudes(rows, sources, settings.dec_name)
    return {"time": name, "t": _list(time, TIME_DECIMALS), "mag": _lists(mag, MAG_DECIMALS),
            "sigma": _lists(sigma, MAG_DECIMALS)}


def _times(rows, has_flux):
    """Return the time of all rows and its name: mjd as soon as a row with fluxes has no mhjd."""
    mhjd, mjd = column(rows, "mhjd"), column(rows, "mjd")
    if np.isfinite(column(has_flux, "mhjd")).all():
        return np.where(np.isfinite(mhjd), mhjd, mjd), "mhjd"
    return mjd, "mjd"


def by_night(rows, inside, sources, settings):
    """Return the light curves night by night, as lcmanip joins them, and the images of each.

    The images are those of `inside` (see `within`), given by their positions in `rows`.
    """
    if not inside:
        return {"t": [], "mag": [], "sigma": [], "members": []}
    position = {row["img_name"]: i for i, row in enumerate(rows)}
    # joined as lcmanip does, with the errors of the common coefficient
    groups = db_nights.grouped(inside, "night", None)
    joined = db_columns.joined(inside, groups, sources, settings.dec_name, settings.join_center)
    time, _ = _times(inside, inside)
    return {"t": _list([time[group].mean() for group in groups], TIME_DECIMALS),
            "mag": _lists(joined.mag.T, MAG_DECIMALS),
            "sigma": _lists(joined.magerr_cov.T, MAG_DECIMALS),
            "members": [[position[inside[i]["img_name"]] for i in group] for group in groups]}


def within(rows, settings):
    """Return the rows in use with fluxes that are within the join_ limits."""
    fitted = [row for row in rows if row["gogogo"] and row.get("treatme", True)
              and f"dec_chi2__{settings.dec_name}" in row]
    try:
        return db_columns.within_limits(fitted, settings.dec_name, Limits.of(settings, "join_"))
    except UserError:  # none is: the pages show the images alone
        return []


def _list(values, decimals):
    """Return numbers as a list, rounded; None for NaN."""
    return [round(value, decimals) if math.isfinite(value) else None
            for value in np.asarray(values, float).tolist()]


def _lists(values, decimals):
    return [_list(one, decimals) for one in values]
