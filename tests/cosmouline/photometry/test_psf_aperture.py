"""PSF against aperture fluxes: injected scatter and slopes."""

from cosmouline.photometry.psf_aperture import compare, log_ratio, single_stars

import numpy as np
import pytest

N = 12
NOISE = 0.004


def stars(seed, scatter=0.0, slope=0.0, quantity="mag"):
    """Log ratios of twelve stars with noise and a fault, their errors and quantities."""
    random = np.random.default_rng(seed)
    quantities = {"mag": random.uniform(-12, -9, N), "x": random.uniform(-1, 1, N),
                  "y": random.uniform(-1, 1, N), "colour": np.full(N, np.nan)}
    ratio = np.hypot(NOISE, scatter) * random.standard_normal(N) + slope * quantities[quantity]
    return ratio, np.full(N, NOISE), quantities


def test_good_psfs_are_not_flagged():
    """By chance in 1e-3 for each of four quantities, and then only above 1 %."""
    notes = [compare(*stars(seed))[1] for seed in range(150)]

    assert sum(map(bool, notes)) <= 3


def test_the_scatter_of_a_bad_psf():
    found = [compare(*stars(seed, scatter=0.05)) for seed in range(60)]

    # its median over images whose own has an error of 35 %
    typical = np.median([values["scatter"] for values, _ in found])
    assert typical == pytest.approx(0.05, rel=5 * 0.35 * 1.25 / np.sqrt(60) / 2 + 0.1)
    assert np.mean(["scatter by" in note for _, note in found]) > 0.95


@pytest.mark.parametrize(("quantity", "slope", "words"), [
    ("mag", 0.03, "per magnitude"), ("x", -0.06, "per half width"),
    ("y", 0.06, "per half height")])
def test_slopes(quantity, slope, words):
    values, note = compare(*stars(3, slope=slope, quantity=quantity))

    # noise of .004 over a width of .6 in x and y, .9 mag: .002 and .0013
    assert values[f"slope_{quantity}"] == pytest.approx(slope, abs=0.01)
    assert f"slope of {100 * values[f'slope_{quantity}']:+.1f} % {words}" in note
    assert "slope_colour" not in values  # unknown


def test_a_slope_with_the_colour():
    ratio, sigma, quantities = stars(4)
    quantities["colour"] = np.linspace(-1, 1, N)

    values, note = compare(ratio - 0.04 * quantities["colour"], sigma, quantities)

    assert values["slope_colour"] == pytest.approx(-0.04, abs=0.01)
    assert "per magnitude of colour" in note


def test_one_bad_aperture_is_not_the_fault_of_the_psf():
    ratio, sigma, quantities = stars(5)
    ratio[np.argmax(quantities["mag"])] -= 0.3

    values, note = compare(ratio, sigma, quantities)

    assert values["scatter"] < 0.01
    assert note == ""


def test_too_few_stars_tell_nothing():
    ratio, sigma, quantities = stars(6)
    ratio[4:] = np.nan

    assert compare(ratio, sigma, quantities) == ({}, "")


def test_the_ratio_is_relative_to_each_star_and_its_noise_is_that_of_the_difference():
    """Three images of two stars; the second has a neighbour in its aperture, always 10 %."""
    psf = np.array([[100.0, 50.0], [200.0, 100.0], [150.0, 75.0]])
    aperture = psf * [1.0, 1.1]
    aperture[2, 0] *= np.exp(0.05)

    ratio, sigma = log_ratio(psf, 0.03 * psf, aperture, 0.05 * aperture)

    assert ratio == pytest.approx(np.array([[0, 0], [0, 0], [-0.05, 0]]), abs=1e-12)
    assert sigma == pytest.approx(np.full((3, 2), np.hypot(0.04, 1e-3)))
    # what is not positive has no ratio
    aperture[0, 0] = -1.0
    assert np.isnan(log_ratio(psf, 0.03 * psf, aperture, 0.05 * aperture)[0][0, 0])


def test_a_star_with_an_asteroid_in_its_aperture_stands_alone():
    """8 %, at errors of .4 %, in one of 40 images; 4 % is too little, a bad image is no star's."""
    random = np.random.default_rng(7)
    ratio, sigma = NOISE * random.standard_normal((40, N)), np.full((40, N), NOISE)
    ratio[5, 3] -= 0.08
    ratio[6, 4] -= 0.04
    ratio[7] += 0.08 * random.standard_normal(N)
    ratio[8, :8], ratio[8, 9] = np.nan, 0.5  # too few stars

    assert np.argwhere(single_stars(ratio, sigma)).tolist() == [[5, 3]]
