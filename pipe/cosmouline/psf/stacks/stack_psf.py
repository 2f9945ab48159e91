"""The PSF of a stack, from the stars on it."""

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.model import field_coordinates
from cosmouline.sources.seeing import FWHM_SPREAD, frame_seeing
from cosmouline.sources.star_selection import signal_to_noise
from cosmouline.stamps.stamps import cut_stamps, stamp_side

import numpy as np

spatial = library("scipy.spatial")

MOST_PSF_STARS = 25
LEAST_PSF_SNR = 30.0
ALONE_FWHM = 4.0  # no neighbour of so much of its flux is nearer
NEIGHBOUR_FLUX = 0.1


def psf_stars(sources, fwhm_px, sky_sigma_e):
    """Return the rows of the stars of a stack that make its PSF, brightest first.

    `sources` are of ``detect.CATALOG_DTYPE``: not saturated, as wide as the seeing, bright, alone.
    """
    xy = np.column_stack([sources["x_px"], sources["y_px"]])
    snr = signal_to_noise(sources["flux_e"].astype(float), fwhm_px, sky_sigma_e)
    with np.errstate(invalid="ignore"):
        good = (~sources["is_saturated"] & (snr > LEAST_PSF_SNR)
                & (np.abs(sources["fwhm_px"] / fwhm_px - 1) < FWHM_SPREAD))
    chosen, tree = [], spatial.cKDTree(xy)
    for k in np.flatnonzero(good)[np.argsort(-sources["flux_e"][good], kind="stable")]:
        near = [i for i in tree.query_ball_point(xy[k], ALONE_FWHM * fwhm_px) if i != k]
        if not (sources["flux_e"][near] > NEIGHBOUR_FLUX * sources["flux_e"][k]).any():
            chosen.append(int(k))
    return np.array(chosen[:MOST_PSF_STARS], int)


def fit_stack_psf(image_e, sky_variance_e2, sources, saturation_e, upsampling, pixel_scatter=1.0,
                  stamp_fwhm=7.0):
    """Fit the PSF of a stack.

    Parameters
    ----------
    image_e : ndarray of float32, shape (ny, nx)
        In electrons by the gain of the stack, without sky; NaN where there is no image.
    sky_variance_e2 : ndarray of float32, of the same shape
        Variance of sky and read noise as it counts for a flux.
    sources : structured ndarray
        Of ``detect.CATALOG_DTYPE``.
    saturation_e : float
    upsampling : int
        Small pixels per pixel.
    pixel_scatter : float
        Scatter of single pixels over the noise that counts for a flux, below 1.
    stamp_fwhm : float
        Side of the stamps in FWHM.

    Returns
    -------
    fit : PsfFit
    rows : ndarray of int
        Of the sources whose stamps it was fitted to.

    Raises
    ------
    ImageRejected
        If there is no star, or the fit fails.
    """
    fwhm_px = frame_seeing(sources).fwhm_px
    sigma_e = np.sqrt(sky_variance_e2) * np.float32(pixel_scatter)
    sky_sigma_e = float(np.nanmedian(sigma_e))
    rows = psf_stars(sources, fwhm_px, sky_sigma_e)
    xy = np.column_stack([sources["x_px"], sources["y_px"]])
    good_e = np.where(np.isfinite(sigma_e), image_e, np.nan)
    stamps = cut_stamps(good_e, lambda *_: 0.0, lambda *part: np.nan_to_num(sigma_e[part], nan=1),
                        xy[rows], stamp_side(fwhm_px, stamp_fwhm), fwhm_px, saturation_e,
                        None, xy, sources["flux_e"])
    rows, stamps = rows[stamps.is_usable], stamps.only(stamps.is_usable)
    if not len(rows):
        raise ImageRejected("no PSF: no star is bright, single and not saturated")
    fit = fit_psf(stamps.data_e, stamps.sky_sigma_e.astype(float) ** 2, stamps.good, fwhm_px,
                  PsfOptions(upsampling=upsampling, min_stars=1),
                  field_coordinates(xy[rows], image_e.shape))
    return fit, rows
