"""Errors of coefficients as zero points."""

from cosmouline.photometry.absolute_error import absolute_sigma, photon_error, sum_error
from cosmouline.psf.fit import fit_psf
from cosmouline.psf.photometry import star_fluxes
from cosmouline.psf.posterior_draws import flux_scale, psf_draws

import numpy as np
import pytest

FWHM, N_DRAWS, N_FRAMES = 2.0, 12, 24
TOTAL_OVER_PHOTON = 1.18  # of 48 frames like those below, seeds 300 to 347


def measured(stamps, seed):
    """Fluxes and errors of the stars of a frame, with the error that they share."""
    given = stamps.data, stamps.sky_variance, stamps.good
    fit = fit_psf(*given, FWHM)
    stars = star_fluxes(*given, fit.psf.narrow(), 2, stamps.offset_px)
    _, drawn = psf_draws(fit, N_DRAWS, seed)
    return (stars.flux_e, stars.flux_sigma_e,
            sum_error(flux_scale(drawn, fit, FWHM, stamps.sky_variance)))


@pytest.mark.long
def test_the_sum_of_the_fluxes_is_as_wrong_as_the_error_says(star_stamps):
    frames = [star_stamps(300 + k, FWHM, (5e4, 3e5), n_stars=6, lobe_angle=0.7 * k,
                          beta=2.6 + 0.04 * k, halo=0.02 + 0.03 * (k % 5) / 4,
                          lobe=0.03 + 0.06 * (k % 7) / 6) for k in range(N_FRAMES)]

    flux, sigma, shared = (np.array(v) for v in zip(
        *(measured(frame, k) for k, frame in enumerate(frames)), strict=True))
    inside = [[frame.truth.stamp(frame.side_px, *xy).sum() for xy in frame.offset_px]
              for frame in frames]
    true = np.array([frame.flux_e for frame in frames]) * inside
    photon = photon_error(flux, sigma)
    ratio = (flux / sigma**2 * true).sum(1) / (true**2 / sigma**2).sum(1)
    absolute = absolute_sigma(np.ones(N_FRAMES), photon, photon, shared, N_DRAWS)
    off = ratio - np.average(ratio, weights=absolute**-2)

    # 48 such frames gave 1.24 +- 0.10
    noise = 1 / np.sqrt(2 * N_FRAMES)
    assert np.sqrt(np.mean((off / absolute) ** 2)) == pytest.approx(1, abs=3 * noise)
    # The error of the PSF counts, which without draws would be 0 and the ratio 1. Pooled over 24
    # frames of 12 draws the ratio is known to 1 / sqrt(2 * 24 * 11) = 4 %.
    pooled = np.sqrt(np.mean((absolute / photon) ** 2))
    assert pooled == pytest.approx(TOTAL_OVER_PHOTON, rel=0.15)


def test_draws_that_agree_have_no_common_error():
    assert sum_error([1.0, 1.0]) == 0
    assert sum_error([1.01, 0.99]) == pytest.approx(0.01)


def test_the_photon_error_is_that_of_the_weighted_mean():
    flux = np.array([[100.0, 400.0], [100.0, np.nan], [np.nan, np.nan]])

    found = photon_error(flux, np.full(flux.shape, 10.0))

    assert found[:2] == pytest.approx([1 / np.sqrt(10**2 + 40**2), 0.1])
    assert found[2] == np.inf


def test_what_the_images_share_steadies_the_few_draws():
    photon = np.full(3, 0.001)

    found = absolute_sigma([1.0, 2.0, 1.0], [0.001, 0.002, 0.001], photon,
                           [0.001, 0.003, 0.002], 4)

    # half of the variance is the image's own, half the mean of all three (4 draws and 4)
    expected = np.sqrt((np.array([1, 9, 4]) + 14 / 3) / 2) * 0.001
    assert found == pytest.approx(expected * [1, 2, 1])


def test_scatter_of_the_stars_adds_up_and_is_the_least():
    found = absolute_sigma([1.0, 1.0], [0.005, 0.005], [0.003, 0.003], [0.004, 0.004], 4)
    small = absolute_sigma([1.0, 1.0], [0.005, 0.005], [0.003, 0.003], [0.001, 0.001], 4)

    assert found == pytest.approx(np.sqrt(0.004**2 + 0.005**2 - 0.003**2))
    assert small == pytest.approx(0.005)


def test_without_draws_it_is_not_known():
    found = absolute_sigma([1.0, np.nan, 1.0], [0.01] * 3, [0.01] * 3, [np.nan, 0.02, 0.02], 4)
    none = absolute_sigma([1.0], [0.01], [0.01], [np.nan], 4)

    assert np.isnan(found).tolist() == [True, True, False]
    assert np.isnan(none).all()
