from cosmouline.database.columns import column, covariance, family, members, texts

import numpy as np

ROWS = [
    {"airmass": 1.5, "set_name": "R", "flux_e__lens__A": 3.0, "flux_e__lens__B": 1.0,
     "flux_cov_e2__lens__A__A": 4.0, "flux_cov_e2__lens__A__B": -1.0,
     "flux_cov_e2__lens__B__B": 9.0, "flux_e__other__C": 7.0},
    {"airmass": 2, "flux_e__lens__A": 4.0},
]


def test_a_column_has_nan_where_a_row_lacks_the_field():
    np.testing.assert_array_equal(column(ROWS, "airmass"), [1.5, 2.0])
    np.testing.assert_array_equal(column(ROWS, "flux_e__lens__B"), [1.0, np.nan])
    assert texts(ROWS, "set_name", "?") == ["R", "?"]
    assert column([], "airmass").shape == (0,)


def test_members_are_those_of_one_family_in_order_of_first_sight():
    assert members(ROWS, "flux_e__lens__{source}") == ["A", "B"]
    assert members(ROWS[::-1], "flux_e__lens__{source}") == ["A", "B"]
    assert members(ROWS, "flux_e__nobody__{source}") == []


def test_a_family_is_a_table():
    np.testing.assert_array_equal(family(ROWS, "flux_e__lens__{source}", ["B", "A"]),
                                  [[1.0, 3.0], [np.nan, 4.0]])
    assert family(ROWS, "flux_e__lens__{source}", []).shape == (2, 0)


def test_covariances_are_stored_once_and_filled_twice():
    full = covariance(ROWS, "flux_cov_e2__lens__{source}__{other}", ["A", "B"])

    np.testing.assert_array_equal(full[0], [[4.0, -1.0], [-1.0, 9.0]])
    assert np.isnan(full[1]).all()
    turned = covariance(ROWS, "flux_cov_e2__lens__{source}__{other}", ["B", "A"])
    np.testing.assert_array_equal(turned[0], [[9.0, -1.0], [-1.0, 4.0]])
