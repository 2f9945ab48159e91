"""Cards as cameras write them, good and bad."""

from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import (
    Found,
    angle_deg,
    calibration_kind,
    first_number,
    first_text,
    number_of,
    text_of,
)

import pytest
from astropy.io import fits


def header(*lines):
    """Make a header of raw cards, as they lie in the file."""
    return fits.Header.fromstring("\n".join([*lines, "END"]), sep="\n")


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("GAIN    = 2.7", 2.7),
        ("GAIN    = 3", 3.0),
        ("GAIN    = '300.0'", 300.0),
        ("GAIN    = ' -1.5E2 '", -150.0),
        ("GAIN    = '1.5D+2'", 150.0),
        ("GAIN    = '.5'", 0.5),
        ("GAIN    = 060.00", 60.0),
    ],
)
def test_numbers(card, value):
    assert number_of(header(card), "GAIN") == Found(value, "GAIN", None)


@pytest.mark.parametrize("text", ["2.7 e-/ADU", "2.7e-/ADU", "2.7 (measured)", "2.7 [e/ADU]"])
def test_a_number_with_a_unit_is_taken_and_told(text):
    value, keyword, flag, unit = number_of(header(f"GAIN    = '{text}'"), "GAIN")

    assert (value, keyword) == (2.7, "GAIN")
    assert flag == f"GAIN = {text!r} is a text: taken as 2.7"
    assert unit == text[3:].strip(" ()[]")


@pytest.mark.parametrize("text", ["", "N/A", "n/a", "UNKNOWN", "None", "NaN", "   "])
def test_what_says_nothing_is_missing(text):
    assert number_of(header(f"GAIN    = '{text}'"), "GAIN") is None
    assert text_of(header(f"GAIN    = '{text}'"), "GAIN") is None


def test_missing_and_undefined_cards():
    assert number_of(header("GAIN    ="), "GAIN") is None
    assert number_of(header(), "GAIN") is None
    assert text_of(header(), "GAIN") is None


@pytest.mark.parametrize("card", ["GAIN    = T", "GAIN    = 'high'", "GAIN    = '2,7'",
                                  "GAIN    = '5m00s'", "GAIN    = '2 of 3'"])
def test_what_is_no_number_is_refused(card):
    with pytest.raises(ImageRejected, match=r"GAIN = .* is not a number"):
        number_of(header(card), "GAIN")


def test_numbers_beyond_floats_and_the_inverse_of_zero_are_refused():
    with pytest.raises(ImageRejected, match="not a usable number"):
        number_of(header("GAIN    = '1e999'"), "GAIN")
    with pytest.raises(ImageRejected, match="not a usable number"):
        number_of(header("GAIN    = 0.0"), "1/GAIN")


def test_a_decimal_comma_makes_a_card_unreadable():
    with pytest.raises(ImageRejected, match="EXPTIME: the card of the header cannot be read"):
        number_of(header("EXPTIME = 300,0"), "EXPTIME")


def test_one_unreadable_card_does_not_spoil_the_others():
    assert number_of(header("OBJECT  = 'no quote", "GAIN    = 2.0"), "GAIN").value == 2.0


def test_inverse_and_hierarchical_cards():
    cards = header("CCD_FGAI= 0.5", "HIERARCH ESO CAM CCD SGAI = 1.7")

    assert number_of(cards, "1/CCD_FGAI") == Found(2.0, "CCD_FGAI", None)
    assert number_of(cards, "ESO CAM CCD SGAI").value == 1.7


def test_the_first_card_that_says_something_wins():
    cards = header("A       = 0.0", "B       = 1.9", "C       = 'R'", "D       = ''")

    assert first_number(cards, ("X", "A", "B")).value == 0.0
    assert first_number(cards, ("X", "A", "B"), valid=(0.5, 3.0)).keyword == "B"
    assert first_number(cards, ("X", "D")) is None
    assert first_text(cards, ("X", "D", "C")) == ("R", "C")
    assert first_text(cards, ("X", "D")) is None


@pytest.mark.parametrize(
    ("value", "degrees"),
    [
        (-70.73, -70.73),
        (20, 20.0),
        ("-70.73", -70.73),
        ("-70:43:48", -70.73),
        ("-0:30:00", -0.5),
        ("70 43 48 W", -70.73),
        ("70d43m48s W", -70.73),
        ("70°43'48\" E", 70.73),
        ("29:15:36 S", -29.26),
        ("+28:45", 28.75),
        ("28.75 N", 28.75),
    ],
)
def test_angles(value, degrees):
    assert angle_deg(value) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize("value", ["west", "", "1:2:3:4", True, "70,5"])
def test_what_is_no_angle(value):
    with pytest.raises(ValueError, match="not an angle"):
        angle_deg(value)


@pytest.mark.parametrize(("keyword", "text", "kind"), [
    ("IMAGETYP", "Bias Frame", "bias"), ("IMAGETYP", "zero", "bias"),
    ("OBSTYPE", "BIAS", "bias"), ("OBSTYPE", "SKYFLAT", "flat"), ("IMAGETYP", "Dark", "dark"),
    ("HIERARCH ESO DPR TYPE", "FLAT,SKY", "flat"), ("HIERARCH ESO DPR CATG", "CALIB", "lamp"),
    ("OBSTYPE", "LAMPFLAT", "flat"), ("OBSTYPE", "arc", "lamp"), ("IMAGETYP", "twilight", "flat"),
    ("IMAGETYP", "Light Frame", None), ("OBSTYPE", "EXPOSE", None), ("OBSTYPE", "object", None),
    ("HIERARCH ESO DPR TYPE", "OBJECT", None), ("IMAGETYP", "science", None)])
def test_the_kind_of_a_calibration_frame(keyword, text, kind):
    assert calibration_kind(fits.Header({keyword: text})) == kind


def test_a_header_that_says_nothing_is_of_a_science_frame():
    assert calibration_kind(fits.Header({"OBJECT": "flat"})) is None


@pytest.mark.parametrize(("stem", "kind"), [
    ("masterbias3", "bias"), ("Zero_001", "bias"), ("skyflat_R_2", "flat"), ("darks", "dark"),
    ("flatland_1", None), ("J0438_flat", None), ("darkside", None), ("f001", None)])
def test_a_name_tells_where_no_card_does(stem, kind):
    assert calibration_kind(fits.Header(), stem) == kind
    assert calibration_kind(fits.Header({"IMAGETYP": "object"}), stem) is None
