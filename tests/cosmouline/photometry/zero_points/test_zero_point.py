"""zero_point.py: made-up stars of known zero point."""

from cosmouline.photometry.zero_points import zero_point

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


def coloured(n=60, seed=1, term=0.05, gradient=0.0, scatter=0.01):
    """Arguments of of_set: a zero point of 26 mag at the colour 1, a term, a gradient in x."""
    rng = np.random.default_rng(seed)
    colour, place = rng.uniform(0.4, 2.2, n), rng.uniform(-1, 1, (n, 2))
    catalogue, sigma = rng.uniform(15, 19, n), np.full(n, 0.01)
    mag = (catalogue - 26.0 - term * (colour - 1.0) - gradient * place[:, 0]
           + rng.normal(0, np.hypot(0.01, scatter), n))
    return [catalogue, np.full(n, 0.002), mag, sigma, colour, place]


def test_a_curved_flat_does_not_move_the_zero_point():
    """The terms of the place have no mean over the frame: of x^2 it is 1/3 from -1 to 1."""
    x, y = (grid.ravel() for grid in np.meshgrid(*[np.linspace(-1, 1, 9)] * 2))
    curved = 0.03 * (x**2 - 1 / 3) - 0.02 * x * y + 0.05 * (y**2 - 1 / 3) + 0.01 * x - 0.04 * y
    catalogue, error = np.full(81, 16.0), np.full(81, 0.002)
    colour = np.tile([0.5, 1.0, 1.5], 27)

    found = zero_point.of_set(catalogue, error, catalogue - 25.0 - curved, 0 * error, colour,
                              np.stack([x, y], 1), 2)

    assert found.zero_point == pytest.approx(25.0, abs=1e-6)
    np.testing.assert_allclose(found.place, [0.01, -0.04, 0.03, -0.02, 0.05], atol=1e-6)


def test_zero_point_colour_term_and_place_are_those_put_in():
    """Ten per cent of the stars are wrong by .5 mag: they are left out."""
    arguments = coloured(gradient=0.02)
    arguments[2][::10] -= 0.5

    found = zero_point.of_set(*arguments, degree=1)

    assert found.at_colour(1.0, 0.0)[0] == pytest.approx(26.0, abs=5 * found.sigma)
    assert found.colour_term == pytest.approx(0.05, abs=5 * found.colour_term_sigma)
    # scatter / sqrt(n) / rms of a uniform place
    assert found.place[0] == pytest.approx(0.02, abs=5 * 0.0141 / np.sqrt(54) * np.sqrt(3))
    assert not found.used[::10].any()
    assert found.n_stars >= 52
    assert found.scatter == pytest.approx(0.01, abs=5 * 0.0141 / np.sqrt(2 * 54))
    assert found.sigma == pytest.approx(0.0141 / np.sqrt(54), rel=0.5)


def test_errors_of_the_colour_of_the_lens_and_beyond_the_stars():
    found = zero_point.of_set(*coloured())
    inside, sigma = found.at_colour(1.0, 0.2)
    assert sigma == pytest.approx(np.hypot(found.at_colour(1.0, 0.0)[1],
                                           0.2 * found.colour_term), rel=1e-3)
    # a quasar of colour -1: the term stops at the bluest star, its rest is an error
    value, beyond = found.at_colour(-1.0, 0.0)
    low = found.colour_range[0]
    assert value == pytest.approx(found.at_colour(low, 0.0)[0])
    assert beyond > abs(found.colour_term) * (low + 1.0) * 0.999
    assert inside == pytest.approx(26.0, abs=0.02)


def test_few_stars_have_no_colour_term_and_honest_errors():
    arguments = [one[:5] for one in coloured()]
    found = zero_point.of_set(*arguments, degree=2)
    assert (found.colour_term, found.colour_term_sigma, len(found.place)) == (0.0, 0.0, 0)
    assert found.at_colour(0.6, 0.2) == (found.zero_point, found.sigma)
    one = zero_point.of_set(*[one[:1] for one in coloured()])
    assert one.sigma > zero_point.UNKNOWN_SCATTER_MAG  # nothing tells the scatter of one star


def test_without_colours_or_magnitudes():
    arguments = coloured()
    arguments[4] = np.full(60, np.nan)
    found = zero_point.of_set(*arguments)
    assert found.n_stars > 50
    assert np.isnan(found.colour_0)
    arguments[0] = np.full(60, np.nan)
    with pytest.raises(ValueError, match="no star has both magnitudes"):
        zero_point.of_set(*arguments)


def test_pull_over_many_fields():
    """Mean square pull of 60 fields of 30 stars: 1 +- sqrt(2/60) = .18."""
    pulls = []
    for seed in range(60):
        found = zero_point.of_set(*coloured(30, seed))
        value, sigma = found.at_colour(1.0, 0.0)
        pulls.append((value - 26.0) / sigma)
    assert np.mean(np.square(pulls)) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 60))
