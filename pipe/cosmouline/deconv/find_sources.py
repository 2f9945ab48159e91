"""Start positions of the sources when only their number is known."""

from dataclasses import replace

from cosmouline import library
from cosmouline.deconv.epochs import in_reference
from cosmouline.deconv.fit_lens import first_pass
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.pixels import first_pixels
from cosmouline.deconv.point_sources import as_sources
from cosmouline.psf.model import FWHM_PER_SIGMA
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

ndimage = library("scipy.ndimage")

BEST_FRACTION = 0.25  # of the epochs, those of the best seeing, are looked at
FEWEST_BEST = 3
NARROW, WIDE = 0.4, 1.3  # sigmas of the difference of Gaussians, in sigmas of the seeing
SMALLEST_SNR = 10.0  # of a peak
SEARCH_RADIUS = 0.4  # in sides of the stamp
NOISE_RADIUS = 0.3  # in sides of the stamp: outside, the noise is measured
POSITION_PRIOR_PX = 1.0


def find_sources(epochs, n_sources, options=None):
    """Find point sources near the centre of the stamps.

    Parameters
    ----------
    epochs : Epochs
        Their maps and shifts are taken as they are.
    n_sources : int or None
        How many there are; None: those that stand out, and no hidden ones.
    options : FitOptions, optional

    Returns
    -------
    ndarray of float, shape (n_sources, 2)
        Offsets (x, y) in pixels of the reference frame, brightest first, good to .3 px for images
        that stand out. For `fit_lens`.

    Raises
    ------
    ValueError
        If `n_sources` is not positive, no pixel can be used, or nothing stands out.

    Notes
    -----
    The quarter of the epochs with the best seeing is averaged in the reference frame; sources are
    the peaks of a difference of Gaussians. Sources hidden by brighter ones are the peaks of the
    smoothed residual of a fit of those found so far. A faint image that sits on the core of a
    galaxy may be missed by more than a pixel: give its position.
    """
    if n_sources is not None and n_sources < 1:
        raise ValueError(f"n_sources must be at least 1, not {n_sources}")
    options = replace(
        options or FitOptions(), extended_light="none", position_prior_px=POSITION_PRIOR_PX
    )
    best = best_epochs(epochs.with_sky_sigma(options.sky_sigma_factor))
    sharp, sigma_px = sharpened_stack(best)
    found = peaks(sharp, sigma_px)[:n_sources]
    if not len(found):
        raise ValueError(f"nothing stands out by {SMALLEST_SNR:g} sigma: give start positions")
    side = len(sharp)
    middle = (side - 1) / 2
    axis = np.arange(side) - middle
    radius = np.hypot(axis, axis[:, None])
    # Hidden sources, one by one: the peak of what a fit of those found so far leaves
    while len(found) < (n_sources or 0):
        sources = as_sources(found, len(best))
        _, problem, state, sweep = first_pass(best, sources, options, lambda *_, **values: None)
        model = sweep.points + sweep.extended + sweep.solution[:, -1, None, None]
        residual = np.where(problem.weight > 0, problem.data - model, 0.0)
        image = _stack(residual, problem.linear, state.shift_px, order=1)
        image = ndimage.gaussian_filter(image, sigma_px)
        image[radius >= SEARCH_RADIUS * side] = -np.inf
        row, column = np.unravel_index(np.argmax(image), image.shape)
        found = np.vstack([found, np.array([column, row]) - middle])
    if n_sources and len(found) > 1:
        # Blended ones have higher peaks than their light: in the order of what a fit gives them
        _, problem, _, sweep = first_pass(best, as_sources(found, len(best)), options,
                                           lambda *_, **values: None)
        found = found[np.argsort(-problem.mean_flux(sweep.solution[:, :-1]), kind="stable")]
    return found


def peaks(sharp, sigma_px):
    """Return the places (n, 2) of the peaks of a `sharpened_stack`, brightest first.

    Offsets (x, y) from the centre, to a fraction of a pixel by parabolas.
    """
    side = len(sharp)
    middle = (side - 1) / 2
    axis = np.arange(side) - middle
    radius = np.hypot(axis, axis[:, None])
    noise = MAD_TO_SIGMA * np.median(np.abs(sharp[radius > NOISE_RADIUS * side]))
    is_peak = sharp == ndimage.maximum_filter(sharp, size=2 * int(sigma_px) + 1)
    is_peak &= (radius < SEARCH_RADIUS * side) & (sharp > SMALLEST_SNR * noise)
    rows, columns = np.nonzero(is_peak)
    found = []
    for i in np.argsort(-sharp[rows, columns], kind="stable"):
        around = sharp[rows[i] - 1 : rows[i] + 2, columns[i] - 1 : columns[i] + 2]
        found.append((columns[i] + _vertex(around[1]), rows[i] + _vertex(around[:, 1])))
    return np.reshape(found, (-1, 2)) - middle


def best_epochs(epochs, n_best=None):
    """Return the `n_best` epochs of the best seeing, the sharpest first.

    By default a quarter of all, three at least. Raises ValueError if no pixel can be used.
    """
    n_best = n_best or max(FEWEST_BEST, int(np.ceil(BEST_FRACTION * len(epochs))))
    usable = np.flatnonzero(epochs.usable.any((1, 2)))
    if not len(usable):
        raise ValueError("no usable pixel in any epoch: good, data_e, sky_variance_e2")
    fwhm_px = epochs.fwhm_reference_px[usable]
    return epochs.take(usable[np.argsort(fwhm_px, kind="stable")[:n_best]])


def sharpened_stack(epochs):
    """Difference of two Gaussians of the mean of epochs in the reference frame.

    Returns the image (side, side), and sigma of the seeing; those of the Gaussians are .4 and 1.3
    times this.
    """
    sigma_px = float(np.median(epochs.fwhm_reference_px) / FWHM_PER_SIGMA)
    # Pixels that are not good get the smoothed light around them, for the stack has no masks
    pixels = first_pixels(epochs)
    around = pixels.variance_e2 - epochs.sky_variance_e2
    filled = np.where(pixels.good, epochs.data_e, np.nan_to_num(around))
    filled = filled * epochs.coeff[:, None, None]
    image = _stack(filled, epochs.linear, epochs.shift_px)
    narrow, wide = (ndimage.gaussian_filter(image, width * sigma_px) for width in (NARROW, WIDE))
    return narrow - wide, sigma_px


def _stack(stamps, linear, shift_px, order=3):
    """Mean of stamps in the reference frame."""
    total = np.zeros(stamps.shape[1:])
    for stamp, matrix, shift in zip(stamps, linear, shift_px, strict=True):
        total += in_reference(stamp, matrix, shift, order)
    return total / len(stamps)


def _vertex(values):
    """Vertex of the parabola through three values at -1, 0 and 1."""
    return (values[2] - values[0]) / (2 * (2 * values[1] - values[2] - values[0]))
