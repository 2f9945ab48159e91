"""zero_point.py: made-up stars of known zero point."""

from cosmouline.photometry import zero_point

import numpy as np
import pytest


def stars(n=40, seed=1, noise=0.02):
    rng = np.random.default_rng(seed)
    catalogue = rng.uniform(14, 18, n)
    return catalogue, np.full(n, noise), catalogue - 25.0 + rng.normal(0, noise, n), np.zeros(n)


def test_the_zero_point_is_found_though_a_star_is_wrong():
    catalogue, error, mag, sigma = stars()
    mag[5] -= 1.0
    mag[6] = np.nan

    found = zero_point.of_stars(catalogue, error, mag, sigma)

    assert found.zero_point == pytest.approx(25, abs=5 * 0.02 / np.sqrt(38))
    assert np.flatnonzero(~found.used).tolist() == [5, 6]
    assert found.scatter == pytest.approx(0.02, rel=5 / np.sqrt(2 * 38))


def test_the_error_is_that_of_the_mean_of_many_stars():
    """1 / sqrt(n) of the scatter, or of the errors where they are larger."""
    catalogue, error, mag, sigma = stars(n=4000)

    by_scatter = zero_point.of_stars(catalogue, 0.25 * error, mag, sigma)
    by_errors = zero_point.of_stars(catalogue, 2 * error, mag, 0.03 + sigma)

    # the clip at 4 sigma takes 6e-5 of the stars
    assert by_scatter.used.mean() > 0.998
    assert by_scatter.sigma == pytest.approx(0.02 / np.sqrt(4000), rel=5 / np.sqrt(2 * 4000))
    assert by_errors.sigma == pytest.approx(np.sqrt(0.04**2 + 0.03**2 + 0.002**2) / np.sqrt(4000))


def test_errors_that_are_too_small_do_not_make_the_zero_point_better():
    catalogue, error, mag, sigma = stars()

    found = zero_point.of_stars(catalogue, np.nan * error, mag, sigma)

    assert found.sigma == pytest.approx(found.scatter / np.sqrt(40))


def test_images_have_the_zero_point_of_a_second():
    """A coefficient of 2 and 100 s: 2.5 log10 200 = 5.7526 mag less."""
    found = zero_point.of_stars(*(one[:1] for one in stars(noise=1e-9)))

    value, sigma = zero_point.of_images(found, np.array([2.0]), np.array([0.02]),
                                        np.array([100.0]))

    assert value == pytest.approx(25 - 5.752575, abs=1e-5)
    assert sigma == pytest.approx(np.hypot(0.0108574, zero_point.FLOOR_MAG), rel=1e-5)
    with pytest.raises(ValueError, match="no star has both magnitudes"):
        zero_point.of_stars([np.nan], [0.1], [1.0], [0.1])


def test_two_stars_by_hand():
    """Offsets of 24.9 and 25.1 with equal errors: a scatter of 0.1 sqrt(2), 0.1 of the mean."""
    found = zero_point.of_stars([15.0, 15.0], [0.02, 0.02], [-9.9, -10.1], [0.0, 0.0])

    assert (found.zero_point, found.scatter, found.sigma) == pytest.approx(
        (25, 0.1 * np.sqrt(2), 0.1))


def test_unequal_errors_weight_the_stars():
    """A slow mean of three stars: errors of .01, .02 and none in the catalogue, .002 at least."""
    catalogue, own = np.array([15.0, 15.3, 15.1]), np.array([-10.0, -9.8, -9.95])
    of_catalogue, of_own = np.array([0.01, 0.02, np.nan]), np.array([0.02, np.nan, 0.03])

    found = zero_point.of_stars(catalogue, of_catalogue, own, of_own)

    variance = np.array([0.01**2 + 0.02**2, 0.02**2, 0.03**2]) + 0.002**2
    offsets = np.array([25.0, 25.1, 25.05])
    assert found.zero_point == pytest.approx((offsets / variance).sum() / (1 / variance).sum())
    scatter = np.sqrt(((offsets - offsets.mean()) ** 2).sum() / 2)
    assert found.scatter == pytest.approx(scatter)
    assert found.sigma == pytest.approx(scatter / np.sqrt(3))


@pytest.mark.parametrize(("n", "off", "sigma", "is_used"), [
    (4, 4.1, 0.0, False), (4, 3.9, 0.0, True),  # of the scatter of the four, 1.4826 x .1
    (3, 30.0, 0.0, True),  # of three nobody knows which is wrong
    (4, 4.1, 0.2, True),  # within four of its own error
])
def test_a_star_is_left_out_beyond_four_sigma_of_four_or_more(n, off, sigma, is_used):
    """Offsets of 24.9, 25.1, 25 and one beside: about their median the MAD is worked out."""
    offsets = np.array([24.9, 25.1, 25.0, 0.0])[-n:]
    for _ in range(60):  # median and MAD depend on the last one a little
        middle = np.median(offsets)
        mad = 1.4826 * np.median(np.abs(offsets - middle))
        offsets[-1] = middle + off * mad
    own = np.r_[np.zeros(n - 1), sigma]

    found = zero_point.of_stars(offsets, np.zeros(n), np.zeros(n), own)

    assert found.used.tolist() == [True] * (n - 1) + [is_used]
