"""Units of pixels: what one is in counts or electrons, and pixels on an asinh scale."""

from cosmouline.frames.header_units import linear, pixel_unit

import numpy as np
import pytest
from astropy.io import fits


@pytest.mark.parametrize(("unit", "per_unit", "is_electrons"), [
    ("", 1.0, False), ("adu", 1.0, False), ("counts", 1.0, False), ("DN/s", 50.0, False),
    ("electron", 1.0, True), ("ELECTRONS", 1.0, True), ("e-", 1.0, True), ("e/s", 50.0, True),
    ("electrons/sec", 50.0, True), ("photoelectrons s-1", 50.0, True), ("photons", 1.0, False)])
def test_a_unit_in_counts_or_electrons_of_an_exposure_of_50_s(unit, per_unit, is_electrons):
    found = pixel_unit(fits.Header({"BUNIT": unit}), 50.0)

    assert (found.per_unit, found.is_electrons, found.flag) == (per_unit, is_electrons, None)
    assert found.is_rate == (per_unit == 50.0)


def test_a_description_knows_better_than_bunit():
    assert pixel_unit(fits.Header({"BUNIT": "ADU"}), 50.0, "electron/s").per_unit == 50.0


@pytest.mark.parametrize("unit", ["MJy/sr", "nanomaggies", "Jy/beam", "erg/s/cm2/A", "mag"])
def test_a_unit_of_flux_without_its_card_is_flagged(unit):
    assert "no counts; set 'gain_e_per_adu'" in pixel_unit(fits.Header({"BUNIT": unit}), 1.0).flag


def test_a_unit_that_cannot_be_read_is_flagged():
    header = fits.Header.fromstring("BUNIT   = 'adu")
    assert "BUNIT" in pixel_unit(header, 1.0).flag


def test_the_stacks_of_pan_starrs_are_made_linear():
    """Their pipeline stores v = 2.5 log10(e) asinh((f - offset) / (2 softening))."""
    flux = np.array([[-30.0, 0.0], [7.0, 5e4]], np.float32)
    stored = 2.5 * np.log10(np.e) * np.arcsinh((flux - 7.17) / (2 * 221.9))
    header = fits.Header({"BSOFTEN": 221.9, "BOFFSET": 7.17})

    found, note = linear(stored, header)

    np.testing.assert_allclose(found, flux, rtol=1e-5, atol=1e-3)
    assert note.startswith("pixels on an asinh scale")
    assert linear(flux, header)[0] is flux  # 5e4 on that scale is no flux
    assert linear(stored, fits.Header({"BSOFTEN": 221.9})) == (stored, None)


@pytest.mark.parametrize(("cards", "per_unit", "is_rate", "words"), [
    ({"BUNIT": "MJy/sr", "PHOTMJSR": 2.0}, 25.0, True,
     "the gain is that of the camera x the exposure time / PHOTMJSR"),
    ({"BUNIT": "nanomaggy", "NMGY": 0.005}, 200.0, False, "the gain is that of the camera / NMGY"),
    ({"BUNIT": "adu/s"}, 50.0, True, "a rate; the gain is that of the camera x the exposure time"),
    ({"BUNIT": "electron/s"}, 50.0, True, "a rate; the gain is the exposure time"),
    ({"BUNIT": "electron"}, 1.0, False, "electrons; the gain is 1")])
def test_what_is_noted_of_a_unit_of_an_exposure_of_50_s(cards, per_unit, is_rate, words):
    found = pixel_unit(fits.Header(cards), 50.0)

    assert (found.per_unit, found.is_rate, found.flag) == (per_unit, is_rate, None)
    assert found.is_electrons == ("electron" in cards["BUNIT"])
    assert found.note == f"BUNIT = {cards['BUNIT']!r}: {words}"


@pytest.mark.parametrize("value", [0.0, -2.0, 1e-13, 1e13])
def test_a_card_that_converts_nothing_is_none(value):
    found = pixel_unit(fits.Header({"BUNIT": "MJy/sr", "PHOTMJSR": value}), 50.0)

    assert (found.per_unit, found.note) == (1.0, None)
    assert found.flag.startswith("BUNIT = 'MJy/sr': no counts")


def test_counts_are_electrons_where_the_comment_says_so_but_not_against_a_description():
    header = fits.Header()
    header["BUNIT"] = "counts", "photoelectrons"

    assert pixel_unit(header, 50.0).is_electrons
    named = pixel_unit(header, 50.0, "counts/s")
    assert (named.per_unit, named.is_electrons, named.is_rate) == (50.0, False, True)
    assert named.note.startswith("the unit counts/s of the description: a rate")
    header["BUNIT"] = "weird", "photoelectrons"
    assert pixel_unit(header, 50.0) == (1.0, False, False, None, None)


@pytest.mark.parametrize(("largest", "is_linear"), [(-60.1, True), (60.1, True), (59.9, False),
                                                    (-59.9, False)])
def test_values_beyond_60_are_on_no_asinh_scale(largest, is_linear):
    data = np.array([0.0, largest, np.nan])

    found, note = linear(data, fits.Header({"BSOFTEN": 10.0, "BOFFSET": 3.0}))

    assert ("linear: not used" in note) == is_linear
    assert (found is data) == is_linear
    assert found[0] == (0.0 if is_linear else 3.0)


@pytest.mark.parametrize("soften", [0.0, -1.0])
def test_a_softening_that_is_not_positive_is_none(soften):
    data = np.array([1.0])
    assert linear(data, fits.Header({"BSOFTEN": soften, "BOFFSET": 3.0})) == (data, None)
    assert linear(data, fits.Header({"BSOFTEN": 1.0})) == (data, None)
    assert linear(data, fits.Header({"BSOFTEN": 1.0, "BOFFSET": 0.0}))[0] != data
