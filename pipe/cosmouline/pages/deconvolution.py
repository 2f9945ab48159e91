"""What the pages of a joint deconvolution show."""

import functools
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
from cosmouline.plots.deconvolution import EpochPage

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
def scene(folder, _state):
    """Return the `Scene` of the fit in a folder; once per process and state of the file."""
    content = read_epochs(folder / "epochs.npz")
    fit, psf_error = read_fit(folder / "fit.npz")
    sources = [star.name for star in read_cat(folder / "start.cat", min_distance_px=0.0)]
    # the model in electrons of the exposures, and what it leaves in units of the noise
    points, extended, sky = model_images(fit, content.epochs)
    model_e = (points + extended + sky[:, None, None]) / content.epochs.coeff[:, None, None]
    residuals = (content.epochs.data_e - model_e) / np.sqrt(fit.variance_e2)
    residuals = np.where(fit.good, residuals, np.nan)
    side_px = content.epochs.data_e.shape[1]
    deconvolved, background = deconvolved_image(fit, (side_px, side_px), UPSAMPLING)
    galaxy = "no Sersic galaxy"
    if fit.has_galaxy:
        galaxy = (f"galaxy: {fit.galaxy.flux:.0f} e-, radius {fit.galaxy.radius_px:.2f} px, "
                  f"Sersic index {fit.galaxy.sersic_index:.2f}")
    summary = f"{len(fit.flux)} epochs, chi2 {np.nanmedian(fit.chi2_reduced):.3f}, {galaxy}"
    # positions of a stamp count from its first pixel, those of the fit from its middle
    return Scene(content.names, sources, fit, content.epochs, psf_error, model_e,
                 residuals, deconvolved, background, fit.position_px + (side_px - 1) / 2,
                 summary, source_chi2(fit, content.epochs, residuals))


def epoch(image, settings):
    """Return the `EpochPage` of an image."""
    found = scene_of(settings)
    e = found.names.index(image["img_name"])
    chi2, positions_px, radius_px = found.circles
    fit, coeff = found.fit, found.epochs.coeff[e]
    psf_error = np.nan_to_num(found.psf_error[e])  # not known without draws
    numbers = (("date", image["datetime_utc"][:16].replace("T", " ")),
               ("seeing", f"{image['field_fwhm_arcsec']:.2f} arcsec"),
               ("coefficient", f"{coeff:.4f}"), ("chi2", f"{fit.chi2_reduced[e]:.3f}"),
               ("masked", f"{(~fit.good[e]).sum()} px"))
    return EpochPage(
        found.epochs.data_e[e], found.model_e[e], np.sqrt(fit.variance_e2[e]), found.deconvolved,
        found.background, found.sources, found.xy_px, fit.good[e], image["pixel_scale_arcsec"],
        numbers, flux_e=fit.flux[e] / coeff,
        flux_sigma_e=np.hypot(fit.flux_sigma[e], psf_error * fit.flux[e]) / coeff,
        title=drawing.title(image, settings), circles=(positions_px[e], radius_px[e], chi2[e]))


def checks(found, mhjd):
    """Return what the third row of the overview shows: amplitudes, degeneracy, pulls."""
    fit = found.fit
    sigma = np.hypot(fit.flux_sigma, np.nan_to_num(found.psf_error) * fit.flux)
    percent, fraction = degenerate_direction(fit)
    return (amplitudes_over_floor(fit), (found.sources[: fit.n_images], percent, fraction),
            (neighbour_pulls(mhjd, fit.flux, sigma),))


def scene_of(settings):
    """Return the `Scene` of the fit that the settings name."""
    folder = paths.deconvolution(settings)
    for name in ("epochs.npz", "start.cat", "fit.npz"):
        manifest.check_step(folder / name, settings)
    state = (folder / "fit.npz").stat()
    return scene(folder, (state.st_ino, state.st_mtime_ns, state.st_size))
