from cosmouline.photometry import db_tables, variability
from cosmouline.photometry.zero_points.zero_point import ZeroPoint
from cosmouline.sources.io_external_lists import Photometry

import numpy as np
import pytest


def row(set_name, coeff, flux, telescope="T"):
    found = {"set_name": set_name, "telescope": telescope, "c": coeff, "s": 0.01 * coeff, "n": 5}
    return found if flux is None else found | {"f": flux}


def test_a_line_for_each_set_with_the_star_relative_to_the_first():
    rows = [row("A", 1.0, 100.0), row("A", 2.0, 50.0), row("A", 4.0, 25.0),
            row("B", 2.0, 60.0, "U"), row("C", 2.0, None)]

    lines = db_tables.by_set(rows, "c", "s", "n", "f").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]

    assert cells[0] == ["A", "T", "3", "2.0000", "1.0000", "4.0000", "1.00", "5", "1.0000", "0.00"]
    assert cells[1][:3] == ["B", "U", "1"]
    assert float(cells[1][8]) == pytest.approx(1.2)  # 2 x 60 beside 100
    assert cells[2][8:] == ["-", "-"]
    assert "star_scatter" not in db_tables.by_set(rows, "c", "s", "n")


def campaign():
    """Four stars on five images, exact; the last varies by 10 %, and an image has one star."""
    coeff = np.array([1.0, 0.8, 1.25, 1.0, 0.9])
    flux = np.outer(1 / coeff, [1e4, 2e4, 4e4, 8e4])
    flux[:, 3] *= 1 + 0.1 * np.array([1, -1, 1, -1, 0])
    flux[4, 1:] = np.nan
    return flux, 0.01 * flux


def test_the_most_variable_star_is_the_first_line():
    flux, sigma = campaign()
    data = Photometry(list("pqrst"), ["a", "b", "c", "v"], np.array([[10.5, -1.25]] * 4), flux,
                      sigma)

    lines = db_tables.variable_stars(data, variability.measure(flux, sigma))

    assert lines[0]["star"] == "v"
    assert lines[0]["place"] == "10.50000 -1.25000"
    assert [line["varies"] for line in lines] == [True, False, False, False]
    assert lines[0]["images"] == 4
    assert next(line for line in lines if line["star"] == "a")["mag"] == pytest.approx(-10)
    # +-0.1 in turn, -2.5 lg 1.1 and 0.9: a standard deviation of 0.1086 sqrt(4/3)
    assert lines[0]["scatter"] == pytest.approx(2.5 * np.log10(1.1 / 0.9) / 2 * np.sqrt(4 / 3),
                                                rel=0.02)
    assert set(lines[0]) == set(db_tables.VARIABLE_FIELDS)


def test_stars_without_places_and_with_few_points_have_shorter_lines():
    flux, sigma = campaign()
    flux[2:, 1] = np.nan
    data = Photometry(list("pqrst"), ["a", "b", "c", "v"], None, flux, sigma)

    lines = {line["star"]: line
             for line in db_tables.variable_stars(data, variability.measure(flux, sigma))}

    assert "place" not in lines["a"]
    assert set(lines["b"]) == {"star", "images", "mag", "varies"}


def test_images_have_the_coefficients_that_bring_them_to_one_scale():
    flux, sigma = campaign()
    data = Photometry(list("pqrst"), ["a", "b", "c", "v"], None, flux, sigma)

    lines = db_tables.coefficients(data, variability.measure(flux, sigma))

    assert [line["image"] for line in lines] == ["p", "q", "r", "s"]  # t has one star
    assert [line["coeff"] for line in lines] == pytest.approx([1.0, 0.8, 1.25, 1.0])
    # three stars of 1 %
    assert lines[1]["coeff_sigma"] == pytest.approx(0.8 * 0.01 / np.sqrt(3), rel=0.01)


@pytest.mark.parametrize(("psf", "expected"), [(None, [7.0, 0.7]), ("p", [5.0, 0.5])])
def test_our_own_stars_are_measured_with_a_psf_or_in_apertures(psf, expected):
    rows = [{"img_name": "i", "aper_flux_e__a": 7.0, "aper_sigma_e__a": 0.7,
             "star_flux_e__p__a": 5.0, "star_sigma_e__p__a": 0.5,
             "star_flux_e__q__a": 3.0, "star_sigma_e__q__a": 0.3}]

    found = db_tables.star_photometry(rows, psf)

    assert (found.images, found.stars, found.places) == (["i"], ["a"], None)
    assert [found.flux.item(), found.sigma.item()] == expected


def test_the_error_of_an_image_is_that_of_its_coefficient_as_an_absolute_one():
    """Of 3 % where the PSF's sum is known to that, else the 1 % of the coefficient."""
    rows = [{"img_name": name, "mjd": 60000.1, "telescope": "T", "site_lon_deg": -70.0,
             "exptime_s": 100.0, "renorm__r": 1.0, "renorm_sigma__r": 0.01} for name in "ab"]
    rows[0]["renorm_abs_sigma__r"] = 0.03

    lines = db_tables.zero_points(rows, ZeroPoint(25.0, 0.0, 0.0, None, None), "r")

    assert [line["zero_point"] for line in lines] == pytest.approx([20.0, 20.0])
    assert [line["zero_point_sigma"] for line in lines] == pytest.approx(
        2.5 / np.log(10) * np.array([0.03, 0.01]))
    assert [line["night"] for line in lines] == [1, 1]
