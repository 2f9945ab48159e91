"""The truth tables of skymaker beside the rows of a reduction of its frames."""

from pathlib import Path
from typing import NamedTuple

from cosmouline.database.columns import column, family, time_of
from cosmouline.errors import UserError
from cosmouline.files import io_table
from cosmouline.lightcurve.db_columns import rows_with_fluxes
from cosmouline.skymaker.truth import compare, flux_scale
from cosmouline.sources import db_stars

import numpy as np


class Found(NamedTuple):
    """Measured and true curves of all sources, and one line of numbers for each.

    Parameters
    ----------
    lines : list of dict
    sources : list of str
    mhjd, true_mhjd : ndarray of float, shape (n,)
    mags, mag_sigmas, true_mags : ndarray of float, shape (n_sources, n)
    spoilt : dict of str to str
        Defect of every frame by image name, empty for a good one.
    """

    lines: list
    sources: list
    mhjd: np.ndarray
    mags: np.ndarray
    mag_sigmas: np.ndarray
    true_mhjd: np.ndarray
    true_mags: np.ndarray
    spoilt: dict


def compare_sources(db, settings, folder):
    """Return the `Found` of a reduction of frames that lie in `folder` with their truth."""
    frames = {Path(row["file"]).name: row for row in _read(folder, "truth_frames.ecsv")}
    rows, sources = rows_with_fluxes(db, settings.dec_name)
    truth = [frames[Path(row["raw_path"]).name] for row in rows]
    scale = _scale(db.reference(), rows, settings, folder)
    coeff = column(rows, f"dec_coeff__{settings.dec_name}")[:, None]
    flux = family(rows, f"flux_e__{settings.dec_name}__{{source}}", sources) * coeff / scale
    sigma = np.hypot(
        family(rows, f"flux_sigma_e__{settings.dec_name}__{{source}}", sources) * coeff / scale,
        flux * column(rows, f"dec_coeff_sigma__{settings.dec_name}")[:, None] / coeff)
    systematic = family(rows, f"flux_sys_e__{settings.dec_name}__{{source}}",
                        sources) * coeff / scale
    true = np.array([[row[f"flux_e_s_{s}"] for s in sources] for row in truth])
    zero = truth[0][f"mag_{sources[0]}"] + 2.5 * np.log10(true[0, 0])
    mags, true_mags = (zero - 2.5 * np.log10(f) for f in (flux, true))
    lines = [_line(s, mags[:, i], true_mags[:, i], compare(flux[:, i], sigma[:, i], true[:, i]),
                   np.median(systematic[:, i] / flux[:, i])) for i, s in enumerate(sources)]
    spoilt = {row["img_name"]: _defect(frames[Path(row["raw_path"]).name])
              for row in db.select()}
    mhjd = time_of(rows)
    return Found(lines, sources, mhjd, mags.T, 1.0857 * (sigma / flux).T, mhjd, true_mags.T,
                 spoilt)


def _read(folder, name):
    path = Path(folder) / name
    if not path.is_file():
        raise UserError(f"there is no {path}: give the folder that skymaker wrote as --truth.")
    return io_table.read_ecsv(path)


def _scale(reference, rows, settings, folder):
    """Return the measured flux of a source of 1 e-/s at transparency 1, from constant stars."""
    file_name = Path(reference["raw_path"]).name
    objects = [row for row in _read(folder, "truth_objects.ecsv")
               if Path(row["file"]).name == file_name]
    constant = {row["name"] for row in _read(folder, "truth_stars.ecsv")
                if row["amplitude_mag"] == 0}
    true_flux = np.array([row["flux_e_s"] if row["name"] in constant else np.nan
                          for row in objects])
    true_xy = np.array([(row["x_px"], row["y_px"]) for row in objects])
    stars = db_stars.norm_stars(settings)
    names = [star.name for star in stars]
    flux = family(rows, f"star_flux_e__{settings.psf_name}__{{star}}", names)
    flux = flux * column(rows, f"renorm__{settings.renorm_name}")[:, None]
    return flux_scale(flux, db_stars.star_positions(stars), true_flux, true_xy)


def _line(source, mag, true_mag, found, systematic):
    return {"source": source, "measured mag": mag.mean(), "true mag": true_mag.mean(),
            "bias %": 100 * found.bias, "systematic %": 100 * systematic,
            "scatter %": 100 * found.scatter, "error %": 100 * found.error, "pull": found.pull}


def _defect(frame):
    return "" if frame.get("defect", "none") == "none" else frame["defect"]
