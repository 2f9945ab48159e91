"""What an exported database holds, in words, and which of the names side by side go into it."""

from collections import Counter

from cosmouline.database.columns import column
from cosmouline.database.fields import names_in
from cosmouline.dates import mjd_to_iso
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.robust import median_of_finite

import numpy as np

KINDS = {"psf": "PSF", "renorm": "renormalisation", "dec": "deconvolution"}


def fields_of(rows):
    """Return the names of all fields that some row has, in order of the alphabet.

    Without the notes on files in the work folder, which mean nothing elsewhere.
    """
    return sorted({name for row in rows for name in row if not name.startswith("made__")})


def families(rows):
    """Return the names of PSFs, renormalisations and deconvolutions, and their fields.

    Returns
    -------
    dict of str to dict of str to list of str
        Fields by name by kind ("psf", "renorm", "dec").
    """
    found = {kind: {} for kind in KINDS}
    for field in fields_of(rows):
        for kind, name in names_in(field).items():
            if kind in KINDS:
                found[kind].setdefault(name, []).append(field)
    return found


def without(rows, wanted):
    """Return rows without the fields of names that are not wanted.

    Parameters
    ----------
    rows : list of dict
    wanted : dict of str to sequence of str or None
        Names by kind; None: all.

    Raises
    ------
    UserError
        If the rows do not hold a name.
    """
    there, left_out = families(rows), set()
    for kind, names in wanted.items():
        unknown = [name for name in names or () if name not in there[kind]]
        if unknown:
            raise UserError(f"there is no {KINDS[kind]} '{unknown[0]}' in the database. It has "
                            f"{', '.join(there[kind]) or 'none'}.")
        left_out |= {field for name, fields in there[kind].items() if names is not None
                     and name not in names for field in fields}
    return [{field: value for field, value in row.items()
             if field not in left_out and not field.startswith("made__")}
            for row in rows]


def text(rows):
    """Return what the rows hold, in words: images, time, telescopes, sets, reference, names."""
    in_use = [row for row in rows if row["gogogo"] and row["treatme"]]
    return "\n".join([
        f"{len(rows)} images, {len(in_use)} in use", *_reasons(rows), *_span(in_use),
        *_counted(in_use, "telescope"), *_counted(in_use, "set_name", "set"),
        *_counted(in_use, "filter"), *_references(rows), *_families(rows)]) + "\n"


def _reasons(rows):
    """Yield how many images are out of use, and for what."""
    away = sum(row["gogogo"] and not row["treatme"] for row in rows)
    if away:
        yield f"  {away} set aside (treatme)"
    for row in rows:
        if not row["gogogo"]:
            yield f"  out of use: {row['img_name']}: {row.get('whynot', 'no reason')}"


def _span(rows):
    """Yield the time that the images span, and what they are like."""
    mjd = column(rows, "mjd")
    if np.isfinite(mjd).any():
        first, last = np.nanmin(mjd), np.nanmax(mjd)
        yield (f"time span: {mjd_to_iso(first, 'seconds')} to {mjd_to_iso(last, 'seconds')} UTC "
               f"(mjd {first:.3f} to {last:.3f}, {last - first:.1f} days)")
    for field, what, unit in (("exptime_s", "exposure time", "s"),
                              ("field_fwhm_arcsec", "seeing", "arcsec"), ("airmass", "airmass",
                                                                         "")):
        if np.isfinite(column(rows, field)).any():
            yield f"median {what}: {median_of_finite(column(rows, field)):.4g} {unit}".rstrip()


def _counted(rows, field, label=""):
    """Yield how many images have each value of a text field."""
    for value, n in sorted(Counter(row[field] for row in rows if row.get(field)).items()):
        yield f"{label or field} {value}: {n} images"


def _references(rows):
    """Yield the reference images of the alignment and of the bands."""
    for field, what in (("ref_img_name", "reference image of the alignment"),
                        ("band_ref_img_name", "reference image of the coefficients")):
        for name in sorted({row[field] for row in rows if field in row}):
            yield f"{what}: {name}"


def _families(rows):
    """Yield the names that live side by side: how many images have each, and of what."""
    for kind, names in families(rows).items():
        for name, fields in names.items():
            n = sum(any(field in row for field in fields) for row in rows)
            inside = sorted({members[key] for members in map(names_in, fields)
                             for key in ("star", "source") if key in members})
            used = sorted({row[f"dec_psf__{name}"] for row in rows if f"dec_psf__{name}" in row}
                          if kind == "dec" else ())
            yield (f"{KINDS[kind]} {name}: {n} images, {len(fields)} fields"
                   + (f", of {', '.join(inside)}" if inside else "")
                   + (f"; with the PSF {', '.join(used)}" if used else ""))


def field_table(fields):
    """Return the table of fields: name, unit and meaning."""
    lines = [{"field": name, "unit": unit, "meaning": meaning}
             for name, (_, unit, meaning) in fields.items()]
    return io_report.table(lines, ("field", "unit", "meaning"))
