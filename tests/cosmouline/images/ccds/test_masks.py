"""Masks by polygon: exact bits."""

from cosmouline.images.ccds import masks

import numpy as np
import pytest
from matplotlib.path import Path


@pytest.mark.parametrize("corners", [
    masks.halo_polygon(11.3) + np.array([30.2, 17.9]),
    masks.spike_polygon(40, 5.5, 27.0) + np.array([33.33, 20.1]),
    masks.halo_polygon(30.0) + np.array([-5.0, 45.0])], ids=["halo", "spike", "at a corner"])
def test_a_polygon_covers_the_centres_inside_it(corners):
    # against matplotlib's test of points, no centre being on an edge
    flags = np.zeros((50, 60), dtype=np.int16)
    masks.add_polygon(flags, corners, 8)
    y, x = np.indices(flags.shape)
    inside = Path(corners).contains_points(np.column_stack([x.ravel(), y.ravel()]))
    assert np.array_equal(flags.ravel() == 8, inside)
    assert inside.any()


def test_bits_are_joined_and_never_added():
    flags = np.full((20, 20), 4, dtype=np.int16)
    square = np.array([(4.5, 4.5), (9.5, 4.5), (9.5, 9.5), (4.5, 9.5)])
    masks.add_border(flags, 3, 4)
    masks.add_polygon(flags, square, 4)
    assert (flags == 4).all()
    masks.add_polygon(flags, square, 2)
    assert (flags == 6).sum() == 25
    assert (flags[5:10, 5:10] == 6).all()


def test_neighbouring_polygons_share_no_pixel():
    flags = np.zeros((20, 20), dtype=np.int16)
    left, right = (np.array([(a, 2), (b, 2), (b, 8), (a, 8)], float) for a, b in ((3, 7), (7, 12)))
    masks.add_polygon(flags, left, 1)
    masks.add_polygon(flags, right, 2)
    assert not (flags == 3).any()
    assert (flags > 0).sum() == 9 * 6


def test_a_polygon_outside_the_image_changes_nothing():
    flags = np.zeros((20, 20), dtype=np.int16)
    masks.add_polygon(flags, masks.halo_polygon(5) + np.array([-30, 10]), 1)
    masks.add_polygon(flags, masks.halo_polygon(5) + np.array([10, 99]), 1)
    assert not flags.any()


def test_the_halo_has_the_area_of_its_circle():
    corners = masks.halo_polygon(100.0)
    x, y = corners.T
    area = 0.5 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
    assert area == pytest.approx(np.pi * 100**2, rel=1e-12)


def test_sizes_grow_for_bright_stars_and_are_never_negative():
    assert np.allclose(masks.size_of_star([13.8, 10.8, 30.0], 13.8, 0.3), [1.0, 1.9, 0.0])


def test_a_star_without_a_magnitude_counts_as_bright():
    mag, missing = masks.without_magnitude([12.0, np.nan], 11.0)
    assert mag.tolist() == [12.0, 11.0]
    assert missing.tolist() == [False, True]
    assert np.isnan(masks.without_magnitude([np.nan], None)[0][0])
