"""Relative fluxes of stars per set, and their trends."""

from cosmouline.photometry.set_terms import set_terms, trend

import numpy as np
import pytest

N_IMAGES, N_STARS, NOISE = 40, 8, 0.004
SETS = ["R"] * 24 + ["V"] * 16
COLOUR = np.linspace(-0.05, 0.05, N_STARS)


def residuals(seed, colour):
    """Residuals of constant stars whose flux is higher by `colour` in V."""
    noise = NOISE * np.random.default_rng(seed).standard_normal((N_IMAGES, N_STARS))
    return noise + np.where(np.array(SETS) == "V", 1, 0)[:, None] * colour


def terms_of(residual, sets=SETS, is_variable=None):
    variable = np.zeros(residual.shape[1], bool) if is_variable is None else is_variable
    return set_terms(residual, np.full(residual.shape, NOISE), sets,
                     np.ones(residual.shape, bool), variable)


def test_the_terms_are_the_colours():
    found = terms_of(residuals(1, COLOUR))

    assert found.sets == ["R", "V"]
    error = NOISE * np.sqrt(1 / 24 + 1 / 16)
    assert found.term[1] - found.term[0] == pytest.approx(COLOUR, abs=5 * error)
    assert found.term.mean(1) == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("seed", range(2, 22))
def test_noise_makes_no_terms(seed):
    found = terms_of(residuals(seed, 0 * COLOUR))

    assert found.scatter == 0
    assert not found.term.any()


def test_one_set_has_no_terms():
    found = terms_of(residuals(3, COLOUR), ["R"] * N_IMAGES)

    assert found.scatter == 0
    assert found.term.tolist() == [[0.0] * N_STARS]


def test_a_set_of_one_image_keeps_most_of_its_noise():
    residual = residuals(4, 0.3 * COLOUR)
    sets = [*SETS[:-1], "U"]

    found = terms_of(residual, sets)

    u = found.sets.index("U")
    weight = found.scatter**2 / (found.scatter**2 + NOISE**2)
    assert found.term[u] == pytest.approx(weight * found.raw[u], abs=1e-3)
    assert weight < 0.9


def test_a_variable_star_does_not_tell():
    residual = residuals(5, 0 * COLOUR)
    residual[:, 2] += np.where(np.array(SETS) == "V", 0.2, -0.1)
    variable = np.arange(N_STARS) == 2

    assert not terms_of(residual, is_variable=variable).term.any()
    assert terms_of(residual).term.any()


def test_a_star_missing_in_a_set_has_no_term_there():
    residual = residuals(6, COLOUR)
    residual[24:, 3] = np.nan

    found = terms_of(residual)

    assert np.isnan(found.raw[1, 3])
    assert found.term[1, 3] == 0


def test_the_slope_with_the_airmass():
    random = np.random.default_rng(7)
    airmass = random.uniform(1, 2, N_IMAGES)
    airmass[3] = np.nan
    true = np.linspace(-0.02, 0.02, N_STARS)
    residual = residuals(8, 0 * COLOUR) + np.nan_to_num(airmass - 1.5)[:, None] * true
    used = np.ones(residual.shape, bool)
    used[:38, 0] = False

    slope, sigma = trend(residual, np.full(residual.shape, NOISE), used, airmass)

    # spread of a uniform airmass: 1 / sqrt(12)
    assert sigma[1:] == pytest.approx(NOISE * np.sqrt(12 / 39), rel=0.2)
    assert slope[1:] == pytest.approx(true[1:], abs=5 * NOISE * np.sqrt(12 / 39))
    assert np.isnan(slope[0])
    assert np.isnan(trend(residual, residual * 0 + NOISE, used, np.ones(N_IMAGES))[0]).all()
