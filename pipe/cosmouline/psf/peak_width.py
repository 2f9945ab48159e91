"""What is lost of a flux where a source is wider than its PSF, as bright ones are on many CCDs."""

from cosmouline.psf.model import pad_narrow
from cosmouline.psf.photometry import stars_and_slopes

import numpy as np


def lost_by_width(narrow, upsampling, side_px, flux_e, sky_variance_e2):
    """Fraction of the flux of isolated sources that is lost per relative excess of their width.

    Parameters
    ----------
    narrow : ndarray of float, shape (n_small, n_small)
        Narrow PSF of sum 1.
    upsampling, side_px : int
        Small pixels per pixel, and the side of the stamps.
    flux_e : ndarray of float, shape (n,)
    sky_variance_e2 : float
        Variance of the sky and the read-out of a pixel, without that of the sources.

    Returns
    -------
    lost : ndarray of float, shape (n,)
        About 1 where the sky makes the noise, and less for bright sources; NaN for a flux of NaN.
    peak_e : ndarray of float, shape (n,)
        The brightest pixel of a source that is centred on one.

    Notes
    -----
    A source S(x) wider by w is S - w (2 S + x . grad S) to first order. What of that a fit of
    flux, place and sky takes for flux, under the weights of sky and source, is the loss. So a flux
    with the PSF of the mean star is off by w times this (w = slope of the width with the peak
    times the excess of the peak; for the effect: Antilogus et al. 2014, JINST 9, C03048).
    """
    flux_e = np.atleast_1d(np.asarray(flux_e, float))
    known = np.isfinite(flux_e)
    narrow = pad_narrow(narrow, side_px * upsampling)
    psf, by_x, by_y = (one[0] for one in stars_and_slopes(narrow, upsampling, side_px,
                                                          np.zeros((1, 2))))
    axis = np.arange(side_px) - (side_px - 1) / 2
    wider = axis * by_x + axis[:, None] * by_y - 2 * psf
    columns = np.stack([psf, by_x, by_y, np.ones_like(psf)]).reshape(4, -1)
    model = np.where(known, np.maximum(flux_e, 0), 0)[:, None] * np.maximum(columns[0], 0)
    weighted = columns / (sky_variance_e2 + model)[:, None]
    found = np.linalg.solve(weighted @ columns.T, weighted @ wider.reshape(-1, 1))[:, 0, 0]
    centred = stars_and_slopes(narrow, upsampling, side_px,
                               np.full((1, 2), 0.5 * (1 - side_px % 2)))[0].max()
    return np.where(known, -found, np.nan), flux_e * centred
