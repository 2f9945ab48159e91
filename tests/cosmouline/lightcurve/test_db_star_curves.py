from cosmouline.lightcurve.db_star_curves import variability

import numpy as np
import pytest


def test_chi2_and_rms_about_the_mean():
    table = {"mag_a": np.array([10.0, 10.2, 9.8, np.nan]), "magerr_a_cov": np.full(4, 0.1)}

    found = variability(table, "a")

    assert found["points"] == 3
    assert found["mag"] == pytest.approx(10.0)
    assert found["rms_mag"] == pytest.approx(0.2)
    assert found["chi2"] == pytest.approx((0.04 + 0.04) / 0.01 / 2)
    assert variability({"mag_a": np.array([1.0]), "magerr_a_cov": np.array([0.1])}, "a") == {
        "points": 1}
