"""The flat database of images: one row per image, checked against `fields`."""

import functools
import logging
import math
import re
import time

from cosmouline import __version__
from cosmouline.database.fields import convert, expand, lookup, matches, producer
from cosmouline.database.json_store import Store
from cosmouline.database.paths import RAW_DATABASE, SHAPES_DATABASE
from cosmouline.database.script_header import rank, read_header, script_path
from cosmouline.errors import UserError, one_line

log = logging.getLogger("cosmouline")

SAFE_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,199}")
ALWAYS = ("set_name", "gogogo", "treatme", "testlist")  # what 1a_add_to_database gives to all
RECORD = re.compile(r"\w+( \d+){0,2}(:|$)")  # see provenance
LARGEST_VALUE = 1e15  # of a number: more than the electrons of a frame
POSITIVE = re.compile(r"(field_)?fwhm_(px|arcsec)|psf_fwhm_(px|arcsec)__.*|gain_e_per_adu|"
                      r"medcoeff|pixel_scale_arcsec|align(ed_noise|_scale)|(renorm|dec_coeff)__.*|"
                      r"n[xy]_px|lens_side_px|exptime_s|saturation_e")
KICKED = "kicklist: "  # how the reason begins where a list of the user takes an image out


class Database:
    """Rows of fields, keyed by ``img_name``.

    Only the parent process of a script writes. Every change is in the journal when the method
    returns; `save` writes all of the file.

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
        # Names that came by hand
        for name in self.rows:
            if not SAFE_NAME.fullmatch(name):
                raise UserError(f"{path}: an image is called {name!r}: products are called after "
                                "it, so give it letters, digits, '_', '.', '+' and '-' only.")
        # Values that came by hand: a wrong type stops, NaN counts as absent
        for img_name, row in self.rows.items() if self.store.is_edited else ():
            problems = [f"{img_name} has no {name!r}, which every image has" for name in ALWAYS
                        if name not in row]
            for name, value in list(row.items()):
                if isinstance(value, float) and not math.isfinite(value):
                    self.notices.append(f"{img_name}: {name} is {value}: taken as absent.")
                    del row[name]
                elif problem := _wrong_type(name, value):
                    problems.append(f"{img_name}: {problem}")
            if problems:
                raise UserError(f"{path}: {problems[0]}. Correct the line, or copy the newest "
                                "good file of backups over it.")

    @property
    def notices(self):
        """What reading the file has to report."""
        return self.store.notices

    def select(self, **wanted):
        """Return the rows whose fields equal `wanted`, in order of name."""
        return [row for _, row in sorted(self.rows.items())
                if all(row.get(name) == value for name, value in wanted.items())]

    def to_treat(self, settings, needs=()):
        """Return the rows to work on: in use, asked for by the options, with what is needed.

        `needs` are fields or patterns. An image for which an earlier script found no value is left
        out, with a warning. One that a script rejected is out of use for the scripts after that
        one only: it comes back by itself once the reason is gone, and the scripts run again.

        Raises UserError if no image is left, or an earlier script has not looked at one of them.
        """
        # What the options ask for
        options = settings.options
        rows = [row for row in self.in_use(settings) if row["testlist"] or not options.test]
        if options.only:
            unknown = sorted(set(options.only) - self.rows.keys())
            if unknown:
                raise UserError(f"--only {unknown[0]}: no such image in the database.")
            rows = [row for row in rows if row["img_name"] in options.only]
            for name in sorted(set(options.only) - {row["img_name"] for row in rows}):
                log.warning("--only %s is out of use: %s", name,
                            self.rows[name].get("whynot", "treatme is False"))
        # Nothing left: why
        if not self.rows:
            first = first_script(self.store.path)
            raise UserError(f"the database has no image yet. Run {first}.py first.")
        if options.test and not self.select(testlist=True):
            raise UserError("--test: no image is marked. Name some in testlist.txt in the folder "
                            "of the lens, then run 1_character/1a_add_to_database.py.")
        if not rows:
            raise UserError(f"no image to treat: the database has {len(self.rows)}, "
                            f"{len(self.select(gogogo=True))} of them in use.")
        # In the order of the scripts, so that the first one to run is named
        for pattern in expand(sorted(needs, key=_script), settings):
            lacking = [row for row in rows if not has(row, pattern)]
            never = [row for row in lacking if not _was_asked(row, producer(pattern), settings)]
            if never or len(lacking) == len(rows):
                self.require(never or lacking, [pattern], len(rows))
            if lacking:
                log.warning("%d images have no '%s' (first: %s): passed over", len(lacking),
                            pattern, lacking[0]["img_name"])
            rows = [row for row in rows if has(row, pattern)]
        return rows

    def all_in_use(self, settings, needs):
        """Return all rows in use that have what is needed, for a script that solves for all.

        They do not depend on --test and --only: so a coefficient does not either. Raises like
        `to_treat`.
        """
        self.to_treat(settings, needs)
        return [row for row in self.in_use(settings)
                if all(has(row, pattern) for pattern in expand(needs, settings))]

    def in_use(self, settings):
        """Return the rows not set aside, and not rejected before this script."""
        place = rank(settings.options.script or "~")
        return [row for row in self.select(treatme=True)
                if row["gogogo"] or rank(rejected_by(row)) >= place]

    def reference(self, images=None):
        """Return the row of the reference image.

        Raises UserError if none is chosen yet, or it is not among `images`.
        """
        for row in self.rows.values():
            if row.get("ref_img_name") == row["img_name"]:
                if images is None or row in images:
                    return row
                why = row.get("whynot", "an earlier script gave nothing for it")
                raise UserError(f"the reference image {row['img_name']} itself is missing here: "
                                f"{why}. Set ref_img_name to another one and go on from "
                                "3_align/1a_pick_reference.py.")
        raise UserError("no reference image yet. Run 3_align/1a_pick_reference.py first.")

    def require(self, rows, patterns, n_all=None):
        """Stop, naming the script to run, where a row lacks a field; the rows are of `n_all`."""
        for pattern in patterns:
            missing = [row["img_name"] for row in rows if not has(row, pattern)]
            if missing:
                raise UserError(
                    f"{len(missing)} of {n_all or len(rows)} images have no '{pattern}' (first: "
                    f"{missing[0]}). Run {_script(pattern)}.py first.")

    def update(self, img_name, values):
        """Set fields of one image; None removes one.

        Raises ValueError if a field is not declared, has the wrong type, or is not finite.
        """
        # Only what changes goes into the journal
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

    def begin_run(self, script, settings_used, made=""):
        """Register a run of a script, with the files that it made; return its number."""
        number = 1 + max(self.runs, default=0)
        self.runs[number] = {"number": number, "script": script, "version": __version__,
                             "settings": settings_used,
                             "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                             **({"made": made} if made else {})}
        self.store.append({"run": self.runs[number]})
        return number

    def save(self):
        """Write the file if anything changed, with the runs that rows still refer to."""
        if self.store.is_saved:
            return
        # The runs of which the number stands in a record "done 17 12: message"
        names = [name for name in set().union(*self.rows.values()) if name.startswith("ran__")]
        texts = set().union(*(map(row.get, names) for row in self.rows.values())) - {None}
        used = {int(word) for text in texts for word in text.split(":")[0].split()[1:3]}
        self.store.save(self.rows, {n: run for n, run in self.runs.items() if n in used})

    def close(self):
        """Close the journal."""
        self.store.close()


def first_script(path):
    """Return the script that registers the images of a database."""
    return ("0_preparation/0a_import_raw" if path.name == RAW_DATABASE
            else "fac_shapes/1a_split_exposures" if path.name == SHAPES_DATABASE
            else "1_character/1a_add_to_database")


def _wrong_type(name, value):
    """Return that a field cannot have a value; empty if it can, or no such field is declared."""
    try:
        lookup(name)
    except (KeyError, ValueError):
        return ""
    try:
        value = convert(name, value)
    except ValueError as error:
        return one_line(str(error))
    if isinstance(value, str) and not value.isprintable():
        return f"the field '{name}' has characters that cannot be printed"
    if name.startswith("ran__") and not RECORD.match(value):
        return f"the field '{name}' cannot be {one_line(repr(value))}"
    if not isinstance(value, (str, bool)) and (
            abs(value) > LARGEST_VALUE or (value < 0 and "_sigma" in name)
            or (value <= 0 and POSITIVE.fullmatch(name))):
        return f"the field '{name}' cannot be {value:g}"
    return ""


def rejected_by(row):
    """Return the script that rejected an image; empty if none did."""
    why = row.get("whynot", "")
    if row.get("gogogo", True) or why.startswith(KICKED):
        return ""
    found = re.search(r"\((\w+/\w+)\)$", why)
    return found[1] if found else ""


def has(row, pattern):
    """Return whether a row has a field, or one that fits a pattern."""
    if "{" not in pattern:
        return pattern in row
    return _any_fits(tuple(row), pattern)


@functools.lru_cache(maxsize=1000)
def _any_fits(names, pattern):
    """Whether one of the fields of a row fits a pattern: the rows of a lens are alike."""
    return any(matches(pattern, name) for name in names)


def _script(pattern):
    """Return the script that writes a field, without the member of its family."""
    return producer(pattern).partition(":")[0]


def _was_asked(row, maker, settings):
    """Return whether a script has looked at an image, or was kept from it by one before it.

    Else one image that fails would stop all scripts but the next one, which leaves it out.
    """
    script = maker.partition(":")[0]
    # A field that no script writes any more cannot be asked for
    if f"ran__{maker}" in row or not script_path(script).is_file():
        return f"ran__{maker}" in row
    lacking = [need for need in expand(read_header(script).needs, settings)
               if not has(row, need) and producer(need) != maker]
    return any(_was_asked(row, producer(need), settings) for need in lacking)


def fitting(row, patterns):
    """Return the names of the fields of a row that fit one of the patterns."""
    patterns = tuple(patterns)
    return [name for name in row if _fits(name, patterns)]


@functools.cache
def _fits(name, patterns):
    """Whether a field fits one of the patterns; the rows of a lens have the same fields."""
    return any(matches(pattern, name) for pattern in patterns)
