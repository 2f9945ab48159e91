"""What a database and a work folder hold now, in tables for the tools by hand."""

import os
from collections import Counter

from cosmouline.database import fields
from cosmouline.files import io_report

import numpy as np

MEGABYTE = 1e6
FAMILIES = {"PSF": "psf_chi2__{psf}", "renormalisation": "renorm__{renorm}",
            "deconvolution": "dec_number__{dec}", "finished deconvolution": "dec_chi2__{dec}"}


def sets_table(db):
    """Return a table of the sets: images, flags, nights."""
    lines = []
    for name in sorted({row["set_name"] for row in db.rows.values()}):
        rows = db.select(set_name=name)
        dates = [row["mjd"] for row in rows if "mjd" in row]
        lines.append({
            "set": name, "images": len(rows),
            "in use": sum(row["gogogo"] and row["treatme"] for row in rows),
            "rejected": sum(not row["gogogo"] for row in rows),
            "set aside": sum(not row["treatme"] for row in rows),
            "test list": sum(row["testlist"] for row in rows),
            "new": sum(row["updating"] for row in rows),
            "first mjd": min(dates, default=None), "last mjd": max(dates, default=None)})
    columns = ("set", "images", "in use", "rejected", "set aside", "test list", "new",
               "first mjd", "last mjd")
    return io_report.table(lines, columns, {"first mjd": ".3f", "last mjd": ".3f"})


def families_table(db):
    """Return a table of the PSFs, renormalisations and deconvolutions that lie side by side."""
    lines = []
    for what, pattern in FAMILIES.items():
        prefix = pattern.split("{")[0]
        counts = Counter(name.removeprefix(prefix) for row in db.rows.values() for name in row
                         if fields.matches(pattern, name))
        lines += [{"what": what, "name": name, "images": n}
                  for name, n in sorted(counts.items())]
    return io_report.table(lines, ("what", "name", "images"))


def disk_table(folder):
    """Return a table of the space on the disk of everything right below a folder."""
    lines = []
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        # Links count by themselves, not by what they lead to
        files = [os.path.join(place, name) for place, _, names in os.walk(entry.path)
                 for name in names] if entry.is_dir() else [entry.path]
        sizes = [os.lstat(path).st_size for path in files]
        lines.append({"where": entry.name, "files": len(files), "MB": sum(sizes) / MEGABYTE})
    lines.append({"where": "all", "files": sum(line["files"] for line in lines),
                  "MB": sum(line["MB"] for line in lines)})
    return io_report.table(lines, ("where", "files", "MB"), {"MB": ".1f"})


def fields_table(db, each=False):
    """Return a table of the fields in the database: counts, range, unit, meaning.

    With `each` every member of a family has a line of its own, instead of the family one.
    """
    # All values of a field, or of all fields of a family
    found = {}
    for row in db.rows.values():
        for name, value in row.items():
            key = name if each else fields.lookup(name).name
            found.setdefault(key, []).append((name, value))
    lines = []
    for key in sorted(found, key=_position):
        declared, values = fields.lookup(key), [value for _, value in found[key]]
        line = {"field": key, "members": len({name for name, _ in found[key]}),
                "images": len(values), "unit": declared.unit, "meaning": declared.meaning}
        if declared.type in (int, float):
            line |= {word: f"{value:.6g}" for word, value in zip(
                ("least", "median", "most"), np.percentile(values, (0, 50, 100)), strict=True)}
        else:  # the most frequent text
            several = Counter(str(value) for value in values).most_common(2)
            line["median"] = several[0][0][:30] + (" ..." if len(several) > 1 else "")
        lines.append(line)
    return io_report.table(lines, ("field", "members", "images", "least", "median", "most", "unit",
                                   "meaning"))


def _position(name):
    """Return where a field stands in the list of all."""
    return list(fields.FIELDS).index(fields.lookup(name).name), name


def image_lines(row):
    """Return all that is known of an image, one field a line, in the order of doc/fields.md."""
    lines = []
    for name in sorted(row, key=_position):
        # Dates keep all their digits
        declared = fields.lookup(name)
        value = row[name]
        text = f"{value:.6g}" if isinstance(value, float) and "mjd" not in name else str(value)
        unit = "" if declared.unit in ("", "1") else declared.unit
        lines.append({"field": name, "value": text, "unit": unit, "meaning": declared.meaning})
    return io_report.table(lines, ("field", "value", "unit", "meaning"))
