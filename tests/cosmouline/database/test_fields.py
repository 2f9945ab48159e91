from types import SimpleNamespace

from cosmouline.database import fields

import numpy as np
import pytest

NAMES = SimpleNamespace(psf_name="sharp", renorm_name="r_2", dec_name="second")


@pytest.mark.parametrize("field", fields.FIELDS.values(), ids=lambda f: f.name)
def test_every_field_has_a_meaning_and_every_number_a_unit(field):
    assert field.meaning
    assert field.type in (str, bool) or field.unit


def test_a_family_is_found_by_any_of_its_names():
    assert fields.lookup("flux_e__lens_2__A").name == "flux_e__{dec}__{source}"
    assert fields.lookup("flux_cov_e2__lens__A__B").name == "flux_cov_e2__{dec}__{source}__{other}"


def test_an_undeclared_name_is_an_error():
    with pytest.raises(ValueError, match="'skylevel' is not declared"):
        fields.lookup("skylevel")


def test_expand_leaves_the_names_that_are_not_chosen_in_the_settings():
    patterns = ("renorm__{renorm}", "star_flux_e__{psf}__{star}", "mjd")

    assert fields.expand(patterns, NAMES) == ("renorm__r_2", "star_flux_e__sharp__{star}",
                                              "mjd")


def test_a_pattern_matches_its_own_family_only():
    assert fields.matches("flux_e__lens__{source}", "flux_e__lens__A")
    assert not fields.matches("flux_e__lens__{source}", "flux_e__other__A")
    assert not fields.matches("flux_e__lens__{source}", "flux_e__lens__A__B")


@pytest.mark.parametrize(("name", "value", "same"), [
    ("fwhm_px", np.float32(2.5), 2.5), ("fwhm_px", 3, 3.0), ("n_sources", np.int64(7), 7),
    ("gogogo", np.bool_(True), True), ("whynot", "cloud", "cloud")])
def test_values_become_plain_python(name, value, same):
    converted = fields.convert(name, value)

    assert converted == same
    assert type(converted) is type(same)


@pytest.mark.parametrize(("name", "value", "says"), [
    ("fwhm_px", float("nan"), "leave it out"), ("fwhm_px", np.inf, "leave it out"),
    ("fwhm_px", "2.5", "is float"), ("n_sources", 2.5, "is int"), ("n_sources", True, "is int"),
    ("gogogo", 1, "is bool"), ("whynot", None, "is str")])
def test_wrong_values_are_refused(name, value, says):
    with pytest.raises(ValueError, match=says):
        fields.convert(name, value)


@pytest.mark.parametrize(("name", "record"), [
    ("mjd", "1_character/1a_add_to_database"), ("psf_chi2__p2", "5_psf/4_build_psf:p2"),
    ("star_flux_e__psf1__{star}", "7_deconv/0_star_photometry:psf1"),
    ("flux_e__lens__A", "7_deconv/6_readout:lens"), ("renorm__r", "8_renorm/1a_renormalize:r")])
def test_a_producer_is_told_with_the_member_of_its_family(name, record):
    assert fields.producer(name) == record


def test_a_script_works_on_the_deconvolution_before_the_psf():
    patterns = ("n_psf_used__{psf}", "dec_number__{dec}")

    assert fields.variant(patterns, NAMES) == "second"
    assert fields.variant(patterns[:1], NAMES) == "sharp"
    assert fields.variant(("mjd",), NAMES) == ""


def test_what_changed_within_its_tolerance_is_held():
    row = {"field_fwhm_px": 4.0, "n_field_stars": 7, "mjd": 1.0}

    assert fields.held(row, {"field_fwhm_px": 4.01, "n_field_stars": 8}) == {
        "field_fwhm_px": 4.0, "n_field_stars": 8}
    assert fields.held(row, {"field_fwhm_px": 4.1, "n_field_stars": 8}) is None
    assert fields.held(row, {"field_fwhm_px": None}) is None
    assert fields.held(row, {"mjd": 1.0 + 1e-9}) is None
