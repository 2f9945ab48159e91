"""PSF against aperture fluxes: injected scatter and slopes."""

from cosmouline.photometry.psf_aperture import compare, log_ratio, lone_apertures, single_stars

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


def three_pairs(size, n=7):
    """Log ratios 0, +-size, +-size, +-3 size: their median deviation is `size`."""
    return size * np.array([0.0, 1, -1, 1, -1, 3, -3])[:n]


@pytest.mark.parametrize(("scatter", "noise", "is_told"), [
    (0.0102, 1e-4, True), (0.0098, 1e-4, False),
    # chi2 of .37 x 6 = 2.22 degrees of freedom is above 14.38 in 1e-3: 2.55 times the noise
    (0.04, 0.0165, True), (0.04, 0.0175, False)])
def test_the_scatter_by_hand_and_the_limits_of_its_note(scatter, noise, is_told):
    """The sigma of the median deviation, times 7/6 for the mean, less the noise."""
    all2 = scatter**2 + noise**2
    ratio = three_pairs(np.sqrt(all2 * 6 / 7) / 1.4826)
    sigma = noise * np.sqrt([1.5, 0.5, 1.5, 0.5, 1.5, 0.5, 1.0])

    values, note = compare(np.r_[ratio, np.nan, 9.0], np.r_[sigma, 1.0, np.nan], {})

    assert values == {"scatter": pytest.approx(scatter)}
    assert note == (f"stars scatter by {100 * scatter:.1f} % beyond the noise" if is_told else "")


def test_noise_that_is_larger_than_the_scatter_leaves_none():
    assert compare(three_pairs(0.001), np.full(7, 0.01), {}) == ({"scatter": 0.0}, "")


@pytest.mark.parametrize(("n", "slope", "is_told"), [
    (8, 0.0201, True), (8, 0.0199, False), (8, -0.0201, True), (7, 0.0201, True),
    # in order by chance in 2 / n!: 2.8e-3 of six, 4e-4 of seven stars
    (6, 0.0201, False)])
def test_a_slope_is_told_above_two_per_cent_where_chance_gives_it_rarely(n, slope, is_told):
    quantity = np.arange(n, dtype=float)

    values, note = compare(slope * quantity, np.full(n, 0.5), {"x": quantity})

    assert values["slope_x"] == pytest.approx(slope)
    assert ("per half width" in note) == is_told


def test_five_stars_are_compared_and_a_quantity_that_five_have():
    ratio, sigma = np.arange(6) * 0.01, np.full(6, 0.5)
    five, four, same = (np.r_[np.arange(n), [np.nan] * (6 - n)] for n in (5, 4, 0))
    same[:] = 2.0

    values, _ = compare(ratio, sigma, {"mag": five, "x": four, "y": same})

    assert set(values) == {"scatter", "slope_mag"}
    assert set(compare(ratio[:5], sigma[:5], {})[0]) == {"scatter"}
    assert compare(ratio[:4], sigma[:4], {}) == ({}, "")


def test_an_aperture_that_is_the_better_one_leaves_the_floor():
    psf = np.full((3, 1), 100.0)

    _, sigma = log_ratio(psf, 0.05 * psf, psf, 0.03 * psf)

    assert sigma == pytest.approx(np.full((3, 1), 1e-3))


def test_a_star_with_an_asteroid_in_its_aperture_stands_alone():
    """8 %, at errors of .4 %, in one of 40 images; 4 % is too little, a bad image is no star's."""
    random = np.random.default_rng(7)
    ratio, sigma = NOISE * random.standard_normal((40, N)), np.full((40, N), NOISE)
    ratio[5, 3] -= 0.08
    ratio[6, 4] -= 0.04
    ratio[7] += 0.08 * random.standard_normal(N)
    ratio[8, :8], ratio[8, 9] = np.nan, 0.5  # too few stars

    assert np.argwhere(single_stars(ratio, sigma)).tolist() == [[5, 3]]


@pytest.mark.parametrize("excess", [0.0, 0.3, 1.5])
def test_a_star_that_lost_its_core_to_an_asteroid_has_it_in_its_aperture(excess):
    """12 stars in 12 images, one of them variable; the flux of one is missing in an image."""
    told = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        true = 10 ** random.uniform(4, 5, 12) * random.uniform(0.6, 1.0, (12, 1))
        true[:, 4] *= random.uniform(0.8, 1.2, 12)
        sigma = 0.004 * true
        flux = true + random.normal(0, np.hypot(sigma, 0.005 * true))
        psf = flux.copy()
        psf[7, 3] = psf[2, 4] = np.nan  # of the variable one for another reason
        flux[7, 3] *= 1 + excess
        flux[9, 3] *= 1.5  # with a PSF flux: `single_stars` sees it
        told.append(lone_apertures(psf, flux, sigma))

    assert all(np.isfinite(one).sum() == (excess > 0) for one in told)
    if excess:
        assert [one[7, 3] for one in told] == pytest.approx([excess] * 20, abs=0.1)
