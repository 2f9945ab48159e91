"""Fit of the Moffat: stamps drawn with the model itself give back its parameters."""

from cosmouline.psf.model import moffat, render, star_parameters
from cosmouline.psf.moffat import first_guess, fit_moffat, linear_amplitude

import numpy as np
import pytest

SIDE, UP = 20, 2
OFFSETS = np.array([[0.3, -0.2], [-0.4, 0.4], [0.1, 0.0], [0.45, -0.3], [-0.2, 0.2]])
UV = np.array([[-0.9, 0.3], [0.8, -0.7], [0.1, 0.9], [0.5, 0.5], [-0.5, -0.8]])


def drawn(theta, uv=None):
    """Noise-free stars of amplitudes 1000 to 3000."""
    gradient = theta[4:].reshape(3, 2) if len(theta) > 4 else None
    parameters = np.atleast_2d(star_parameters(theta[:4], gradient, uv))
    amplitude = np.linspace(1000, 3000, len(OFFSETS))
    stars = render(moffat(parameters, SIDE * UP, UP), OFFSETS, SIDE, UP)
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
