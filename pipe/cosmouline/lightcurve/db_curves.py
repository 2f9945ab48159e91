"""Light curves: which there are, their columns and files, and the nights excluded from them."""

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cosmouline.database import bands, paths, skiplists
from cosmouline.database.columns import texts
from cosmouline.database.limits import Limits
from cosmouline.dates import day_to_mjd
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns, write_ecsv
from cosmouline.files.io_text import read_lines
from cosmouline.frames import db_nights
from cosmouline.lightcurve import compare, db_calibrated, db_injected, join
from cosmouline.lightcurve.db_columns import (
    doubts,
    image_table,
    inspected,
    rows_with_fluxes,
    within_limits,
)
from cosmouline.lightcurve.db_sums import parse, with_sums
from cosmouline.lightcurve.io_exchange import rounded, write_cds, write_exchange
from cosmouline.lightcurve.io_rdb import odd_points, read_rdb, write_rdb

import numpy as np

log = logging.getLogger("cosmouline")

NIGHTS_FILE = "excluded_nights.txt"
SUM_ARGUMENT = {"--sum": {
    "action": "append", "default": [], "metavar": "S=A+B",
    "help": "add the sum of sources as one more source (default: sum_sources of the settings)"}}
MEANINGS = {
    "mhjd": ("d", "heliocentric date of the point, JD - 2400000.5, UTC: mean of its images"),
    "datetime": ("", "date of the point, UTC, not heliocentric"),
    "telescope": ("", "telescope"),
    "setname": ("", "set of the settings"),
    "nbimg": ("1", "number of images joined into the point"),
    "fwhm": ("arcsec", "median seeing"),
    "ellipticity": ("1", "median ellipticity of the stars, 1 - b/a"),
    "airmass": ("1", "median airmass"),
    "relskylevel": ("e-", "median sky level x median coefficient"),
    "normcoeff": ("1", "median coefficient"),
    "flag": ("", "True for a point within the night_ limits at which all sources are measured and "
             "none is marked by 7_deconv/8_inspect_flux"),
    "excluded": ("", f"True for a night of {NIGHTS_FILE}"),
}
MAGERR_MEANINGS = (
    "photons", "photons and coefficient", "photons and coefficient, from the raw fluxes",
    "photons and coefficient, image by image", "scatter of the images", "larger of 1 and 4")
MAGERR_SHORT = ("photons", "+ coefficient", "from raw", "by image", "scatter", "max(1, 4)")


@dataclass(frozen=True)
class Curve:
    """One light curve to make: settings of its band, name of its part, rows and sources.

    The part is the telescope or set of `join_separate`, empty where they are not separated;
    `is_marked`, (n_rows, n_sources), is True for fluxes that deserve a look, `is_doubtful`,
    (n_rows,), for images whose PSF is in doubt.
    """

    settings: object
    part: str
    rows: list
    sources: list
    is_marked: np.ndarray
    is_doubtful: np.ndarray

    @cached_property
    def table(self):
        """The `ImageTable` of its images, read once."""
        return image_table(self.rows, self.sources, self.settings.dec_name)

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
    """Return the `Curve` of every band; with `join_separate`, of every telescope or set of it.

    `limits` are `Limits` of the images, see `db_columns.within_limits`; None: all images.

    Raises
    ------
    UserError
        If nothing has fluxes, or a list or setting names a source or file that does not exist.
    """
    rows, sources = rows_with_sums(db, settings)
    unknown = [name for name in settings.join_sources or () if name not in sources]
    if unknown:
        raise UserError(f"join_sources: there is no source '{unknown[0]}' among "
                        f"{', '.join(sources)}.")
    # Images: neither in a skip list nor beyond a limit.
    skipped = {}
    for name in settings.join_skiplists:
        if not (settings.config_dir / name).is_file() and name != "join_skiplist.txt":
            raise UserError(f"join_skiplists: there is no {settings.config_dir / name}.")
        skipped |= skiplists.skiplist(settings, name)
    skiplists.tell_unknown(settings, db, *settings.join_skiplists)
    kept = [row for row in rows if row["img_name"] not in skipped]
    if len(kept) < len(rows):
        log.info("%d images left out: named in a skip list", len(rows) - len(kept))
    if limits is not None:
        kept = within_limits(kept, settings.dec_name, limits)
    # The fluxes that 7_deconv/8_inspect_flux marks, among all images of their band
    marked = {(row["img_name"], source) for _, of_band in bands.split(rows, settings)
              for source in sources for row, why in zip(of_band, inspected(
                  of_band, source, settings.dec_name)[2], strict=True) if why}
    doubtful = {row["img_name"] for _, of_band in bands.split(rows, settings) for row, why in zip(
        of_band, doubts(of_band, settings.dec_name), strict=True) if why}
    # One curve for each band, telescope or set, of the sources that have a flux in it.
    found = []
    for one, of_band in bands.split(kept, settings):
        field = {"no": None, "telescope": "telescope", "set": "set_name"}[one.join_separate]
        labels = texts(of_band, field) if field else [""] * len(of_band)
        for label in dict.fromkeys(labels):
            mine = [row for row, name in zip(of_band, labels, strict=True) if name == label]
            names = [source for source in settings.join_sources or sources
                     if any(f"flux_e__{settings.dec_name}__{source}" in row for row in mine)]
            found.append(Curve(one, Path(label).stem.replace(" ", "-"), mine, names, np.array(
                [[(row["img_name"], name) in marked for name in names] for row in mine]),
                np.array([row["img_name"] in doubtful for row in mine])))
    twice = [curve.path for curve in found]
    if len(set(twice)) < len(twice):
        raise UserError("two telescopes or sets would give light curves of one file name. Set "
                        'join_separate = "set", or rename one.')
    return found


def joined_columns(rows, table, sources, settings, is_marked=False, is_doubtful=None):
    """Group and join images as the settings say, and flag the points beyond the night_ limits.

    An image whose PSF is in doubt (`is_doubtful`, of the images) is left out of a point that has
    others. A point of a source is flagged, too, where half or more of its fluxes are marked
    (`is_marked`, of the images and sources), for a mean where any is.

    Returns
    -------
    columns : dict of ndarray
        See `join.rdb_columns`.
    joined : Joined
        All points, those left out of the columns too.
    """
    groups = db_nights.grouped(rows, settings.join_by, settings.join_minutes)
    if is_doubtful is not None:
        whole = sum(map(len, groups))
        groups = [g[~is_doubtful[g]] if not is_doubtful[g].all() else g for g in groups]
        if n := whole - sum(map(len, groups)):
            log.info("%d images left out of points that have others: their PSF is in doubt "
                     "(7_deconv/8_inspect_flux names them)", n)
    joined = join.join(groups, **table.fluxes, center=settings.join_center)
    properties = join.night_properties(groups, **table.conditions)
    flags = join.night_flags(properties, np.isfinite(joined.mag).any(axis=1),
                             Limits.of(settings, "night_"), settings.night_min_images)
    measured = np.isfinite(table.fluxes["flux_e"])
    marked, share = measured & is_marked, 0.5 if settings.join_center == "median" else 0.0
    points = np.array([marked[g].any(0) & (marked[g].sum(0) >= share * measured[g].sum(0))
                       for g in groups])
    columns = join.rdb_columns(properties, flags, joined, sources, points)
    return columns | db_calibrated.columns(rows, groups, joined, sources, settings), joined


def rows_with_sums(db, settings):
    """Return the rows with fluxes and their sources, sums of settings and options among them."""
    dec = settings.dec_name
    return with_sums(*rows_with_fluxes(db, dec), dec, sums_wanted(settings))


def sums_wanted(settings):
    """Return the parts of the sums of settings and options, by name."""
    return settings.sum_sources | dict(map(parse, getattr(settings.options, "sum", None) or []))


def write(curve, columns):
    """Write a light curve as .ecsv, complete, and as .rdb without the excluded nights.

    The columns are those of `joined_columns`, or `read`. The .ecsv keeps every point, all digits
    and the flags of the joining; the .rdb, whose columns are returned, is made from it again each
    time. So a night comes back once it is taken from the list. What the .rdb holds is also in
    .vot, .fits and .csv, and with the option ``--cds`` in a table for the CDS.
    """
    settings = curve.settings
    out = excluded(columns["mhjd"], settings)
    band = db_calibrated.band_of(curve.rows, settings)
    # The .ecsv: the column `excluded` after `flag`, values that are NaN left empty.
    names = [name for name in columns if name != "excluded"]
    after = names.index("flag") + 1
    complete = {name: columns[name] for name in names[:after]} | {"excluded": out} | {
        name: columns[name] for name in names[after:]}
    rows = [{k: v for k, v in zip(complete, values, strict=True) if v == v}
            for values in zip(*(values.tolist() for values in complete.values()), strict=True)]
    kinds = {"f": float, "i": int, "b": bool, "U": str}
    write_ecsv(curve.path.with_suffix(".ecsv"), rows, {
        name: (kinds[values.dtype.kind], *_unit_and_meaning(name, band))
        for name, values in complete.items()})
    # The .rdb: excluded nights flagged, or dropped.
    kept = ~out if settings.excluded_nights == "drop" else np.ones(len(out), bool)
    published = rounded({
        name: (columns[name] & ~out if name.startswith("flag") else columns[name])[kept]
        for name in names})
    fits = {row.get(f"dec_fit__{settings.dec_name}") for row in curve.rows}
    write_rdb(curve.path, published, db_injected.line(settings, fits) or "")
    fields = {name: _unit_and_meaning(name, band) for name in names}
    write_exchange(curve.path.with_suffix(""), published, fields, (
        settings.lens_name, settings.lens_ra_deg, settings.lens_dec_deg), settings.band)
    if getattr(settings.options, "cds", False):
        write_cds(curve.path.with_name(f"{curve.path.stem}_cds.txt"), published, fields)
    if out.any():
        log.info("%d points of excluded nights %s", out.sum(),
                 "flagged" if kept.all() else "left out")
    return published


def read(curve):
    """Return all columns of a light curve that `write` wrote, from its .ecsv."""
    return read_ecsv_columns(existing(curve.path.with_suffix(".ecsv")))


def read_published(curve):
    """Return the columns of the .rdb of a light curve."""
    return read_rdb(existing(curve.path))


def existing(path):
    """Return the path of a light curve; raise UserError if there is no file."""
    if not path.is_file():
        raise UserError(f"there is no {path}. Run lcmanip/1_join.py first.")
    return path


def read_any(path, absent=()):
    """Return the columns of an .rdb of any origin, and warn of what is suspicious in it.

    It has ``mhjd``, and magnitudes and errors as ours, as ``mag_X`` and ``magerr_X``, or of one
    source as ``mag`` and ``magerr``, which is called X here. Without flags all points are good;
    columns of `absent` that it lacks are NaN.

    Raises
    ------
    UserError
        If it is no table, lacks dates, magnitudes or errors, or these are no numbers.
    """
    columns = read_rdb(path)
    if not len(next(iter(columns.values()))):
        raise UserError(f"{path} is empty: it has a header, but no point.")
    columns = {f"{name}_{compare.NO_NAME}" if name in ("mag", "magerr") else name: values
               for name, values in columns.items()}
    sources = sources_of(columns)
    for name, is_there in [("mhjd", "mhjd" in columns), ("mag_X' or 'mag", bool(sources)), *(
            (f"magerr_{one}", compare.error_name(columns, one)) for one in sources)]:
        if not is_there:
            raise UserError(f"{path} has no column '{name}' (it has {', '.join(columns)}).")
    n = len(columns["mhjd"])
    columns = {name: np.full(n, np.nan) for name in absent} | {"flag": np.ones(n, bool)} | columns
    for note in odd_points(columns):
        if "holds text" in note:
            raise UserError(f"{path}: {note}: correct the values that are no numbers.")
        log.warning("%s: %s", path, note)
    return columns


def sources_of(columns):
    """Return the sources that a table of a light curve holds, not their calibrated copies."""
    names = [name[4:] for name in columns if name.startswith("mag_")]
    return [name for name in names if name.removeprefix("cal_") == name
            or f"mag_{name.removeprefix('cal_')}" not in columns]


def excluded(mhjd, settings):
    """Return which points lie on a day of the lens's list, (n,); see `excluded_days`."""
    days = excluded_days(settings.config_dir / NIGHTS_FILE)
    return np.isin(np.floor(mhjd).astype(int), list(days))


def excluded_days(path):
    """Read a list of nights: an integer mjd or a date (yyyy-mm-dd) a line, and a reason.

    A day is that of UTC in which the point lies, as in COSMOULINE. ``#`` starts a comment.

    Returns
    -------
    dict of int to str
        Reasons by day; empty if there is no such file.

    Raises
    ------
    UserError
        If a line is neither.
    """
    days = {}
    for number, line in enumerate(read_lines(path) if Path(path).is_file() else [], 1):
        day, _, reason = line.partition("#")[0].strip().partition(" ")
        if not day:
            continue
        try:
            days[int(day) if day.isdigit() else int(day_to_mjd(day))] = reason.strip()
        except ValueError as error:
            raise UserError(f"{path}, line {number}: {day!r} is neither an integer mjd nor a "
                            "date such as 2019-03-01.") from error
    return days


def _unit_and_meaning(name, band=""):
    """Return unit and meaning of one column; `band` is that of calibrated magnitudes."""
    kind, _, rest = name.partition("_")
    if rest.startswith("cal_") and kind in ("mag", "magerr"):
        source = rest.removeprefix("cal_")
        return "mag", (f"magnitude of {source} in {band}" if kind == "mag" else
                       f"error of the calibration of {source}, the same shift of all its points; "
                       f"that of a point is magerr_{source}_cov")
    source, _, bar = rest.rpartition("_")
    if kind == "mag":
        return "mag", f"magnitude of {rest}: -2.5 log10 of electrons on the reference scale"
    if kind == "magsys":
        return "mag", (f"systematic error of {rest}, one shift of all its points: light of the "
                       "galaxy under it")
    if kind == "magcov":
        return "mag2", "covariance of the magnitudes of two sources at one point"
    if kind == "flag" and rest:
        return "", f"True for a good point of {rest}, whatever the other sources are"
    if kind != "magerr":
        return MEANINGS[name]
    ours = {"cov": "all known errors of the point, covariances included",
            "norm": "the error from the coefficient, which all sources of a point share",
            "calib": "in that of norm, the scatter of the stars beyond their errors"}
    return "mag", f"error of {source}: {ours.get(bar) or MAGERR_MEANINGS[int(bar)]}"
