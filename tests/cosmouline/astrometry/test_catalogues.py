from cosmouline.astrometry import catalogues

import numpy as np
import pytest

GOOD = {"ra_deg": np.array([10.0, 10.1, 10.2]), "dec_deg": np.array([5.0, 5.0, 5.0]),
        "mag_G": np.array([15.0, 16.0, 17.0])}


@pytest.mark.parametrize(("column", "values", "text"), [
    ("ruwe", [1.0, 2.5, np.nan], "RUWE 2.50 above 1.4"),
    ("is_duplicated", [0, 1, np.nan], "duplicated"), ("is_variable", [0, 1, 0], "variable"),
    ("is_non_single", [0, 2, 0], "binary"), ("galaxy_probability", [0.1, 0.9, 0.2], "galaxy"),
    ("quasar_probability", [0.1, 0.9, np.nan], "quasar")])
def test_a_star_that_is_no_standard_is_named_with_the_reason(column, values, text):
    reasons = catalogues.problems(GOOD | {column: np.array(values, float)}, 2.0, 1.4)
    assert text in reasons[1]
    assert (reasons[0], reasons[2]) == ("", "")


def test_excess_noise_counts_where_it_is_large_and_significant():
    stars = GOOD | {"excess_noise_mas": np.array([3.0, 3.0, 0.1]),
                    "excess_noise_sig": np.array([1.0, 9.0, 9.0])}
    assert [bool(text) for text in catalogues.problems(stars, 2.0)] == [False, True, False]


def test_limits_of_ruwe_and_magnitude_are_those_given():
    stars = GOOD | {"ruwe": np.array([1.0, 2.5, 1.0])}
    assert catalogues.problems(stars, 2.0, None) == ["", "", ""]
    reasons = catalogues.problems(stars, 2.0, None, (15.5, 16.5))
    assert [bool(text) for text in reasons] == [True, False, True]
    assert "magnitude 17.00 outside of 15.5 to 16.5" in reasons[2]


def test_a_neighbour_blends_also_across_ra_0_if_it_is_bright():
    step = 1.5 / 3600
    stars = {"ra_deg": np.array([359.9999, 359.9999 + step - 360, 30.0, 30.0 + step]),
             "dec_deg": np.zeros(4), "mag_G": np.array([15.0, 17.0, 15.0, 19.5])}
    reasons = catalogues.problems(stars, 2.0)
    assert "a neighbour of magnitude 17.0 at 1.5 arcsec" in reasons[0]
    assert [bool(text) for text in reasons] == [True, True, False, True]
    assert catalogues.problems(stars, 1.0) == [""] * 4


def test_brightness_is_that_of_the_most_complete_band():
    stars = {"ra_deg": np.zeros(3), "mag_V": np.array([10.0, np.nan, np.nan]),
             "mag_G": np.array([12.0, 13.0, np.nan])}
    assert catalogues.bands_of(stars) == ["G", "V"]
    np.testing.assert_array_equal(catalogues.brightness(stars), [12.0, 13.0, np.inf])
    np.testing.assert_array_equal(catalogues.brightness({"ra_deg": np.zeros(2)}), [0.0, 0.0])


def test_stars_move_only_if_wanted():
    """100 mas/yr for ten years are one arcsec."""
    stars = {"ra_deg": np.array([50.0]), "dec_deg": np.array([0.0]),
             "epoch_year": np.array([2016.0]), "pmra_mas_yr": np.array([100.0]),
             "pmdec_mas_yr": np.array([0.0])}
    mjd = 51544.5 + 26 * 365.25
    there = catalogues.positions_at(stars, mjd)
    assert (there[0, 0] - 50.0) * 3600 == pytest.approx(1.0, abs=1e-6)
    assert catalogues.positions_at(stars, mjd, False)[0, 0] == 50.0
