"""Cosmic rays on star stamps, by L.A.Cosmic."""

from cosmouline.stamps.pixel_rejection import shared_by_stars, smoothed_variance

import astroscrappy
import numpy as np

N_ITERATIONS = 4
COSMIC_SMOOTH_FWHM = 0.4  # sigma of the Gaussian that estimates the source, in FWHM
SHARP_FWHM_PX = 2.5  # the cores of narrower stars look like cosmic rays
COSMIC_CORE_FWHM = 1.5
ALIKE = ("their stars are suspected of cosmic rays at one place: that is the PSF (sharp, trailed "
         f"or double); nothing is marked within {COSMIC_CORE_FWHM} FWHM of a source. Look at "
         "5_psf/5_png_check")
LEAST_READ_NOISE_E = 0.1  # astroscrappy divides by it


def cosmic_mask(stamps, fwhm_px, read_noise_e, sky_level_e, sigclip=5.0, sigfrac=0.3, objlim=5.0):
    """Pixels of usable stamps that are suspected of a cosmic ray, by L.A.Cosmic.

    Parameters
    ----------
    stamps : Stamps
        Sky-subtracted stamps.
    fwhm_px : float
        Seeing in pixels.
    read_noise_e : float
        Read noise in electrons.
    sky_level_e : float or array_like
        Sky that was subtracted, in electrons: one value, one per stamp, or one per pixel.
    sigclip, sigfrac, objlim : float
        Limits of Laplacian to noise, the same for neighbours of a cosmic ray as a fraction of it,
        and least contrast of Laplacian to fine structure.

    Returns
    -------
    ndarray of bool, shape (n, side, side)
        True = suspected. Pixels that are masked already are False, unusable stamps too.

    Notes
    -----
    van Dokkum 2001, PASP 113, 1420, as astroscrappy computes it. The sky stays in the data, and
    the variance is that of sky and smoothed stamp. It also marks cores of stars and of lenses, so
    the mask serves the first fit only; later fits compare every pixel with the model
    (`pixel_rejection.judge_pixels`). COSMOULINE keeps its mask, with an object limit of 1.
    """
    good = stamps.good
    variance = smoothed_variance(stamps.data_e, good, stamps.sky_sigma_e**2, fwhm_px,
                                 sigma_fwhm=COSMIC_SMOOTH_FWHM)
    # L.A.Cosmic wants the sky in the data: one value per pixel
    sky_e = np.asarray(sky_level_e, dtype=np.float32)
    sky_e = sky_e[:, None, None] if sky_e.ndim == 1 else sky_e
    sky_e = np.ascontiguousarray(np.broadcast_to(sky_e, good.shape))
    cosmic = np.zeros(good.shape, bool)
    for k in np.flatnonzero(stamps.is_usable):
        # cleantype: its "median" reads memory that was never written
        cosmic[k], _ = astroscrappy.detect_cosmics(
            stamps.data_e[k] + sky_e[k], inmask=~good[k], inbkg=sky_e[k],
            invar=variance[k].astype(np.float32), sigclip=sigclip, sigfrac=sigfrac, objlim=objlim,
            gain=1.0, readnoise=max(read_noise_e, LEAST_READ_NOISE_E), satlevel=np.inf,
            niter=N_ITERATIONS, sepmed=True, cleantype="medmask")
    return cosmic & good


def spare_cores(cosmic, stamps, fwhm_px, extent_px=0.0):
    """Take the suspicion from the cores where the stars themselves look like cosmic rays.

    Parameters
    ----------
    cosmic : ndarray of bool, shape (n, side, side)
        From `cosmic_mask`.
    stamps, fwhm_px
        As there.
    extent_px : float or array_like of shape (n,)
        How far the point sources of each object lie from its position: 0 for a star.

    Returns
    -------
    cosmic : ndarray of bool, of the same shape
    n_alike : int
        Stars that lost pixels of their cores at a place that several of them share.

    Notes
    -----
    Below a FWHM of 2.5 px the core of every star is as sharp as a cosmic ray; those of trailed
    and double images are, where several stars have it at the same place (`shared_by_stars`).
    There nothing is suspected within 1.5 FWHM of a source: the decision is left to the model.
    """
    extent_px = np.broadcast_to(extent_px, len(cosmic))
    is_star = stamps.is_usable & (extent_px == 0)
    n_alike = int(shared_by_stars(cosmic[is_star], stamps.offset_px[is_star],
                                  fwhm_px).any((1, 2)).sum())
    if n_alike or fwhm_px < SHARP_FWHM_PX:
        rows, cols = np.indices(cosmic.shape[1:])
        x, y = (stamps.position_px - stamps.corner_px).T[:, :, None, None]
        radius_px = (extent_px + COSMIC_CORE_FWHM * fwhm_px)[:, None, None]
        cosmic = cosmic & (np.hypot(cols - x, rows - y) >= radius_px)
    return cosmic, n_alike

