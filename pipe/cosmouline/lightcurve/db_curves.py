"""Light curves as files: which there are, what they hold, and the nights excluded from them."""

import logging
from pathlib import Path
from typing import NamedTuple

from cosmouline.database import bands, paths, skiplists
from cosmouline.database.columns import texts
from cosmouline.dates import day_to_mjd
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns, write_ecsv
from cosmouline.files.io_text import read_lines
from cosmouline.lightcurve.db_columns import rows_with_fluxes, within_limits
from cosmouline.lightcurve.db_sums import parse, with_sums
from cosmouline.lightcurve.io_rdb import odd_points, read_rdb, write_rdb

import numpy as np

log = logging.getLogger("cosmouline")

NIGHTS_FILE = "excluded_nights.txt"
SUM_ARGUMENT = {"--sum": {
    "action": "append", "default": [], "metavar": "S=A+B",
    "help": "the sum of sources as one more source (default: sum_sources of the settings)"}}
MEANINGS = {
    "mhjd": ("d", "heliocentric date of the point, JD - 2400000.5, UTC: mean of its images"),
    "datetime": ("", "date of the point, UTC, not heliocentric"),
    "telescope": ("", "telescope"),
    "setname": ("", "set of the settings"),
    "nbimg": ("1", "images behind the point"),
    "fwhm": ("arcsec", "median seeing"),
    "ellipticity": ("1", "median ellipticity of the stars, 1 - b/a"),
    "airmass": ("1", "median airmass"),
    "relskylevel": ("e-", "median sky level x median coefficient"),
    "normcoeff": ("1", "median coefficient"),
    "flag": ("", "True for a good point; night_ limits of the settings"),
    "excluded": ("", f"True for a night of {NIGHTS_FILE}"),
}
MAGERR_MEANINGS = (
    "photons", "photons and coefficient", "photons and coefficient, from the raw fluxes",
    "photons and coefficient, image by image", "scatter of the images", "larger of 1 and 4")
MAGERR_SHORT = ("photons", "+ coefficient", "from raw", "by image", "scatter", "max(1, 4)")


class Curve(NamedTuple):
    """One light curve to make: settings of its band, name of its part, rows and sources."""

    settings: object
    part: str
    rows: list
    sources: list

    @property
    def path(self):
        """Path of its rdb table."""
        return paths.light_curve(self.settings, self.part)

    @property
    def name(self):
        """Name for its reports and pictures, without those of lens and band."""
        one = self.settings
        return f"{one.dec_name}{f'_{self.part}' if self.part else ''}_by_{one.join_by}"


def curves(db, settings, limits=None):
    """Return the `Curve` of every band, and of every telescope or set of it if so wanted.

    Parameters
    ----------
    db : Database
    settings : namespace
    limits : Limits, optional
        Of the images, see `db_columns.within_limits`.

    Raises
    ------
    UserError
        If nothing has fluxes, or a list or setting names what there is not.
    """
    rows, sources = rows_with_sums(db, settings)
    sources = _wanted(sources, settings.join_sources)
    rows = _not_skipped(rows, db, settings)
    if limits is not None:
        rows = within_limits(rows, settings.dec_name, limits)
    found = [Curve(one, part, members, _shining(members, sources, settings.dec_name))
             for one, of_band in bands.split(rows, settings)
             for part, members in _parts(of_band, settings.join_separate)]
    twice = [curve.path for curve in found]
    if len(set(twice)) < len(twice):
        raise UserError("two telescopes or sets lead to one name of a light curve. Set "
                        'join_separate = "set", or rename one.')
    return found


def rows_with_sums(db, settings):
    """Return the rows with fluxes and their sources, sums of settings and options among them."""
    dec = settings.dec_name
    return with_sums(*rows_with_fluxes(db, dec), dec, sums_wanted(settings))


def sums_wanted(settings):
    """Return the parts of the sums of settings and options, by name."""
    return settings.sum_sources | dict(map(parse, getattr(settings.options, "sum", None) or []))


def write(curve, columns):
    """Write a light curve as .ecsv, whole, and as .rdb without what is excluded.

    Parameters
    ----------
    curve : Curve
    columns : dict of ndarray
        From `lightcurve.rdb_columns`, or `read`.

    Returns
    -------
    dict of ndarray
        The columns of the .rdb.

    Notes
    -----
    The .ecsv keeps every point and the flags of the joining; the .rdb is made from it anew each
    time. So a night comes back once it is taken from the list.
    """
    settings = curve.settings
    out = excluded(columns["mhjd"], settings)
    names = [name for name in columns if name != "excluded"]
    place = names.index("flag") + 1
    whole = {name: columns[name] for name in names[:place]} | {"excluded": out} | {
        name: columns[name] for name in names[place:]}
    rows = [{k: v for k, v in zip(whole, values, strict=True) if v == v}
            for values in zip(*(values.tolist() for values in whole.values()), strict=True)]
    write_ecsv(curve.path.with_suffix(".ecsv"), rows, _fields(whole))
    kept = ~out if settings.excluded_nights == "drop" else np.ones(len(out), bool)
    flag = columns["flag"] & ~out
    published = {name: (flag if name == "flag" else columns[name])[kept] for name in names}
    write_rdb(curve.path, published)
    if out.any():
        log.info("%d points of excluded nights %s", out.sum(),
                 "flagged" if kept.all() else "left out")
    return published


def read(curve):
    """Return all columns of a light curve that `write` wrote, from its .ecsv."""
    path = _existing(curve.path.with_suffix(".ecsv"))
    return read_ecsv_columns(path)


def read_published(curve):
    """Return the columns of the .rdb of a light curve."""
    return read_rdb(_existing(curve.path))


def read_any(path, needed=("mhjd", "flag")):
    """Return the columns of an .rdb of anybody's, and tell what is odd about them.

    Raises
    ------
    UserError
        If it is no table, a column of `needed` is missing, or dates or magnitudes are no numbers.
    """
    columns = read_rdb(path)
    if not len(next(iter(columns.values()))):
        raise UserError(f"{path} is empty: it has a header, but no point.")
    for name in needed:
        if name not in columns:
            raise UserError(f"{path} has no column '{name}' (it has {', '.join(columns)}).")
    for note in odd_points(columns):
        if "holds text" in note:
            raise UserError(f"{path}: {note}: mend the values that are no numbers.")
        log.warning("%s: %s", path, note)
    return columns


def sources_of(columns):
    """Return the sources that a table of a light curve holds."""
    return [name[4:] for name in columns if name.startswith("mag_")]


def excluded(mhjd, settings):
    """Tell which points lie on a day of the lens's list, (n,); see `excluded_days`."""
    days = excluded_days(settings.config_dir / NIGHTS_FILE)
    return np.isin(np.floor(mhjd).astype(int), list(days))


def excluded_days(path):
    """Read a list of nights: an integer mjd or a date (yyyy-mm-dd) a line, and a reason.

    Parameters
    ----------
    path : Path
        ``#`` starts a comment. Without the file no night is excluded.

    Returns
    -------
    dict of int to str
        Reasons by day. A day is that of UTC in which the point lies, as in COSMOULINE.

    Raises
    ------
    UserError
        If a line is neither.
    """
    lines = read_lines(path) if Path(path).is_file() else []
    days = {}
    for number, line in enumerate(lines, 1):
        day, _, reason = line.partition("#")[0].strip().partition(" ")
        if day:
            days[_day(day, f"{path}, line {number}")] = reason.strip()
    return days


def _day(word, where):
    """Turn an integer mjd or a date into an integer mjd."""
    try:
        return int(word) if word.isdigit() else int(day_to_mjd(word))
    except ValueError as error:
        raise UserError(f"{where}: {word!r} is neither an integer mjd nor a date such as "
                        "2019-03-01.") from error


def _existing(path):
    if not path.is_file():
        raise UserError(f"there is no {path}. Run lcmanip/1_join.py first.")
    return path


def _wanted(sources, names):
    """Return the sources that join_sources names, in its order; all for None."""
    unknown = [name for name in names or () if name not in sources]
    if unknown:
        raise UserError(f"join_sources: there is no source '{unknown[0]}' among "
                        f"{', '.join(sources)}.")
    return list(names or sources)


def _shining(rows, sources, dec):
    """Return the sources that have a flux in one of the rows."""
    return [source for source in sources if any(f"flux_e__{dec}__{source}" in row for row in rows)]


def _not_skipped(rows, db, settings):
    """Return the rows that no skip list names; tell how many are left out."""
    skipped = {}
    for name in settings.join_skiplists:
        if not (settings.config_dir / name).is_file() and name != "join_skiplist.txt":
            raise UserError(f"join_skiplists: there is no {settings.config_dir / name}.")
        skipped |= skiplists.skiplist(settings, name)
    skiplists.tell_unknown(settings, db, *settings.join_skiplists)
    kept = [row for row in rows if row["img_name"] not in skipped]
    if len(kept) < len(rows):
        log.info("%d images left out: named in a skip list", len(rows) - len(kept))
    return kept


def _parts(rows, separate):
    """Yield name and rows of what becomes one curve: all, a telescope, or a set."""
    if separate == "no":
        yield "", rows
        return
    labels = texts(rows, {"telescope": "telescope", "set": "set_name"}[separate])
    for label in dict.fromkeys(labels):
        yield (Path(label).stem.replace(" ", "-"),
               [row for row, one in zip(rows, labels, strict=True) if one == label])


def _fields(columns):
    """Return type, unit and meaning of every column."""
    kinds = {"f": float, "i": int, "b": bool, "U": str}
    return {name: (kinds[values.dtype.kind], *_unit_and_meaning(name))
            for name, values in columns.items()}


def _unit_and_meaning(name):
    """Return unit and meaning of one column."""
    kind, _, rest = name.partition("_")
    source, _, bar = rest.rpartition("_")
    if kind == "mag":
        return "mag", f"magnitude of {rest}: -2.5 log10 of electrons on the reference scale"
    if kind == "magsys":
        return "mag", f"error of the constant part of {rest}, the same for all points"
    if kind == "magcov":
        return "mag2", "covariance of two sources at one point"
    if kind != "magerr":
        return MEANINGS[name]
    ours = {"cov": "all that is known, covariances included",
            "norm": "the part that all sources share, from the coefficient"}
    return "mag", f"error of {source}: {ours.get(bar) or MAGERR_MEANINGS[int(bar)]}"
