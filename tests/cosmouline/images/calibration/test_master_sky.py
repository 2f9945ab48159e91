"""The master sky: an injected pattern is removed, stars and level stay."""

from cosmouline.images.calibration.master_sky import filled, prepared, removed
from cosmouline.robust import median_of_finite

import numpy as np
import pytest

SHAPE = (160, 180)


def star(y, x, flux):
    rows, cols = np.indices(SHAPE)
    return flux / (2 * np.pi * 4) * np.exp(-((rows - y) ** 2 + (cols - x) ** 2) / 8)


def test_the_pattern_goes_and_the_flux_of_a_star_and_the_level_stay():
    """Ten frames of 500 ADU with waves of 4 %, stars at other places in each of them."""
    rng = np.random.default_rng(4)
    y, x = np.indices(SHAPE)
    pattern = 1 + 0.04 * np.sin(2 * np.pi * x / 25 + y / 40)
    frames, positions = [], []
    for _ in range(10):
        level = rng.uniform(450, 550)
        place = rng.uniform(30, 130, 2)
        frames.append(level * pattern + star(*place, 20000.0) + rng.normal(0, 10, SHAPE))
        positions.append(place)
    bad = np.zeros(SHAPE, bool)
    bad[3, 4] = True

    found = [prepared(frame.astype(np.float32), bad) for frame in frames]
    sky = filled(median_of_finite([one for one, _ in found]).astype(np.float32))

    assert np.isfinite(sky).all()
    assert np.std(sky / pattern) < 0.015  # 10 / 500 / sqrt 10 times 1.25 for a median, 0.8 %
    clean = removed(frames[0], sky, found[0][1])
    cy, cx = positions[0]
    near = np.hypot(y - cy, x - cx) < 9
    far = (np.hypot(y - cy, x - cx) > 12) & ~bad
    # waves of 20 ADU before, 14 rms; the noise of the frame is 10, that of the sky 4 and the
    # pattern that is left
    assert np.std(clean[far]) < 12
    assert np.std(frames[0][far]) > 16
    level = np.median(clean[far])
    assert level == pytest.approx(np.median(frames[0][far]), rel=0.01)
    assert (clean[near] - level).sum() == pytest.approx(20000, rel=0.03)


def test_pixels_that_no_frame_shows_have_the_median_around():
    sky = np.full(SHAPE, 1.02, np.float32)
    sky[50:60, 70:80] = np.nan

    assert filled(sky) == pytest.approx(1.02, abs=1e-5)
    assert filled(np.ones(SHAPE)) is not None
