"""Calibrated magnitudes: the offset of every image, and its mean over a point."""

from types import SimpleNamespace

from cosmouline.lightcurve import db_calibrated
from cosmouline.lightcurve.db_curves import sources_of

import numpy as np
import pytest

SETTINGS = SimpleNamespace(renorm_name="mine", dec_name="dec")


def row(mjd, scale=30.0, coeff=1.0, renorm=1.0, names=("mine", "dec")):
    own, dec = names
    return {"mjd": mjd, "mhjd": mjd, f"zero_point_scale_mag__{own}": scale,
            f"zero_point_scale_sigma_mag__{own}": 0.02, f"dec_coeff__{dec}": coeff,
            f"renorm__{own}": renorm, f"zero_point_band__{own}": "G (Vega)"}


def joined(mag):
    return SimpleNamespace(mag=np.array(mag))


def test_a_point_is_shifted_by_its_images_and_sorted_by_date():
    rows = [row(5.0), row(1.0, 30.2), row(1.1, 30.4)]
    groups = [np.array([0]), np.array([1, 2])]
    found = db_calibrated.columns(rows, groups, joined([[-12.0, np.nan], [-11.0, -10.0]]),
                                  ["A", "B"], SETTINGS)
    np.testing.assert_allclose(found["mag_cal_A"], [-11.0 + 30.3, 18.0])
    np.testing.assert_allclose(found["mag_cal_B"], [20.3, np.nan])
    np.testing.assert_allclose(found["magerr_cal_A"], 0.02)
    assert found["magerr_cal_B"][1] == np.inf
    assert db_calibrated.band_of(rows, SETTINGS) == "G (Vega)"


def test_another_coefficient_than_renorm_enters_by_its_ratio():
    """Fluxes x 2 are brighter by 2.5 lg 2: the offset takes that back."""
    offset, _ = db_calibrated.offsets([row(1.0, coeff=2.0)], SETTINGS)
    assert offset[0] == pytest.approx(30.0 + 2.5 * np.log10(2))


def test_other_names_and_no_zero_points_give_no_columns():
    groups = [np.array([0])]
    for names in (("other", "dec"), ("mine", "other")):
        assert db_calibrated.columns([row(1.0, names=names)], groups, joined([[-12.0]]), ["A"],
                                     SETTINGS) == {}
    assert db_calibrated.band_of([{}], SETTINGS) == ""


def test_calibrated_columns_are_no_sources_of_their_own():
    assert sources_of({"mag_A": 0, "mag_cal_A": 0, "mag_cal_B": 0}) == ["A", "cal_B"]
