"""Aperture photometry on the original pixels."""

import math
from typing import NamedTuple

from cosmouline import library
from cosmouline.images.bad_pixels import mend_pixels
from cosmouline.images.sep_tools import usable_pixels
from cosmouline.robust import median_of_finite
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

sep = library("sep")
spatial = library("scipy.spatial")

CLIP_SIGMAS = 3.0  # neighbours out of the sky annulus
MEDIAN_VARIANCE = np.pi / 2  # of a median over that of a mean, for Gaussian noise
CHUNK_PIXELS = 2_000_000  # annulus pixels gathered at a time
FIRST_RADIUS_FWHM = 3.0  # within it the first moment of the light is measured
KRON_FACTOR = 3.5  # of COSMOULINE's SExtractor settings
LEAST_RADIUS_FWHM = 1.5  # COSMOULINE: 10 px whatever the seeing


class ApertureFluxes(NamedTuple):
    """Fluxes of n stars in k apertures; NaN where one could not be measured.

    Parameters
    ----------
    flux_e, sigma_e : ndarray of float, shape (n, k)
        Flux without sky, and its standard deviation, in electrons.
    local_sky_e : ndarray of float, shape (n,)
        What the annulus added to the sky, in electrons per pixel; 0 without an annulus.
    """

    flux_e: np.ndarray
    sigma_e: np.ndarray
    local_sky_e: np.ndarray


def aperture_fluxes(image_e, sky_level_e, sky_sigma_e, x_px, y_px, radii_px, bad=None,
                    saturation_e=None, annulus_px=None):
    """Measure stars in round apertures of several radii; return `ApertureFluxes`.

    Parameters
    ----------
    image_e : ndarray, shape (ny, nx)
        Frame in electrons, not resampled. NaN pixels are bad.
    sky_level_e : callable, float or ndarray of shape (ny, nx)
        Sky to subtract; a callable gives it as an array (``SkyMap.level``). 0 where the sky is
        already out.
    sky_sigma_e : float or ndarray of shape (n,)
        Standard deviation of the sky pixels, at each star (``SkyMap.sigma_at``).
    x_px, y_px : array_like of float, shape (n,)
        A star at NaN is not measured.
    radii_px : sequence of float
        The k radii, at least 1.5 times the FWHM for a scatter of the pixel phase below a
        thousandth.
    bad : ndarray of bool, shape (ny, nx), or None
    saturation_e : float or None
        Level from which on a pixel of the frame, sky included, counts as bad.
    annulus_px : (float, float) or None
        Inner and outer radius of a ring around each star, whose median is subtracted as well.

    Raises
    ------
    ImageRejected
        If the frame has no good pixel.
    ValueError
        If a radius is not positive, or the ring not wider than it is.

    Notes
    -----
    The overlap of circle and pixel is exact (sep with ``subpix=0``, which costs the same as its
    default of 5 x 5 subpixels and scatters half as much). Apertures that hang over the edge are
    NaN, and all apertures of a star with a bad pixel inside the smallest one. Farther out a bad
    pixel is replaced by the median of its neighbours; where none is good the aperture is NaN. The
    variance is area * sigma^2 + the electrons of the star, and with a ring of m pixels
    + area^2 * (pi / 2) sigma^2 / m.
    """
    radii_px = np.asarray(radii_px, dtype=float)
    if radii_px.ndim != 1 or radii_px.size == 0 or not np.all(radii_px > 0):
        raise ValueError(f"radii_px must be a list of positive numbers, not {radii_px}")
    if annulus_px is not None and not 0 < annulus_px[0] < annulus_px[1]:
        raise ValueError(f"annulus_px must be (inner, outer) with 0 < inner < outer: {annulus_px}")
    x_px, y_px = np.asarray(x_px, dtype=float), np.asarray(y_px, dtype=float)
    known = np.isfinite(x_px) & np.isfinite(y_px)
    x, y = np.where(known, x_px, -1e4), np.where(known, y_px, -1e4)  # far outside the frame

    # bad and saturated pixels are interpolated, so that one at the rim costs no star
    image_e, bad = usable_pixels(image_e, bad)
    if saturation_e is not None and (image_e >= saturation_e).any():
        bad = image_e >= saturation_e if bad is None else bad | (image_e >= saturation_e)
    level_e = sky_level_e() if callable(sky_level_e) else sky_level_e
    flat_e = _without_sky(image_e, level_e, bad)

    # the sky that the annulus adds, and the variance of its median
    sky_sigma_e = np.broadcast_to(np.asarray(sky_sigma_e, dtype=float), x.shape)
    local_e, local_variance = np.zeros(x.shape), np.zeros(x.shape)
    if annulus_px is not None:
        local_e, n_ring = _ring_median(flat_e, bad, x, y, annulus_px, sky_sigma_e)
        local_variance = MEDIAN_VARIANCE * sky_sigma_e**2 / np.maximum(n_ring, 1)

    # exact sums over the circles that are inside the frame
    area = np.pi * radii_px**2
    flux_e = np.full((len(x), len(radii_px)), np.nan)
    ny, nx = flat_e.shape
    for k, radius in enumerate(radii_px):
        margin = radius - 0.5  # the frame ends half a pixel beyond its outermost centres
        inside = (x >= margin) & (y >= margin) & (x <= nx - 1 - margin) & (y <= ny - 1 - margin)
        if inside.any():
            flux_e[inside, k] = sep.sum_circle(flat_e, x[inside], y[inside], radius, subpix=0)[0]
    flux_e -= local_e[:, None] * area

    # a bad pixel in the smallest aperture is in the core of the star: no interpolation helps
    if bad is not None:
        tree = spatial.cKDTree(np.argwhere(bad)[:, ::-1])
        nearest_px, _ = tree.query(np.stack([x, y], axis=1), distance_upper_bound=radii_px.min())
        flux_e[np.isfinite(nearest_px)] = np.nan
    variance = area * sky_sigma_e[:, None] ** 2 + np.maximum(flux_e, 0)
    sigma_e = np.sqrt(variance + area**2 * local_variance[:, None])
    return ApertureFluxes(flux_e, sigma_e, local_e)


def _without_sky(image_e, level_e, bad):
    """Return the frame minus its sky; bad pixels interpolated, NaN where that is not possible."""
    flat_e = np.ascontiguousarray(image_e - level_e, dtype=np.float32)
    return flat_e if bad is None else mend_pixels(flat_e, bad)


def _ring_median(flat_e, bad, x, y, annulus_px, sky_sigma_e):
    """Return the clipped median of the good pixels in the ring of each star, and their number."""
    # steps from the corner of a stamp on the padded frame to the pixels of the ring
    half = math.ceil(annulus_px[1])
    step = np.arange(-half, half + 1)
    radius = np.hypot(step, step[:, None])
    step_y, step_x = np.nonzero((radius >= annulus_px[0]) & (radius <= annulus_px[1]))
    good_e = flat_e if bad is None else np.where(bad, np.float32(np.nan), flat_e)
    padded_e = np.pad(good_e, half, constant_values=np.nan)
    median_e, n_ring = np.full(len(x), np.nan), np.zeros(len(x), dtype=int)
    ny, nx = flat_e.shape
    on_frame = (x > -0.5) & (y > -0.5) & (x < nx - 0.5) & (y < ny - 0.5)
    chunk = max(1, CHUNK_PIXELS // step_x.size)
    for i in np.split(np.flatnonzero(on_frame), range(chunk, on_frame.sum(), chunk)):
        rows, cols = np.rint(y[i]).astype(int), np.rint(x[i]).astype(int)
        pixels_e = padded_e[rows[:, None] + step_y, cols[:, None] + step_x]
        # neighbours are clipped once, by the known noise of the sky
        distance_e = np.abs(pixels_e - median_of_finite(pixels_e, axis=1)[:, None])
        pixels_e[distance_e > CLIP_SIGMAS * sky_sigma_e[i, None]] = np.nan
        median_e[i] = median_of_finite(pixels_e, axis=1)
        n_ring[i] = np.isfinite(pixels_e).sum(axis=1)
    return median_e, n_ring


def kron_fluxes(image_e, sky_level_e, sky_sigma_e, x_px, y_px, fwhm_px, bad=None):
    """Measure stars in round apertures of 3.5 times the first moment of their light.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Frame in electrons, sky included. NaN pixels are bad.
    sky_level_e : ndarray of float, shape (ny, nx)
    sky_sigma_e, x_px, y_px : ndarray of float, shape (n,)
        Standard deviation of the sky pixels at each star, and its position.
    fwhm_px : float
        Seeing of the frame.
    bad : ndarray of bool, shape (ny, nx), optional

    Returns
    -------
    flux_e, sigma_e, radius_px : ndarray of float, shape (n,)
        NaN for a star whose aperture leaves the frame or holds a pixel that cannot be
        interpolated.

    Notes
    -----
    Kron 1980, ApJS 43, 305; sep's ``kron_radius`` with the circle of a star of this seeing. The
    aperture grows with the wings and with neighbours: fluxes of images of different seeing are
    comparable, but less than those by the PSF.
    """
    image_e, bad = usable_pixels(image_e, bad)
    flat_e = _without_sky(image_e, sky_level_e, bad)
    ny, nx = flat_e.shape
    # Kron's radius: the first moment of the light of a circle of three times the seeing
    sigma_px = fwhm_px / FWHM_PER_SIGMA
    inside = (x_px > 0) & (y_px > 0) & (x_px < nx - 1) & (y_px < ny - 1)
    radius_px, flux_e = np.full((2, len(x_px)), np.nan)
    x, y = x_px[inside], y_px[inside]
    moment, _ = sep.kron_radius(flat_e, x, y, sigma_px, sigma_px, 0.0,
                                FIRST_RADIUS_FWHM * FWHM_PER_SIGMA)
    radius_px[inside] = np.maximum(KRON_FACTOR * moment * sigma_px, LEAST_RADIUS_FWHM * fwhm_px)
    # sums over the circles that are inside the frame
    inside &= (x_px >= radius_px) & (y_px >= radius_px)
    inside &= (x_px <= nx - 1 - radius_px) & (y_px <= ny - 1 - radius_px)
    if inside.any():
        flux_e[inside] = sep.sum_circle(flat_e, x_px[inside], y_px[inside], radius_px[inside],
                                        subpix=0)[0]
    sigma_e = np.sqrt(np.pi * radius_px**2 * sky_sigma_e**2 + np.maximum(flux_e, 0))
    known = np.isfinite(flux_e)
    return flux_e, np.where(known, sigma_e, np.nan), np.where(known, radius_px, np.nan)
