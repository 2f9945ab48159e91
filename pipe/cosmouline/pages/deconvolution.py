"""What the pages of a joint deconvolution show."""

import functools
import hashlib
from typing import NamedTuple

from cosmouline.database import manifest, paths
from cosmouline.deconv.checks import (
    amplitudes_over_floor,
    degenerate_direction,
    neighbour_pulls,
    source_chi2,
)
from cosmouline.deconv.io_fit import read_epochs, read_fit
from cosmouline.deconv.picture import deconvolved_image, model_images
from cosmouline.files.io_catalog import read_cat
from cosmouline.pages import drawing

import numpy as np

UPSAMPLING = 4  # small pixels of the deconvolved pictures, per pixel


class Scene(NamedTuple):
    """A fit and its pictures; images in electrons of the exposures, masked residuals NaN."""

    names: list
    sources: list
    fit: object
    epochs: object
    psf_error: np.ndarray
    model_e: np.ndarray
    residuals: np.ndarray
    deconvolved: np.ndarray
    background: np.ndarray
    xy_px: np.ndarray
    summary: str
    circles: tuple  # from `source_chi2`, of all epochs: made for each page it grows as n^2


@functools.cache
def scene(folder, fit_hash):
    """Return the `Scene` of the fit in a folder; once per process and fit."""
    content = read_epochs(folder / "epochs.npz")
    fit, psf_error = read_fit(folder / "fit.npz")
    sources = [star.name for star in read_cat(folder / "start.cat", min_distance_px=0.0)]
    points, extended, sky = model_images(fit, content.epochs)
    model_e = (points + extended + sky[:, None, None]) / content.epochs.coeff[:, None, None]
    residuals = (content.epochs.data_e - model_e) / np.sqrt(fit.variance_e2)
    residuals = np.where(fit.good, residuals, np.nan)
    side_px = content.epochs.data_e.shape[1]
    deconvolved, background = deconvolved_image(fit, (side_px, side_px), UPSAMPLING)
    return Scene(content.names, sources, fit, content.epochs, psf_error, model_e,
                 residuals, deconvolved, background, fit.position_px + (side_px - 1) / 2,
                 _summary(fit), source_chi2(fit, content.epochs, residuals))


def epoch(image, settings):
    """Return the arguments of the page of one epoch."""
    found = scene_of(settings)
    e = found.names.index(image["img_name"])
    chi2, places_px, radius_px = found.circles
    fit, coeff = found.fit, found.epochs.coeff[e]
    psf_error = np.nan_to_num(found.psf_error[e])  # not known without draws
    sigma = np.hypot(fit.flux_sigma[e], psf_error * fit.flux[e]) / coeff
    numbers = (("date", image["datetime_utc"][:16].replace("T", " ")),
               ("seeing", f"{image['field_fwhm_arcsec']:.2f} arcsec"),
               ("coefficient", f"{coeff:.4f}"), ("chi2", f"{fit.chi2_reduced[e]:.3f}"),
               ("masked", f"{(~fit.good[e]).sum()} px"))
    return {"data": found.epochs.data_e[e], "model": found.model_e[e],
            "sigma": np.sqrt(fit.variance_e2[e]), "deconvolved": found.deconvolved,
            "background": found.background, "names": found.sources, "xy_px": found.xy_px,
            "good": fit.good[e], "pixel_scale_arcsec": image["pixel_scale_arcsec"],
            "numbers": numbers, "flux_e": fit.flux[e] / coeff, "flux_sigma_e": sigma,
            "circles": (places_px[e], radius_px[e], chi2[e]),
            "title": drawing.title(image, settings)}


def checks(found, mhjd):
    """Return what the third row of the overview shows: amplitudes, degeneracy, pulls."""
    fit = found.fit
    sigma = np.hypot(fit.flux_sigma, np.nan_to_num(found.psf_error) * fit.flux)
    percent, share = degenerate_direction(fit)
    return (amplitudes_over_floor(fit), (found.sources[: fit.n_images], percent, share),
            (neighbour_pulls(mhjd, fit.flux, sigma),))


def scene_of(settings):
    """Return the `Scene` of the fit that the settings name."""
    folder = paths.deconvolution(settings)
    for name in ("epochs.npz", "start.cat", "fit.npz"):
        manifest.check_step(folder / name, settings)
    return scene(folder, hash_of(folder / "fit.npz"))


def hash_of(path):
    """Return a short hash of a file's content; one that is as it was is not read again."""
    state = path.stat()
    return _hash(path, state.st_ino, state.st_mtime_ns, state.st_size)


@functools.cache
def _hash(path, *_):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _summary(fit):
    text = f"{len(fit.flux)} epochs, chi2 {np.nanmedian(fit.chi2_reduced):.3f}"
    if not fit.has_galaxy:
        return f"{text}, no Sersic galaxy"
    galaxy = fit.galaxy
    return (f"{text}, galaxy: {galaxy.flux:.0f} e-, radius {galaxy.radius_px:.2f} px, "
            f"Sersic index {galaxy.sersic_index:.2f}")
