from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.lightcurve import db_quicklook

import numpy as np
import pytest


def rows():
    return [{"img_name": f"i{k}", "mjd": 60000.0 + k, "mhjd": 60000.001 + k, "telescope": "T",
             "dec_coeff__d": 2.0, "dec_coeff_sigma__d": 0.02, "medcoeff": 3.0,
             "medcoeff_sigma": 0.03, "flux_e__d__A": flux, "flux_sigma_e__d__A": 1.0,
             "airmass": 1.0 + k, "set_name": "R"} for k, flux in enumerate([100.0, -5.0, 50.0])]


def test_a_flux_that_is_not_positive_has_no_magnitude():
    found = db_quicklook.by_image(rows()[::-1], ["A"], SimpleNamespace(dec_name="d"))

    assert found.mhjd.tolist() == [60000.001, 60001.001, 60002.001]
    assert found.mags[0] == pytest.approx(-2.5 * np.log10([200, np.nan, 100]), nan_ok=True)
    assert found.sigmas[0, 0] == pytest.approx(1.0857362 * np.hypot(0.01, 0.01))


@pytest.mark.parametrize(("center", "flux"), [("mean", 120.0), ("median", 105.0)])
def test_the_nights_are_joined_by_the_setting_in_order_of_time(center, flux):
    """A skewed night of 100, 105 and 155 e-, after one of a single image."""
    found = [row | {"mjd": mjd, "mhjd": mjd + 0.5, "flux_e__d__A": flux, "site_lon_deg": 0.0,
                    "dec_coeff_sigma__d": 0.0}
             for row, mjd, flux in zip([rows()[0]] * 4, (60009.95, 60010.0, 60010.02, 60003.0),
                                       (100.0, 105.0, 155.0, 50.0), strict=True)]
    settings = SimpleNamespace(dec_name="d", join_center=center)

    nights = db_quicklook.by_night(found, ["A"], settings)

    assert nights.mhjd == pytest.approx([60003.5, 60010.49])
    assert nights.mags[0] == pytest.approx(-2.5 * np.log10([100.0, 2 * flux]))
    assert nights.sigmas[0, 0] == pytest.approx(2.5 * np.log10(1 + 1 / 50))
    assert nights.rows == []


def test_the_coefficient_is_replaced_where_it_is_known():
    given = rows()
    del given[1]["medcoeff"], given[2]["medcoeff_sigma"]

    found = db_quicklook.with_coefficient(given, "d", "medcoeff")
    none = db_quicklook.with_coefficient(given, "d", "none")

    assert [row["dec_coeff__d"] for row in found] == [3.0, 3.0]
    assert {row["dec_coeff__d"] for row in none} == {1.0}
    assert [row["dec_coeff_sigma__d"] for row in found] == pytest.approx([0.03, np.nan],
                                                                          nan_ok=True)
    assert given[0]["dec_coeff__d"] == 2.0
    assert db_quicklook.with_coefficient(given, "d", None) is given


def test_the_total_counts_every_point_once():
    """Steps of 1 about a flat line: |m2 - mean of neighbours| is 1 = 2 errors of A, 1 of B."""
    mhjd = np.arange(6.0)
    zigzag = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    sparse = np.array([0.0, 1.0, 0.0, np.nan, np.nan, np.nan])
    curves = db_quicklook.Curves(mhjd, np.array([zigzag, sparse]),
                                 np.array([[0.5] * 6, [1.0] * 6]), [])

    words, lines = db_quicklook.notes(curves, ["A", "B"])

    assert words[0] == "distance from neighbours: 2.00 x error (median 2.00, 4 points)"
    assert lines[-1] == "all: distance from neighbours: 1.80 x error (5 points)"  # (4x2 + 1) / 5
    alone = db_quicklook.Curves(mhjd[:1], zigzag[None, :1], zigzag[None, :1], [])
    assert db_quicklook.notes(alone, ["A"])[0] == ["too few points to measure the scatter"]


def test_numbers_and_texts_give_colours():
    values, unit = db_quicklook.colour_of(rows(), "airmass")
    assert (values.tolist(), unit) == ([1.0, 2.0, 3.0], "1")
    assert db_quicklook.colour_of(rows(), "set_name")[0].tolist() == ["R"] * 3
    with pytest.raises(UserError, match="no image has 'moon_dist_deg'"):
        db_quicklook.colour_of(rows(), "moon_dist_deg")


def test_another_coefficient_is_in_the_name_and_the_title():
    def settings(coefficient, **more):
        options = SimpleNamespace(coefficient=coefficient, sum=["S=A+A"])
        return SimpleNamespace(**{"dec_name": "d", "band": "R", "options": options,
                                  "sum_sources": {}} | more)

    assert db_quicklook.file_name(settings(None), "by_night") == "d_by_night"
    assert db_quicklook.file_name(settings("none"), "by_night") == "d_none_by_night"
    assert db_quicklook.title(settings(None)) == "d R"
    assert db_quicklook.title(settings("none", band="")) == "d (coefficient none)"
    db = SimpleNamespace(select=lambda **_: [row | {"dec_chi2__d": 1.0} for row in rows()])
    found, sources = db_quicklook.chosen(db, settings("medcoeff"))
    assert [row["dec_coeff__d"] for row in found] == [3.0] * 3
    assert sources == ["A", "S"]
    assert found[0]["flux_e__d__S"] == 200.0


@pytest.mark.parametrize(("given", "expected"), [
    (["set_name"], ["set_name"]), (["set_name", "set"], ["set"]),
    (["seeing", "airmass", "seeing"], ["field_fwhm_arcsec", "airmass"])])
def test_a_word_is_drawn_once(given, expected):
    assert db_quicklook.words(given) == expected
