"""variability.py: made-up stars, and AF Vel among the 169 stars of its field."""

from cosmouline.photometry import variability
from cosmouline.sources.io_external_lists import gather

import numpy as np
import pytest

AFVEL_DEG = (163.2604, -49.9063)  # International Variable Star Index
COLUMNS = ["ra", "dec", "x", "y", "flux", "error", "-", "-"]


def field(seed=1, n_images=60, n_stars=25, amplitude_mag=0.1, lost=0.05):
    """Fluxes and errors behind clouds; star 3 is a sine of this amplitude, errors are 1 %."""
    rng = np.random.default_rng(seed)
    mag = np.zeros((n_images, n_stars))
    mag[:, 3] = amplitude_mag * np.sin(np.arange(n_images))
    mean = 10 ** rng.uniform(3, 5, n_stars)
    flux = mean * 10 ** (-0.4 * mag) * 10 ** rng.uniform(-1, 0, (n_images, 1))
    sigma = 0.01 * flux
    flux = flux + sigma * rng.standard_normal(flux.shape)
    flux[rng.random(flux.shape) < lost] = np.nan
    return flux, sigma, mean


def test_the_star_that_varies_is_found_with_its_scatter():
    """A sine of amplitude a scatters by a / sqrt 2 and spans 1.95 a from 5 to 95 %."""
    flux, sigma, mean = field()

    found = variability.measure(flux, sigma)

    assert np.flatnonzero(found.is_variable).tolist() == [3]
    assert variability.ranking(found)[0] == 3
    expected = 0.1 / np.sqrt(2)
    assert found.excess[3] == pytest.approx(expected, rel=5 / np.sqrt(2 * 57))
    assert found.amplitude[3] == pytest.approx(0.195, abs=0.03)
    constant = np.delete(np.arange(25), 3)
    assert found.scatter[constant] == pytest.approx(0.0109, rel=5 / np.sqrt(2 * 57))
    # the square root of what 57 points leave of 0.0109^2 by chance, sqrt(2 / 56) of it
    assert found.excess[constant].max() < 0.0109 * np.sqrt(5 * np.sqrt(2 / 56))
    # 24 constant stars of 57 points: the mean of chi2 is known to sqrt(2 / 24 / 56)
    assert found.chi2[constant].mean() == pytest.approx(1, abs=5 * np.sqrt(2 / 24 / 56) + 0.04)
    steps = found.mag - (-2.5 * np.log10(mean))
    assert np.ptp(steps[constant]) < 6 * 2 * 0.0109 * 1.25 / np.sqrt(57)


def test_the_clouds_are_taken_out():
    flux, sigma, _ = field(lost=0.0)

    found = variability.measure(flux, sigma)

    clouds = -2.5 * np.log10(np.median(flux / np.median(flux, 0), 1))
    assert 2.5 * np.log10(found.coeff) == pytest.approx(
        clouds - np.median(clouds), abs=5 * 1.25 * 0.0109 / np.sqrt(24) + 0.01)
    assert (found.coeff_sigma / found.coeff).mean() == pytest.approx(
        1.08 * 0.01 / np.sqrt(24), rel=0.1)  # the root of chi2 above 1 adds 6 %, scatters 3 %


def test_a_star_of_few_points_is_ranked_last():
    flux, sigma, _ = field()
    flux[2:, 7] = np.nan

    found = variability.measure(flux, sigma)

    assert found.n[7] <= 2
    assert np.isnan([found.scatter[7], found.excess[7], found.chi2[7], found.amplitude[7]]).all()
    assert variability.ranking(found)[-1] == 7


def test_af_vel_is_the_most_variable_star_of_its_field(shared_data):
    """Source lists of 29 real images, zero points over 2.9 mag (astrosource's test data).

    Truth: AF Vel, an RR Lyrae star of 0.8 mag amplitude, varies most of the 169 common stars,
    by 0.29 mag against a median of 0.055; its scatter depends a little on the normalisation.
    """
    folder = shared_data("astrosource_lco") / "astrosource/test/test_files/comparison"

    lists = gather(folder, "*.psx", COLUMNS, tolerance=1.5, least=0.8)
    found = variability.measure(lists.flux, lists.sigma)

    assert lists.flux.shape == (29, 169)
    first = variability.ranking(found)[0]
    offset = (lists.places[first] - AFVEL_DEG) * (np.cos(np.radians(AFVEL_DEG[1])), 1.0)
    assert 3600 * np.hypot(*offset) < 3.0
    assert np.flatnonzero(found.is_variable).tolist() == [first]
    assert found.excess[first] == pytest.approx(0.29, abs=0.03)
    assert found.amplitude[first] == pytest.approx(0.8, abs=0.1)
    assert np.nanmedian(found.scatter) == pytest.approx(0.055, abs=0.015)
    assert 2.5 * np.log10(np.ptp(found.coeff) / found.coeff.min() + 1) == pytest.approx(2.9,
                                                                                        abs=0.1)


def test_the_excess_is_what_the_errors_do_not_explain():
    """With errors of 5 % in place of the true 1 %: 0.0715^2 less 0.055^2 of variance."""
    flux, sigma, _ = field(lost=0.0)

    found = variability.measure(flux, 5 * sigma)

    error = 1.0857 * 0.05 * np.sqrt(1 + 1 / 24)  # with that of the coefficient
    assert found.excess[3] == pytest.approx(np.sqrt(found.scatter[3] ** 2 - error**2), rel=0.05)


def test_scatters_of_unequal_errors_by_hand():
    """Sums over the points of each star, from its magnitudes and errors; some are missing."""
    rng = np.random.default_rng(9)
    flux, _, _ = field(seed=9, n_images=12, n_stars=6, lost=0.1)
    sigma = flux * rng.uniform(0.005, 0.04, flux.shape)
    sigma[3, 2] = 0.0  # no measurement

    found = variability.measure(flux, sigma)

    assert np.isnan(found.mags[3, 2])
    for k in range(6):
        seen = np.isfinite(found.mags[:, k])
        mag = found.mags[seen, k]
        relative2 = (sigma[seen, k] / flux[seen, k]) ** 2 + (
            found.coeff_sigma[seen] / found.coeff[seen]) ** 2
        error = 2.5 / np.log(10) * np.sqrt(relative2)
        assert mag == pytest.approx(-2.5 * np.log10(flux[seen, k] * found.coeff[seen]))
        assert found.n[k] == seen.sum()
        assert found.mag[k] == pytest.approx(np.median(mag))
        assert found.scatter[k] == pytest.approx(np.std(mag, ddof=1))
        assert found.error[k] == pytest.approx(np.sqrt(np.mean(error**2)))
        middle = np.average(mag, weights=error**-2.0)
        assert found.chi2[k] == pytest.approx((((mag - middle) / error) ** 2).sum() / (
            seen.sum() - 1))
        assert found.amplitude[k] == pytest.approx(np.ptp(np.percentile(mag, [5, 95])))
        excess2 = found.scatter[k] ** 2 - found.error[k] ** 2
        assert found.excess[k] == pytest.approx(np.sqrt(max(excess2, 0)))
    # three points are enough
    flux[3:, 4] = np.nan
    sigma[3, 2] = 1.0
    flux[:3, 4] = [1.0, 1.1, 0.9]
    sigma[:3, 4] = 0.1
    assert np.isfinite(variability.measure(flux, sigma).scatter[4])
