"""sums.py: covariances against a slow sum, and against draws of correlated fluxes."""

from cosmouline.errors import UserError
from cosmouline.lightcurve import db_sums

import numpy as np
import pytest

FLUX = {"A": 1000.0, "B": 500.0, "C": 200.0}
COVARIANCE = np.array([[25.0, -12.0, 2.0], [-12.0, 16.0, -1.0], [2.0, -1.0, 9.0]])
PSF = {"A": 2.0, "B": 1.0, "C": 0.5}


def row(**changes):
    found = {"img_name": "i"}
    for i, one in enumerate(FLUX):
        found |= {f"flux_e__d__{one}": FLUX[one], f"flux_psf_e__d__{one}": PSF[one],
                  f"flux_sys_e__d__{one}": 3.0,
                  f"flux_sigma_e__d__{one}": np.sqrt(COVARIANCE[i, i] + PSF[one] ** 2)}
        found |= {f"flux_cov_e2__d__{one}__{other}": COVARIANCE[i, j]
                  for j, other in enumerate(FLUX) if j >= i}
    return found | changes


def test_the_variance_of_a_sum_is_that_of_its_draws():
    """100000 draws: the variance is known to sqrt(2 / 100000) = 0.45 %."""
    draws = np.random.default_rng(1).multivariate_normal([0] * 3, COVARIANCE, 100000)
    both = draws[:, 0] + draws[:, 1]

    (found,), sources = db_sums.with_sums([row()], list(FLUX), "d", {"S": ("A", "B")})

    assert sources == ["A", "B", "C", "S"]
    assert found["flux_e__d__S"] == 1500.0
    assert found["flux_cov_e2__d__S__S"] == pytest.approx(both.var(), rel=5 * 0.0045)
    assert found["flux_cov_e2__d__S__S"] == 25 + 16 - 24
    assert found["flux_cov_e2__d__C__S"] == 2 - 1
    assert found["flux_cov_e2__d__A__S"] == 25 - 12 + PSF["A"] ** 2  # its own part is in it
    assert found["flux_sigma_e__d__S"] == pytest.approx(np.sqrt(17 + 4 + 1))
    assert found["flux_sys_e__d__S"] == 6.0
    assert db_sums.quadrature_sigma(row(), ("A", "B"), "d") == pytest.approx(np.sqrt(41 + 4 + 1))


def test_a_sum_of_sums_is_that_of_all():
    (one,), _ = db_sums.with_sums([row()], list(FLUX), "d", {"S": ("A", "B"), "T": ("S", "C")})
    (other,), _ = db_sums.with_sums([row()], list(FLUX), "d", {"T": ("A", "B", "C")})

    for what in ("flux_e__d__T", "flux_sigma_e__d__T", "flux_cov_e2__d__T__T"):
        assert one[what] == pytest.approx(other[what])
    assert one["flux_cov_e2__d__T__T"] == pytest.approx(COVARIANCE.sum())


def test_a_source_that_does_not_shine_adds_nothing():
    dark = {name: value for name, value in row().items() if not name.endswith("__B")
            and "__B__" not in name}

    found, _ = db_sums.with_sums([dark, {"img_name": "j"}], list(FLUX), "d", {"S": ("A", "B")})

    assert found[0]["flux_e__d__S"] == 1000.0
    assert found[0]["flux_cov_e2__d__S__S"] == 25.0
    assert found[1] == {"img_name": "j"}
    assert "flux_e__d__S" not in dark  # the rows given stay as they are


def test_what_cannot_be_added_is_told():
    with pytest.raises(UserError, match="the sum S needs the source 'X', but the deconvolution d "
                                        "has A, B, C"):
        db_sums.with_sums([row()], list(FLUX), "d", {"S": ("A", "X")})
    with pytest.raises(UserError, match="the sum A has the name of a source"):
        db_sums.with_sums([row()], list(FLUX), "d", {"A": ("A", "B")})


def test_a_sum_is_written_with_plus():
    assert db_sums.parse("S=A+B +C") == ("S", ("A", "B", "C"))
    for text in ("S", "S=A", "=A+B", "S=A+"):
        with pytest.raises(UserError, match="write a name and two sources or more, as S=A"):
            db_sums.parse(text)
