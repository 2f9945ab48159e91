"""The response of shapes and of the selection: numbers by hand."""

from cosmouline.shapes.response import mean_shear

import numpy as np
import pytest


def versions(n, response, g, rng):
    """Ellipticities that follow a shear by a given response."""
    plain = rng.normal(0, 0.1, (n, 2)) + response @ g
    found = {"NOSHEAR": plain}
    for j in (0, 1):
        for sign, letter in ((1, "P"), (-1, "M")):
            found[f"{j + 1}{letter}"] = plain + sign * 0.01 * response[:, j]
    return found


def test_the_shear_comes_out_whatever_the_response():
    response = np.array([[0.5, 0.02], [-0.03, 0.6]])
    e = versions(4000, response, np.array([0.03, -0.02]), np.random.default_rng(1))
    shear = mean_shear(e, dict.fromkeys(e, np.ones(4000, bool)))
    assert np.allclose(shear.response, response)
    assert np.allclose(shear.selection, 0)
    error = 0.1 / np.sqrt(4000) / 0.5
    assert np.allclose(shear.g, (0.03, -0.02), atol=5 * error)
    assert np.allclose(shear.error, error, rtol=0.5)


def test_a_selection_by_the_shape_is_corrected():
    # galaxies are kept for |e1| < 1.2 sigma. Theory: the mean of a Gaussian cut so moves by
    # 1 - 2 a phi(a) / (2 Phi(a) - 1) = 0.395 of its shift. The same draws for both signs
    g, n, response = np.array([0.02, 0.0]), 20_000, np.diag([0.5, 0.5])
    both = []
    for sign in (1, -1):
        e = versions(n, response, sign * g, np.random.default_rng(2))
        both.append(mean_shear(e, {kind: np.abs(values[:, 0]) < 0.12
                                   for kind, values in e.items()}))
    assert (both[0].g - both[1].g)[0] / 2 == pytest.approx(0.02, abs=0.002)
    for one in both:
        assert one.selection[0, 0] == pytest.approx(0.5 * (0.395 - 1), rel=0.1)
        assert abs(one.selection[1, 1]) < 0.02


def test_objects_without_a_shape_do_not_count():
    e = versions(50, np.eye(2), np.zeros(2), np.random.default_rng(3))
    e["1M"][7] = np.nan
    assert mean_shear(e, dict.fromkeys(e, np.ones(50, bool))).n == 49
    assert np.isnan(mean_shear(e, dict.fromkeys(e, np.zeros(50, bool))).g).all()
