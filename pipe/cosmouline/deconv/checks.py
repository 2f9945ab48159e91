"""What shows that a joint fit is wrong: chi2 of each source, pulls, amplitudes and so on."""

from cosmouline.deconv.normal_equations import ABSENT, N_LOCAL_BESIDE_FLUXES
from cosmouline.deconv.problem import POSITIONS
from cosmouline.deconv.stored import for_all_epochs, sweep_of
from cosmouline.stamps.stamps import CORE_FWHM

import numpy as np

PARTNER = 0.25  # of the light of a source that is in question: what another one must take
NO_FLUX_SIGMAS = 3  # below it the mean flux of a source is reported as none


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


def stray_positions(fit, epochs):
    """Return how far each source stands off its usual place in each epoch, and the chi2 of that.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    offset_px, gain : ndarray of float, shape (n_epochs, n_sources)
        The chi2 has a mean of 2 where nothing is wrong. NaN where it was not measured.

    Notes
    -----
    One Gauss-Newton step of the position of that source in that epoch alone, with all fluxes, sky
    and shift of the epoch free: a transient that shares its light draws it away. What the steps
    have in common, their median, is taken off: the position of the fit lies between the place of
    the source and that in the epochs of the transient.
    """
    index, sweep = sweep_of(fit, epochs)
    products, n_sources = sweep.products, len(fit.position_px)
    local = slice(0, n_sources + N_LOCAL_BESIDE_FLUXES)
    first, found = local.stop + POSITIONS.start, []
    own = products[:, local, local] + ABSENT * np.eye(local.stop)  # sources that do not shine
    for place in range(first, first + n_sources):
        at = np.array([place, place + n_sources])
        cross = products[:, local][:, :, at]
        response = np.linalg.solve(own, cross).swapaxes(1, 2)
        left = products[:, at][:, :, at] - response @ cross + ABSENT * np.eye(2)
        right = products[:, at, -1:] - response @ products[:, local, -1:]
        step = np.linalg.solve(left, right)[:, :, 0]
        away = step - np.median(step, axis=0)
        found.append([np.hypot(*away.T), np.einsum("ei,eij,ej->e", away, left, away)])
    offset_px, gain = (for_all_epochs(one.T, index, len(fit.flux))
                       for one in np.swapaxes(found, 0, 1))
    return offset_px, gain


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
        labels += [f"evenly spread, {scale:g} FWHM", f"as the galaxy, {scale:g} FWHM"]
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


def mean_flux(fit):
    """Return the mean flux of each source, and its error without systematics, (n_sources,).

    Over the epochs where it shines. A source has flux where the mean is above NO_FLUX_SIGMAS
    errors: below, percentages of it mean nothing.
    """
    n = np.maximum(np.isfinite(fit.flux_sigma).sum(axis=0), 1)
    return np.nanmean(fit.flux, axis=0), np.sqrt(np.nansum(fit.flux_sigma**2, axis=0)) / n


def percent_of(light, fit, number):
    """Write some light in per cent of the flux of a source, or that it has no flux."""
    mean, sigma = (values[number] for values in mean_flux(fit))
    return f"{100 * light / mean:+.1f} %" if mean > NO_FLUX_SIGMAS * sigma else "(no flux)"


def partners(fit, number):
    """Return what else changes when an image of the lens has one systematic error too much.

    Parameters
    ----------
    fit : LensFit
    number : int
        Of the image.

    Returns
    -------
    percent : ndarray of float, shape (n_images,)
        Expected change of the constant flux of each image; NaN where it is less than a quarter of
        the light in question.
    light : float
        That of galaxy and residual light, electrons on the common scale: they have what all
        images lose.
    """
    covariance = fit.systematic_covariance[: fit.n_images, : fit.n_images]
    change = covariance[number] / np.sqrt(covariance[number, number])
    mean = np.nanmean(fit.flux[:, : fit.n_images], axis=0)
    counts = np.abs(change) > PARTNER * np.abs(change[number])
    return np.where(counts, 100 * change / mean, np.nan), float(-change.sum())
