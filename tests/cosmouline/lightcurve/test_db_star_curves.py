from types import SimpleNamespace

from cosmouline.lightcurve.db_star_curves import joined_stars, variability

import numpy as np
import pytest


def test_chi2_and_rms_about_the_mean():
    table = {"mag_a": np.array([10.0, 10.2, 9.8, np.nan]), "magerr_a_cov": np.full(4, 0.1)}

    found = variability(table, "a")

    assert found["points"] == 3
    assert found["mag"] == pytest.approx(10.0)
    assert found["rms_mag"] == pytest.approx(0.2)
    assert found["chi2"] == pytest.approx((0.04 + 0.04) / 0.01 / 2)
    assert variability({"mag_a": np.array([1.0]), "magerr_a_cov": np.array([0.1])}, "a") == {
        "points": 1}


def test_errors_that_differ_weight_the_mean():
    """Magnitudes 0, 3, 6 of weights 1, 1/4, 1/9."""
    table = {"mag_a": np.array([0.0, 3.0, 6.0]), "magerr_a_cov": np.array([1.0, 2.0, 3.0])}

    found = variability(table, "a")

    mean = (3 / 4 + 6 / 9) / (1 + 1 / 4 + 1 / 9)
    assert found["mag"] == pytest.approx(mean)
    assert found["chi2"] == pytest.approx(
        (mean**2 + (3 - mean) ** 2 / 4 + (6 - mean) ** 2 / 9) / 2)
    assert found["rms_mag"] == pytest.approx(3.0)
    assert found["error_mag"] == 2.0


def images():
    """One star in a night of three images, the last of a worse seeing, and one of a single one."""
    return [{"mjd": mjd, "mhjd": mjd + 0.001, "telescope": "T", "set_name": "R",
             "field_fwhm_arcsec": fwhm, "field_ellipticity": 0.1, "airmass": 1.2,
             "sky_level_e": 100.0, "renorm__r": 2.0, "renorm_sigma__r": 0.08,
             "star_flux_e__p__a": flux, "star_sigma_e__p__a": 0.03 * flux}
            for mjd, fwhm, flux in ((60000.1, 1.0, 100.0), (60000.11, 1.0, 100.0),
                                    (60000.12, 1.9, 130.0), (60001.1, 1.4, 100.0))]


def settings(**more):
    return SimpleNamespace(**{
        "renorm_name": "r", "psf_name": "p", "dec_name": "lens", "join_by": "night",
        "join_minutes": 30.0,
        "join_center": "median", "night_fwhm_max_arcsec": None, "night_ellipticity_max": None,
        "night_sky_max_e": None, "night_coeff_max": None, "night_min_images": 1} | more)


def test_a_star_is_joined_and_flagged_as_the_lens_is():
    """100 e- x 2 is -5.7526 mag; errors of 3 % and of 4 %, the coefficient's, are 5 % together."""
    table = joined_stars(images(), ["a"], settings(night_fwhm_max_arcsec=1.3))

    assert table["nbimg"].tolist() == [3, 1]
    assert table["mag_a"] == pytest.approx([-5.752575] * 2)
    assert table["magerr_a_cov"][1] == pytest.approx(2.5 * np.log10(1.05))
    assert table["magerr_a_norm"][1] == pytest.approx(2.5 * np.log10(1.04))
    assert table["flag"].tolist() == [True, False]  # the median seeing of the first night is 1.0
    assert table["relskylevel"].tolist() == [200.0, 200.0]


def test_the_settings_say_how_the_images_of_a_star_become_points():
    by_image = joined_stars(images(), ["a"], settings(join_by="image"))
    minutes = joined_stars(images(), ["a"], settings(join_by="minutes", join_minutes=20.0))
    mean = joined_stars(images(), ["a"], settings(join_center="mean"))

    assert by_image["nbimg"].tolist() == [1] * 4
    assert minutes["nbimg"].tolist() == [2, 1, 1]
    weights = 1 / (0.03**2 * np.array([100, 100, 130]) ** 2 + 0.04**2 * 100**2)
    assert mean["mag_a"][0] == pytest.approx(
        -2.5 * np.log10(2 * np.average([100, 100, 130], weights=weights)))
