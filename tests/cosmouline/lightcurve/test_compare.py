"""curve_compare.py: pairs of points, and offset, scatter and pull of made-up curves."""

from cosmouline.errors import UserError
from cosmouline.lightcurve import compare

import numpy as np
import pytest


def table(mag, sigma, flag=None):
    n = len(mag)
    return {"mag_A": np.asarray(mag), "magerr_A_5": np.full(n, sigma),
            "flag": np.ones(n, bool) if flag is None else np.asarray(flag)}


def test_points_are_paired_with_their_mutual_nearest():
    i, j = compare.match([1.0, 2.0, 3.0, 9.0], [2.1, 2.2, 3.29, 20.0], 0.3)

    assert (i.tolist(), j.tolist()) == ([1, 2], [0, 2])
    assert compare.match([], [1.0], 0.3)[0].size == 0


def test_offset_scatter_and_pull_of_independent_noise():
    """400 points of noise 0.03 and 0.04: sigma 0.05, pull 1 +- 1.17/sqrt(400) by its MAD."""
    rng = np.random.default_rng(2)
    first = table(0.3 + rng.normal(0, 0.03, 400), 0.03)
    second = table(rng.normal(0, 0.04, 400), 0.04)
    both = np.arange(400)

    found = compare.difference(first, second, both, both, "A", "A")

    error = 0.05 / np.sqrt(400)
    assert found.sigma == pytest.approx(0.05)
    assert found.offset == pytest.approx(0.3, abs=5 * 1.25 * error)
    assert found.offset_sigma == pytest.approx(error, rel=5 / np.sqrt(800))
    assert found.rms == pytest.approx(0.05, rel=5 / np.sqrt(800))
    assert found.pull == pytest.approx(1, abs=5 * 1.17 / 20)
    assert found.robust == pytest.approx(0.05 * found.pull)


def test_flagged_points_do_not_count_and_ours_is_the_error_from_the_covariance():
    first = table([1.0, 1.1, 9.0], 0.02, [True, True, False]) | {"magerr_A_cov": np.full(3, 0.01)}
    second = table([0.0, 0.1, 0.0], 0.0)
    both = np.arange(3)

    found = compare.difference(first, second, both, both, "A", "A")

    assert found.offset == pytest.approx(1.0)
    assert found.rms == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(found.values).tolist() == [False, False, True]
    assert found.sigma == pytest.approx(0.01)
    lonely = compare.difference(first, second, both[:1], both[:1], "A", "A")
    assert np.isnan(lonely.offset)


def test_sources_are_paired_by_name_or_as_the_user_says():
    assert compare.pairs(["A", "B"], ["B", "C"]) == [("B", "B")]
    assert compare.pairs(["A", "B"], ["B", "C"], ["A=C"]) == [("A", "C")]
    assert compare.pairs(["A"], ["X"]) == [("A", "X")]  # a table of one source without a name
    with pytest.raises(UserError, match="--sources A=X: the first table has A, the second B"):
        compare.pairs(["A"], ["B"], ["A=X"])
    with pytest.raises(UserError, match=r"no source has the same name in both.*--sources A=B1"):
        compare.pairs(["A"], ["B"])
