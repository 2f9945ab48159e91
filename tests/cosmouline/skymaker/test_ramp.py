"""The seeing ramp: grid, doubles, supernovae and seeing."""

from cosmouline.skymaker import draw
from cosmouline.skymaker.geometry import sky_to_pixel
from cosmouline.skymaker.ramp import seeing_ramp_campaign, star_grid

import numpy as np
import pytest


def test_seeing_grows_in_equal_steps_and_the_frames_follow_each_other():
    campaign = seeing_ramp_campaign(n_frames=5, seeing_arcsec=(0.6, 1.8))

    seeing = [frame.fwhm_arcsec for frame in campaign.frames]
    np.testing.assert_allclose(seeing, [0.6, 0.9, 1.2, 1.5, 1.8])
    starts = [frame.mjd_start for frame in campaign.frames]
    np.testing.assert_allclose(np.diff(starts) * 86400, 360, atol=1e-3)


def test_stars_lie_on_the_grid_within_a_pixel():
    campaign = seeing_ramp_campaign(n_frames=1)
    frame = campaign.frames[0]

    at_epoch = [(star.ra_deg, star.dec_deg) for star in campaign.stars[:36]]

    pixels = sky_to_pixel(campaign, 0, *np.transpose(at_epoch)) - frame.shift_px
    expected = 60 - 0.5 + 120 * np.arange(6)
    off = np.abs(pixels[:, :, None] - expected).min(axis=2)
    assert off.max() < 0.5
    assert off.std() > 0.1


def test_doubles_are_three_to_five_pixels_apart_and_supernovae_in_their_hosts():
    campaign = seeing_ramp_campaign(n_frames=1)
    table = draw.objects_of_frame(campaign, 0)
    place = {str(row["name"]): np.array([row["x_px"], row["y_px"]]) for row in table}
    mag = {str(row["name"]): row["mag"] for row in table}

    for number in range(1, 5):
        first, second = f"D{number}a", f"D{number}b"
        assert 3 <= np.hypot(*(place[first] - place[second])) <= 5
        assert 0 <= mag[second] - mag[first] <= 2
    for number in (1, 2):
        assert np.hypot(*(place[f"N{number}"] - place[f"H{number}"])) == pytest.approx(2, abs=1e-3)


def test_drawn_frame_has_the_size_of_the_grid():
    data_adu, _, truth = draw.draw_frame(seeing_ramp_campaign(n_frames=1, n_grid=4), 0)

    assert data_adu.shape == (480, 480)
    assert not truth["saturated"].any()


def test_grid_without_room_for_the_doubles():
    with pytest.raises(ValueError, match="n_grid must be at least 4, not 3"):
        seeing_ramp_campaign(n_grid=3)


def test_grid_is_centred():
    grid = star_grid(np.random.default_rng(1), 3, step_px=10)

    expected = [(x, y) for y in (-10, 0, 10) for x in (-10, 0, 10)]
    assert 0 < np.abs(grid - expected).max() < 0.5
