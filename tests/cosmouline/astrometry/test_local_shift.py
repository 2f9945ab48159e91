"""Places of a point from stars, against drawn maps."""

from cosmouline.astrometry import local_shift
from cosmouline.astrometry.align import apply

import numpy as np
import pytest

POINT = np.array([400.0, 380.0])


def draw(seed, n_images=20, n_stars=10, sigma_px=0.02, scatter_px=0.0):
    """Centres of stars under maps whose alignment is off by .1 px, and the point's true places."""
    rng = np.random.default_rng(seed)
    stars_px = rng.uniform(50, 750, (n_stars, 2))
    turn = rng.normal(0, 0.002, n_images)
    true = np.array([[[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0]] for t in turn])
    true[:, :, 2] = rng.uniform(-30, 30, (n_images, 2))
    aligned = true.copy()
    aligned[:, :, 2] += rng.normal(0, 0.1, (n_images, 2))
    xy = np.array([apply(matrix, stars_px) for matrix in true])
    xy += rng.normal(0, np.hypot(sigma_px, scatter_px), xy.shape)
    places = np.array([apply(matrix, POINT[None])[0] for matrix in true])
    return xy, np.full(xy.shape[:2], sigma_px), aligned, places


def away(found, places):
    """Deviations of predicted places beside the offset that all images share."""
    difference = found - places
    return difference - difference.mean(0)


@pytest.mark.parametrize(("n_stars", "scatter_px"), [(10, 0.0), (10, 0.05), (4, 0.02)])
def test_places_are_as_good_as_their_errors(n_stars, scatter_px):
    """100 places of 5 fields: rms pull 1 +- .05, to which the share of the mean (1/20) comes.

    The known error is .02 px per star, so that of the place is a third of it; alignment: .1 px.
    """
    pulls, errors = [], []
    for seed in range(5):
        xy, sigma, aligned, places = draw(seed, n_stars=n_stars, scatter_px=scatter_px)
        found, error = local_shift.predict(xy, sigma, aligned, POINT)
        pulls.append(away(found, places) / error[:, None])
        errors.append(error)

    expected = np.hypot(0.02, scatter_px) / np.sqrt(n_stars)
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1, abs=0.25)
    # the point is some 100 px from the middle of stars that spread by 200 px
    assert 0.9 * expected < np.median(errors) < 1.8 * expected


def test_a_star_that_jumps_does_not_count():
    xy, sigma, aligned, places = draw(7)
    xy[3, 2] += 1.5

    found, _ = local_shift.predict(xy, sigma, aligned, POINT)

    # .02 px / sqrt(10) of each image, 5 sigma
    assert np.abs(away(found, places)).max() < 5 * 0.013


def test_images_with_few_stars_have_no_place():
    xy, sigma, aligned, _ = draw(8)
    xy[5, 2:] = np.nan

    found, error = local_shift.predict(xy, sigma, aligned, POINT)

    assert np.isnan(found[5]).all()
    assert np.isnan(error[5])
    assert np.isfinite(np.delete(found, 5, axis=0)).all()


def test_the_scatter_that_images_share_is_found_from_three_of_them():
    """Errors of .02 px, a scatter of .05: 200 fields, rms pull known to 3 %.

    The offset that all three share takes a third of the variance of the pulls.
    """
    pulls = []
    for seed in range(200):
        xy, sigma, aligned, places = draw(seed, n_images=3, scatter_px=0.05)
        found, error = local_shift.predict(xy, sigma, aligned, POINT)
        pulls.append(away(found, places) / error[:, None])

    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(np.sqrt(2 / 3), abs=0.11)


@pytest.mark.parametrize(("over_limit", "is_rejected"), [(1.15, True), (0.87, False)])
def test_an_outlier_is_rejected_by_what_the_fits_leave_of_it(over_limit, is_rejected):
    """A jump d leaves d (1 - h)(1 - 1/N), for a leverage h of the star and a mean over N images.

    The limit is 4 sigma sqrt(2 f), two coordinates; on average f = (1 - 3/10)(1 - 1/20) is left.
    """
    xy, _, aligned, _ = draw(9, sigma_px=1e-4)
    sigma = np.full(xy.shape[:2], 0.02)
    without = sigma.copy()
    without[3, 2] = np.inf  # a star without an error is not used
    expected, _ = local_shift.predict(xy, without, aligned, POINT)
    missing = xy.copy()
    missing[3, 2] = np.nan
    assert local_shift.predict(missing, sigma, aligned, POINT)[0] == pytest.approx(expected)

    design = np.column_stack([xy[3], np.ones(10)])
    leverage = np.diag(design @ np.linalg.inv(design.T @ design) @ design.T)[2]
    limit = 4 * 0.02 * np.sqrt(2 * 0.7 * 0.95) / (1 - leverage) / 0.95
    xy[3, 2, 0] += over_limit * limit
    found, _ = local_shift.predict(xy, sigma, aligned, POINT)

    assert (np.abs(found[3] - expected[3]).max() < 1e-3) == is_rejected


def test_three_stars_give_the_weighted_mean_of_their_shifts():
    """One round of unequal errors by hand: aligned maps that are right but for a shift.

    The mean of each star over two images has the weights of its errors; the shift of an image is
    the mean over its stars, with the error 1 / sqrt(sum of weights).
    """
    stars_px = np.array([[100.0, 200.0], [400.0, 150.0], [300.0, 500.0]])
    sigma = np.array([[0.01, 0.02, 0.04], [0.02, 0.02, 0.01]])
    turn = np.array([[[1.0, 0.0, 5.0], [0.0, 1.0, -3.0]], [[0.0, -1.0, 600.0], [1.0, 0.0, 20.0]]])
    xy = np.array([apply(matrix, stars_px) for matrix in turn])

    found, error = local_shift.predict(xy, sigma, turn, POINT)

    np.testing.assert_allclose(found, [apply(matrix, POINT) for matrix in turn], atol=1e-9)
    np.testing.assert_allclose(error, 1 / np.sqrt((sigma**-2.0).sum(1)))
    # a shift of the second image against the first is met, whatever is common to both
    moved = xy + np.array([[0.0, 0.0], [0.3, -0.2]])[:, None]
    after, _ = local_shift.predict(moved, sigma, turn, POINT)
    change = after - found
    back = change[1] - turn[1, :, :2] @ change[0]
    np.testing.assert_allclose(back, [0.3, -0.2], atol=1e-4)  # six rounds


def test_the_error_of_a_map_is_that_of_its_constant():
    """Seven stars of unequal errors: the corner of the inverse of the normal equations."""
    rng = np.random.default_rng(10)
    stars_px = rng.uniform(0, 500, (7, 2))
    sigma = np.tile(rng.uniform(0.01, 0.05, 7), (4, 1))
    xy = np.tile(stars_px, (4, 1, 1))

    _, error = local_shift.predict(xy, sigma, np.tile(np.eye(2, 3), (4, 1, 1)), POINT)

    design = np.column_stack([np.ones(7), stars_px - POINT]) / sigma[0][:, None]
    np.testing.assert_allclose(error, np.sqrt(np.linalg.inv(design.T @ design)[0, 0]))
