"""The isothermal ellipsoid: lens equation, its magnification by differences, a sphere."""

from cosmouline.skymaker.deflector import Deflector

import numpy as np
import pytest

LENS = Deflector(1.2, 0.7)


@pytest.mark.parametrize("source", [(0.0, 0.02), (0.08, 0.03), (0.3, -0.2)])
def test_all_images_come_from_the_source(source):
    places = LENS.images(source)

    np.testing.assert_allclose(np.stack(LENS.source(*places.T), 1), np.tile(source, (len(places),
                                                                                     1)),
                               atol=1e-12)


def test_four_images_inside_the_caustic_and_two_outside():
    inside, outside = (np.array(LENS.caustic(0.4)) * part for part in (0.9, 1.1))

    assert len(LENS.images(inside)) == 4
    assert len(LENS.images(outside)) == 2


def test_the_magnification_is_that_of_the_areas():
    """Against the determinant of the map, by differences of 1e-5 arcsec."""
    x, y, step = np.array([1.0, -0.4, 0.9]), np.array([0.8, 1.7, -1.4]), 1e-5
    by_x = np.subtract(LENS.source(x + step, y), LENS.source(x - step, y)) / (2 * step)
    by_y = np.subtract(LENS.source(x, y + step), LENS.source(x, y - step)) / (2 * step)

    np.testing.assert_allclose(1 / LENS.magnification(x, y),
                               by_x[0] * by_y[1] - by_x[1] * by_y[0], rtol=1e-7)


def test_a_nearly_round_lens_is_the_isothermal_sphere():
    """Images of a sphere lie at source +- Einstein radius, and differ in delay by 2 b source."""
    lens = Deflector(1.0, 0.99999)

    near, far = lens.images((0.5, 0.0))[[0, -1]]
    delays = lens.delay_days(np.array([near, far]), (0.5, 0.0))

    np.testing.assert_allclose([near, far], [(1.5, 0), (-0.5, 0)], atol=1e-4)
    assert np.diff(delays)[0] == pytest.approx(84.0 * 2 * 1.0 * 0.5, rel=1e-4)


def test_images_are_stationary_in_the_time_of_arrival():
    """Fermat's principle, by differences."""
    source, step = np.array([0.07, 0.05]), 1e-4
    places = LENS.images(source)
    slope = [np.subtract(LENS.delay_days(places + move, source),
                         LENS.delay_days(places - move, source)) / (2 * step)
             for move in step * np.eye(2)]

    np.testing.assert_allclose(slope, 0.0, atol=1e-4)
    assert (np.diff(LENS.delay_days(places, source)) >= 0).all()


def test_an_axis_ratio_that_is_none_is_refused():
    with pytest.raises(ValueError, match="axis_ratio must be between 0 and 1, not 1"):
        Deflector(1.0, 1.0)
