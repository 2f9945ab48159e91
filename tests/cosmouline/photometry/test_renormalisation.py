"""renorm.py: COSMOULINE's own output by way of the script's function, and injected zero points."""

import csv
import json

from cosmouline.errors import UserError
from cosmouline.photometry import coefficients
from cosmouline.photometry.renormalisation import solve, star_index, star_shifts

import numpy as np
import pytest


def golden(folder):
    images = json.loads((folder / "renorm_input.json").read_text())
    flux = np.array([[image.get(star, np.nan) for star in "abc"] for image in images])
    with (folder / "renorm_output.txt").open() as file:
        rows = list(csv.DictReader(file, delimiter="|"))
    return flux, [image["telescopename"] for image in images], rows


@pytest.mark.parametrize("star", [None, 0])
def test_the_median_gives_what_cosmouline_gives_telescope_by_telescope(shared_data, star):
    flux, telescopes, rows = golden(shared_data("cosmouline_golden"))

    found = solve(flux, 0.01 * flux, 0, "median", ["R"] * len(flux), telescopes, star)

    has = np.array([row["renorm_1_comment"] != "0" for row in rows])
    assert found.coeff[has] == pytest.approx(
        np.array([float(row["renorm_1"]) for row in rows])[has], rel=1e-12)
    # the file has the scatter of the stars; ours is the error of their mean
    errors = np.array([float(row["renorm_1_err"]) for row in rows])
    scatter = found.coeff_sigma * np.sqrt(found.n_stars)
    assert scatter[has] == pytest.approx(errors[has], rel=1e-12)
    assert np.isnan(found.coeff[~has]).all()


def two_sets(seed, n=30):
    """Fluxes of 6 stars in two sets; the second is 1.5 times fainter, and star 0 redder there."""
    random = np.random.default_rng(seed)
    light = random.uniform(0.6, 1.0, 2 * n)
    light[n:] /= 1.5
    flux = np.outer(light, random.uniform(1e4, 1e5, 6))
    flux[n:, 0] *= 1.08
    sigma = 2e-3 * flux
    return flux + sigma * random.normal(size=flux.shape), sigma, ["A"] * n + ["B"] * n


def test_the_reference_star_is_as_bright_in_all_sets():
    flux, sigma, sets = two_sets(1)

    mean = solve(flux, sigma, 0, "als", sets, sets)
    tied = solve(flux, sigma, 0, "als", sets, sets, star=0)

    assert mean.coeff == pytest.approx(coefficients.solve(flux, sigma, 0, "als", sets).coeff)
    second = np.array(sets) == "B"
    scaled = [found.coeff * flux[:, 0] for found in (mean, tied)]
    ratio = [np.median(one[second]) / np.median(one[~second]) for one in scaled]
    # it stands out, so the mean star is without it; medians of 30 scatter by 1.25 .002 / sqrt(30)
    assert ratio[0] == pytest.approx(1.08, abs=5 * np.sqrt(2) * 1.08 * 4.6e-4)
    assert ratio[1] == pytest.approx(1, abs=1e-12)
    assert tied.coeff[0] == 1
    assert tied.coeff[~second] == pytest.approx(mean.coeff[~second])
    assert (tied.coeff_sigma / tied.coeff) == pytest.approx(mean.coeff_sigma / mean.coeff)


def test_the_error_of_a_shift_is_that_of_two_means():
    random = np.random.default_rng(5)
    flux = np.append(random.normal(100, 1, 40000), random.normal(120, 2.4, 10000))
    sets = ["A"] * 40000 + ["B"] * 10000

    shifts = star_shifts(flux, np.ones(50000, bool), sets, "A")

    error = np.hypot(0.01 / 200, 0.02 / 100)  # scatter of 1 % of 40000, of 2 % of 10000 images
    assert shifts["B"].factor == pytest.approx(100 / 120, rel=5 * 1.25 * error)
    # the MAD of 10000 is known to 1.2 %
    assert shifts["B"].sigma == pytest.approx(error, rel=5 * 0.012)
    assert shifts["A"] == (1.0, 0.0, 40000)


def test_a_reference_star_that_is_not_there_is_told():
    flux, sigma, sets = two_sets(2)
    flux[np.array(sets) == "B", 0] = np.nan

    with pytest.raises(UserError, match="renorm_reference_star has no flux in the set 'B'"):
        solve(flux, sigma, 0, "als", sets, sets, star=0)
    with pytest.raises(UserError, match=r"renorm_method = 'median': the first star \(0\) has no "
                                        r"flux with telescope B\. Set renorm_reference_star"):
        solve(flux, sigma, 0, "median", sets, sets)
    assert star_index(None, ["a"]) is None
    assert star_index("b", ["a", "b"]) == 1
    with pytest.raises(UserError, match=r"renorm_reference_star: 'q' is not among .*\(a, b\)"):
        star_index("q", ["a", "b"])
