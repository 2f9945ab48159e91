"""What shows that a joint fit is wrong: light that it lacks, chi2 of each source, and so on."""

from dataclasses import dataclass, replace

from cosmouline.deconv.picture import model_images
from cosmouline.psf.model import FWHM_PER_SIGMA
from cosmouline.stamps.stamps import CORE_FWHM

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, maximum_filter

LEAST_SNR = 8.0  # of light that is reported; the largest of a thousand noise pixels reaches 4
LEAST_SHARE = 0.005  # of the brightest source: below, it may be the wing of its PSF
MEDIAN_LOSS = 1.25  # error of a median against that of a mean
NEIGHBOURHOOD_FWHM = 1.5  # of a source or a node, where its own errors are looked at instead
SURROUND = 2.5  # sigmas of the seeing, of the surrounding light that is subtracted from a point


@dataclass(frozen=True)
class MissingLight:
    """A point of light that is in most epochs and not in the model.

    Its offset is in pixels of the reference frame, as the positions of the sources; its flux is on
    the common scale.
    """

    x_px: float
    y_px: float
    flux: float
    snr: float


def missing_light(fit, epochs):
    """Look for stars in the residuals, beyond the field.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    list of MissingLight
        The brightest first.

    Notes
    -----
    A Gaussian of the seeing, less a wide one that subtracts the light around, is laid on every
    pixel of every epoch, also where the fit has masked pixels because light stood out there; the
    median over the epochs, in the reference frame, is free of cosmic rays. The field is left out
    of the model: its rim takes a fraction of the light of a star outside.
    """
    bare = replace(fit, node_flux=np.zeros_like(fit.node_flux))
    points, extended, sky = model_images(bare, epochs)
    side = epochs.data_e.shape[-1]
    middle = (side - 1) / 2
    kept = 1 - 2 / (1 + SURROUND**2)  # of the flux of a point, its surround subtracted
    loss = (1 - 4 / (1 + SURROUND**2) + SURROUND**-2) / kept**2  # in weight
    fluxes, weights = [], []
    for e in np.flatnonzero(fit.measured):
        # Flux of a point at every pixel of the epoch, and its weight
        usable = epochs.usable[e] & ~epochs.cosmic[e]
        coeff, sigma = epochs.coeff[e], epochs.fwhm_px[e] / FWHM_PER_SIGMA
        model = points[e] + extended[e] + sky[e]
        variance = np.where(usable, fit.variance_e2[e], np.inf) * coeff**2
        residual = np.where(usable, epochs.data_e[e] * coeff - model, 0.0)
        narrow, wide = (gaussian_filter(residual / variance, width * sigma, mode="constant")
                        for width in (1.0, SURROUND))
        # The square of a Gaussian is one of sigma / sqrt 2, of total 1 / (4 pi sigma^2)
        weight = gaussian_filter(1 / variance, sigma / np.sqrt(2), mode="constant")
        weight /= 4 * np.pi * sigma**2
        with np.errstate(divide="ignore", invalid="ignore"):
            flux = np.where(weight > 0, (narrow - wide) / weight / kept, 0.0)
        # Both on the pixels of the reference frame
        by_rows = epochs.linear[e][::-1, ::-1]  # arrays are [y, x]
        offset = middle + fit.shift_px[e][::-1] - by_rows @ [middle, middle]
        for image, found in ((flux, fluxes), (weight / loss, weights)):
            found.append(affine_transform(image, by_rows, offset, order=1))
    # Median over the epochs, and its signal to noise
    flux, total = np.median(fluxes, axis=0), np.sum(weights, axis=0)
    error = MEDIAN_LOSS / np.sqrt(np.where(total > 0, total, np.nan))
    snr = np.where(np.isfinite(flux / error), flux / error, 0.0)
    # Only far from the sources and the field
    axis = np.arange(side) - middle
    grid = np.stack(np.meshgrid(axis, axis), -1)
    fwhm_px = np.median(epochs.fwhm_reference_px)
    for place in fit.position_px:
        snr[np.hypot(*np.moveaxis(grid - place, -1, 0)) <= NEIGHBOURHOOD_FWHM * fwhm_px] = 0.0
    if len(fit.nodes_px):
        centre = fit.nodes_px.mean(0)
        radius = np.hypot(*(fit.nodes_px - centre).T).max() + fit.node_step_px
        snr[np.hypot(*np.moveaxis(grid - centre, -1, 0)) <= radius] = 0.0
    # Peaks that stand out
    least = LEAST_SHARE * np.nanmean(fit.flux, axis=0).max()
    found = snr == maximum_filter(snr, 2 * int(fwhm_px) + 1)
    found &= (snr > LEAST_SNR) & (flux > least)
    light = [MissingLight(float(x - middle), float(y - middle), float(flux[y, x]),
                          float(snr[y, x])) for y, x in np.argwhere(found)]
    return sorted(light, key=lambda one: -one.flux)


def source_chi2(fit, epochs, residuals):
    """Mean squared residual in a circle around each source in each epoch.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
    residuals : ndarray of float, shape (n_epochs, side, side)
        In units of the noise; NaN where a pixel was not used.

    Returns
    -------
    chi2 : ndarray of float, shape (n_epochs, n_sources)
        NaN where no pixel was used.
    places_px : ndarray of float, shape (n_epochs, n_sources, 2)
        (x, y) of the circles on the stamps, first pixel at 0.
    radius_px : ndarray of float, shape (n_epochs,)
        One FWHM.
    """
    # Centres of the circles on the stamps, and the pixels inside that were used
    side = residuals.shape[-1]
    places = np.einsum("eij,kj->eki", epochs.linear, fit.position_px)
    places = places + fit.shift_px[:, None] + (side - 1) / 2
    radius = CORE_FWHM * epochs.fwhm_px
    axis = np.arange(side)
    x_px, y_px = places[..., 0, None, None], places[..., 1, None, None]
    distance = np.hypot(axis - x_px, axis[:, None] - y_px)
    inside = (distance < radius[:, None, None, None]) & np.isfinite(residuals)[:, None]
    n = inside.sum((-2, -1))
    squares = np.where(inside, np.nan_to_num(residuals)[:, None] ** 2, 0.0).sum((-2, -1))
    return np.where(n > 0, squares / np.maximum(n, 1), np.nan), places, radius


def neighbour_pulls(time, flux, sigma):
    """Deviation of each flux from the line through its neighbours in time, over its error.

    Parameters
    ----------
    time : ndarray of float, shape (n_epochs,)
    flux, sigma : ndarray of float, shape (n_epochs, n_sources)
        NaN where a source was not measured.

    Returns
    -------
    ndarray of float
        Of all sources; the scatter is 1 for right errors, and what varies from one epoch to the
        next comes on top.
    """
    pulls = []
    order = np.argsort(time, kind="stable")
    for f, s in zip(flux[order].T, sigma[order].T, strict=True):
        there = np.isfinite(f) & np.isfinite(s)
        t, f, s = time[order][there], f[there], s[there]
        # Weight of the later neighbour; a half where both are of the same time
        span = t[2:] - t[:-2]
        later = (t[1:-1] - t[:-2]) / np.where(span > 0, span, 1.0)
        later = np.where(span > 0, later, 0.5)
        away = f[1:-1] - (1 - later) * f[:-2] - later * f[2:]
        error2 = s[1:-1] ** 2 + ((1 - later) * s[:-2]) ** 2 + (later * s[2:]) ** 2
        pulls.append(away / np.sqrt(error2))
    return np.concatenate(pulls) if pulls else np.zeros(0)


def amplitudes_over_floor(fit):
    """Return labels of the amplitudes of the field, and the ratios of these to their floors.

    A ratio of 1: the data ask for no more than the floor.
    """
    options = fit.options
    brightest = np.nanmean(fit.flux[:, : fit.n_images], axis=0).max()
    flat = options.flat_floor * brightest / fit.field_fwhm_px**2
    labels, floor = [], []
    for scale in options.field_scales_fwhm:
        labels += [f"flat {scale:g}", f"galaxy {scale:g}"]
        floor += [flat, options.galaxy_fraction_floor]
    return [*labels, "PSF"], fit.field_amplitude / np.array([*floor, options.psf_floor])


def degenerate_direction(fit):
    """Widest direction of the systematic errors: what light can go from one source to another.

    Parameters
    ----------
    fit : LensFit

    Returns
    -------
    percent : ndarray of float, shape (n_sources + 1,)
        Change of the constant flux of each source, in per cent of its mean, for one sigma; last
        that of galaxy and field, which take what the images lose, in per cent of the light of all
        images. NaN where the engine knows no systematic errors.
    fraction : float
        Of the systematic variance that this direction has.
    """
    covariance = fit.systematic_covariance[: fit.n_images, : fit.n_images]
    if not np.isfinite(covariance).all():
        return np.full(fit.n_images + 1, np.nan), np.nan
    # One sigma along the eigenvector of the largest variance; what the images lose goes to galaxy
    # and field
    value, vector = np.linalg.eigh(covariance)
    change = vector[:, -1] * np.sqrt(max(value[-1], 0.0))
    change = change * (np.sign(change.sum()) or 1.0)
    mean = np.nanmean(fit.flux[:, : fit.n_images], axis=0)
    percent = 100 * np.append(change / mean, -change.sum() / mean.sum())
    return percent, float(value[-1] / max(value.sum(), 1e-300))
