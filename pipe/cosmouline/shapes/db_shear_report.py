"""The report of the shapes: response, guards, and the true shear where it is known."""

import logging

from cosmouline import library
from cosmouline.astrometry.tangent import project
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.files.io_fits_tables import read_table
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.plots import style
from cosmouline.plots.survey import shapes as shape_plots
from cosmouline.psf.over_field.validation import slope_with_error
from cosmouline.shapes.db_catalogue import merged_path
from cosmouline.shapes.db_shapes import lost_epochs
from cosmouline.shapes.metacal import SHEARS
from cosmouline.shapes.response import mean_shear
from cosmouline.shapes.spread_model import GALAXY, STAR

import numpy as np

log = logging.getLogger("cosmouline")
spatial = library("scipy.spatial")

GUARD_SIGMAS = 3.0  # of what must be 0
MATCH_ARCSEC = 1.0


def cuts(table, settings, kind, of_class):
    """Which objects pass the cuts of shape_catalogue by the quantities of one version."""
    chosen = settings.shape_catalogue
    prefix = chosen["prefix"]
    good = (table["SPREAD_CLASS"] == of_class) & (table[f"{prefix}_MCAL_FLAGS"] == 0)
    good &= table["IS_PRIMARY"] & (table["FLAGS"] < 4)
    good &= table[f"{prefix}_SNR_{kind}"] > chosen["snr_min"]
    if of_class == GALAXY:
        with np.errstate(invalid="ignore", divide="ignore"):
            good &= (table[f"{prefix}_T_{kind}"] / table[f"{prefix}_Tpsf_{kind}"]
                     > chosen["size_over_psf_min"])
    return good


def shapes_of(table, settings):
    """Ellipticities of each version, NaN for those without a shape."""
    prefix = settings.shape_catalogue["prefix"]
    failed = table[f"{prefix}_MCAL_FLAGS"] != 0
    return {kind: np.where(failed[:, None], np.nan, table[f"{prefix}_ELL_{kind}"])
            for kind in SHEARS}


def write(tiles, settings, truth=None):
    """Write report_shapes.txt and plots/shapes.png; return the lines for the log.

    `truth` is a table of skymaker with ra_deg, dec_deg, g1, g2, kind: then the shear is compared.
    """
    table = read_table(merged_path(settings), "RESULTS")
    e = shapes_of(table, settings)
    galaxies = {kind: cuts(table, settings, kind, GALAXY) for kind in SHEARS}
    stars = {kind: cuts(table, settings, kind, STAR) for kind in SHEARS}
    shear, of_stars = mean_shear(e, galaxies), mean_shear(e, stars)
    prefix = settings.shape_catalogue["prefix"]
    main = galaxies["NOSHEAR"]
    psf = table[f"{prefix}_ELL_PSFo_NOSHEAR"]
    total = shear.response + shear.selection
    leak = [slope_with_error(psf[main, i], e["NOSHEAR"][main, i] / total[i, i]) for i in (0, 1)]
    lines = [f"{shear.n} galaxies of {len(main)} objects pass the cuts (S/N, size, flags)"]
    for i in (0, 1):
        lines.append(
            f"g{i + 1} {shear.g[i]:+.4f} +- {shear.error[i]:.4f}; response R{i + 1}{i + 1} "
            f"{shear.response[i, i]:.3f}, of the selection {shear.selection[i, i]:+.3f}; PSF "
            f"leakage {leak[i][0]:+.3f} +- {leak[i][1]:.3f}")
    lines.append(f"stars: {of_stars.n}, response {of_stars.response[0, 0]:+.3f} and "
                 f"{of_stars.response[1, 1]:+.3f} (0 +- 0.02 with many bright stars)")
    lines.append(f"off-diagonal response {shear.response[0, 1]:+.3f}, {shear.response[1, 0]:+.3f} "
                 "(0 within the noise)")
    for i, (slope, error) in enumerate(leak):
        if abs(slope) > GUARD_SIGMAS * error:
            log.warning("the shapes follow the PSF: leakage of g%d %+.3f +- %.3f", i + 1, slope,
                        error)
    if truth is not None:
        lines += against_truth(table, e, galaxies, truth)
    failures = {}
    for tile in tiles:
        for name, (n, lost) in lost_epochs(tile, settings).items():
            before = failures.get(name, (0, 0))
            failures[name] = before[0] + n, before[1] + lost
    rows = [{"CCD": name, "objects": n, "without_psf": lost} for name, (n, lost) in sorted(
        failures.items())]
    text = "\n".join(lines) + "\n\n" + io_report.table(rows, ("CCD", "objects", "without_psf"))
    io_report.write_report(paths.report(settings, "shapes"),
                           f"{settings.lens_name}  galaxy shapes", text)
    plane = project(table["XWIN_WORLD"], table["YWIN_WORLD"], np.median(table["XWIN_WORLD"]),
                    np.median(table["YWIN_WORLD"]))
    page = shape_plots.shapes_page(plane, table["MAG_AUTO"], e["NOSHEAR"], psf, main,
                                   stars["NOSHEAR"], table[f"{prefix}_SNR_NOSHEAR"], failures)
    style.title_page(page, f"{settings.lens_name}  shapes of {shear.n} galaxies", lines[1])
    path = paths.plot(settings, "shapes")
    style.save(page, path, style.stamp_text(settings.lens_name, "7d_report"))
    return lines


def against_truth(table, e, galaxies, truth):
    """Lines on the true shear, and on stars and galaxies by their true kinds."""
    known = read_ecsv_columns(truth)
    if not known.keys() >= {"ra_deg", "dec_deg", "g1", "g2", "kind"}:
        raise UserError(f"--truth {truth}: it needs ra_deg, dec_deg, kind, g1, g2.")
    middle = float(np.median(known["ra_deg"])), float(np.median(known["dec_deg"]))
    places = project(known["ra_deg"], known["dec_deg"], *middle)
    away, which = spatial.cKDTree(places).query(
        project(table["XWIN_WORLD"], table["YWIN_WORLD"], *middle))
    near = away < MATCH_ARCSEC
    kind = np.where(near, np.asarray(known["kind"]).astype(str)[which], "")
    right = {name: (table["SPREAD_CLASS"] == code) & (kind == name)
             for name, code in (("star", STAR), ("galaxy", GALAXY))}
    lines = []
    for name, code in (("star", STAR), ("galaxy", GALAXY)):
        taken = (table["SPREAD_CLASS"] == code) & near
        lines.append(f"{name}: {right[name].sum()} of {taken.sum()} of this class are one in "
                     "truth")
    chosen = {key: mask & (kind == "galaxy") for key, mask in galaxies.items()}
    shear = mean_shear(e, chosen)
    for i in (0, 1):
        true = float(np.median(known[f"g{i + 1}"][np.asarray(known["kind"]).astype(str)
                                                  == "galaxy"]))
        lines.append(f"true g{i + 1} {true:+.4f}: measured {shear.g[i]:+.4f} +- "
                     f"{shear.error[i]:.4f} from {shear.n} true galaxies, "
                     f"{(shear.g[i] - true) / shear.error[i]:+.1f} sigma")
    return lines
