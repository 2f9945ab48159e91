"""Fit of the Moffat: stamps drawn with the model itself give back its parameters."""

from cosmouline.psf.model import (
    N_LINEAR,
    N_QUADRATIC,
    gradient_of,
    moffat,
    render,
    star_parameters,
)
from cosmouline.psf.moffat import (
    MoffatFit,
    first_guess,
    fit_moffat,
    gain_of_quadratic,
    linear_amplitude,
)

import numpy as np
import pytest
from scipy.optimize import minimize

SIDE, UP = 20, 2
OFFSETS = np.array([[0.3, -0.2], [-0.4, 0.4], [0.1, 0.0], [0.45, -0.3], [-0.2, 0.2]])
UV = np.array([[-0.9, 0.3], [0.8, -0.7], [0.1, 0.9], [0.5, 0.5], [-0.5, -0.8]])


def drawn(theta, uv=None):
    """Noise-free stars of amplitudes 1000 to 3000."""
    parameters = np.atleast_2d(star_parameters(theta[:4], gradient_of(theta), uv))
    offsets = OFFSETS if uv is None else np.resize(OFFSETS, (len(uv), 2))
    amplitude = np.linspace(1000, 3000, len(offsets))
    narrow = moffat(parameters, SIDE * UP, UP, None if uv is None else theta[0])
    stars = render(narrow, offsets, SIDE, UP)
    return amplitude[:, None, None] * stars, amplitude


@pytest.mark.parametrize(
    ("fwhm_px", "e1", "e2", "beta"), [(2.5, 0.05, -0.03, 3.0), (4.0, -0.4, 0.5, 2.5)]
)
def test_the_parameters_of_drawn_stars_come_back(fwhm_px, e1, e2, beta):
    theta = np.array([np.log(fwhm_px), e1, e2, np.log(beta)])
    data, amplitude = drawn(theta)

    fit = fit_moffat(data, np.ones_like(data), first_guess(5, 3.0), UP)

    # without noise; the last step gains less than 1e-4 in chi2
    assert fit.theta == pytest.approx(theta, abs=1e-4)
    assert fit.offset_px == pytest.approx(OFFSETS, abs=1e-4)
    assert fit.amplitude == pytest.approx(amplitude, rel=1e-4)
    assert fit.gradient is None


def test_a_linear_field_comes_back():
    theta = np.array([np.log(3.0), 0.05, 0.0, np.log(3.0), 0.04, -0.02, 0.03, 0.0, 0.0, 0.05])
    data, _ = drawn(theta, UV)

    fit = fit_moffat(data, np.ones_like(data), first_guess(5, 3.0), UP, UV)

    assert fit.theta == pytest.approx(theta, abs=1e-4)
    assert fit.gradient == pytest.approx(theta[4:].reshape(3, 2), abs=1e-4)


def over_field(n_stars, curved):
    """Stars at random places, ln(FWHM) with a slope and a quadratic of that size."""
    uv = np.random.default_rng(5).uniform(-1, 1, (n_stars, 2))
    theta = np.zeros(N_QUADRATIC)
    theta[[0, 1, 3, 4, 10, 11, 12]] = [np.log(3), 0.05, np.log(3), 0.03, curved, -curved, curved]
    return theta, uv, *drawn(theta, uv)


def test_a_quadratic_field_comes_back():
    theta, uv, data, _ = over_field(12, 0.05)

    fit = fit_moffat(data, np.ones_like(data), first_guess(12, 3.0), UP, uv, 60, N_QUADRATIC)

    assert fit.theta == pytest.approx(theta, abs=1e-4)
    assert fit.gradient[0] == pytest.approx([0.03, 0, 0.05, -0.05, 0.05], abs=1e-4)
    assert fit.gradient[1:, 2:] == pytest.approx(0)


@pytest.mark.parametrize("curved", [0.0, 0.02])
def test_the_gain_of_a_quadratic_is_that_of_fits_without_each_star(curved):
    """The slow obvious version: both models fitted without a star, then to that star alone."""
    _, uv, data, _ = over_field(12, curved)
    random = np.random.default_rng(8)
    weight = np.full(data.shape, 0.25**2)
    data = data + 4 * random.standard_normal(data.shape)
    linear = fit_moffat(data, weight, first_guess(12, 3.0), UP, uv, 60)

    slow = 0.0
    for star in range(12):
        rest = np.arange(12) != star
        start = MoffatFit(linear.theta, linear.offset_px[rest], None, np.inf)
        for sign, n_common in ((1, N_LINEAR), (-1, N_QUADRATIC)):
            theta = fit_moffat(data[rest], weight[rest], start, UP, uv[rest], 60, n_common).theta
            at = star_parameters(theta[:4], gradient_of(theta), uv[[star]])
            narrow = moffat(at, SIDE * UP, UP, theta[0])
            slow += sign * chi2_of_place_and_flux(data[star], weight[star], narrow,
                                                  linear.offset_px[star])
    gain = gain_of_quadratic(data, weight, linear, UP, uv)

    # the step to the other stars is linear: right to a tenth, and to the tolerance of the fits
    assert gain == pytest.approx(slow, rel=0.1, abs=2)
    assert (gain > 20) == (curved > 0)


def chi2_of_place_and_flux(data, weight, narrow, start_px):
    """Least chi2 of a star with a given Moffat, its place and flux free."""

    def chi2(offset_px):
        model = render(narrow, offset_px[None], SIDE, UP)
        left = data - linear_amplitude(data[None], weight[None], model)[0] * model[0]
        return (weight * left**2).sum()

    return minimize(chi2, start_px, method="Nelder-Mead",
                    options={"xatol": 1e-5, "fatol": 1e-4}).fun


def test_pixels_without_weight_do_not_count():
    theta = np.array([np.log(3.0), 0.0, 0.1, np.log(3.0)])
    data, _ = drawn(theta)
    weight = np.ones_like(data)
    weight[0], weight[1, 5:9] = 0, 0
    data[0], data[1, 5:9] = 1e6, -1e6

    fit = fit_moffat(data, weight, first_guess(5, 3.0), UP)

    assert fit.theta == pytest.approx(theta, abs=1e-4)
    assert fit.amplitude[0] == 0


def test_the_parameters_stay_in_their_ranges():
    line = np.zeros((1, SIDE, SIDE))
    line[0, SIDE // 2] = 1000.0  # a trail through the whole stamp

    fit = fit_moffat(line, np.ones_like(line), first_guess(1, 3.0), UP)

    assert np.hypot(*fit.theta[1:3]) <= 0.8 + 1e-12
    assert np.exp(fit.theta[0]) <= SIDE + 1e-9
    assert np.isfinite(fit.theta).all()


def test_the_linear_amplitude_is_that_of_least_squares():
    random = np.random.default_rng(4)
    data, weight, model = random.random((3, 2, 5, 5))
    root = np.sqrt(weight)

    expected = [
        np.linalg.lstsq((r * m).reshape(-1, 1), (r * d).ravel(), rcond=None)[0][0]
        for r, m, d in zip(root, model, data, strict=True)
    ]

    assert linear_amplitude(data, weight, model) == pytest.approx(expected)
    assert linear_amplitude(data, 0 * weight, model) == pytest.approx([0, 0])
