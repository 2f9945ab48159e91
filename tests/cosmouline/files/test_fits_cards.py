"""Values by name in FITS headers."""

from cosmouline.files.fits_cards import cards_of, native, values_of

import numpy as np
import pytest


def test_values_come_back():
    values = {
        "img_name": "R_2019-03-12T04",
        "fwhm_px": 3.25,
        "n_stars": 12,
        "gogogo": True,
        "sky_level_e": np.float32(1030.5),
        "mhjd": 58554.123456789,
    }

    assert values_of(cards_of(values)) == values


def test_what_is_absent_is_not_written():
    assert values_of(cards_of({"fwhm_px": None})) == {}


def test_cards_of_the_file_are_not_values():
    header = cards_of({"n_stars": 3})
    header["NAXIS"] = 2
    header["NAXIS1"] = 64
    header["COMMENT"] = "made up"

    assert values_of(header) == {"n_stars": 3}


def test_letters_that_fits_has_not_are_replaced():
    assert values_of(cards_of({"observer": "José"})) == {"observer": "Jos?"}
    assert values_of(cards_of({"observer": "a\x07b"})) == {"observer": "a?b"}


def test_only_names_of_more_than_eight_letters_are_hierarch_cards():
    header = cards_of({"eight_ab": 1, "nine_abcd": 2})

    assert [card.image[:9] for card in header.cards] == ["EIGHT_AB=", "HIERARCH "]


@pytest.mark.parametrize("name", ["Fwhm", "fwhm px", "naxis1", "simple", ""])
def test_names_are_checked(name):
    with pytest.raises(ValueError, match="cannot be the name of a value"):
        cards_of({name: 1})


@pytest.mark.parametrize("value", [np.nan, np.inf, [1, 2], b"x"])
def test_values_are_checked(value):
    with pytest.raises(ValueError, match=r"header: fwhm_px = .* is no text, boolean or finite"):
        cards_of({"fwhm_px": value})


def test_arrays_of_a_file_get_the_byte_order_of_the_machine():
    array = np.arange(3, dtype=">f4")

    assert native(array).dtype == np.dtype("f4")
    assert native(array).dtype.isnative
    assert native(array).tolist() == [0, 1, 2]
