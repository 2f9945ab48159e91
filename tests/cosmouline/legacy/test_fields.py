"""Old rows under our names; every expected number follows from the old definition beside it."""

import math

from cosmouline.database import fields
from cosmouline.legacy.fields import convert_row, deconvolutions, our_name, why_not_taken

import pytest

KEY = "dec_844_back1_lens_renorm_1_ab"
OLD = {"recno": 1, "imgname": "844_x", "setname": "844", "telescopename": "WFI", "gogogo": 1,
       "treatme": True, "whynot": "na", "testcomment": "sharp", "jd": "2455000.500000",
       "telescopelongitude": "-70:44:04.543", "telescopelatitude": "-29:15:15.433",
       "telescopeelevation": 2335.0, "saturlevel": 65535.0, "gain": 2.0, "readnoise": 4.5,
       "geomapangle": math.pi / 6, "flagali": 1, "seeing": 1.2, "seeingpixels": 5.0, "ell": 0.1,
       "skylevel": 1000.0, "medcoeff": 1.25, "sigcoeff": 0.06, "nbrcoeffstars": 9,
       "renorm_1": 1.5, "renorm_1_err": 0.08, "renorm_1_comment": "4", "stddev": 12.0,
       f"decfilenum_{KEY}": "0002", f"decpsf_{KEY}": "ab", f"decnorm_{KEY}": 1.25,
       f"out_{KEY}_A_flux": 5000.0, f"out_{KEY}_A_shotnoise": 90.0, f"out_{KEY}_A_x": 64.0,
       f"out_{KEY}_delta1": 0.4, "sex1_a_ap30_flux": 800.0, "sex1_a_ap30_flux_err": 3.0,
       "sex1_a_peakadu": 30000.0}


def row(coefficient="renorm_1", **changes):
    old = {name: value for name, value in (OLD | changes).items() if value is not None}
    return convert_row(old, ["renorm_1"], coefficient, ["sex1"])


def test_all_values_are_fields_of_ours_with_their_units():
    found, _ = row()

    assert all(fields.convert(name, value) == value for name, value in found.items())
    expected = {
        "img_name": "844_x", "set_name": "844", "telescope": "WFI", "gogogo": True,
        "test_comment": "sharp", "mjd": 55000.0, "saturation_adu": 65535.0,
        "align_angle_deg": 30.0, "is_aligned": True, "field_fwhm_arcsec": 1.2, "medcoeff": 1.25,
        "medcoeff_sigma": 0.02,  # 0.06 / sqrt(9)
        "renorm__renorm_1": 1.5, "renorm_sigma__renorm_1": 0.04,  # 0.08 / sqrt(4)
        "n_renorm_stars__renorm_1": 4, "dec_number__844_back1_lens_renorm_1_ab": 1,
        "flux_e__844_back1_lens_renorm_1_ab__A": 5000.0,
        "flux_sigma_e__844_back1_lens_renorm_1_ab__A": 90.0,
        "dec_coeff__844_back1_lens_renorm_1_ab": 1.5,
        "dec_shift_x_px__844_back1_lens_renorm_1_ab": 0.2,  # half pixels
        "aper_flux_e__a": 800.0, "aper_sigma_e__a": 3.0, "site_lon_deg": -70.7345953}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-7)
    assert "whynot" not in found


def test_what_was_used_and_what_was_not():
    _, used = row()

    left = {name: why_not_taken(name) for name in OLD.keys() - used}
    assert left == {
        "recno": "follows from others", "stddev": "not used by any script here",
        f"out_{KEY}_A_x": "in pixels or units of the old stamps",
        "sex1_a_peakadu": "other apertures than ours"}
    assert why_not_taken("something") == "not known"


def test_an_image_without_star_has_no_coefficient_and_so_no_flux():
    """COSMOULINE wrote 0 there, and divided by it."""
    found, _ = row(renorm_1=0.0, renorm_1_err=0.0, renorm_1_comment="0", medcoeff=0.0,
                   sigcoeff=1.0, nbrcoeffstars=0)

    assert not [name for name in found if name.startswith(("renorm", "flux", "dec_coeff", "med"))]


def test_without_a_coefficient_that_of_the_deconvolution_counts():
    found, _ = row(coefficient=None)

    assert found["dec_coeff__844_back1_lens_renorm_1_ab"] == 1.25
    assert found["dec_coeff_sigma__844_back1_lens_renorm_1_ab"] == 0.0


def test_medcoeff_can_be_the_coefficient():
    found, _ = row(coefficient="medcoeff")
    assert found["dec_coeff_sigma__844_back1_lens_renorm_1_ab"] == pytest.approx(0.02)


@pytest.mark.parametrize(("old", "ours"), [
    ("dec_a_b", "a_b"), ("2019 R/1", "2019-R-1"), ("a__b_", "a_b"), ("renorm_1", "renorm_1")])
def test_names_are_such_as_fields_can_have(old, ours):
    assert our_name(old) == ours


def test_values_that_are_none_are_left_out():
    found, _ = row(airmass=float("nan"), telescopelongitude="somewhere", flagali=None, mhjd=1.5)
    assert not {"airmass", "site_lon_deg", "is_aligned"} & found.keys()
    assert found["mhjd"] == 1.5


def test_deconvolutions_are_counted():
    assert deconvolutions([OLD, OLD, {"imgname": "y"}]) == {KEY: 2}


def test_a_coefficient_below_one_is_one_and_without_its_error_there_is_no_flux():
    dec = "844_back1_lens_renorm_1_ab"
    found, _ = row(renorm_1=0.8)
    assert (found["renorm__renorm_1"], found[f"dec_coeff__{dec}"]) == (0.8, 0.8)
    assert found[f"flux_e__{dec}__A"] == 5000.0

    found, _ = row(renorm_1_err=None)
    assert found["renorm__renorm_1"] == found[f"dec_coeff__{dec}"] == 1.5
    assert not {"renorm_sigma__renorm_1", f"flux_e__{dec}__A"} & found.keys()

    found, used = row(renorm_1=None)
    assert not {"renorm__renorm_1", f"dec_coeff__{dec}", f"flux_e__{dec}__A"} & found.keys()
    assert "renorm_1_err" not in used


def test_medcoeff_without_its_number_of_stars_has_no_error():
    found, used = row(nbrcoeffstars=None)

    assert (found["medcoeff"], "medcoeff_sigma" in found) == (1.25, False)
    assert "sigcoeff" not in used
