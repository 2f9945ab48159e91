"""The truth tables of skymaker next to the rows of a reduction of its frames."""

from pathlib import Path
from typing import NamedTuple

from cosmouline.astrometry.align import apply
from cosmouline.astrometry.db_transform import matrix
from cosmouline.database import bands
from cosmouline.database.columns import column, family, members, time_of
from cosmouline.errors import UserError
from cosmouline.files import io_table
from cosmouline.lightcurve.db_columns import rows_with_fluxes
from cosmouline.skymaker.truth import colour_term, compare, flux_scale, true_rows
from cosmouline.sources import db_stars

import numpy as np

LEAST = 3  # images: fewer tell no scatter


class Found(NamedTuple):
    """Measured and true curves of all sources, and one line of numbers for each.

    Parameters
    ----------
    lines : list of dict
        Of "all" images first, then of those of each set, by its name in "images".
    sources : list of str
    mhjd, true_mhjd : ndarray of float, shape (n,)
    mags, mag_sigmas, true_mags : ndarray of float, shape (n_sources, n)
    defects : dict of str to str
        Defect of every frame by image name, empty for a good one.
    """

    lines: list
    sources: list
    mhjd: np.ndarray
    mags: np.ndarray
    mag_sigmas: np.ndarray
    true_mhjd: np.ndarray
    true_mags: np.ndarray
    defects: dict


def compare_sources(db, settings, folder):
    """Return (settings, `Found`) of every band of a reduction, with the truth in `folder`."""
    rows, _ = rows_with_fluxes(db, settings.dec_name)
    return [(one, _of_band(those, db, one, folder)) for one, those in bands.split(rows, settings)]


def _of_band(rows, db, settings, folder):
    """Compare the images of one band, on the scale of its reference image and of its camera."""
    frames = {Path(row["file"]).name: row for row in _read(folder, "truth_frames.ecsv")}
    dec, psf = settings.dec_name, settings.psf_name
    sources = members(rows, f"flux_e__{dec}__{{source}}")
    reference = bands.reference(
        [row for row in db.select() if bands.of(row, settings) == settings.band], db, settings)

    # the scale: measured flux of a source of 1 e-/s at transparency 1, from constant stars
    ref_file, objects = Path(reference["raw_path"]).name, {}
    for row in _read(folder, "truth_objects.ecsv"):
        objects.setdefault(Path(row["file"]).name, {})[row["name"]] = row
    constant = {row["name"] for row in _read(folder, "truth_stars.ecsv")
                if row["amplitude_mag"] == 0}
    true_stars = [row for name, row in objects[ref_file].items() if name in constant]
    stars = db_stars.norm_stars(settings)
    star_flux = family(rows, f"star_flux_e__{psf}__{{star}}", [star.name for star in stars])
    measured_xy = apply(matrix(reference), db_stars.star_positions(stars))
    true_xy = np.reshape([(row["x_px"], row["y_px"]) for row in true_stars], (-1, 2))
    scale = flux_scale(
        star_flux * column(rows, f"renorm__{settings.renorm_name}")[:, None], measured_xy,
        np.array([row["flux_e_s"] for row in true_stars]), true_xy)

    # another filter shows a source fainter by its colour, but the stars of the coefficients too
    files = [Path(row["raw_path"]).name for row in rows]
    terms = np.array([_colour_term(objects[file], true_stars) for file in files])[:, None]
    colours = np.array([objects[ref_file][source]["colour_mag"] for source in sources])
    star_colour = np.mean([true_stars[row]["colour_mag"]
                           for row in true_rows(measured_xy, true_xy) if row >= 0])
    factor = 10 ** (0.4 * terms * (star_colour - colours))

    # measured fluxes and their errors on that scale, through the filter of the reference image
    coeff = column(rows, f"dec_coeff__{dec}")[:, None]
    to_truth = coeff / scale / factor
    flux = family(rows, f"flux_e__{dec}__{{source}}", sources) * to_truth
    sigma = np.hypot(family(rows, f"flux_sigma_e__{dec}__{{source}}", sources) * to_truth,
                     flux * column(rows, f"dec_coeff_sigma__{dec}")[:, None] / coeff)
    systematic = family(rows, f"flux_sys_e__{dec}__{{source}}", sources) * to_truth

    # magnitudes by the zero point of the truth, those that the reference image's camera would see
    zero = np.array([frames[ref_file][f"mag_{s}"] + 2.5 * np.log10(
        frames[ref_file][f"flux_e_s_{s}"]) for s in sources])
    true_mags = np.array([[frames[file][f"mag_{s}"] for s in sources] for file in files])
    true_mags -= terms * colours
    true = 10 ** (0.4 * (zero - true_mags))
    mags = zero - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
    lines = [
        {"images": name, "n": len(those), "source": source, "measured mag": mags[those, i].mean(),
         "true mag": true_mags[those, i].mean(),
         "colour %": 100 * (factor[those, i].mean() - 1), "bias %": 100 * found.bias,
         "systematic %": 100 * np.median(systematic[those, i] / flux[those, i]),
         "scatter %": 100 * found.scatter, "error %": 100 * found.error, "pull": found.pull}
        for name, those in _of_sets(rows) for i, source in enumerate(sources)
        for found in (compare(flux[those, i], sigma[those, i], true[those, i]),)]
    defects = {row["img_name"]: frames[Path(row["raw_path"]).name].get("defect", "none")
               for row in db.select()}
    defects = {name: "" if text == "none" else text for name, text in defects.items()}
    mhjd = time_of(rows)
    return Found(lines, sources, mhjd, mags.T, 1.0857 * (sigma / flux).T, mhjd, true_mags.T,
                 defects)


def _colour_term(objects, reference_stars):
    """Return the colour term of a frame against the reference image, from constant stars."""
    pairs = [(objects[row["name"]]["mag"], row["mag"], row["colour_mag"])
             for row in reference_stars if row["name"] in objects]
    return colour_term(*np.array(pairs).T)


def _of_sets(rows):
    """Return names and indices of groups of rows: all, and each set where there are several."""
    sets = np.array([row["set_name"] for row in rows])
    groups = [("all", np.arange(len(rows)))]
    if len(set(sets)) > 1:
        groups += [(str(name), np.flatnonzero(sets == name)) for name in np.unique(sets)]
    return [(name, those) for name, those in groups if len(those) >= LEAST or name == "all"]


def _read(folder, name):
    """Read one table of the truth."""
    path = Path(folder) / name
    if not path.is_file():
        raise UserError(f"there is no {path}: give the folder that skymaker wrote as --truth.")
    return io_table.read_ecsv(path)
