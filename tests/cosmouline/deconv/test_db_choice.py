from types import SimpleNamespace

from cosmouline.database.coefficient_choice import coefficient
from cosmouline.deconv.db_choice import values, why_not

SETTINGS = SimpleNamespace(dec_coefficient="renorm", renorm_name="r", psf_name="p", dec_name="d",
                           dec_fwhm_max_arcsec=1.5, dec_ellipticity_max=None, dec_coeff_max=3.0,
                           dec_sky_max_e=800.0, dec_trail_min_arcsec=3.0)
IMAGE = {"img_name": "a", "field_fwhm_arcsec": 1.2, "field_ellipticity": 0.9, "sky_level_e": 500.0}


def test_the_coefficient_is_the_one_asked_for():
    row = IMAGE | {"renorm__r": 1.2, "renorm_sigma__r": 0.1}

    assert coefficient(row, SETTINGS) == (1.2, 0.1)
    assert coefficient({}, SimpleNamespace(**vars(SETTINGS) | {"dec_coefficient": "none"})) == (
        1.0, 0.0)


def test_the_first_limit_that_an_image_is_beyond_is_told():
    assert why_not(IMAGE, 2.0, {}, SETTINGS) == ""
    assert why_not(IMAGE, None, {}, SETTINGS) == ""
    assert why_not(IMAGE, 3.1, {}, SETTINGS) == "coefficient above 3"
    assert why_not(IMAGE | {"sky_level_e": 801.0}, 2.0, {}, SETTINGS) == "sky above 800"
    assert why_not(IMAGE | {"field_fwhm_arcsec": 1.6}, 9.0, {}, SETTINGS) == "seeing above 1.5"
    assert why_not(IMAGE, 2.0, {"a": "trailed"}, SETTINGS) == "skiplist: trailed"
    assert why_not(IMAGE | {"trail_lens_arcsec": 2.9}, 2.0, {}, SETTINGS) == (
        "a trail nearer to the lens than 3 arcsec")
    assert why_not(IMAGE | {"trail_lens_arcsec": 3.0}, 2.0, {}, SETTINGS) == ""
    at_the_limits = IMAGE | {"field_fwhm_arcsec": 1.5, "sky_level_e": 800.0}
    assert why_not(at_the_limits, 3.0, {}, SETTINGS) == ""
    assert values(IMAGE, 2.0) == {"seeing": 1.2, "ellipticity": 0.9, "sky": 500.0,
                                  "coefficient": 2.0}
    assert set(values({}, None).values()) == {None}
