"""The selection language: by hand, and its faults told in one line."""

from cosmouline.errors import UserError
from cosmouline.sources.ccds import selection
from cosmouline.sources.ccds.selection_values import (
    comparison,
    homogeneity,
    mode,
    mode_hist,
    value,
)

import numpy as np
import pytest

COLUMNS = {"MAG": np.array([17.0, 18.0, 19.0, 20.0, 21.0]),
           "FWHM": np.array([3.0, 3.1, 3.0, 6.0, 3.1], dtype=np.float32),
           "FLAGS": np.array([0, 0, 4, 0, 0])}


def select(text, columns=COLUMNS, seed=1):
    return selection.select(selection.parse(text.splitlines()), columns, seed)


@pytest.mark.parametrize(("text", "expected"), [
    ("2 + 3*4 - 6/2", 11.0), ("-1.5e-3*-2", 3e-3), ("(1+2)*3", 9.0), ("mean(MAG)", 19.0),
    ("mean(MAG{bright})", 17.5), ("len(MAG{bright})*2", 4.0), ("sqrt(pow(3,2)+16)", 5.0),
    ("max(MAG)-min(MAG)", 4.0), ("log10(100)", 2.0), ("std(MAG)", np.sqrt(2)),
    ("sigma_mad(MAG)", 1.4826), ("median(MAG{bright}) - 0.1*0.5", 17.45)])
def test_expressions_have_the_values_by_hand(text, expected):
    found = value(text, COLUMNS, {"bright": np.array([1, 1, 0, 0, 0], bool)})
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("text", ["__import__('os')", "MAG.__class__", "(lambda: 1)()", "[1]",
                                  "MAG[0]", "open(1)", "'a'", "mean(MAG", "True"])
def test_nothing_else_is_evaluated(text):
    with pytest.raises(UserError):
        value(text, COLUMNS, {})


def test_unknown_names_are_told_with_a_guess():
    with pytest.raises(UserError, match="Did you mean 'FWHM'"):
        value("FWMH", COLUMNS, {})
    with pytest.raises(UserError, match="no mask 'stars' before"):
        value("mean(MAG{stars})", COLUMNS, {})


def test_a_column_of_a_mask_cannot_be_compared_with_all_objects():
    # setools would index with the wrong length
    with pytest.raises(UserError, match="compares 2 values with 5 objects"):
        comparison("MAG{b} < 3", COLUMNS, {"b": np.array([1, 1, 0, 0, 0], bool)})


def test_masks_are_joined_and_saved_unless_told_not_to():
    found = select("# stars\n[MASK:flag]\nFLAGS == 0\nNO_SAVE\n[MASK:stars]\n{flag}\nMAG > 17.5 "
                   "# bright\nFWHM < 4")
    assert found.masks["flag"].tolist() == [True, True, False, True, True]
    assert found.masks["stars"].tolist() == [False, True, False, False, True]
    assert found.saved == ["stars"]


def test_a_split_is_of_the_mask_and_the_same_again():
    columns = {"MAG": np.arange(50.0)}
    text = ("[MASK:a]\nMAG < 40\n[RAND_SPLIT:s]\nRATIO = 20\nMASK = a\n[RAND_SPLIT:t]\nRATIO=0.5\n"
            "MASK=a")
    one, two = select(text, columns), select(text, columns)
    first, second = one.splits["s_ratio_80"], one.splits["s_ratio_20"]
    assert second.sum() == 8
    assert np.array_equal(first | second, one.masks["a"])
    assert not (first & second).any()
    assert one.splits["t_ratio_50"].sum() == 20
    assert np.array_equal(second, two.splits["s_ratio_20"])
    assert not np.array_equal(second, select(text, columns, seed=2).splits["s_ratio_20"])


def test_statistics_and_labels():
    found = select('[MASK:a]\nMAG<19\n[STAT:s]\n"Nb #1" = len(MAG{a})\n"x" = mean(MAG{a})*0.186')
    assert found.statistics == {"s": [("Nb #1", 2.0), ("x", pytest.approx(17.5 * 0.186))]}
    assert selection.label("FWHM @mean(FWHM{a})*2@ px", COLUMNS, found.masks) == "FWHM 6.1 px"


def test_a_new_catalogue_has_the_columns_that_are_asked_for():
    assert select("[NEW_CAT:n]\nTWICE = MAG*2").new["n"]["TWICE"].tolist() == [34, 36, 38, 40, 42]


@pytest.mark.parametrize(("text", "words"), [
    ("MAG < 3", "stands before any"), ("[MASKS:a]", "Did you mean 'MASK'"), ("", "has no section"),
    ("[MASK:a]\nMAG", "no comparison"), ("[MASK:a]\n{b}", "no mask 'b'"),
    ("[MASK:a]\n[MASK:a]", "a second"), ("[STAT:s]\nlen(MAG)", 'give "text" = expression'),
    ("[STAT:s]\n\"a\" = MAG", "gives 5 values"), ("[RAND_SPLIT:s]\nRATIO = 2", "needs RATIO"),
    ("[PLOT:p]\nTYPE", "not KEY = value")])
def test_faults_are_told_with_their_line(text, words):
    with pytest.raises(UserError, match=r".*") as told:
        select(text)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_the_mode_is_that_of_a_narrow_locus_in_a_wide_sample():
    # truth: 150 stars of 3.8 +- .05 px among 300 galaxies of 4 to 9 px; their density is even,
    # so the bias is below the scatter .05 / sqrt(150) x 2 of a KDE mode
    for seed in range(3):
        rng = np.random.default_rng(seed)
        sample = np.concatenate([rng.normal(3.8, 0.05, 150), rng.uniform(4, 9, 300)])
        assert mode(sample) == pytest.approx(3.8, abs=0.04)
        assert mode_hist(sample) == pytest.approx(3.8, abs=0.3)


def test_the_modes_of_few_equal_or_no_values():
    for function in (mode, mode_hist):
        assert function([]) == -1
        assert function([2.0, 2.0, 2.0]) == 2
        # near-equal float32 values, which stop setools with too many bins
        near = np.full(200, 3.0, np.float32)
        near[::2] = np.nextafter(np.float32(3), np.float32(4))
        assert function(near) == pytest.approx(3, abs=1e-5)
    assert mode_hist([1.0, 5.0, 2.0]) == 2


def test_homogeneity_of_even_and_single_cells():
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(4.0), np.arange(4.0)))
    assert homogeneity(x, y, 4) == pytest.approx(0)
    assert homogeneity(np.append(np.zeros(1000), 1), np.append(np.zeros(1000), 1), 4) > 99
