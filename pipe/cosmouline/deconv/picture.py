"""Pictures of a finished fit: the model of each epoch, and the deconvolved image."""

from cosmouline.deconv.sersic import surface_brightness
from cosmouline.deconv.stored import for_all_epochs, sweep_of
from cosmouline.psf.model import TARGET_SIGMA_SMALL

import numpy as np


def model_images(fit, epochs):
    """Model of each epoch on its own pixels.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    points, extended : ndarray of float, shape (n_epochs, side, side)
        Point sources; galaxy and field. On the common scale: divide by ``coeff`` for electrons.
        NaN in epochs that were not measured.
    sky : ndarray of float, shape (n_epochs,)

    Raises
    ------
    ValueError
        If the epochs are not those of the fit.
    """
    index, sweep = sweep_of(fit, epochs)
    arrays = (sweep.points, sweep.extended, sweep.solution[:, -1])
    return tuple(for_all_epochs(a * fit.scale, index, len(epochs)) for a in arrays)


def bare_images(fit, epochs):
    """Return the model of each epoch, its field left out, shape (n_epochs, side, side).

    As `model_images`, in one image; the fluxes are those without the field, and the sky is in it.
    """
    index, sweep = sweep_of(fit, epochs)
    return for_all_epochs(sweep.bare * fit.scale, index, len(epochs))


def deconvolved_image(fit, shape_px, upsampling):
    """Model of the fit in the reference frame, without the PSF.

    Parameters
    ----------
    fit : LensFit
    shape_px : tuple of int
        (ny, nx) of the region in pixels, centred on the origin of the positions.
    upsampling : int
        Small pixels per pixel.

    Returns
    -------
    image : ndarray of float, shape (ny * upsampling, nx * upsampling)
        Point sources of their mean fluxes as Gaussians of FWHM 2 small pixels, and the
        background. Flux per small pixel, on the common scale.
    background : ndarray of float, same shape
        Galaxy and field; negative values of their sum are set to 0.
    """
    # Surface brightness at the centres of the small pixels: sources, field, galaxy
    axes = [(np.arange(n * upsampling) + 0.5) / upsampling - n / 2 for n in shape_px]
    points = _gaussians(
        fit.position_px, np.nanmean(fit.flux, axis=0), TARGET_SIGMA_SMALL / upsampling, *axes
    )
    field = _gaussians(fit.nodes_px, fit.node_flux, fit.node_sigma_px, *axes)
    galaxy, (y_px, x_px) = fit.galaxy, axes
    offset = np.stack(np.meshgrid(x_px - galaxy.x_px, y_px - galaxy.y_px), axis=-1)
    light = surface_brightness(galaxy.shape, offset, TARGET_SIGMA_SMALL / upsampling)
    background = np.maximum(galaxy.flux * light + field, 0)
    return (points + background) / upsampling**2, background / upsampling**2


def _gaussians(place_px, flux, sigma_px, y_px, x_px):
    """Surface brightness of round Gaussians on a grid."""

    def profile(distance):
        return np.exp(-0.5 * (distance / sigma_px) ** 2) / (np.sqrt(2 * np.pi) * sigma_px)

    rows = profile(y_px - place_px[:, 1:])
    return (rows * flux[:, None]).T @ profile(x_px - place_px[:, :1])
