"""Light that a joint fit lacks: where it stands, and a fit with one source more that holds it."""

from dataclasses import dataclass

from cosmouline import library
from cosmouline.deconv.epochs import in_reference, pixel_offsets
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.picture import bare_images
from cosmouline.deconv.point_sources import Sources
from cosmouline.deconv.problem import POSITIONS
from cosmouline.psf.model import FWHM_PER_SIGMA

import numpy as np

ndimage = library("scipy.ndimage")

LEAST_SNR = 8.0  # of light that is reported; the largest of a thousand noise pixels reaches 4
LEAST_SHARE = 0.005  # of the brightest source: below, it may be the wing of its PSF
MEDIAN_LOSS = 1.25  # error of a median against that of a mean
NEIGHBOURHOOD_FWHM = 1.5  # of a source or a node, where its own errors are looked at instead
SURROUND = 2.5  # sigmas of the seeing, of the surrounding light that is subtracted from a point
FIELD_SIGMAS = 5.0  # of the light that the field is expected to have at a place
MOVED_FWHM = 1.0  # from the start of a source to where it cannot be itself
START_FWHM = 0.5  # error of the place of a peak, where galaxy and other sources stand below
MOST_TRIAL_EPOCHS = 16  # of a trial fit
MOST_SOURCES = 3  # that are tried one after another


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
    """Look for stars in the residuals.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    list of MissingLight
        The brightest first; their places and fluxes are those of `point_map`, see `with_source`.

    Notes
    -----
    Not within 1.5 FWHM of a source; where there is a field, a star must be brighter than five
    times what the floors of the field expect within one FWHM: galaxies have structure.
    """
    flux, snr, grid = point_map(fit, epochs, np.flatnonzero(fit.measured))
    fwhm_px = np.median(epochs.fwhm_reference_px)
    for place in fit.position_px:
        snr[distance(grid, place) <= NEIGHBOURHOOD_FWHM * fwhm_px] = 0.0
    least = np.full(flux.shape, LEAST_SHARE * np.nanmean(fit.flux, axis=0).max())
    if len(fit.nodes_px):
        centre = fit.nodes_px.mean(0)
        radius = distance(fit.nodes_px, centre).max() + fit.node_step_px
        inside = distance(grid, centre) <= radius
        least[inside] = np.maximum(least[inside], FIELD_SIGMAS * field_floor(fit, grid[inside]))
    # Peaks that stand out
    found = snr == ndimage.maximum_filter(snr, 2 * int(fwhm_px) + 1)
    found &= (snr > LEAST_SNR) & (flux > least)
    light = [MissingLight(*grid[y, x].tolist(), float(flux[y, x]), float(snr[y, x]))
             for y, x in np.argwhere(found)]
    return sorted(light, key=lambda one: -one.flux)


def field_floor(fit, places_px):
    """Return the flux that the floors of the field's amplitudes expect within 1 FWHM.

    The places are of shape (..., 2), and the fluxes of shape (...).
    """
    options = fit.options
    brightest = np.nanmean(fit.flux, axis=0)[: fit.n_images].max()
    near = distance(np.asarray(places_px)[..., None, :], fit.nodes_px) < fit.field_fwhm_px
    flat = options.flat_floor * brightest * np.pi
    galaxy = options.galaxy_fraction_floor * (near * fit.field_galaxy_flux).sum(-1)
    return np.hypot(flat, galaxy) * np.sqrt(len(options.field_scales_fwhm))


def point_map(fit, epochs, index):
    """Return the flux of a point at every pixel of the reference frame, S/N, and their places.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    index : ndarray of int
        Those of the epochs that are looked at.

    Returns
    -------
    flux, snr : ndarray of float, shape (side, side)
    grid : ndarray of float, shape (side, side, 2)
        Offsets (x, y) as those of the sources.

    Notes
    -----
    A Gaussian of the seeing, less a wide one that subtracts the light around, is laid on every
    pixel of every epoch, also where the fit has masked pixels because light stood out there; the
    median over the epochs, in the reference frame, is free of cosmic rays. The field is left out
    of the model: it takes light of a star.
    """
    models = bare_images(fit, epochs)
    kept = 1 - 2 / (1 + SURROUND**2)  # of the flux of a point, its surround subtracted
    loss = (1 - 4 / (1 + SURROUND**2) + SURROUND**-2) / kept**2  # in weight
    fluxes, weights = [], []
    for e in index:
        # Flux of a point at every pixel of the epoch, and its weight
        sigma = epochs.fwhm_px[e] / FWHM_PER_SIGMA
        residual, variance = unexplained(fit, epochs, e, models[e])
        narrow, wide = (
            ndimage.gaussian_filter(residual / variance, width * sigma, mode="constant")
            for width in (1.0, SURROUND))
        weight = point_weight(variance, sigma)
        with np.errstate(divide="ignore", invalid="ignore"):
            flux = np.where(weight > 0, (narrow - wide) / weight / kept, 0.0)
        # Both on the pixels of the reference frame
        for image, found in ((flux, fluxes), (weight / loss, weights)):
            found.append(in_reference(image, epochs.linear[e], fit.shift_px[e]))
    # Median over the epochs, and its signal to noise
    flux, total = np.median(fluxes, axis=0), np.sum(weights, axis=0)
    error = MEDIAN_LOSS / np.sqrt(np.where(total > 0, total, np.nan))
    snr = np.where(np.isfinite(flux / error), flux / error, 0.0)
    return flux, snr, pixel_offsets(epochs)


def unexplained(fit, epochs, e, model):
    """Return what a model of an epoch leaves of its data, and the variance, on the common scale.

    Pixels that cannot be used have 0, and an infinite variance; those that the fit has masked
    count.
    """
    usable, coeff = epochs.usable[e] & ~epochs.cosmic[e], epochs.coeff[e]
    residual = np.where(usable, epochs.data_e[e] * coeff - model, 0.0)
    return residual, np.where(usable, fit.variance_e2[e], np.inf) * coeff**2


def point_weight(variance, sigma_px):
    """Inverse variance of the flux of a Gaussian point at every pixel of an image."""
    # The square of a Gaussian is one of sigma / sqrt 2, of total 1 / (4 pi sigma^2)
    weight = ndimage.gaussian_filter(1 / variance, sigma_px / np.sqrt(2), mode="constant")
    return weight / (4 * np.pi * sigma_px**2)


def with_source(fit, epochs, place_px, shines=None):
    """Fit again with one point source more, which is free to move and to take light.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    place_px : array_like of float, shape (2,)
        Where the source is looked for first.
    shines : ndarray of bool, shape (n_epochs,), optional
        Where it shines; default: everywhere.

    Returns
    -------
    trial : LensFit
        Of at most 16 epochs, spread over all, half of them where the source shines.
    index : ndarray of int
        Their numbers.

    Raises
    ------
    ValueError
        If the fit cannot be made.
    """
    shines = np.ones(len(fit.flux), bool) if shines is None else shines
    index = []
    for part in (fit.measured & shines, fit.measured & ~shines):
        number = np.flatnonzero(part)
        most = min(len(number), MOST_TRIAL_EPOCHS if shines.all() else MOST_TRIAL_EPOCHS // 2)
        index += np.unique(number[np.linspace(0, len(number) - 1, most).astype(int)]).tolist()
    index = np.sort(index)
    # Priors of the positions as they were, that of the new source wide
    n_sources = len(fit.position_px)
    places = np.vstack([fit.prior_mean[POSITIONS].reshape(2, -1).T, place_px])
    wide_px = START_FWHM * np.median(epochs.fwhm_reference_px)
    sigma_px = np.append(fit.prior_sd[-n_sources:], wide_px)
    present = np.column_stack([fit.present, shines])[index]
    sources = Sources(places, sigma_px, fit.n_images, None if present.all() else present)
    return fit_lens(epochs.take(index), sources, fit.options), index


def missing_sources(fit, epochs):
    """Find the stars that a fit lacks, one after another, by trial fits that have them.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    found : list of MissingLight
        Those that stay significant where galaxy and field are free too, the brightest first.
    change : ndarray of float, shape (n_sources,)
        By which the mean fluxes of the sources change with them.
    """
    n_sources, found, change = len(fit.position_px), [], np.zeros(len(fit.position_px))
    now, index = fit, np.arange(len(fit.flux))
    # A source that a star has drawn to itself starts at its own place again, and the star here
    away = np.hypot(*(fit.position_px.T - fit.prior_mean[POSITIONS].reshape(2, -1)))
    places = fit.position_px[away > MOVED_FWHM * np.median(epochs.fwhm_reference_px)].tolist()
    while len(found) < MOST_SOURCES:
        places = places or [(one.x_px, one.y_px) for one in missing_light(
            now, epochs.take(index))[:1]]
        if not places:
            break
        try:
            trial, part = with_source(now, epochs.take(index), places.pop())
        except ValueError:
            break
        flux = np.nanmean(trial.flux, axis=0)
        snr = flux / np.hypot(trial.flux_systematic, np.nanmean(trial.flux_sigma, axis=0))
        if not (snr[-1] > LEAST_SNR and flux[-1] > LEAST_SHARE * flux.max()):
            break
        now, index = trial, index[part]
        change = flux[:n_sources] - np.nanmean(fit.flux[index], axis=0)
        stars = np.column_stack([trial.position_px, flux, snr])[n_sources:]
        found = [MissingLight(*star) for star in stars.tolist()]
    return sorted(found, key=lambda one: -one.flux), change


def distance(places, place_px):
    """Distances of places (..., 2) from one."""
    return np.hypot(*np.moveaxis(places - np.asarray(place_px), -1, 0))
