"""Source lists of other programs, one file per image: positions, fluxes and errors."""

import csv
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.files.io_text import read_lines
from cosmouline.sources.crossmatch import Plane, match

import numpy as np

PER_LN = np.log(10) / 2.5
WORDS = {  # names of columns in lower case, by their meaning
    "ra": ("ra", "ra_deg", "alpha_j2000", "alphawin_j2000"),
    "dec": ("dec", "dec_deg", "delta_j2000", "deltawin_j2000"),
    "x": ("x", "x_px", "xpix", "x_image", "xwin_image", "xcentroid"),
    "y": ("y", "y_px", "ypix", "y_image", "ywin_image", "ycentroid"),
    "flux": ("flux", "flux_e", "counts", "flux_auto", "flux_psf"),
    "error": ("error", "flux_err", "flux_error", "flux_sigma_e", "fluxerr", "fluxerr_auto",
              "counts_err"),
    "mag": ("mag", "mag_auto"),
    "mag_error": ("mag_error", "mag_err", "magerr", "magerr_auto"),
}


class SourceList(NamedTuple):
    """Sources of one image."""

    name: str  # of the file, without its ending
    xy: np.ndarray  # (n, 2), RA and Dec in degrees where `is_sky`, else x and y in pixels
    flux: np.ndarray
    sigma: np.ndarray
    is_sky: bool


def read_folder(folder, pattern="*", columns=None):
    """Return the `SourceList` of all files of a folder, in order of their names.

    Parameters
    ----------
    folder : str or Path
    pattern : str
        Which files, such as ``*.csv``.
    columns : sequence of str, optional
        Columns of files without a line of names: words of `WORDS`, or ``-`` for others.

    Raises
    ------
    UserError
        If there is no file, or one cannot be read. Empty files are skipped.
    """
    paths = sorted(path for path in Path(folder).glob(pattern) if path.is_file())
    found = [read(path, columns) for path in paths if path.stat().st_size]
    if not found:
        raise UserError(f"there is no source list {pattern} in {folder}.")
    if len({one.is_sky for one in found}) > 1:
        raise UserError(f"{folder}: some lists have RA and Dec, others x and y only.")
    return found


def read(path, columns=None):
    """Return the `SourceList` of one file: ECSV, or CSV with a line of names or without one.

    Magnitudes and their errors are turned into fluxes. Sources with no finite position, no
    positive flux or no positive error are left out.
    """
    path = Path(path)
    table = read_ecsv_columns(path) if path.suffix == ".ecsv" else _csv(path, columns)
    # the known columns, by their meaning; the first of the words goes before the others
    lower = {name.lower(): values for name, values in table.items()}
    table = {what: np.asarray(lower[name], float) for what, names in WORDS.items()
             for name in names[::-1] if name in lower}
    is_sky = {"ra", "dec"} <= table.keys()
    place = ("ra", "dec") if is_sky else ("x", "y")
    if "flux" not in table and {"mag", "mag_error"} <= table.keys():
        table["flux"] = 10 ** (-0.4 * table["mag"])
        table["error"] = PER_LN * table["flux"] * table["mag_error"]
    missing = [name for name in (*place, "flux", "error") if name not in table]
    if missing:
        raise UserError(f"{path}: no column is '{missing[0]}' (or {', '.join(WORDS[missing[0]])})."
                        " Name the columns in their order: --columns ra dec - flux error.")
    xy = np.column_stack([table[name] for name in place])
    good = (np.isfinite(xy).all(1) & (table["flux"] > 0) & (table["error"] > 0)
            & np.isfinite(table["flux"]) & np.isfinite(table["error"]))
    return SourceList(path.stem, xy[good], table["flux"][good], table["error"][good], is_sky)


def _csv(path, columns):
    """Return the columns of a CSV table as text by name."""
    lines = [line for line in read_lines(path) if line.strip() and not line.startswith("#")]
    delimiter = "," if lines and "," in lines[0] else None
    rows = list(csv.reader(lines)) if delimiter else [line.split() for line in lines]
    names = columns
    if names is None:
        names, rows = [name.strip() for name in rows[0]], rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) < len(names):
            raise UserError(f"{path}, row {number} has {len(row)} columns, not {len(names)}.")
    known = {word for words in WORDS.values() for word in words}
    found = {}
    for i, name in enumerate(names):
        if name.lower() in known:
            try:  # an empty cell is NaN
                found[name] = np.array([float(row[i]) if row[i].strip() else np.nan
                                        for row in rows])
            except ValueError as error:
                raise UserError(f"{path}, column '{name}': {error}.") from error
    return found


class Photometry(NamedTuple):
    """Fluxes of M stars in N images."""

    images: list  # names
    stars: list
    places: np.ndarray | None  # (M, 2), RA and Dec in degrees, or x and y in pixels
    flux: np.ndarray  # (N, M), NaN where a star was not measured
    sigma: np.ndarray  # (N, M)


def gather(folder, pattern, columns, tolerance, least):
    """Return the `Photometry` of a folder of source lists.

    Parameters
    ----------
    folder, pattern, columns
        As of `read_folder`.
    tolerance : float
        Arcsec, or pixels for lists without RA and Dec, which must then be aligned.
    least : float
        Fraction of the images in which a star must be found; UserError if no star is.
    """
    lists = read_folder(folder, pattern, columns)
    places = [one.xy for one in lists]
    plane = None
    if lists[0].is_sky:
        plane = Plane(*np.median(max(places, key=len), axis=0))
        places = [plane.to(xy) for xy in places]
    found = match(places, [one.flux for one in lists], [one.sigma for one in lists], tolerance,
                  least)
    if not len(found.xy):
        raise UserError(f"no star is in {100 * least:g} % of the {len(lists)} lists of {folder}. "
                        "Is --tolerance right, and are the lists of one field?")
    return Photometry([one.name for one in lists], [f"s{i + 1}" for i in range(len(found.xy))],
                      plane.back(found.xy) if plane else found.xy, found.flux, found.sigma)
