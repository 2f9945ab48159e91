"""point_colours.py: one colour, a quantity, or names."""

from cosmouline.plots import style
from cosmouline.plots.point_colours import (
    MAX_NAMES,
    NO_COLOUR,
    draw_common_key,
    draw_key,
    point_colours,
)

import numpy as np
import pytest
from matplotlib import colors

GREY = colors.to_rgba(NO_COLOUR)


@pytest.mark.parametrize("colour", [None, "#0072B2", (0.0, 0.4470588, 0.6980392)])
def test_one_colour_for_all(colour):
    shades, key = point_colours(colour, 5)

    np.testing.assert_allclose(shades, np.tile(colors.to_rgba("#0072B2"), (5, 1)), atol=1e-6)
    assert key is None


def test_a_quantity_is_scaled_between_its_percentiles_and_unknown_values_are_grey():
    values = np.arange(101.0)
    values[50] = np.nan

    shades, scale = point_colours(values, 101)

    assert scale.get_clim() == pytest.approx(np.nanpercentile(values, (2, 98)))
    np.testing.assert_allclose(shades[50], GREY)
    np.testing.assert_allclose(shades[0], style.FIELD_MAP(0.0))
    np.testing.assert_allclose(shades[100], style.FIELD_MAP(1.0))


def test_none_in_a_list_of_numbers_is_not_measured():
    shades, _ = point_colours([1.0, None, 2.0], 3)

    np.testing.assert_allclose(shades[1], GREY)


def test_three_values_are_not_a_colour():
    shades, key = point_colours((0.1, 0.2, 0.3), 3)

    assert len({tuple(shade) for shade in shades}) == 3
    assert key is not None


def test_each_name_has_its_colour():
    shades, key = point_colours(["R", "V", "R"], 3)

    assert list(key) == ["R", "V"]
    np.testing.assert_allclose(shades, [key["R"], key["V"], key["R"]])
    assert key["R"] != key["V"]


def test_rare_names_beyond_the_palette_are_grey():
    names = [f"set{i:02d}" for i in range(MAX_NAMES + 5)] + ["set18"] * 3

    shades, key = point_colours(names, len(names))

    assert len(key) == MAX_NAMES + 1
    assert "set18" in key
    assert key["others"] == GREY
    assert len({tuple(shade) for shade in shades}) == MAX_NAMES + 1


def test_the_length_must_fit():
    with pytest.raises(ValueError, match=r"colour must hold 4 values, not \(3,\)"):
        point_colours([1.0, 2.0, 3.0], 4)


@pytest.mark.parametrize("colour", [[], [np.nan], ["R"], None])
def test_keys_of_little_are_drawn(colour, assert_whole):
    page, axes = style.figure(2)
    key = point_colours(colour, 0 if colour is None else len(colour))[1]

    draw_key(axes[0], key, "label $1$")
    draw_common_key(list(axes), key, "label $2$")

    assert_whole(page)


def test_the_names_are_explained_as_they_are_written(texts):
    page, ax = style.figure()

    draw_key(ax, point_colours(["a$b$", "_hidden"], 2)[1], "set")

    assert {r"a\$b\$", "_hidden", "set"} <= set(texts(page))
