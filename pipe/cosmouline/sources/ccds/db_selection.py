"""The stars of each CCD by the selection file: catalogues, statistics, plots."""

from cosmouline.database import paths
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files import atomic
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.files.io_text import read_lines, write_text
from cosmouline.images.ccds import db_ccds
from cosmouline.plots import style
from cosmouline.plots.survey import selections
from cosmouline.sources.ccds import db_detect, selection
from cosmouline.sources.ccds.selection_values import value

import numpy as np

STARS = "star_selection"  # the mask that every selection file must have
SPLIT = "star_split"  # and the split of it: stars of the model, and those kept back


def selection_path(settings):
    """Return the path of the selection file of the field, or that of the sample."""
    path = settings.config_dir / settings.star_selection
    if not path.is_file() and settings.star_selection == "star_selection.setools":
        path = paths.sample(settings.star_selection)
    if not path.is_file():
        raise UserError(f"star_selection: there is no file {path}.")
    return path


def digest(settings):
    """Return a hash of the selection file."""
    return atomic.digest(selection_path(settings))[:12]


def choose(image, settings):
    """Write what the selection file makes of one CCD; return the fields of the database.

    shapes/selection/<name>.fits has a table for each saved mask and each split; <name>_<stat>.txt
    and <name>_<plot>.png are next to it.
    """
    path = selection_path(settings)
    sections = selection.parse(read_lines(path), path.name)
    columns, name = db_detect.objects(image, settings), image["img_name"]
    found = selection.select(sections, columns, db_ccds.seed_of(name), path.name)
    if STARS not in found.masks:
        raise UserError(f"{path.name} has no [MASK:{STARS}].")
    folder = paths.shapes(settings, "selection")
    chosen = {key: found.masks[key] for key in found.saved} | found.splits
    tables = {key: {column: values[mask] for column, values in columns.items()}
              for key, mask in chosen.items()} | found.new
    write_tables(folder / f"{name}.fits", tables)
    for key, lines in found.statistics.items():
        write_text(folder / f"{name}_{key}.txt", "".join(
            f"{text} = {number:.6g}\n" for text, number in lines))
    for key, keys in found.plots.items():
        page = _page(keys, columns, found.masks)
        style.save(page, folder / f"{name}_{key}.png", style.stamp_text(name, "3b_select_stars"))
    stars = found.masks[STARS]
    if not stars.any():
        raise ImageRejected(f"{path.name} selects none of {stars.size} objects as a star")
    kept = [mask for key, mask in found.splits.items() if key.startswith(SPLIT)]
    return {"n_ccd_stars": int(stars.sum()), "ccd_selection": digest(settings),
            "n_ccd_test_stars": int(kept[-1].sum()) if kept else 0,
            "ccd_star_fwhm_px": float(np.median(columns["FWHM_IMAGE"][stars]))}


def _page(keys, columns, masks):
    """Return the picture of one PLOT section."""
    numbers = sorted({key.partition("_")[2] for key in keys if key.startswith(("Y_", "X_"))}) or [
        ""]
    series = []
    for number in numbers:
        end = f"_{number}" if number else ""
        values = {axis.lower(): value(keys[axis + end], columns, masks) for axis in "XY"
                  if axis + end in keys}
        series.append(values | {
            "label": selection.label(keys.get("LABEL" + end, keys.get("LABEL", "")), columns,
                                     masks),
            "marker": selections.marker_of(keys.get("MARKER" + end, keys.get("MARKER", "."))),
            "size": float(keys.get("MARKERSIZE" + end, 4))})
    colour = value(keys["SCATTER"], columns, masks) if "SCATTER" in keys else None
    return selections.selection_page(
        keys, series, colour, int(keys["BIN"]) if "BIN" in keys else None,
        selection.label(keys.get("TITLE", ""), columns, masks))


def stars(image, settings, is_test=False):
    """Return the columns of the stars of a CCD that make the PSF, or of those kept back.

    Without a RAND_SPLIT of the stars both are all of them.
    """
    path = paths.shapes(settings, "selection", f"{image['img_name']}.fits")
    sections = selection.parse(read_lines(selection_path(settings)))
    splits = [section for section in sections if section.kind == "RAND_SPLIT"
              and section.name == SPLIT]
    if not splits:
        return read_table(path, STARS)
    ratio = float(dict(line.replace(" ", "").split("=") for _, line in splits[0].lines)["RATIO"])
    percent = ratio if ratio >= 1 else 100 * ratio
    return read_table(path, f"{SPLIT}_ratio_{percent if is_test else 100 - percent:g}")
