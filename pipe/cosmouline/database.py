"""The flat database of images: one row per image, checked against `fields`."""

import time

from cosmouline import __version__
from cosmouline.errors import UserError
from cosmouline.fields import convert, lookup, matches
from cosmouline.store import Store


class Database:
    """Rows of fields, keyed by ``img_name``.

    Only the parent process of a script writes. Every change is in the journal when the method
    returns; `save` writes the whole file.

    Attributes
    ----------
    rows : dict of str to dict
        The images. Read them; change them through the methods.
    runs : dict of int to dict
        The runs of scripts that the rows refer to: script, version, settings, time.
    """

    def __init__(self, path):
        self.store = Store(path)
        self.rows, self.runs = self.store.load()

    @property
    def notices(self):
        """What reading the file found worth telling."""
        return self.store.notices

    def select(self, **wanted):
        """Return the rows whose fields equal `wanted`, in order of name."""
        return [row for _, row in sorted(self.rows.items())
                if all(row.get(name) == value for name, value in wanted.items())]

    def to_treat(self, settings):
        """Return the rows to work on: not set aside, and what the options ask for.

        An image that a script rejected is out of use for the scripts after that one only. So it
        comes back by itself once what it was rejected for is mended, and the scripts run again.
        """
        options = settings.options
        rows = self.select(treatme=True, **({"testlist": True} if options.test else {}))
        rows = [row for row in rows
                if row["gogogo"] or rejected_by(row) >= (options.script or "~")]
        if options.only:
            unknown = sorted(set(options.only) - self.rows.keys())
            if unknown:
                raise UserError(f"--only {unknown[0]}: no such image in the database.")
            rows = [row for row in rows if row["img_name"] in options.only]
        if not rows:
            raise UserError("no image to treat: the database has "
                            f"{len(self.rows)}, {len(self.select(gogogo=True))} of them in use."
                            + (" Run 1_character/1a_add_to_database.py." if not self.rows
                               else ""))
        return rows

    def reference(self):
        """Return the row of the reference image."""
        for row in self.rows.values():
            if row.get("ref_img_name") == row["img_name"]:
                return row
        raise UserError("no reference image yet. Run 3_align/1a_pick_reference.py first.")

    def require(self, rows, patterns):
        """Stop, naming the script to run, where a row lacks a field."""
        for pattern in patterns:
            missing = [row["img_name"] for row in rows if not has(row, pattern)]
            if missing:
                raise UserError(
                    f"{len(missing)} of {len(rows)} images have no '{pattern}' (first: "
                    f"{missing[0]}). Run {lookup(pattern).producer}.py first.")

    def update(self, img_name, values):
        """Set fields of one image; None removes one.

        Raises
        ------
        ValueError
            If a field is not declared, has the wrong type, or is not finite.
        """
        values = {name: None if value is None else convert(name, value)
                  for name, value in values.items()}
        row = self.rows.setdefault(img_name, {"img_name": img_name})
        changes = {name: value for name, value in values.items()
                   if row.get(name) != value}
        if not changes and len(row) > 1:
            return
        row.update(changes)
        for name in [name for name, value in changes.items() if value is None]:
            del row[name]
        self.store.append({"img_name": img_name, "set": changes})

    def reject(self, img_name, why):
        """Take an image out of use, with the reason."""
        self.update(img_name, {"gogogo": False, "whynot": why})

    def begin_run(self, script, settings_used):
        """Register a run of a script; return its number."""
        number = 1 + max(self.runs, default=0)
        self.runs[number] = {"number": number, "script": script, "version": __version__,
                             "settings": settings_used,
                             "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.store.append({"run": self.runs[number]})
        return number

    def save(self):
        """Write the whole file, with the runs that some row still refers to."""
        used = {number for row in self.rows.values() for name, text in row.items()
                if name.startswith("ran__") for number in _numbers(text)}
        self.store.save(self.rows, {n: run for n, run in self.runs.items() if n in used})

    def close(self):
        """Close the journal."""
        self.store.close()


def rejected_by(row):
    """Return the script that rejected an image; empty if none did."""
    why = row.get("whynot", "")
    return why[:-1].rpartition("(")[2] if not row.get("gogogo", True) and why[-1:] == ")" else ""


def has(row, pattern):
    """Tell whether a row has a field, or one that fits a pattern."""
    if "{" not in pattern:
        return pattern in row
    return any(matches(pattern, name) for name in row)


def fitting(row, patterns):
    """Return the names of the fields of a row that fit one of the patterns."""
    return [name for name in row if any(matches(pattern, name) for pattern in patterns)]


def _numbers(text):
    """Return the run numbers of a ``ran__`` field."""
    return [int(word) for word in text.split(":")[0].split()[1:3]]
