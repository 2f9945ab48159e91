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
