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
