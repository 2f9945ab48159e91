"""What speaks against the flux of a single source of a fit: residuals, transients, the field."""

from dataclasses import dataclass, replace

from cosmouline import library
from cosmouline.deconv.checks import percent_of, source_chi2, stray_positions
from cosmouline.deconv.missing_light import (
    FIELD_SIGMAS,
    NEIGHBOURHOOD_FWHM,
    field_floor,
    missing_light,
    missing_sources,
    point_map,
    with_source,
)
from cosmouline.deconv.picture import model_images
from cosmouline.robust import median_of_finite

import numpy as np

optimize = library("scipy.optimize")

CHI2_DOUBTFUL = 1.5  # within 1 FWHM of a source, in the median epoch; noise gives 1 ...
CHI2_SIGMAS = 5.0  # ... within so many of its errors
CHI2_TRANSIENT = 1.5  # in single epochs, over that of the source in the median epoch ...
OVER_OTHERS = 1.5  # ... and its excess over that of the other sources, whose circles may overlap
STRAY_GAIN = 25.0  # of chi2, by a source off its place in an epoch: by chance 1 in 10^5 ...
STRAY_ALIKE = 0.9  # of the largest of the epoch: the shift of the epoch may have either place
STRAY_OVER_MEDIAN = 5.0  # ... over that of the source in the median epoch ...
STRAY_FWHM = 0.04  # ... and so far off: errors of the PSF move sources by less
FEWEST_TRANSIENT = 2  # epochs: a single one is a cosmic ray
MOST_TRANSIENT = 0.5  # of the epochs: in more of them the source is a double, or its PSF is wrong
FIELD_LEAST = 0.01  # of the source's own light
FIELD_ERROR = 0.2  # of the residual light under a source: .06 to .3 measured with arcs and rings


@dataclass(frozen=True, eq=False)
class Doubt:
    """What speaks against the flux of a source, and in which epochs (None: in all)."""

    source: int
    line: str
    light: float = 0.0
    shines: np.ndarray | None = None


def source_doubts(fit, epochs, names, epoch_names):
    """Return a `Doubt` for each source whose flux is in doubt, and why.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    names, epoch_names : sequence of str
        Of the sources, and of the images.

    Returns
    -------
    list of Doubt

    Notes
    -----
    A chi2 of the whole stamp near 1 proves nothing: a companion within the seeing changes a few
    dozen of its pixels. The residuals are those of all pixels without a mask of their own, also
    where the fit has left pixels out because light stood out there.
    """
    points, extended, sky = model_images(fit, epochs)
    model_e = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    residuals = (epochs.data_e - model_e) / np.sqrt(fit.variance_e2)
    residuals = np.where(epochs.usable & ~epochs.cosmic, residuals, np.nan)
    residuals[~fit.measured] = np.nan
    chi2, _, radius_px = source_chi2(fit, epochs, residuals)
    error = np.sqrt(2 / (np.pi * radius_px**2))[:, None]  # of chi2 in one epoch
    found, seen = [], np.isfinite(chi2)
    excess = np.nan_to_num(chi2 - median_of_finite(chi2, 0))
    offset_px, gain = map(np.nan_to_num, stray_positions(fit, epochs))
    is_stray = ((gain > np.maximum(STRAY_GAIN, STRAY_OVER_MEDIAN * np.median(gain, 0)))
                & (offset_px > STRAY_FWHM * epochs.fwhm_px[:, None])
                & (gain > STRAY_ALIKE * gain.max(1, keepdims=True)))
    # Two sources alone stand off each other alike: the one with the larger residual is it
    is_stray &= excess >= np.where(is_stray, excess, -np.inf).max(1, keepdims=True)
    for i in np.flatnonzero(seen.any(0)):
        # The residual in the median epoch
        typical, n = float(np.nanmedian(chi2[:, i])), int(seen[:, i].sum())
        if typical > max(CHI2_DOUBTFUL, 1 + CHI2_SIGMAS * float(np.median(error)) / np.sqrt(n)):
            found.append(Doubt(
                i, f"{names[i]}: chi2 of {typical:.1f} within 1 FWHM in the median of {n} images "
                f"({CHI2_DOUBTFUL:g} is allowed): a second source within the seeing, or a PSF "
                "that does not fit. Try one more of point_sources, and look at "
                "7_deconv/5a_png_check"))
            continue
        # Residuals in some epochs, at this source only
        limit = typical * np.maximum(CHI2_TRANSIENT, 1 + CHI2_SIGMAS * error[:, 0])
        others = np.delete(excess, i, axis=1).max(1, initial=0.0)
        odd = np.flatnonzero(is_stray[:, i] | (
            (chi2[:, i] > limit) & (excess[:, i] > OVER_OTHERS * others)))
        if FEWEST_TRANSIENT <= len(odd) <= MOST_TRANSIENT * n:
            shines = np.isin(np.arange(len(chi2)), odd)
            found.append(Doubt(
                i, f"{names[i]}: chi2 of {np.median(chi2[odd, i]):.1f} within 1 FWHM in "
                f"{len(odd)} of {n} images and {np.median(offset_px[odd, i]):.2f} px off its "
                f"place, {typical:.1f} in the others, and at this source only: a transient, or a "
                "moving object, next to it? First: "
                f"{', '.join(epoch_names[e] for e in odd[:3])}", shines=shines))
    return found + _bright_field(fit, names)


def with_doubts(fit, epochs, names, epoch_names):
    """Return the fit with systematic errors that hold what is in doubt, and what that is.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    names, epoch_names : sequence of str
        Of the sources, and of the images.

    Returns
    -------
    fit : LensFit
    missing : list of MissingLight
        Stars that the model lacks.
    change : ndarray of float, shape (n_sources,)
        By which they would change the mean fluxes.
    doubts : list of Doubt

    Notes
    -----
    The systematic covariance grows by the square of the change of the fluxes in a trial fit that
    has the missing stars; without these, in one that has a source more beside each source whose
    residuals speak; and by that of a fifth of the residual light under a source. Where the engine
    knows no systematic errors, there is no trial fit.
    """
    if not np.isfinite(fit.systematic_covariance).all():
        none = np.zeros(len(fit.position_px))
        return (fit, missing_light(fit, epochs), none,
                source_doubts(fit, epochs, names, epoch_names))
    missing, change = missing_sources(fit, epochs)
    doubts = source_doubts(fit, epochs, names, epoch_names)
    covariance = np.outer(change, change)
    for doubt in () if missing else doubts:
        if doubt.light:
            covariance[doubt.source, doubt.source] += (FIELD_ERROR * doubt.light) ** 2
            continue
        moved = _change_beside(fit, epochs, doubt)
        covariance += np.outer(moved, moved)
    covariance = fit.systematic_covariance + covariance
    return replace(fit, systematic_covariance=covariance), missing, change, doubts


def _change_beside(fit, epochs, doubt):
    """Change of the mean fluxes by a trial source beside one in doubt; 0 where there is no fit."""
    # Where most light stands out beside the source, in those epochs against the others
    shines = np.ones(len(fit.flux), bool) if doubt.shines is None else doubt.shines
    flux, _, grid = point_map(fit, epochs, np.flatnonzero(fit.measured & shines))
    if not shines.all():
        flux = flux - point_map(fit, epochs, np.flatnonzero(fit.measured & ~shines))[0]
    apart_px = np.hypot(*np.moveaxis(grid[..., None, :] - fit.position_px, -1, 0))
    is_near = ((apart_px[..., doubt.source] < NEIGHBOURHOOD_FWHM * np.median(
        epochs.fwhm_reference_px)) & (apart_px.argmin(-1) == doubt.source))
    place = grid[np.unravel_index(np.argmax(np.where(is_near, flux, -np.inf)), flux.shape)]
    try:
        trial, index = with_source(fit, epochs, place, doubt.shines)
    except ValueError:
        return np.zeros(fit.flux.shape[1])
    # Sources may have changed places with the new one: each is the one nearest to where it was
    apart_px = np.hypot(*np.moveaxis(fit.position_px[:, None] - trial.position_px, -1, 0))
    flux = trial.flux[:, optimize.linear_sum_assignment(apart_px**2)[1]]
    # Of the epochs of the trial, each kind counts as in all epochs; a trial that has none of a
    # kind, such as two epochs whose pixels it masks, compares nothing
    moved = flux - fit.flux[index]
    kinds = [n for n in (fit.measured & shines, fit.measured & ~shines) if n.any()]
    if not all(np.isfinite(moved[n[index]]).any(0).all() for n in kinds):
        return np.zeros(flux.shape[1])
    parts = [n.sum() * np.nanmean(moved[n[index]], axis=0) for n in kinds]
    return sum(parts) / fit.measured.sum()


def _bright_field(fit, names):
    """Return a `Doubt` for each source under which the field is brighter than expected."""
    if not len(fit.nodes_px):
        return []
    found = []
    mean = np.nanmean(fit.flux, axis=0)
    for i in range(fit.n_images):
        near = np.hypot(*(fit.nodes_px - fit.position_px[i]).T) < fit.field_fwhm_px
        light, expected = float(fit.node_flux[near].sum()), field_floor(fit, fit.position_px[i])
        if abs(light) > max(FIELD_SIGMAS * expected, FIELD_LEAST * mean[i]):
            percent = percent_of(light, fit, i)
            share = f"{percent} of its flux" if "%" in percent else "at a source of no flux"
            found.append(Doubt(
                i, f"{names[i]}: residual light of {light:+.0f} e- within 1 FWHM, "
                f"{share}, and {abs(light) / expected:.0f} times what is expected: an arc, an "
                "undeclared source, or errors of the PSF; its flux depends on which, and its "
                "systematic error holds that", light))
    return found
