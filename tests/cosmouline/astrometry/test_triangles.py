"""triangles.py: the right transform is among the first candidates."""

from cosmouline.astrometry.triangles import candidate_transforms

import numpy as np
import pytest


def turned(xy, scale, angle_deg, shift, parity=1):
    """Positions after a mirror in x, a rotation, a scale and a shift; and the matrix."""
    turn = scale * np.exp(1j * np.radians(angle_deg))
    matrix = np.array(
        [[parity * turn.real, -turn.imag, shift[0]], [parity * turn.imag, turn.real, shift[1]]]
    )
    return xy @ matrix[:, :2].T + matrix[:, 2], matrix


@pytest.mark.parametrize("parity", [1, -1])
@pytest.mark.parametrize(("scale", "angle_deg"), [(1.0, 0.0), (1.0, 180.0), (0.6, -70.0)])
def test_without_noise_the_first_candidate_is_exact(scale, angle_deg, parity):
    xy = np.random.default_rng(1).uniform(0, 1000, (40, 2))
    image_xy, matrix = turned(xy, scale, angle_deg, (31.0, -12.0), parity)
    candidates = candidate_transforms(xy, image_xy, 40, parity, 3.0)
    assert candidates.shape == (25, 2, 3)
    np.testing.assert_allclose(candidates[0], matrix, atol=1e-6)


def test_the_wrong_parity_proposes_nothing_right():
    xy = np.random.default_rng(2).uniform(0, 1000, (40, 2))
    image_xy, _ = turned(xy, 1.0, 15.0, (5.0, 5.0), parity=-1)
    for matrix in candidate_transforms(xy, image_xy, 40, 1, 3.0):
        distance = np.hypot(*(xy @ matrix[:, :2].T + matrix[:, 2] - image_xy).T)
        assert np.count_nonzero(distance < 3) < 8


def test_a_triangle_and_its_mirror_image_are_no_pair():
    xy = np.array([[0.0, 0.0], [100.0, 10.0], [40.0, 70.0]])
    mirrored, _ = turned(xy, 1.0, 20.0, (5.0, 5.0), parity=-1)
    assert len(candidate_transforms(xy, mirrored, 3, 1, 3.0)) == 0
    assert len(candidate_transforms(xy, mirrored, 3, -1, 3.0)) == 1


def test_right_pairs_rank_first_among_many_by_chance():
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 2000, (150, 2))
    image_xy, matrix = turned(xy, 1.0, 3.0, (40.0, -70.0))
    image_xy = image_xy + rng.normal(0, 0.15, xy.shape)
    image_xy[rng.permutation(150)[:90]] = rng.uniform(0, 2000, (90, 2))  # 40 % are common
    best = candidate_transforms(xy, image_xy, 150, 1, 3.0)[0]
    corners = np.array([[0, 0], [2000, 0], [0, 2000], [2000, 2000.0]])
    moved = corners @ (best - matrix)[:, :2].T + (best - matrix)[:, 2]
    assert np.hypot(*moved.T).max() < 10  # from one triangle, to be refined


@pytest.mark.parametrize("n", [0, 2])
def test_fewer_than_three_stars_make_no_triangle(n):
    xy = np.random.default_rng(4).uniform(0, 100, (10, 2))
    assert candidate_transforms(xy[:n], xy, 10, 1, 3.0).shape == (0, 2, 3)
    assert candidate_transforms(xy, xy[:n], 10, 1, 3.0).shape == (0, 2, 3)


def test_stars_too_close_for_a_ratio_make_no_triangle():
    xy = np.random.default_rng(5).uniform(0, 5, (12, 2))
    assert len(candidate_transforms(xy, xy, 12, 1, 3.0)) == 0


def test_stars_on_a_line_do_not_break_it():
    xy = np.column_stack([np.arange(0, 400, 20.0), np.full(20, 7.0)])
    assert np.isfinite(candidate_transforms(xy, xy, 20, 1, 3.0)).all()


@pytest.mark.parametrize("parity", [1, -1])
def test_where_the_origin_lies_does_not_matter(parity):
    """The same lists a hundred thousand pixels away: turns differ by 1e-3, the origin by 100 px.

    Transforms are compared by where they put the middle of the field, which moves with it.
    """
    rng = np.random.default_rng(6)
    xy = rng.uniform(0, 800, (50, 2))
    image_xy, matrix = turned(xy, 1.1, 40.0, (40.0, -70.0), parity)
    image_xy = image_xy + rng.normal(0, 0.2, xy.shape)
    image_xy[rng.permutation(50)[:25]] = rng.uniform(-600, 600, (25, 2))
    far, image_far = np.array([1e5, -2e5]), np.array([-3e5, 4e4])

    near = candidate_transforms(xy, image_xy, 50, parity, 3.0)
    away = candidate_transforms(xy + far, image_xy + image_far, 50, parity, 3.0)

    middle = xy.mean(0)
    for found, start, shift in ((near, middle, 0.0), (away, middle + far, image_far)):
        place = found[0][:, :2] @ start + found[0][:, 2] - shift
        assert np.hypot(*(place - matrix[:, :2] @ middle - matrix[:, 2])) < 1
    np.testing.assert_allclose(away[:, :, :2], near[:, :, :2], atol=1e-9)


def test_the_transform_of_one_triangle_is_that_of_least_squares():
    """Three pairs with errors: against numpy's solution of the four unknowns a, b, dx, dy."""
    xy = np.array([[10.0, 20.0], [110.0, 35.0], [60.0, 95.0]])
    image_xy = turned(xy, 1.0, 25.0, (300.0, 50.0))[0] + [[0.1, 0.0], [-0.1, 0.2], [0.2, -0.1]]
    (x, y), (u, v) = xy.T, image_xy.T
    design = np.concatenate([np.column_stack([x, -y, np.ones(3), np.zeros(3)]),
                             np.column_stack([y, x, np.zeros(3), np.ones(3)])])
    a, b, dx, dy = np.linalg.lstsq(design, np.r_[u, v], rcond=None)[0]

    found, = candidate_transforms(xy, image_xy, 3, 1, 3.0)

    np.testing.assert_allclose(found, [[a, -b, dx], [b, a, dy]], atol=1e-9)


@pytest.mark.parametrize(("side_px", "n_found"), [(7.9, 0), (8.1, 1)])
def test_the_shortest_side_of_a_triangle_has_eight_pixels(side_px, n_found):
    xy = np.array([[0.0, 0.0], [side_px, 0.0], [3.0, 60.0]])
    image_xy, _ = turned(xy, 1.0, 30.0, (5.0, 5.0))
    assert len(candidate_transforms(xy, image_xy, 3, 1, 3.0)) == n_found


@pytest.mark.parametrize(("distance", "n_found"), [(0.0059, 1), (0.0061, 0)])
def test_two_triangles_are_alike_within_their_two_side_ratios(distance, n_found):
    """Right triangles 30 40 50 have the ratios .6 and .8; the other one has .6 + d and .8."""
    # the corners lie opposite of their sides: the longest on the axis
    def triangle(short, middle):
        x = (short**2 - middle**2 + 1) / 2
        return 100 * np.array([[0.0, 0.0], [1.0, 0.0], [x, np.sqrt(short**2 - x**2)]])

    found = candidate_transforms(triangle(0.6, 0.8), triangle(0.6 + distance, 0.8), 3, 1, 3.0)

    assert len(found) == n_found
