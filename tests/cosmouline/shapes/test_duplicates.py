"""Objects of two tiles."""

from cosmouline.shapes.duplicates import duplicates

import numpy as np


def test_the_copy_nearer_to_the_edge_is_the_duplicate():
    # around RA 0, where a difference of RA is no distance; the fourth is one of the same tile
    ra = np.array([359.99995, 0.0, 10.0, 10.0, 20.0])
    dec = np.array([60.0, 60.0, -5.0, -5.0, 0.0])
    tile = np.array([0, 1, 0, 0, 1])
    edge = np.array([5.0, 30.0, 9.0, 9.0, 1.0])
    assert duplicates(ra, dec, tile, edge, 1.0).tolist() == [True, False, False, False, False]
    assert not duplicates(ra, dec, tile, edge, 0.05).any()
