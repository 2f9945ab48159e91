"""The flat database of images: one row per image, checked against `fields`."""

import logging
import math
import re
import time

from cosmouline import __version__
from cosmouline.database.fields import convert, expand, lookup, matches, producer
from cosmouline.database.json_store import Store
from cosmouline.database.script_header import read_header, script_path
from cosmouline.errors import UserError, one_line

log = logging.getLogger("cosmouline")

SAFE_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,199}")
ALWAYS = ("set_name", "gogogo", "treatme", "testlist")  # what 1a_add_to_database gives to all
RECORD = re.compile(r"\w+( \d+){0,2}(:|$)")  # see provenance
KICKED = "kicklist: "  # how the reason begins where a list of the user takes an image out


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
        for name in self.rows:
            if not SAFE_NAME.fullmatch(name):
                raise UserError(f"{path}: an image is called {name!r}: products are called after "
                                "it, so give it letters, digits, '_', '.', '+' and '-' only.")
        if self.store.is_edited:
            self._check_edited(path)

    def _check_edited(self, path):
        """Check values that came by hand: a wrong type stops, NaN counts as absent."""
        for img_name, row in self.rows.items():
            for name in ALWAYS:
                if name not in row:
                    raise UserError(f"{path}: {img_name} has no {name!r}, which every image has. "
                                    "Mend the line, or copy the newest good file of backups over "
                                    "it.")
            for name, value in list(row.items()):
                if isinstance(value, float) and not math.isfinite(value):
                    self.notices.append(f"{img_name}: {name} is {value}: taken as absent.")
                    del row[name]
                    continue
                if problem := _wrong_type(name, value):
                    raise UserError(f"{path}: {img_name}: {problem}. Mend the line, or copy the "
                                    "newest good file of backups over it.")

    @property
    def notices(self):
        """What reading the file found worth telling."""
        return self.store.notices

    def select(self, **wanted):
        """Return the rows whose fields equal `wanted`, in order of name."""
        return [row for _, row in sorted(self.rows.items())
                if all(row.get(name) == value for name, value in wanted.items())]

    def to_treat(self, settings, needs=()):
        """Return the rows to work on: in use, asked for by the options, with what is needed.

        Parameters
        ----------
        settings : namespace
            With its options.
        needs : tuple of str
            Fields or patterns. Images of which an earlier script could not tell one are passed
            over, and told.

        Raises
        ------
        UserError
            If no image is left, or an earlier script has not looked at one of them.

        Notes
        -----
        An image that a script rejected is out of use for the scripts after that one only. So it
        comes back by itself once what it was rejected for is mended, and the scripts run again.
        """
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
        if not rows:
            raise UserError(self._why_nothing(options))
        for pattern in sorted(needs, key=_script):  # the first script to run is named
            rows = _with_field(rows, *expand([pattern], settings), settings)
        return rows

    def _why_nothing(self, options):
        """Tell in one line why there is no image to work on."""
        if not self.rows:
            return "the database has no image yet. Run 1_character/1a_add_to_database.py first."
        if options.test and not self.select(testlist=True):
            return ("--test: no image is marked. Name some in testlist.txt in the folder of the "
                    "lens, then run 1_character/1a_add_to_database.py.")
        return (f"no image to treat: the database has {len(self.rows)}, "
                f"{len(self.select(gogogo=True))} of them in use.")

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
        script = settings.options.script or "~"
        return [row for row in self.select(treatme=True)
                if row["gogogo"] or rejected_by(row) >= script]

    def reference(self, images=None):
        """Return the row of the reference image.

        Raises
        ------
        UserError
            If none is chosen yet, or it is not among `images`.
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

    def require(self, rows, patterns):
        """Stop, naming the script to run, where a row lacks a field."""
        for pattern in patterns:
            missing = [row["img_name"] for row in rows if not has(row, pattern)]
            if missing:
                raise UserError(
                    f"{len(missing)} of {len(rows)} images have no '{pattern}' (first: "
                    f"{missing[0]}). Run {_script(pattern)}.py first.")

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
        """Write the whole file if anything changed, with the runs that rows still refer to."""
        if self.store.is_saved:
            return
        names = [name for name in set().union(*self.rows.values()) if name.startswith("ran__")]
        texts = {row.get(name) for row in self.rows.values() for name in names} - {None}
        used = {number for text in texts for number in _numbers(text)}
        self.store.save(self.rows, {n: run for n, run in self.runs.items() if n in used})

    def close(self):
        """Close the journal."""
        self.store.close()


def _wrong_type(name, value):
    """Say that a value has not the type of its field; None for one that is not declared."""
    try:
        lookup(name)
    except (KeyError, ValueError):
        return None
    try:
        value = convert(name, value)
    except ValueError as error:
        return one_line(str(error))
    if isinstance(value, str) and not value.isprintable():
        return f"the field '{name}' has characters that cannot be printed"
    if name.startswith("ran__") and not RECORD.match(value):
        return f"the field '{name}' cannot be {one_line(repr(value))}"
    return None


def rejected_by(row):
    """Return the script that rejected an image; empty if none did."""
    why = row.get("whynot", "")
    if row.get("gogogo", True) or why.startswith(KICKED):
        return ""
    found = re.search(r"\((\w+/\w+)\)$", why)
    return found[1] if found else ""


def has(row, pattern):
    """Tell whether a row has a field, or one that fits a pattern."""
    if "{" not in pattern:
        return pattern in row
    return any(matches(pattern, name) for name in row)


def _script(pattern):
    """Return the script that writes a field, without the member of its family."""
    return producer(pattern).partition(":")[0]


def _with_field(rows, pattern, settings):
    """Return the rows that have a field; tell where its script gave none, or passed them over."""
    lacking = [row for row in rows if not has(row, pattern)]
    never = [row["img_name"] for row in lacking
             if not _was_asked(row, producer(pattern), settings)]
    if never or (lacking and len(lacking) == len(rows)):
        raise UserError(f"{len(never or lacking)} of {len(rows)} images have no '{pattern}' "
                        f"(first: {(never or [lacking[0]['img_name']])[0]}). "
                        f"Run {_script(pattern)}.py first.")
    if lacking:
        log.warning("%d images have no '%s' (first: %s): passed over", len(lacking), pattern,
                    lacking[0]["img_name"])
    return [row for row in rows if has(row, pattern)]


def _was_asked(row, maker, settings):
    """Tell whether a script has looked at an image, or was kept from it by one before it.

    Else one image that fails would stop all scripts but the next one, which passes it over.
    """
    script = maker.partition(":")[0]
    if f"ran__{maker}" in row or not script_path(script).is_file():
        return f"ran__{maker}" in row
    lacking = [need for need in expand(read_header(script).needs, settings)
               if not has(row, need) and producer(need) != maker]
    return any(_was_asked(row, producer(need), settings) for need in lacking)


def fitting(row, patterns):
    """Return the names of the fields of a row that fit one of the patterns."""
    return [name for name in row if any(matches(pattern, name) for pattern in patterns)]


def _numbers(text):
    """Return the run numbers of a ``ran__`` field."""
    return [int(word) for word in text.split(":")[0].split()[1:3]]
