"""The Sun: G -26.90, BP - RP 0.82 (Casagrande & VandenBerg 2018); others: Willmer 2018."""

from cosmouline.astrometry import transformations

import numpy as np
import pytest

SUN = {"ra_deg": np.zeros(1), "mag_G": np.array([-26.90]), "mag_BP": np.array([-26.58]),
       "mag_RP": np.array([-27.40])}


@pytest.mark.parametrize(("band", "mag", "system"), [
    ("V", -26.76, "Vega"), ("R", -27.12, "Vega"), ("I", -27.46, "Vega"),
    ("g_sdss", -26.51, "AB"), ("r_sdss", -26.93, "AB"), ("i_sdss", -27.05, "AB")])
def test_the_sun_has_its_published_magnitudes(band, mag, system):
    found = transformations.in_band(SUN, band)
    assert found.mag[0] == pytest.approx(mag, abs=2 * found.sigma[0])
    assert found.mag[0] == pytest.approx(mag, abs=0.06)
    assert found.system == system
    assert found.source


def test_a_colour_beyond_the_range_has_no_magnitude():
    red = SUN | {"mag_BP": np.array([-20.0])}
    assert np.isnan(transformations.in_band(red, "i_sdss").mag[0])


def test_the_catalogues_own_magnitudes_come_first():
    stars = SUN | {"mag_V": np.array([-26.7]), "magerr_V": np.array([0.01])}
    found = transformations.in_band(stars, "V")
    assert (found.mag[0], found.sigma[0], found.source) == (-26.7, 0.01, "")
    assert transformations.in_band(SUN, "z_sdss") is None


def test_pan_starrs_becomes_sdss():
    """Tonry 2012: g = g_P1 + .013 + .145 x + .019 x^2."""
    stars = {"ra_deg": np.zeros(1), "mag_g_ps1": np.array([18.5]), "mag_r_ps1": np.array([18.0])}
    assert transformations.in_band(stars, "g_sdss").mag[0] == pytest.approx(
        18.5 + 0.013 + 0.145 * 0.5 + 0.019 * 0.25)
    assert transformations.in_band(stars, "r_sdss").mag[0] == pytest.approx(
        18.0 - 0.001 + 0.004 * 0.5 + 0.007 * 0.25)


@pytest.mark.parametrize(("name", "band"), [
    ("R", "R"), ("Rc", "R"), ("r", "r_sdss"), ("r'", "r_sdss"), ("rp", "r_sdss"),
    ("SDSS-r", "r_sdss"), ("Bessell V", "V"), ("clear", "G"), (None, "G"), ("H", "G")])
def test_the_band_nearest_to_a_filter(name, band):
    assert transformations.nearest_band(SUN, name) == band


def test_without_magnitudes_there_is_no_band_and_no_colour():
    nothing = {"ra_deg": np.zeros(2)}
    assert transformations.nearest_band(nothing, "R") is None
    colour, bands = transformations.colour_of(nothing)
    assert np.isnan(colour).all()
    assert bands is None
    assert transformations.colour_of(SUN)[1] == ("BP", "RP")
