"""What coefficients and the errors of the stars are, for one rich campaign.

That they are right is shown elsewhere, against truth and by hand: see tests/recorded.py.
"""

from cosmouline.photometry import (
    absolute_error,
    calibration,
    coefficient_fit,
    coefficient_median,
    coefficients,
    magnitudes,
    outlier_images,
    psf_aperture,
    renormalisation,
    set_terms,
    variability,
)
from cosmouline.photometry.zero_points import zero_point

import numpy as np
import pytest

N_IMAGES, N_STARS = 30, 9
SETS = ["R1"] * 12 + ["R2"] * 10 + ["V"] * 8
NIGHTS = np.repeat(np.arange(10), 3)


@pytest.fixture(scope="module")
def stars():
    """Fluxes and errors: two cameras and a filter, clouds, a variable star, outliers, gaps."""
    rng = np.random.default_rng(17)
    clear = rng.uniform(0.3, 1.1, N_IMAGES)
    star, colour = np.geomspace(3e3, 4e5, N_STARS), rng.normal(0, 0.06, N_STARS)
    flux = np.outer(clear, star)
    flux[22:] *= np.exp(colour)
    flux[12:22] *= 0.8 * np.exp(0.3 * colour)
    flux[:, 6] *= 1 + 0.15 * np.sin(np.arange(N_IMAGES) / 2)
    sigma = np.sqrt(flux + 120.0**2) * rng.uniform(0.8, 1.5, flux.shape)
    scatter = 0.006 * rng.standard_normal((10, N_STARS))[NIGHTS]
    flux = flux * (1 + scatter) + sigma * rng.standard_normal(flux.shape)
    flux[5, 3] *= 1.5
    flux[rng.random(flux.shape) < 0.08] = np.nan
    aperture = flux * (1 + 0.01 * rng.standard_normal(flux.shape)) * (1 + 0.02 * star / 4e5)
    return flux, sigma, aperture


def test_coefficients(stars, recorded):
    flux, sigma, _ = stars
    fit = coefficient_fit.normalise(flux, sigma, reference=2)
    recorded("photometry/coefficients", {
        "fit": fit, "free": coefficient_fit.normalise(flux, sigma, min_stars=4),
        "pulls": coefficient_fit.star_pulls(fit, flux, sigma),
        "steps": coefficient_fit.point_to_point(fit.residual, fit.used, -np.arange(30.0) ** 2),
        "als": coefficients.solve(flux, sigma, 3, "als")._asdict(),
        "with_sets": coefficients.solve(flux, sigma, 3, "als", SETS)._asdict(),
        "median": coefficients.solve(flux, sigma, 3, "median")._asdict(),
        "renormalise": coefficient_median.renormalise(flux, SETS, 4, 1),
        "tied": renormalisation.solve(flux, sigma, 3, "als", SETS, SETS, 2)._asdict(),
        "tied_medians": renormalisation.solve(flux, sigma, 3, "median", SETS, SETS, 2)._asdict(),
    })


def test_many_stars_that_vary_together(recorded):
    rng = np.random.default_rng(4)
    flux = np.outer(rng.uniform(0.5, 1, 14), np.geomspace(1e4, 1e5, 8))
    flux[:, ::2] *= 1 + 0.05 * rng.standard_normal(14)[:, None]
    sigma = flux * np.linspace(0.003, 0.006, 8)
    recorded("photometry/second_reading", coefficients.solve(
        flux + sigma * rng.standard_normal(flux.shape), sigma, 1, "als")._asdict())


def test_scatter_of_the_stars(stars, recorded):
    flux, sigma, _ = stars
    found = coefficients.solve(flux, sigma, 0, "als", SETS)
    given = found.residual, sigma / flux, found.used & ~found.is_variable, SETS, NIGHTS
    flagged = np.arange(N_IMAGES) % 7 == 3
    many = [*given[:4], np.repeat([0, 1], 15)]
    airmass = np.linspace(1, 2.2, N_IMAGES)
    recorded("photometry/calibration", {
        "plain": calibration.calibrate(*given),
        "flagged": calibration.calibrate(*given, flagged),
        "slow": calibration.calibrate(*many, times=np.arange(30.0) ** 1.5),
        "trend": set_terms.trend(*given[:3], airmass),
        "absolute": absolute_error.absolute_sigma(
            found.coeff, found.coeff_sigma, absolute_error.photon_error(flux, sigma),
            np.where(flagged, np.nan, np.linspace(0.002, 0.03, N_IMAGES)), 4),
        "sum": absolute_error.sum_error([1.02, 0.99, 1.005, 0.97]),
        "variability": variability.measure(flux, sigma),
        "ranking": variability.ranking(variability.measure(flux, sigma))})


def test_psfs_against_apertures(stars, recorded):
    flux, sigma, aperture = stars
    ratio, error = psf_aperture.log_ratio(flux, sigma, aperture, 1.7 * sigma)
    ratio[4, 2] += 0.2
    quantities = {"mag": -2.5 * np.log10(np.nanmean(flux, 0)), "x": np.linspace(-1, 1, 9) ** 3,
                  "y": np.cos(np.arange(9.0)), "colour": np.r_[np.arange(5.0), [np.nan] * 4]}
    recorded("photometry/apertures", {
        "ratio": ratio, "error": error, "alone": psf_aperture.single_stars(ratio, error),
        "of_images": [psf_aperture.compare(ratio[k] + 0.03 * quantities["x"] * (k % 2), error[k],
                                           quantities) for k in range(6)]})


def test_magnitudes_and_zero_points(stars, recorded):
    flux, sigma, _ = stars
    coeff = np.linspace(0.8, 1.4, N_IMAGES)
    mag, error = magnitudes.image_magnitudes(flux, sigma, coeff, 0.01 * coeff**2)
    catalogue = 25 + mag[3] + 0.03 * np.sin(np.arange(9.0))
    catalogue[4] += 1.0
    found = zero_point.of_stars(catalogue, np.linspace(0.01, 0.05, 9), mag[3], error[3])
    recorded("photometry/magnitudes", {
        "mag": mag, "error": error, "of_flux": magnitudes.mag_error(sigma, flux),
        "zero_point": found,
        "of_images": zero_point.of_images(found, coeff, 0.02 * coeff, 100 + 10 * coeff),
        "odd": outlier_images.standing_out(np.r_[np.sin(np.arange(20.0)), 9.0], 0.5)})
