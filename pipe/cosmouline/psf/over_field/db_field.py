"""The PSF of each CCD of the database, at any position, and on the stars kept back."""

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

from cosmouline import library
from cosmouline.database import paths
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_cards import native
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.images.ccds import db_ccds, db_masks
from cosmouline.psf.over_field.field import FieldPsf, fit_field, shifted
from cosmouline.psf.over_field.io_psfex import read_psfex
from cosmouline.sources.ccds import db_detect, db_selection
from cosmouline.sources.ccds.detect_weighted import sky_mesh
from cosmouline.sources.ccds.elliptical_moments import blocks_of, cut_around, elliptical_moments
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

fits = library("astropy.io.fits")
log = logging.getLogger("cosmouline")


def psf_path(image, settings):
    """Return the path of the PSF of a CCD."""
    return paths.shapes(settings, "psf", f"{image['img_name']}.fits")


def star_stamps(image, settings, columns, side_px):
    """Return stamps without sky, good pixels and positions (from 0) of stars of a CCD."""
    ccd = db_ccds.read(image, settings)
    flags = db_masks.read(image, settings)
    bad = ~(ccd.weight > 0)
    sky, _ = sky_mesh(ccd.image, bad, db_detect.options_of(image, settings))
    xy = np.column_stack([columns["XWIN_IMAGE"], columns["YWIN_IMAGE"]]) - 1
    x, y = xy.T
    # spikes and halos of other stars are masked too, the border is not: its pixels are good
    is_bad = bad | ((flags & ~settings.shape_masks["border_flag"]) != 0)
    return (cut_around(ccd.image - sky, x, y, side_px),
            ~cut_around(is_bad, x, y, side_px, True), xy)


def build(image, settings):
    """Fit and write the PSF of a CCD, or take that of PSFEx; return its fields.

    Raises
    ------
    ImageRejected
        If it has fewer stars than min_stars, or they do not agree with the PSF (max_chi2): its
        objects lose an epoch.
    """
    chosen, stars = settings.shape_psf, []
    if chosen["psfex_files"]:
        model, n, chi2 = read_psfex(Path(settings.shape_images["dir"]) / chosen[
            "psfex_files"].replace("*", image["img_name"]))
        model, words = replace(model, terms=_of_side(model.terms, chosen["side_px"])), "PSFEx"
        _check(n is None or n >= chosen["min_stars"], f"{n} stars for the PSF", chosen,
               "min_stars")
    else:
        columns = db_selection.stars(image, settings)
        n = len(columns["NUMBER"])
        _check(n >= chosen["min_stars"], f"{n} stars for the PSF", chosen, "min_stars")
        stamps, good, xy = star_stamps(image, settings, columns, chosen["side_px"])
        fit = fit_field(stamps, image["ccd_sky_sigma_adu"]**2, good, xy,
                        image["ccd_gain_e_per_adu"], (image["ccd_ny_px"], image["ccd_nx_px"]),
                        chosen["max_degree"])
        model, n, chi2 = fit.psf, int(fit.is_used.sum()), float(np.median(fit.chi2[fit.is_used]))
        words = f"stretches {fit.model[0]}, pixels {fit.model[1]}"
        stars = [fits.BinTableHDU.from_columns([
            fits.Column("NUMBER", "J", array=columns["NUMBER"]),
            fits.Column("is_used", "L", array=fit.is_used),
            fits.Column("chi2", "D", array=fit.chi2), fits.Column("flux", "D", array=fit.flux)],
            name="STARS")]
    _check(chi2 is None or chi2 <= chosen["max_chi2"],
           f"chi2 of the stars against the PSF is {chi2 or 0:.2f}", chosen, "max_chi2")
    primary = fits.PrimaryHDU(model.terms.astype(np.float32))
    for key, value in (("DEGREE", model.degree), ("FWHM", model.fwhm_px),
                       ("X0", model.origin_px[0]), ("Y0", model.origin_px[1]),
                       ("XSCALE", model.scale_px[0]), ("YSCALE", model.scale_px[1])):
        primary.header[key] = value
    path = psf_path(image, settings)
    with atomic_path(path) as temporary:
        fits.HDUList([primary, *stars]).writeto(temporary)
    return {"n_ccd_psf_used": n, "ccd_psf_degree": model.degree, "ccd_psf_model": words,
            "ccd_psf_chi2": chi2, "ccd_psf_fwhm_px": model.fwhm_px,
            "ccd_psf_hash": hashlib.sha256(model.terms.astype(np.float32).tobytes()).hexdigest()[
                :12]}


def _of_side(images, side_px):
    """Images (n, side, side) cut, or with zeros around them, to another odd side."""
    more = (side_px - images.shape[-1]) // 2
    if more < 0:
        return images[:, -more:more, -more:more]
    return np.pad(images, ((0, 0), (more, more), (more, more)))


def _check(is_good, words, chosen, limit):
    """Reject a CCD that does not keep a limit of shape_psf."""
    if not is_good:
        raise ImageRejected(f"{words} (shape_psf, {limit} {chosen[limit]:g})")


def psf(image, settings):
    """Read the `FieldPsf` of a CCD."""
    path = psf_path(image, settings)
    if not path.is_file():
        raise UserError(f"there is no {path}. Run fac_shapes/3c_psf_model.py.")
    with fits.open(path, memmap=False) as hdus:
        head, terms = hdus[0].header, native(hdus[0].data).astype(float)
    return FieldPsf(terms, head["DEGREE"], np.array([head["X0"], head["Y0"]]),
                    np.array([head["XSCALE"], head["YSCALE"]]), head["FWHM"])


COLUMNS = ("e1", "e2", "sigma_px")


def validate(image, settings):
    """Measure the stars kept back and the PSF in their places; return the fields of a CCD.

    shapes/psf_test/<name>.fits has positions, magnitudes, moments of stars and PSF, and their
    fluxes; stars of which one cannot be measured are NaN.
    """
    columns = db_selection.stars(image, settings, is_test=True)
    stamps, good, xy = star_stamps(image, settings, columns, settings.shape_psf["side_px"])
    model = psf(image, settings)
    stars = elliptical_moments(stamps, good)
    # the model moved to where the star is, with the pixels that the star has
    offset = np.nan_to_num(np.stack([stars.x_px, stars.y_px], 1))
    images = shifted(model.at(*xy.T), offset)
    models = elliptical_moments(images, good)
    table = {"NUMBER": columns["NUMBER"], "MAG_AUTO": columns["MAG_AUTO"], "x_px": xy[:, 0],
             "y_px": xy[:, 1], "ra_deg": columns["XWIN_WORLD"], "dec_deg": columns["YWIN_WORLD"],
             "peak": np.where(good, stamps, 0).max((1, 2)), "flux": stars.flux,
             "snr": stars.flux / (np.sqrt(4 * np.pi) * stars.sigma_px
                                  * image["ccd_sky_sigma_adu"])}  # of a Gaussian on the sky
    for name in COLUMNS:
        table[f"star_{name}"] = getattr(stars, name)
        table[f"psf_{name}"] = getattr(models, name)
    write_tables(paths.shapes(settings, "psf_test", f"{image['img_name']}.fits"),
                 {"STARS": table})
    known = np.isfinite(stars.e1 + models.e1)
    found = {"n_ccd_tested": int(known.sum())}
    if known.sum() >= 3:
        size = stars.sigma_px[known] / models.sigma_px[known] - 1
        found |= {"ccd_psf_e1_residual": float(np.median((stars.e1 - models.e1)[known])),
                  "ccd_psf_e2_residual": float(np.median((stars.e2 - models.e2)[known])),
                  "ccd_psf_size_residual": float(np.median(size))}
    return found


def tested_stars(images, settings):
    """Return the tables of `validate` of many CCDs as one, with a column of their names."""
    tables = [read_table(paths.shapes(settings, "psf_test", f"{image['img_name']}.fits"), "STARS")
              for image in images]
    joined = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    names = [image["img_name"] for image in images]
    return joined | {"ccd": np.repeat(names, [len(table["NUMBER"]) for table in tables])}


def at_objects(tile, settings, ccds):
    """Yield (rows, images, moments) of the PSF at epochs of the objects of a tile, by blocks.

    `rows` are places in the table EPOCHS of the tile; epochs on CCDs without a PSF are not given.
    """
    table = db_detect.epochs(tile, settings)
    for image in ccds:
        on = np.flatnonzero(table["CCD"] == image["img_name"])
        if not on.size:
            continue
        model = psf(image, settings)
        for rows in blocks_of(on):
            images = model.at(table["x_px"][rows], table["y_px"][rows])
            yield rows, images, elliptical_moments(images)


def epochs_path(tile, settings):
    """Return the path of the PSFs at the epochs of the objects of a tile."""
    return paths.shapes(settings, "psf_epochs", f"{tile['img_name']}.fits")


def write_epochs(tile, settings, ccds):
    """Write the PSF at every epoch of a tile: shapes/psf_epochs/<tile>.fits; return the fields.

    The table PSF has a line for each line of EPOCHS: is_accepted, e1, e2 (of the pixels of the
    CCD), sigma_px. The images are made again from the PSFs when they are needed.
    """
    table = db_detect.epochs(tile, settings)
    n = len(table["NUMBER"])
    found = {"is_accepted": np.zeros(n, dtype=bool)} | {
        name: np.full(n, np.nan) for name in COLUMNS}
    for rows, _, moments in at_objects(tile, settings, ccds):
        found["is_accepted"][rows] = np.isfinite(moments.e1)
        for name in COLUMNS:
            found[name][rows] = getattr(moments, name)
    write_tables(epochs_path(tile, settings),
                 {"PSF": {"NUMBER": table["NUMBER"], "CCD": table["CCD"]} | found})
    lost = int((~found["is_accepted"]).sum())
    with_psf = np.unique(table["NUMBER"][found["is_accepted"]]).size
    if lost:
        log.warning("%s: %d of %d epochs have no PSF: their CCDs were rejected, or lack stars",
                    tile["img_name"], lost, n)
    return {"n_tile_psf_objects": int(with_psf), "tile_psf_fwhm_px": float(
        np.nanmedian(found["sigma_px"]) * FWHM_PER_SIGMA) if with_psf else None,
        "tile_psfs": db_ccds.digest_of_overlap(tile, ccds, "ccd_psf_hash")}
