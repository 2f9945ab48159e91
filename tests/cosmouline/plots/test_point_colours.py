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


def test_more_names_than_sources_have_colours_mixed_with_white():
    names = [f"s{k:02d}" for k in range(9)]

    shades, _ = point_colours(names, 9)

    for k, colour in enumerate(style.SOURCE_COLOURS):
        np.testing.assert_allclose(shades[k], colors.to_rgba(colour))
    for k in (7, 8):
        wanted = 0.5 + 0.5 * np.array(colors.to_rgb(style.SOURCE_COLOURS[k - 7]))
        np.testing.assert_allclose(shades[k], [*wanted, 1.0])


def test_the_most_frequent_names_have_the_colours():
    names = [f"s{k:02d}" for k in range(MAX_NAMES + 1)]

    _, key = point_colours([*names, *names[1:]], 2 * len(names) - 1)

    assert list(key) == [*names[1:], "others"]


def test_a_scale_or_names_explain_the_colours():
    _, axes = style.figure(2)

    draw_key(axes[0], point_colours([1.0, 2.0, 3.0], 3)[1], "seeing (px)")
    draw_key(axes[1], point_colours(["R", "V"], 2)[1], "set")

    bar, = axes[0].child_axes
    assert bar.get_ylabel() == "seeing (px)"
    legend = axes[1].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["R", "V"]
    assert [colors.to_hex(one.get_color()) for one in legend.legend_handles] == [
        colour.lower() for colour in style.SOURCE_COLOURS[:2]]
    draw_key(axes[1], None)
    assert axes[1].get_legend() is legend


def test_a_common_scale_stands_at_the_right_of_all_axes():
    page, axes = style.figure(2)

    draw_common_key(list(axes), point_colours([1.0, 2.0], 2)[1], "x")

    page.draw_without_rendering()
    bar = page.axes[2]
    assert bar.get_position().x0 > axes[1].get_position().x1
    assert bar.get_ylabel() == "x"
