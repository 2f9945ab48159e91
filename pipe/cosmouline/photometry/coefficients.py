"""COSMOULINE's coefficients of images from the fluxes of stars, by either method."""

import logging
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.photometry.coefficient_fit import (
    VARIABLE_LEAST,
    VARIABLE_RATIO,
    normalise,
    point_to_point,
)
from cosmouline.photometry.coefficient_median import median_coefficients
from cosmouline.photometry.set_terms import SetTerms, set_terms, trend
from cosmouline.robust import median_of_finite

import numpy as np

LEAST_TREND_STARS = 4  # fewer have no meaningful scatter of their slopes
LEAST_TREND_IMAGES, LEAST_TREND_RANGE = 5, 0.2  # with less airmass the slopes are noise
TREND_CHI2 = 3.0  # of the slopes with the airmass, above which colours matter
WORSE_THAN_APERTURE = 1.3  # PSF photometry never was, from a FWHM of 1.7 px on
MANY_VARIABLE = 0.25  # of the stars: so many seldom vary, and it may be the others that do
IN_STEP = 0.5  # scatter of these stars about each other, over that of their mean about the others
TERM_ROUNDS = 5  # of coefficients and terms of the sets in turn; a term settles to a tenth in one

log = logging.getLogger("cosmouline")


class SecondReading(NamedTuple):
    """What the stars that do not fit the others say of the images.

    Parameters
    ----------
    stars : ndarray of bool, shape (n_stars,)
    excess : ndarray of float, shape (n,)
        Their light over what the coefficients give them, less 1.
    is_alike : bool
        They agree with each other: they may be constant, and the others vary together.
    """

    stars: np.ndarray
    excess: np.ndarray
    is_alike: bool


class Coefficients(NamedTuple):
    """Coefficients of n images: ``coeff * flux`` is the flux on the reference image.

    Parameters
    ----------
    coeff, coeff_sigma : ndarray of float, shape (n,)
        NaN for an image with too few stars.
    n_stars : ndarray of int, shape (n,)
    chi2 : ndarray of float, shape (n,)
        Of the stars about the coefficient, per degree of freedom; NaN for the medians.
    residual : ndarray of float, shape (n, n_stars)
        Relative departure of every star from its mean; NaN where not measured.
    is_variable : ndarray of bool, shape (n_stars,)
        Stars found to vary, which do not count.
    used : ndarray of bool, shape (n, n_stars)
        Fluxes that are measured and no outliers.
    terms : SetTerms or None
        Relative fluxes of the stars in every set, which the coefficients take into account; None
        with one set, and for the medians.
    second : SecondReading or None
        Where more than a quarter of the stars do not fit the others.
    """

    coeff: np.ndarray
    coeff_sigma: np.ndarray
    n_stars: np.ndarray
    chi2: np.ndarray
    residual: np.ndarray
    is_variable: np.ndarray
    used: np.ndarray
    terms: SetTerms | None = None
    second: SecondReading | None = None


def solve(flux_e, flux_sigma_e, reference, method, set_names=None):
    """Return the `Coefficients` of all images.

    Parameters
    ----------
    flux_e, flux_sigma_e : ndarray of float, shape (n_images, n_stars)
        Electrons of the exposures; NaN where missing.
    reference : int
        The image whose coefficient is 1.
    method : {"als", "median"}
        `coefficient_fit.normalise`, or `coefficient_median.median_coefficients`.
    set_names : sequence of str, length n_images, optional
        Set of every image: stars of other colours have other flux ratios in other sets ("als").

    Raises
    ------
    UserError
        If the reference image itself has no coefficient.
    """
    n, found = int(np.isfinite(flux_e[reference]).sum()), None
    if n and method == "median":
        found = of_medians(median_coefficients(flux_e, reference), flux_e)
    elif n:
        fit, terms = normalise(flux_e, flux_sigma_e), None
        if len(set(set_names or ())) > 1:
            fit, terms = _with_terms(flux_e, flux_sigma_e, set_names, fit)
        # transparencies c become coefficients c_ref / c, with the same relative error
        with np.errstate(invalid="ignore", divide="ignore"):
            coeff = fit.coeff[reference] / fit.coeff
            sigma = coeff * fit.coeff_sigma / fit.coeff
        found = Coefficients(coeff, sigma, fit.n_stars, fit.chi2, fit.residual, fit.is_variable,
                             fit.used, terms)
        found = _with_second_reading(found, fit.star_scatter)
    if found is None or not np.isfinite(found.coeff[reference]):
        raise UserError(f"the reference image has only {n} measured normalisation star(s): too "
                        "few for a coefficient. Choose other stars (normstars.cat in the folder "
                        "of the lens) or another reference (ref_img_name).")
    return found


def _with_terms(flux_e, flux_sigma_e, set_names, found):
    """Return the fit and the terms of the sets, solved in turn from a fit without terms on."""
    factor = np.ones(np.shape(flux_e))
    for _ in range(TERM_ROUNDS):
        # the residuals with the terms of the last round put back
        departure = (1 + found.residual) * factor - 1
        terms = set_terms(departure, flux_sigma_e / flux_e, set_names, found.used,
                          found.is_variable)
        if not terms.scatter:
            break
        factor = 1 + terms.term[[terms.sets.index(name) for name in set_names]]
        found = normalise(flux_e / factor, flux_sigma_e / factor)
    return found, terms


def _with_second_reading(found, star_scatter):
    """Return the coefficients; where many stars "vary", with what these say, which may be right.

    Where half of the stars vary as one, no majority tells which half it is, and those that do not
    fit have no weight though none is called variable: they are found by the lower quartile.
    """
    limit = VARIABLE_RATIO * np.nanpercentile(star_scatter, 100 * MANY_VARIABLE)
    stars = found.is_variable | (star_scatter > max(limit, VARIABLE_LEAST))
    if stars.sum() == 1 or found.is_variable.sum() > MANY_VARIABLE * stars.size:
        stars = found.is_variable
    if stars.sum() <= MANY_VARIABLE * stars.size:
        return found
    # how far these stars are from the others in each image, and from each other
    residual = found.residual[:, stars]
    excess = median_of_finite(residual, 1)
    excess = excess - median_of_finite(excess)
    freedom = np.isfinite(residual).sum() - np.isfinite(residual).any(1).sum()
    within = np.sqrt(np.nansum((residual - excess[:, None]) ** 2) / max(freedom, 1))
    second = SecondReading(stars, excess, bool(within < IN_STEP * np.nanstd(excess)))
    if not second.is_alike:
        return found._replace(second=second) if stars is found.is_variable else found
    # either reading may be right: the mean square of an error of 0 and one of the difference
    doubt = np.nan_to_num(found.coeff * excess / np.sqrt(2))
    return found._replace(second=second, coeff_sigma=np.hypot(found.coeff_sigma, doubt))


def of_medians(found, flux_e):
    """Return `MedianCoefficients` of fluxes as `Coefficients`."""
    scaled = flux_e * found.coeff[:, None]
    return Coefficients(found.coeff, found.coeff_sigma, found.n_stars,
                        np.full(len(flux_e), np.nan), scaled / median_of_finite(scaled, 0) - 1,
                        np.zeros(flux_e.shape[1], bool), np.isfinite(flux_e))


def log_result(found, names):
    """Log the stars that vary, the errors of the coefficients, and how the sets differ."""
    names, second = np.array(list(names)), found.second
    if second is not None:
        log.warning("%d of %d stars do not fit the others and do not count: %s. By them alone the "
                    "coefficients would differ by %.2f %% (rms). %s", second.stars.sum(),
                    len(names), ", ".join(names[second.stars]), 100 * np.nanstd(second.excess),
                    "They agree with each other: they may be constant, and the others vary "
                    "together (clouds over part of the field, a flat field, one colour). The "
                    "errors of the coefficients hold both readings: look at 4_norm/3c_plot_stars "
                    "and name the constant stars in norm_stars" if second.is_alike else
                    "They do not agree with each other: each varies by itself")
    elif found.is_variable.any():
        log.info("variable, not used: %s", ", ".join(names[found.is_variable]))
    good = np.isfinite(found.coeff)
    log.info("%d coefficients, median error %.2f %%, from %d stars", good.sum(),
             100 * np.median((found.coeff_sigma / found.coeff)[good]),
             len(names) - found.is_variable.sum())
    terms = found.terms
    if terms is not None and terms.scatter:
        k, j = np.unravel_index(np.argmax(np.abs(terms.term)), terms.term.shape)
        log.info("stars differ between the sets by %.2f %%, most %s with %+.2f %% in %s: taken "
                 "into account", 100 * terms.scatter, names[j], 100 * terms.term[k, j],
                 terms.sets[k])


def log_scatter(found, aperture, mjd):
    """Log how the constant stars scatter from image to image, by the PSF and in apertures.

    Parameters
    ----------
    found, aperture : Coefficients
        From PSF fluxes, and from aperture fluxes of the same images and stars.
    mjd : array_like of float, shape (n_images,)
    """
    # the same points for both
    both = found.used & aperture.used & ~found.is_variable & ~aperture.is_variable
    by_psf, by_aperture = (100 * median_of_finite(point_to_point(one.residual, both, mjd))
                           for one in (found, aperture))
    if np.isfinite(by_psf) and np.isfinite(by_aperture):
        worse = by_psf > WORSE_THAN_APERTURE * by_aperture
        log.info("stars scatter from image to image by %.2f %% (apertures: %.2f %%)%s", by_psf,
                 by_aperture, ". The PSFs do not fit well: look at the pages of 5_psf/5_png_check "
                 "and, below a FWHM of 2 px, set psf_upsampling = 3" if worse else "")


def log_trend(found, flux_e, flux_sigma_e, airmass):
    """Log whether the stars differ in their extinction, as red and blue ones do."""
    slope, sigma = trend(found.residual, flux_sigma_e / flux_e, found.used, airmass)
    known = np.isfinite(slope) & ~found.is_variable
    reached = np.asarray(airmass, dtype=float)[found.used.any(1)]
    reached = reached[np.isfinite(reached)]
    if known.sum() < LEAST_TREND_STARS or reached.size < LEAST_TREND_IMAGES or (
            np.ptp(reached) < LEAST_TREND_RANGE):
        return
    # a common slope of all stars is in the coefficients: n - 1 degrees of freedom
    chi2 = np.mean((slope[known] / sigma[known]) ** 2) * known.sum() / (known.sum() - 1)
    log.info("with the airmass the stars change by %.2f %% per unit relative to each other (noise "
             "%.2f %%)%s", 100 * np.std(slope[known]), 100 * np.sqrt(np.mean(sigma[known] ** 2)),
             ": their colours matter" if chi2 > TREND_CHI2 else "")


def by_image(images, found):
    """Yield each image that has a coefficient with (coefficient, error, n stars, chi2)."""
    rows = zip(found.coeff.tolist(), found.coeff_sigma.tolist(), found.n_stars.tolist(),
               found.chi2.tolist(), strict=True)
    for image, row in zip(images, rows, strict=True):
        if np.isfinite(row[:2]).all():
            yield image, row
