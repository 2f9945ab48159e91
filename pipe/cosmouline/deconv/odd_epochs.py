"""What single epochs have and the others have not: masked cores, and light next to sources."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.deconv.checks import source_chi2, stray_positions
from cosmouline.deconv.epochs import in_reference, pixel_offsets
from cosmouline.deconv.missing_light import MEDIAN_LOSS, distance, point_weight, unexplained
from cosmouline.deconv.picture import model_images
from cosmouline.deconv.source_doubts import (
    OVER_OTHERS,
    STRAY_ALIKE,
    STRAY_FWHM,
    STRAY_GAIN,
    STRAY_OVER_MEDIAN,
)
from cosmouline.deconv.stored import measured_pixels, problem_of
from cosmouline.psf.model import FWHM_PER_SIGMA
from cosmouline.stamps.pixel_rejection import model_error

import numpy as np

ndimage = library("scipy.ndimage")
special = library("scipy.special")

CORE_TOUCHED = 0.005  # of that: below, a masked pixel is far out
CORE_LOST = 0.15  # of the squared image of a source, on masked pixels: its flux deserves a look
ODD_SIGMA = 5.0  # of light in one epoch, above the median of all ...
FEWEST, MOST = 2, 0.5  # ... in as many epochs at least, and such a part of them at most
APART_FWHM, DISTURBING_FWHM = 0.8, 2.5  # from a source: nearer it is its flux; farther, harmless
ODD_BY_CHANCE = 1e-5  # that the pixels of a source in an image leave so much
SHARP_RATIO = 1.6  # a Gaussian of half the width finds so much more of light sharper than the PSF


class OddSource(NamedTuple):
    """A source in one epoch that neither its own other epochs nor the other sources resemble."""

    epoch: int
    source: int
    chi2: float  # within 1 FWHM, of the pixels that the fit used
    typical: float  # the same in the median epoch
    offset_px: float  # from its place


class OddLight(NamedTuple):
    """Light at one place in some epochs."""

    place_px: np.ndarray  # offset (x, y) in the reference frame
    flux: float  # on the common scale
    epochs: np.ndarray  # their numbers


def core_lost(fit, epochs):
    """Share of each source that lies on masked pixels, in its weight: (n_epochs, n_sources).

    The sum of the squared image of the source over pixels that were not used, over that of all;
    NaN where it was not measured.
    """
    pixels = measured_pixels(fit, epochs)
    problem, state = problem_of(fit, pixels)
    lost = np.full(fit.flux.shape, np.nan)
    for e, index in enumerate(pixels.index):
        power = problem.point_images(e, state)[0] ** 2
        lost[index] = 1 - (power * pixels.good[e]).sum((1, 2)) / power.sum((1, 2))
    return np.where(np.isfinite(fit.flux), lost, np.nan)


def odd_sources(fit, epochs):
    """Sources whose residuals in an epoch are those of no other epoch, a list of `OddSource`.

    Notes
    -----
    What the fit masks of a cosmic ray is no part of it: here is what it has not masked, and what
    moves. By the chi2 of the pixels within 1 FWHM, which by chance reaches the limit once in 10^5,
    or by the distance from its place, as `source_doubts` judges it; and at one source of the epoch
    only: what all of them have is the PSF.
    """
    points, extended, sky = model_images(fit, epochs)
    model_e = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    pixels, used = measured_pixels(fit, epochs), np.zeros(epochs.data_e.shape, bool)
    used[pixels.index] = pixels.good
    residuals = np.where(used, (epochs.data_e - model_e) / np.sqrt(fit.variance_e2), np.nan)
    found, _, radius_px = source_chi2(fit, epochs, residuals)
    typical = np.fmax(np.nanmedian(found, axis=0), 1.0)
    n_pixels = np.pi * radius_px[:, None] ** 2
    is_odd = found > typical * special.chdtri(n_pixels, ODD_BY_CHANCE) / n_pixels
    offset_px, gain = map(np.nan_to_num, stray_positions(fit, epochs))
    is_odd |= ((gain > np.maximum(STRAY_GAIN, STRAY_OVER_MEDIAN * np.median(gain, 0)))
               & (offset_px > STRAY_FWHM * epochs.fwhm_px[:, None])
               & (gain > STRAY_ALIKE * gain.max(1, keepdims=True)))
    # a PSF that is wrong in this epoch leaves as much of the light of each source
    excess, light2 = np.nan_to_num(found - typical), np.nan_to_num(fit.flux, nan=1.0) ** 2
    relative = excess / np.maximum(light2, 1.0)
    others = np.array([np.delete(relative, i, axis=1).max(1, initial=0.0)
                       for i in range(found.shape[1])]).T
    is_odd &= np.isfinite(fit.flux) & (relative >= OVER_OTHERS * others)
    # in more of them it is no matter of single epochs
    is_odd &= is_odd.sum(0) <= MOST * np.isfinite(fit.flux).sum(0)
    return [OddSource(int(e), int(i), float(found[e, i]), float(typical[i]),
                      float(offset_px[e, i])) for e, i in np.argwhere(is_odd)]


def odd_light(fit, epochs):
    """Brightest light that some epochs have at a place, and the others have not.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    OddLight or None

    Notes
    -----
    The flux of a point at every pixel of the residuals of an epoch, less its median over the
    epochs, in the reference frame. Its error has the noise, and what the clipping tolerates of the
    model. Light that is sharper than the PSF is a cosmic ray and does not count; what more than
    half of the epochs have is an error of the model. Looked at is what lies within .8 to 2.5 FWHM
    of a source; nearer it is told from its flux by its chi2 only (`source_doubts`).
    """
    points, extended, sky = model_images(fit, epochs)
    index, fluxes, errors = np.flatnonzero(fit.measured), [], []
    for e in index:
        sigma, model = epochs.fwhm_px[e] / FWHM_PER_SIGMA, points[e] + extended[e]
        residual, variance = unexplained(fit, epochs, e, model + sky[e])
        tolerated = model_error(np.maximum(model, 0), fit.options.final_model_error,
                                fit.options.model_error_shift_px)
        light, wrong = (ndimage.gaussian_filter(image / variance, sigma, mode="constant")
                        for image in (residual, tolerated))
        weight = np.maximum(point_weight(variance, sigma), 1e-30)
        # what a filter of half the width finds, beyond noise and errors of the model
        wide, narrow, least = (
            ndimage.gaussian_filter(image, width * sigma, mode="constant") * (1 + width**2)
            for image, width in ((residual, 1.0), (residual, 0.5), (tolerated, 0.5)))
        noise = np.sqrt(np.median(variance[np.isfinite(variance)]) / np.pi) * (1 + 0.5**2) / sigma
        sharp = narrow > SHARP_RATIO * np.maximum(wide, 0) + least + ODD_SIGMA * noise
        sharp = ndimage.maximum_filter(sharp, 2 * int(np.ceil(epochs.fwhm_px[e])) + 1)
        place = epochs.linear[e], fit.shift_px[e]
        fluxes.append(in_reference(np.where(sharp, 0, light) / weight, *place))
        error = np.sqrt(1 / weight + (wrong / weight) ** 2)
        errors.append(in_reference(error, *place, outside=np.inf))
    if len(index) < FEWEST / MOST:
        return None
    excess = np.array(fluxes) - np.median(fluxes, axis=0)
    errors = np.array(errors) * np.sqrt(1 + MEDIAN_LOSS**2 / len(index))
    ratio = np.where(errors > 0, excess / errors, 0.0)
    odd = ratio > ODD_SIGMA
    # near no source, in some epochs
    grid = pixel_offsets(epochs)
    away = np.min([distance(grid, place) for place in fit.position_px], 0)
    away /= np.median(epochs.fwhm_reference_px)
    there = (away > APART_FWHM) & (away < DISTURBING_FWHM) & (odd.sum(0) >= FEWEST)
    there &= odd.sum(0) <= MOST * len(index)
    if not there.any():
        return None
    y, x = np.unravel_index(np.argmax(np.where(there, (odd * excess).sum(0), 0)), there.shape)
    those = odd[:, y, x]
    return OddLight(grid[y, x], float(np.median(excess[those, y, x])),
                    index[those])


class Odd(NamedTuple):
    """What `core_lost`, `odd_sources` and `odd_light` find."""

    lost: np.ndarray
    sources: list
    light: OddLight | None


def what_is_odd(fit, epochs):
    """Return the `Odd` of a fit and its epochs."""
    return Odd(core_lost(fit, epochs), odd_sources(fit, epochs), odd_light(fit, epochs))


def among_all(odd, looked, fit, content, before):
    """Return the `Odd` of all epochs of a fit, from that of some of them.

    Parameters
    ----------
    odd : Odd
        Of the epochs `looked` (n,), numbers among all; without light next to sources.
    fit : LensFit
    content : EpochFile
        All epochs.
    before : dict
        What was noted of an earlier fit: under ``odd`` its sources, with the names of the images.
    """
    own = [one._replace(epoch=int(looked[one.epoch])) for one in odd.sources]
    others = {name: e for e, name in enumerate(content.names) if e not in set(looked.tolist())}
    kept = [OddSource(others[name], *more) for name, *more in before["odd"] if name in others]
    return Odd(core_lost(fit, content.epochs), sorted(own + kept), None)


def notes(fit, epochs, odd):
    """Return why the flux of each source in each epoch deserves a look, (n_epochs, n_sources)."""
    found, (lost, sources, light) = np.full(fit.flux.shape, "", dtype=object), odd
    for one in sources:
        found[one.epoch, one.source] = (
            f"chi2 {one.chi2:.1f} within 1 FWHM ({one.typical:.1f} in most images), "
            f"{one.offset_px:.2f} px off its place: a cosmic ray, something that moves, or "
            "a PSF that is wrong there")
    for e, i in np.argwhere(np.nan_to_num(lost) > CORE_LOST):
        found[e, i] += ", " * bool(found[e, i]) + (
            f"{100 * lost[e, i]:.0f} % of its core masked, as by a cosmic ray "
            f"({100 * CORE_LOST:.0f} % are allowed)")
    if light is not None:
        away = np.hypot(*(fit.position_px - light.place_px).T) / epochs.fwhm_reference_px.mean()
        for i in np.flatnonzero(away < DISTURBING_FWHM):
            for e in light.epochs:
                found[e, i] += ", " * bool(found[e, i]) + "light next to it that other epochs lack"
    return found
