"""Star or galaxy: the spread model of an object against the PSF in its place."""

from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

DISC_SCALE = 1 / 16  # scale of the exponential disc over the FWHM of the PSF, SExtractor's
STAR, GALAXY, OTHER = 0, 1, 2


def templates(side_px, sigma_px, offset_px):
    """A Gaussian star and the same star spread by a small disc, each of sum 1.

    Parameters
    ----------
    side_px : int
    sigma_px : ndarray of float, shape (n,)
        Of the PSF.
    offset_px : ndarray of float, shape (n, 2)
        (x, y) from the middle pixel.

    Returns
    -------
    star, disc : ndarray of float, shape (n, side_px, side_px)
        Drawn in Fourier space: exp(-k^2 sigma^2 / 2), and times (1 + k^2 r^2)^-3/2; averaged over
        the pixels.
    """
    kx, ky = 2 * np.pi * np.fft.rfftfreq(side_px), 2 * np.pi * np.fft.fftfreq(side_px)[:, None]
    k2 = kx**2 + ky**2
    sigma2 = np.asarray(sigma_px, float)[:, None, None] ** 2
    at = np.asarray(offset_px, float) + side_px // 2
    modes = np.exp(-0.5 * k2 * sigma2) * np.sinc(kx / 2 / np.pi) * np.sinc(ky / 2 / np.pi)
    modes = modes * np.exp(-1j * (at[:, 0, None, None] * kx + at[:, 1, None, None] * ky))
    spread = (1 + k2 * sigma2 * (FWHM_PER_SIGMA * DISC_SCALE) ** 2) ** -1.5
    shape = (side_px, side_px)
    return np.fft.irfft2(modes, shape), np.fft.irfft2(modes * spread, shape)


def spread_model(stamps, weight, sigma_px, offset_px):
    """Spread model of objects and its error.

    Parameters
    ----------
    stamps : ndarray of float, shape (n, side, side)
        Without sky.
    weight : ndarray of float, of that shape
        Inverse variance; 0: the pixel is not used.
    sigma_px : ndarray of float, shape (n,)
    offset_px : ndarray of float, shape (n, 2)

    Returns
    -------
    spread, error : ndarray of float, shape (n,)
        0 for a star, positive for what is larger; NaN without a PSF or good pixels.

    Notes
    -----
    With star p, disc g and image I under a mask: (g.I) / (p.I) - (g.p) / (p.p) (Desai et al. 2012,
    ApJ 757, 83; Mohr et al. 2012, SPIE 8451). The error is that of the ratio by the noise V:
    sqrt((g.V.g)(p.I)^2 + (p.V.p)(g.I)^2 - 2 (g.V.p)(p.I)(g.I)) / (p.I)^2.
    """
    star, disc = templates(stamps.shape[-1], np.nan_to_num(sigma_px, nan=1.0), offset_px)
    good = weight > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(good, 1 / weight, 0.0)

        def dot(*factors):
            return np.prod(np.broadcast_arrays(*factors, good), axis=0).sum((1, 2))

        disc_image, star_image = dot(disc, stamps), dot(star, stamps)
        spread = disc_image / star_image - dot(disc, star) / dot(star, star)
        square = (dot(disc, variance, disc) * star_image**2
                  + dot(star, variance, star) * disc_image**2
                  - 2 * dot(disc, variance, star) * star_image * disc_image)
        error = np.sqrt(square) / star_image**2
    failed = ~(star_image > 0) | ~np.isfinite(sigma_px) | ~np.isfinite(spread + error)
    return np.where(failed, np.nan, spread), np.where(failed, np.nan, error)


def classes(spread, error, n_sigma, star_max, galaxy_min):
    """0 for a star, 1 for a galaxy, 2 for neither, from spread + n_sigma x error.

    A star is below `star_max` in absolute value, a galaxy above `galaxy_min`; NaN is neither.
    """
    value = spread + n_sigma * error
    found = np.full(len(value), OTHER, dtype=np.int16)
    found[np.abs(value) < star_max] = STAR
    found[value > galaxy_min] = GALAXY
    return found
