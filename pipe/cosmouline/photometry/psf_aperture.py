"""PSF fluxes of the stars against their aperture fluxes, image by image."""

from cosmouline import library
from cosmouline.robust import MAD_EFFICIENCY, MAD_TO_SIGMA, mad_sigma, median_of_finite, theil_sen

import numpy as np

special = library("scipy.special")
stats = library("scipy.stats", is_rare=True)

COMPARED_STARS = 5
STAR_SIGMA, STAR_DEPARTURE = 7.0, 0.05  # of a single star from the others of its image
LEAST_DEPARTURE = 0.01  # as a scatter, twice of it as a slope: apertures repeat no better
FLAGGED_BY_CHANCE = 1e-3  # that an image without fault is flagged, for its scatter and each slope
MEDIAN_ROUNDS = 5  # of medians over stars and images in turn
RATIO_FLOOR = 1e-3  # relative error of the ratio where both fluxes have the same noise
QUANTITIES = {"mag": "per magnitude", "x": "per half width of the field", "y": "per half height",
         "colour": "per magnitude of colour"}


def log_ratio(psf_flux, psf_sigma, aperture_flux, aperture_sigma):
    """Logarithm of PSF over aperture flux, relative to the median of each star, and its error.

    Parameters
    ----------
    psf_flux, psf_sigma, aperture_flux, aperture_sigma : ndarray of float, (n_images, n_stars)
        NaN where not measured.

    Returns
    -------
    ratio, sigma : ndarray of float, of the same shape

    Notes
    -----
    What a star has in all images alike, as a neighbour in its aperture, is no fault of a PSF and
    leaves the curves alone. The two fluxes share their photons: the variance of their difference
    is that of the aperture minus that of the better one (Hausman 1978, Econometrica 46, 1251).
    """
    positive = (psf_flux > 0) & (aperture_flux > 0)
    ratio = np.log(np.where(positive, psf_flux, np.nan) / np.where(positive, aperture_flux, 1))
    variance = (aperture_sigma / aperture_flux) ** 2 - (psf_sigma / psf_flux) ** 2
    return ratio - median_of_finite(ratio), np.sqrt(np.maximum(variance, 0) + RATIO_FLOOR**2)


def single_stars(ratio, sigma):
    """Stars whose PSF and aperture fluxes disagree in one image as those of no other star do.

    Ratio and sigma (n_images, n_stars) from `log_ratio`; bool of that shape. Farther from the
    median star of the image than 7 sigma, 1 % and the scatter of the stars in them, and 5 %: an
    asteroid or a cosmic ray that fell into the aperture. One was found in 63 images without fault.
    """
    away = ratio - median_of_finite(ratio, axis=1)[:, None]
    scatter = MAD_TO_SIGMA * median_of_finite(np.abs(away), axis=1)[:, None]
    limit = STAR_SIGMA * np.sqrt(sigma**2 + LEAST_DEPARTURE**2 + scatter**2)
    enough = np.isfinite(away).sum(1, keepdims=True) >= COMPARED_STARS
    with np.errstate(invalid="ignore"):
        return enough & (np.abs(away) > np.maximum(limit, STAR_DEPARTURE))


def lone_apertures(psf_flux, aperture_flux, aperture_sigma):
    """Excess of the apertures of stars that have no PSF flux in an image, where it stands out.

    Parameters
    ----------
    psf_flux, aperture_flux, aperture_sigma : ndarray of float, shape (n_images, n_stars)
        NaN where not measured.

    Returns
    -------
    ndarray of float, of the same shape
        Over what the star has in its other images, relative; NaN where it does not stand out.

    Notes
    -----
    A star whose core is masked was hit by something: a cosmic ray, or an asteroid, whose light
    the aperture holds too. Farther from the product of its mean and the coefficient of the image
    than 7 sigma, 1 % and its own scatter in them, and 5 %.
    """
    away = np.log(np.where(aperture_flux > 0, aperture_flux, np.nan))
    for _ in range(MEDIAN_ROUNDS):
        away = away - median_of_finite(away, axis=1)[:, None]
        away = away - median_of_finite(away)
    scatter = MAD_TO_SIGMA * median_of_finite(np.abs(away))
    limit = STAR_SIGMA * np.sqrt(
        (aperture_sigma / aperture_flux) ** 2 + LEAST_DEPARTURE**2 + scatter**2)
    enough = np.isfinite(away).sum(1, keepdims=True) >= COMPARED_STARS
    with np.errstate(invalid="ignore"):
        odd = enough & (away > np.maximum(limit, STAR_DEPARTURE)) & ~np.isfinite(psf_flux)
    return np.where(odd, np.exp(np.where(odd, away, 0.0)) - 1, np.nan)


def compare(ratio, sigma, quantities):
    """Scatter and slopes of the stars of one image; all relative.

    Parameters
    ----------
    ratio, sigma : ndarray of float, shape (n_stars,)
        From `log_ratio`; NaN where not measured.
    quantities : dict of str to ndarray of float, shape (n_stars,)
        Those that `QUANTITIES` names, of the stars; NaN where unknown.

    Returns
    -------
    values : dict of str to float
        ``scatter``, beyond the noise, and ``slope_<quantity>``; empty with too few stars.
    note : str
        What is beyond the noise and 1 % (slopes 2 %); empty where nothing is.

    Notes
    -----
    The scatter is that of the median absolute deviation, the slopes are the medians over all
    pairs (Theil-Sen), against chance by Kendall's tau: one bad aperture counts for neither.
    """
    good = np.isfinite(ratio) & np.isfinite(sigma)
    n = int(good.sum())
    if n < COMPARED_STARS:
        return {}, ""
    # the scatter, against that of the noise with so few stars
    noise2, all2 = float(np.mean(sigma[good] ** 2)), mad_sigma(ratio[good]) ** 2 * n / (n - 1)
    values, words = {"scatter": float(np.sqrt(max(all2 - noise2, 0.0)))}, []
    freedom = MAD_EFFICIENCY * (n - 1)
    by_chance2 = noise2 * special.chdtri(freedom, FLAGGED_BY_CHANCE) / freedom
    if values["scatter"] > LEAST_DEPARTURE and all2 > by_chance2:
        words.append(f"stars scatter by {100 * values['scatter']:.1f} % beyond the noise")
    # slopes, where the stars span a quantity
    for name, quantity in quantities.items():
        seen = good & np.isfinite(quantity)
        if seen.sum() < COMPARED_STARS or np.ptp(quantity[seen]) == 0:
            continue
        slope = theil_sen(quantity[seen], ratio[seen])[0]
        values[f"slope_{name}"] = slope
        if abs(slope) > 2 * LEAST_DEPARTURE and stats.kendalltau(
                ratio[seen], quantity[seen])[1] < FLAGGED_BY_CHANCE:
            words.append(f"slope of {100 * slope:+.1f} % {QUANTITIES[name]}")
    return values, ", ".join(words)
