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


def test_terms_by_hand_of_unequal_errors():
    """Loops over sets and stars: means, errors enlarged by chi2, scatter, and what is shrunk."""
    rng = np.random.default_rng(11)
    sets = ["V"] * 5 + ["R"] * 9 + ["I"] * 7
    error = rng.uniform(0.002, 0.01, (21, 5))
    residual = error * 1.8 * rng.standard_normal((21, 5))
    residual[:5] += [0.05, -0.04, 0.02, 0.0, -0.03]
    residual[14:] += [-0.06, 0.02, 0.01, 0.03, 0.04]
    residual[15, 2] = np.nan
    used = rng.random((21, 5)) > 0.1
    variable = np.array([False, False, False, False, True])

    found = set_terms(residual, error, sets, used, variable)

    good = used & np.isfinite(residual)
    weight = np.where(good, error**-2.0, 0)
    raw, sigma = np.zeros((3, 5)), np.zeros((3, 5))
    for k, name in enumerate(("I", "R", "V")):
        for j in range(5):
            some = good[:, j] & (np.array(sets) == name)
            w, r = weight[some, j], residual[some, j]
            raw[k, j] = (w * r).sum() / w.sum()
            chi2 = (w * (r - raw[k, j]) ** 2).sum() / (len(w) - 1)
            sigma[k, j] = np.sqrt(max(chi2, 1) / w.sum())
    of_star = np.where(variable, 0, weight.sum(0))
    raw -= ((raw * of_star).sum(1) / of_star.sum())[:, None]
    assert found.sets == ["I", "R", "V"]
    assert found.raw == pytest.approx(raw)
    assert found.sigma == pytest.approx(sigma)
    excess2 = (raw[:, :4] ** 2 - sigma[:, :4] ** 2).sum() / 9  # 3 sets of 4 - 1 stars
    assert found.scatter == pytest.approx(np.sqrt(excess2))
    shrunk = raw * excess2 / (excess2 + sigma**2)
    shrunk -= ((shrunk * of_star).sum(1) / of_star.sum())[:, None]
    assert found.term == pytest.approx(shrunk)


@pytest.mark.parametrize(("over", "is_seen"), [(1.02, True), (0.98, False)])
def test_the_scatter_counts_above_three_of_its_noise(over, is_seen):
    """Four stars, two sets of one point with the error e: terms of +-t about a mean of none.

    The sum of t^2 - e^2 over six degrees of freedom against 3 sqrt(2 * 8 e^4) of the same.
    """
    t = np.sqrt(1 + over * 3 * np.sqrt(2 * 8) / 8)
    residual = 0.01 * t * np.array([[1, -1, 1, -1], [-1, 1, -1, 1]])

    found = set_terms(residual, np.full((2, 4), 0.01), ["a", "b"], np.ones((2, 4), bool),
                      np.zeros(4, bool))

    assert (found.scatter > 0) == is_seen
    assert found.scatter == pytest.approx(0.01 * np.sqrt((t**2 - 1) * 8 / 6) * is_seen)


def test_a_slope_of_unequal_errors_is_that_of_a_weighted_line():
    """Against numpy's polynomial fit; one point is left out, one has no residual."""
    rng = np.random.default_rng(12)
    airmass = np.array([1.0, 1.1, 1.9, 1.3, 2.5, 1.6])
    error, residual = rng.uniform(0.002, 0.02, (6, 2)), rng.normal(0, 0.05, (6, 2))
    used = np.ones((6, 2), bool)
    used[1, 0], residual[4, 1] = False, np.nan

    slope, sigma = trend(residual, error, used, airmass)

    for j, gone in ((0, 1), (1, 4)):
        x, y, s = (np.delete(one, gone) for one in (airmass, residual[:, j], error[:, j]))
        line, cov = np.polyfit(x, y, 1, w=1 / s, cov="unscaled")
        assert slope[j] == pytest.approx(line[0])
        assert sigma[j] == pytest.approx(np.sqrt(cov[0, 0]))
    # three points are enough, two are not
    for n in (2, 3):
        few = np.broadcast_to((np.arange(6) < n)[:, None], (6, 2))
        residual[4, 1] = 0.0
        assert np.isfinite(trend(residual, error, few, airmass)[0]).tolist() == [n == 3] * 2
