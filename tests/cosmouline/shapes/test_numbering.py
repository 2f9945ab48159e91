"""Numbering schemes of ShapePipe, against those of its documentation."""

from cosmouline.shapes.numbering import DEFAULT_SCHEME, expression_of, numbered

import pytest

NAMES = ["image-2079613-0.fits", "image-2079613-10.fits", "flag-2079613-0.fits",
         "flag_star-2079613-0.fits", "flag_star-2079613-10.fits", "image-99.fits", "log.txt"]


@pytest.mark.parametrize(("scheme", "expression"), [
    ("-0000000-0", r"\-\d{7}\-\d+"), ("-000-000", r"\-\d{3}\-\d{3}"), ("_0", r"_\d+"),
    ("RE:_[a-z]+", "_[a-z]+"), (DEFAULT_SCHEME, r"\_\d+")])
def test_a_scheme_is_an_expression(scheme, expression):
    assert expression_of(scheme) == expression


def test_a_scheme_that_is_none_is_told():
    with pytest.raises(ValueError, match=r"numbering scheme 'RE:\['"):
        expression_of("RE:[")


def test_numbers_are_those_that_all_patterns_have():
    found = numbered(NAMES, ["image", "flag_star"], "-0000000-0")
    assert found.files == {
        "-2079613-0": ("image-2079613-0.fits", "flag_star-2079613-0.fits"),
        "-2079613-10": ("image-2079613-10.fits", "flag_star-2079613-10.fits")}
    assert found.missing == {}


def test_a_file_is_of_the_longest_pattern_and_what_is_missing_is_named():
    found = numbered(NAMES, ["image", "flag", "flag_star"], "-0000000-0")
    assert list(found.files) == ["-2079613-0"]
    assert found.files["-2079613-0"][1] == "flag-2079613-0.fits"
    assert found.missing == {"-2079613-10": ("flag",)}


def test_a_list_of_numbers_is_asked_for():
    found = numbered(NAMES, ["image"], "-0000000-0", ["-2079613-10", "-2079613-7"])
    assert list(found.files) == ["-2079613-10"]
    assert found.missing == {"-2079613-7": ("image",)}


def test_a_number_stands_behind_the_pattern_that_has_one_itself():
    found = numbered(["a_1_7.fits", "a_7.fits"], ["a", "a_1"], "_0")
    assert found.files == {"_7": ("a_7.fits", "a_1_7.fits")}
