"""Light of a PSF at one side that the opposite side lacks: a witness of a jump of the guiding."""

from cosmouline import library
from cosmouline.psf.model import TARGET_SIGMA_SMALL
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

ndimage = library("scipy.ndimage")

RADII_FWHM = (1.2, 1.5, 1.8, 2.1, 2.4)  # from the peak: nearer, coma and lobes of optics lie
N_ANGLES = 24  # of a circle
SIDE_SIGMA_FWHM = 0.4  # sigma of the Gaussian aperture
PEAK_FWHM = 0.3  # sigma of the Gaussian in which the peak is looked for
LEAST_OF_SET = 5  # of a set: of fewer none is the odd one
ODD_SIGMAS, ODD_LEAST = 8.0, 0.015  # above the median of the set: scatter, and part of the light


def one_sided_light(psf):
    """Part of the light of a `Psf` that lies at one side of the peak and not at the other.

    Notes
    -----
    The largest difference of the light in a Gaussian aperture and in the one opposite to it, 1.2
    to 2.4 FWHM from the peak, of a star without its shot noise, sampling Gaussian included. A
    guiding jump makes it some part of the light that jumped: with 15 % at 1.6 FWHM .048, where the
    images without one have .004 to .015; a trail is alike on both sides and has none.
    """
    image = ndimage.gaussian_filter(psf.narrow(), TARGET_SIGMA_SMALL, mode="constant")
    fwhm = psf.star_fwhm_px * psf.upsampling
    # the peak, to a part of a small pixel
    smooth = ndimage.gaussian_filter(image, PEAK_FWHM * fwhm, mode="constant")
    y, x = np.unravel_index(smooth[1:-1, 1:-1].argmax(), np.subtract(smooth.shape, 2))
    y, x = y + 1, x + 1
    y, x = (at + _vertex(line) for at, line in ((y, smooth[y - 1:y + 2, x]),
                                                (x, smooth[y, x - 1:x + 2])))
    sigma = SIDE_SIGMA_FWHM * fwhm
    light = ndimage.gaussian_filter(image, sigma, mode="constant") * 2 * np.pi * sigma**2
    angle = 2 * np.pi * np.arange(N_ANGLES) / N_ANGLES
    radius = fwhm * np.array(RADII_FWHM)[:, None]
    found = ndimage.map_coordinates(
        light, [y + radius * np.sin(angle), x + radius * np.cos(angle)], order=1)
    return float((found - np.roll(found, N_ANGLES // 2, axis=1)).max())


def _vertex(values):
    """Return where a parabola through three values at -1, 0 and 1 has its vertex."""
    before, middle, after = values
    curvature = before - 2 * middle + after
    return float(0.5 * (before - after) / curvature) if curvature < 0 else 0.0


def odd_ones(values):
    """Images of a set whose PSF is one-sided as those of the others are not, bool.

    `values` (n_images,) are from `one_sided_light`; NaN where not known.
    """
    known = np.isfinite(values)
    if known.sum() < LEAST_OF_SET:
        return np.zeros(len(values), bool)
    away = values - np.median(values[known])
    scatter = MAD_TO_SIGMA * np.median(np.abs(away[known]))
    return known & (np.nan_to_num(away) > max(ODD_LEAST, ODD_SIGMAS * scatter))
