"""COSMOULINE's coefficients: its own output, met or mended."""

import csv
import json

from cosmouline.photometry.coefficient_median import median_coefficients, renormalise

import numpy as np
import pytest


def catalogues(folder):
    """Fluxes of the normalisation stars in COSMOULINE's catalogues, matched as it does."""
    content = json.loads((folder / "catalog_input.json").read_text())
    column = {name: k for k, name in enumerate(content["columns"])}
    places = np.array([star[1:3] for star in content["normstars"]])
    flux = []
    for image in content["images"].values():
        rows = np.array(image["alicat"])
        rows = rows[rows[:, column["FLAGS"]] == 0]
        xy = rows[:, [column["X_IMAGE"], column["Y_IMAGE"]]]
        away = np.hypot(*(places[:, None] - xy).T)  # (sources, stars)
        nearest = away.argmin(0)
        found = (away < 5.0).sum(0) == 1
        flux.append(np.where(found, rows[nearest, column["FLUX_AUTO"]], np.nan))
    with (folder / "catalog_output.tsv").open() as file:
        return np.array(flux), list(csv.DictReader(file, delimiter="\t"))


def test_median_coefficients_are_those_of_cosmouline(shared_data):
    flux, rows = catalogues(shared_data("cosmouline_golden"))

    found = median_coefficients(flux, 0)

    # 3a_calccoeff prints 15 digits
    for name, values in (
        ("medcoeff", found.coeff),
        ("sigcoeff", found.scatter),
        ("spancoeff", found.span),
        ("nbrcoeffstars", found.n_stars),
    ):
        assert values == pytest.approx([float(row[name]) for row in rows], rel=1e-12, abs=1e-12)


def test_an_image_without_stars_has_no_median_coefficient():
    flux = np.array([[100.0, 200.0], [np.nan, np.nan], [50.0, np.nan]])

    found = median_coefficients(flux, 0)

    # COSMOULINE gives the second image the coefficient 1 and a scatter of 99
    assert found.coeff == pytest.approx([1, np.nan, 2], nan_ok=True)
    assert found.scatter == pytest.approx([0, np.nan, 0], nan_ok=True)
    assert found.n_stars.tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="no star has a flux in the reference image 1"):
        median_coefficients(flux, 1)


def test_renormalisation_is_that_of_cosmouline_but_for_an_image_without_stars(shared_data):
    folder = shared_data("cosmouline_golden")
    images = json.loads((folder / "renorm_input.json").read_text())
    flux = np.array([[image.get(star, np.nan) for star in "abc"] for image in images])
    telescope = [image["telescopename"] for image in images]
    with (folder / "renorm_output.txt").open() as file:
        rows = list(csv.DictReader(file, delimiter="|"))

    found = renormalise(flux, telescope, reference=0)

    has = np.array([row["renorm_1_comment"] != "0" for row in rows])
    assert has.sum() == 11
    for name, values in (("renorm_1", found.coeff), ("renorm_1_err", found.scatter)):
        expected = np.array([float(row[name]) for row in rows])
        assert values[has] == pytest.approx(expected[has], rel=1e-12, abs=1e-12)
        assert expected[~has].tolist() == [0.0]  # which would set every flux of it to zero
        assert np.isnan(values[~has]).all()
    assert found.n_stars.tolist() == [int(row["renorm_1_comment"]) for row in rows]
    assert found.coeff_sigma[0] == pytest.approx(found.scatter[0] / np.sqrt(3))


def test_renormalisation_scales_the_first_star_alike_for_all_telescopes():
    random = np.random.default_rng(12)
    flux = np.outer(random.uniform(0.5, 1, 9), [1e4, 2e4, 5e3])
    flux[4:] *= [0.3, 0.33, 0.27]  # another camera: other throughput, other colour
    telescope = np.array(["A"] * 4 + ["B"] * 5)

    found = renormalise(flux, telescope)

    first = found.coeff * flux[:, 0]
    assert np.median(first[:4]) == pytest.approx(np.median(first[4:]))
    assert np.median(found.coeff) == pytest.approx(1)


def test_renormalisation_needs_the_first_star_and_the_reference():
    flux = np.array([[1.0, 2.0], [np.nan, 3.0], [np.nan, np.nan]])

    with pytest.raises(ValueError, match=r"first star \(0\) has no flux with telescope B"):
        renormalise(flux, ["A", "B", "B"])
    with pytest.raises(ValueError, match="no star has a flux in the reference image 2"):
        renormalise(flux, ["A", "A", "A"], reference=2)
