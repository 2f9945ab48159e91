from cosmouline.sources.trails import find_trail

import numpy as np
import pytest

SIGMA = 5.0


def sky(ny=200, nx=240, seed=1):
    return np.random.default_rng(seed).normal(100.0, SIGMA, (ny, nx)).astype(np.float32)


def with_line(image, x0, y0, angle_deg, height=60.0, half_px=1.5):
    """Draw a line through a place."""
    y, x = np.indices(image.shape)
    angle = np.radians(angle_deg)
    away = (x - x0) * np.sin(angle) - (y - y0) * np.cos(angle)
    return (image + height * np.exp(-(away / half_px) ** 2 / 2)).astype(np.float32)


@pytest.mark.parametrize("angle_deg", [0, 30, 90, 135])
def test_a_trail_is_found_where_it_was_drawn(angle_deg):
    trail = find_trail(with_line(sky(), 120, 90, angle_deg))

    assert trail.distance_px(120, 90) < 0.5
    along = np.degrees(np.arctan2(trail.along[1], trail.along[0])) - angle_deg
    assert abs((along + 90) % 180 - 90) < 0.5
    away = 30 * np.cos(np.radians(angle_deg))
    assert trail.distance_px(120, 90 + 30) == pytest.approx(abs(away), abs=1.0)


def test_large_frames_are_averaged_and_pixels_stay_theirs():
    trail = find_trail(with_line(sky(1100, 1200), 700, 500, 20, height=20))

    assert trail.distance_px(700, 500) < 1.0
    assert trail.length_px > 1000


def test_stars_bad_columns_and_bleeding_are_no_trails():
    image = sky()
    y, x = np.indices(image.shape)
    for x0, y0 in ((50, 60), (90, 150), (180, 100)):
        image += 3000 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * 3.0**2))
    bad = np.zeros(image.shape, dtype=bool)
    bad[:, 100:102] = True
    assert find_trail(np.where(bad, 9000, image).astype(np.float32), bad) is None

    image[:, 20:23] = 60000
    assert find_trail(image, None, 50000.0) is None
    assert find_trail(image, None).distance_px(21, 100) < 0.5


@pytest.mark.parametrize(("shape", "step"), [((600, 700), 1), ((2100, 2200), 4)])
def test_the_line_is_in_pixels_of_the_frame_whatever_was_averaged(shape, step):
    """Averaged pixels of 4 have their middle 1.5 px from that of the first."""
    y0 = 300.0 * step
    trail = find_trail(with_line(sky(*shape), 0, y0, 0, half_px=3 * step))

    assert trail.y_px == pytest.approx(y0, abs=0.5)
    assert trail.x_px == pytest.approx((shape[1] - 1) / 2, abs=2)
    assert trail.length_px == pytest.approx(shape[1], abs=2 * step)


@pytest.mark.parametrize(("length", "is_trail"), [(80, False), (120, True)])
def test_a_trail_is_as_long_as_half_of_the_shorter_side(length, is_trail):
    x = np.arange(240)
    ends = np.abs(x - 120) < length / 2
    image = np.where(ends, with_line(sky(), 120, 90, 0), sky())

    found = find_trail(image.astype(np.float32))

    assert (found is not None) is is_trail
    assert not is_trail or found.length_px == pytest.approx(length, abs=5)


def test_a_trail_over_a_saturated_star_is_found():
    """The star, halo and bleeding column belong to no trail; the line goes on behind it."""
    image = with_line(sky(), 120, 90, 30)
    y, x = np.indices(image.shape)
    image += 90_000 * np.exp(-((x - 120) ** 2 + (y - 90) ** 2) / (2 * 2.0**2))
    image[60:120, 119:122] = 60_000

    trail = find_trail(image.astype(np.float32), None, 50_000.0)

    assert trail.distance_px(120, 90) < 1.0
    assert trail.length_px > 200
