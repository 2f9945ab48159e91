from cosmouline.astrometry import footprint

import numpy as np
import pytest

SQUARE = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)])


def test_distances_from_edges_are_negative_outside():
    assert footprint.edge_distance(SQUARE, (3.0, 5.0)) == pytest.approx(3.0)
    assert footprint.edge_distance(SQUARE[::-1], (3.0, 5.0)) == pytest.approx(3.0)
    assert footprint.edge_distance(SQUARE, (13.0, 14.0)) == pytest.approx(-5.0)


def test_the_coverage_is_that_of_shifted_squares():
    counts, cell, low = footprint.coverage([SQUARE, np.add(SQUARE, (5, 0))])
    area = cell**2
    np.testing.assert_array_equal(low, (0, 0))
    # 400 cells along the longer side, whose middles lie inside
    assert counts.shape == (267, 400)
    assert (counts > 0).sum() * area == pytest.approx(150, rel=0.01)  # a cell is 1/400
    assert (counts == 2).sum() * area == pytest.approx(50, rel=0.02)


def test_the_coverage_is_that_of_every_cell_in_every_image():
    """Twenty turned frames and one along the axes, mirrored: slow and obvious."""
    random = np.random.default_rng(2)
    frames = [np.array([(-5.0, 4.0), (5.0, 4.0), (5.0, -4.0), (-5.0, -4.0)])]
    for turn in random.uniform(0, 2 * np.pi, 20):
        turned = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
        frames.append(frames[0] @ turned + random.normal(0, 2, 2))

    counts, cell, low = footprint.coverage(frames)

    north, east = np.indices(counts.shape) + 0.5
    cells = low + cell * np.stack([east, north], axis=-1).reshape(-1, 2)
    expected = sum(footprint.inside(frame, cells).astype(int) for frame in frames)
    assert np.array_equal(counts.ravel(), expected)
    assert counts.max() > 10


def test_the_middle_of_places_on_both_sides_of_ra_0():
    ra, dec = footprint.middle_of([(359.9, 10.0), (0.1, 10.0)])
    assert min(ra, 360 - ra) < 1e-9
    assert dec == pytest.approx(10.0, abs=1e-3)
