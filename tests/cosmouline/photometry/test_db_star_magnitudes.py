from cosmouline.errors import UserError
from cosmouline.photometry import db_star_magnitudes

import pytest

ROW = {"star_flux_e__p__a": 100.0, "star_sigma_e__p__a": 3.0, "renorm__r": 2.0,
       "renorm_sigma__r": 0.08}


def test_the_mean_of_a_star_is_known_better_than_one_image():
    """100 e- x 2 is -5.7526 mag; 3 % and 4 % are 0.05429 mag, half of it for four images."""
    mag, sigma = db_star_magnitudes.means([ROW] * 4, ["a"], "p", "r")

    assert mag == pytest.approx([-5.752575])
    assert sigma == pytest.approx([0.0542868 / 2])


def test_a_coefficient_that_is_missing_is_told():
    assert db_star_magnitudes.star_names([ROW], "p", "r") == ["a"]
    with pytest.raises(UserError, match="the PSF 'p' and the coefficient 'other'"):
        db_star_magnitudes.star_names([ROW], "p", "other")
