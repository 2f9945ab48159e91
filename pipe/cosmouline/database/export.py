"""What an exported database holds, in words, and which names go into it."""

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
    """Return the sorted names of all fields that some row has, but those on files on the disk."""
    return sorted({name for row in rows for name in row if not name.startswith("made__")})


def families(rows):
    """Return the fields of PSFs, renormalisations and deconvolutions: {kind: {name: fields}}."""
    found = {kind: {} for kind in KINDS}
    for field in fields_of(rows):
        for kind, name in names_in(field).items():
            if kind in KINDS:
                found[kind].setdefault(name, []).append(field)
    return found


def without(rows, wanted):
    """Return rows without the fields of names that are not wanted: names by kind; None: all.

    Raises UserError if the rows do not hold a name.
    """
    # The fields of every name that is there and not wanted
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
    lines = [f"{len(rows)} images, {len(in_use)} in use"]
    # Images out of use, with the reason
    if n_aside := sum(row["gogogo"] and not row["treatme"] for row in rows):
        lines.append(f"  {n_aside} set aside (treatme)")
    lines += [f"  out of use: {row['img_name']}: {row.get('whynot', 'no reason')}"
              for row in rows if not row["gogogo"]]
    # The time that the images span, and what they are like
    mjd = column(in_use, "mjd")
    if np.isfinite(mjd).any():
        first, last = np.nanmin(mjd), np.nanmax(mjd)
        lines.append(f"time span: {mjd_to_iso(first, 'seconds')} to "
                     f"{mjd_to_iso(last, 'seconds')} UTC "
                     f"(mjd {first:.3f} to {last:.3f}, {last - first:.1f} days)")
    for field, what, unit in (("exptime_s", "exposure time", " s"),
                              ("field_fwhm_arcsec", "seeing", " arcsec"),
                              ("airmass", "airmass", "")):
        values = column(in_use, field)
        if np.isfinite(values).any():
            lines.append(f"median {what}: {median_of_finite(values):.4g}{unit}")
    for field, label in (("telescope", "telescope"), ("set_name", "set"), ("filter", "filter")):
        counts = Counter(row[field] for row in in_use if row.get(field))
        lines += [f"{label} {value}: {n} images" for value, n in sorted(counts.items())]
    for field, what in (("ref_img_name", "reference image of the alignment"),
                        ("band_ref_img_name", "reference image of the coefficients")):
        lines += [f"{what}: {name}" for name in sorted({row[field] for row in rows
                                                        if field in row})]
    # The names that live side by side: how many images have each, and of what
    for kind, names in families(rows).items():
        for name, fields in names.items():
            n = sum(any(field in row for field in fields) for row in rows)
            inside = sorted({members[key] for members in map(names_in, fields)
                             for key in ("star", "source") if key in members})
            used = sorted({row[f"dec_psf__{name}"] for row in rows if f"dec_psf__{name}" in row}
                          if kind == "dec" else ())
            lines.append(f"{KINDS[kind]} {name}: {n} images, {len(fields)} fields"
                         + (f", of {', '.join(inside)}" if inside else "")
                         + (f"; with the PSF {', '.join(used)}" if used else ""))
    return "\n".join(lines) + "\n"


def field_table(fields):
    """Return the table of fields: name, unit and meaning."""
    lines = [{"field": name, "unit": unit, "meaning": meaning}
             for name, (_, unit, meaning) in fields.items()]
    return io_report.table(lines, ("field", "unit", "meaning"))
