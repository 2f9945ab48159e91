"""Residuals of a PSF: rho statistics against a slow obvious version."""

from cosmouline.psf.over_field.validation import mean_and_error, rho_statistics, slope_with_error

import numpy as np
import pytest


def test_rho_statistics_are_means_over_all_pairs():
    rng, n = np.random.default_rng(1), 40
    xy = rng.uniform(0, 100, (n, 2))
    e, model = (rng.normal(0, 0.05, n) + 1j * rng.normal(0, 0.05, n) for _ in range(2))
    size, own = rng.uniform(4, 5, (2, n))
    edges = np.array([0.0, 30.0, 60.0])
    model[5] = np.nan
    found = rho_statistics(xy, e, model, size, own, edges)

    de, w = e - model, e * (size - own) / size
    expected, pairs = np.zeros((5, 2)), np.zeros(2)
    for i in range(n):
        for j in range(n):
            away = np.hypot(*(xy[i] - xy[j]))
            if i == j or 5 in (i, j) or away >= 60:
                continue
            k = int(away >= 30)
            pairs[k] += 1
            for row, (a, b) in enumerate(((de, de), (e, de), (w, w), (de, w), (e, w))):
                expected[row, k] += (np.conj(a[i]) * b[j]).real
    assert np.array_equal(found.n_pairs, pairs / 2)
    assert np.allclose(found.rho, expected / pairs, rtol=1e-10, atol=1e-15)


def test_rho_statistics_are_those_of_treecorr():
    treecorr = pytest.importorskip("treecorr")
    rng = np.random.default_rng(4)
    xy = rng.uniform(0, 100, (300, 2))
    e = 0.04 * np.exp(1j * xy[:, 0] / 40) + rng.normal(0, 0.01, (300, 2)) @ [1, 1j]
    model = e + 0.005 * np.exp(2j * xy[:, 1] / 60) + rng.normal(0, 0.003, (300, 2)) @ [1, 1j]
    size = rng.uniform(3, 5, 300)
    other = size * (1 + rng.normal(0, 0.05, 300))
    edges = np.geomspace(2, 60, 7)
    found = rho_statistics(xy, e, model, size, other, edges)
    de, w = e - model, e * (size - other) / size
    for rho, (a, b) in zip(found.rho, ((de, de), (e, de), (w, w), (de, w), (e, w)), strict=True):
        pairs = treecorr.GGCorrelation(min_sep=2, max_sep=60, nbins=6, bin_slop=0)
        pairs.process(*(treecorr.Catalog(x=xy[:, 0], y=xy[:, 1], g1=one.real, g2=one.imag)
                        for one in (a, b)))
        assert rho == pytest.approx(pairs.xip, rel=1e-6, abs=1e-12)


def test_an_outlier_does_not_move_the_mean():
    values = np.random.default_rng(2).normal(0.01, 0.002, 400)
    values[3], values[4] = 5.0, np.nan
    mean, error, scatter = mean_and_error(values)
    assert mean == pytest.approx(0.01, abs=5 * 0.002 / 20)
    assert error == pytest.approx(0.0001, rel=0.3)
    assert scatter == pytest.approx(0.002, rel=0.3)
    assert np.isnan(mean_and_error([1.0])).all()


def test_faint_stars_count_by_their_noise():
    # 60 bright stars and 200 faint ones that scatter as the noise lets them; theory of the error:
    # 1 / sqrt(sum of weights), with the scatter of the model at the bright end
    rng = np.random.default_rng(3)
    snr = np.r_[np.full(60, 1000.0), np.full(200, 20.0)]
    values = 0.01 + rng.normal(0, np.hypot(0.004, 2 / snr))
    mean, error, _ = mean_and_error(values, snr)
    exact = 1 / np.sqrt((1 / (0.004**2 + (2 / snr) ** 2)).sum())
    assert error == pytest.approx(exact, rel=0.25)
    assert abs(mean - 0.01) < 4 * exact
    assert mean_and_error(values)[1] > 5 * exact


def test_the_slope_has_its_error():
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 10, 500)
    slope, error = slope_with_error(x, 0.3 * x + rng.normal(0, 1, 500))
    assert error == pytest.approx(1 / np.sqrt(500) / x.std(), rel=0.15)
    assert slope == pytest.approx(0.3, abs=5 * error)
    assert np.isnan(slope_with_error([1.0, 2.0], [1.0, 2.0])).all()
