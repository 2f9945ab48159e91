"""The campaign of two telescopes and two filters holds what it promises."""

from collections import Counter

from cosmouline.skymaker import draw
from cosmouline.skymaker.geometry import frame_to_frame_matrix
from cosmouline.skymaker.two_telescopes import SPECIALS, two_telescope_campaign

import numpy as np
import pytest

SETS = ["SIM1_R", "SIM2_R", "SIM1_V", "SIM2_V"]


@pytest.fixture(scope="module")
def two():
    """Give the whole campaign."""
    return two_telescope_campaign()


def on_frame(campaign, index):
    """Names of the stars that fall on a frame, and their peaks in it."""
    camera, light = campaign.telescope_of(index), draw.source_electrons(campaign, index)
    found = {}
    for star in draw.objects_of_frame(campaign, index):
        x, y = round(star["x_px"]), round(star["y_px"])
        if star["kind"] == "star" and 3 <= x < camera.nx - 3 and 3 <= y < camera.ny - 3:
            found[str(star["name"])] = light[y, x]
    return found


def test_two_telescopes_see_one_sky_in_two_filters(two):
    assert Counter(frame.telescope for frame in two.frames) == dict.fromkeys(SETS, 15)
    for index in (1, 3):
        linear = frame_to_frame_matrix(two, index - 1, index)[:, :2]
        assert np.linalg.det(linear) < 0  # a mirror image
        assert abs(linear[0, 0]) < 0.05 < abs(linear[0, 1])  # turned by 90 degrees
    headers = [draw.frame_header(two, index) for index in range(4)]
    assert [header["TELESCOP"] for header in headers] == ["SIM1", "SIM2"] * 2
    assert [header["FILTER"] for header in headers] == ["R", "R", "V", "V"]


def test_one_frame_in_ten_is_bad_and_each_in_its_own_way(two):
    bad = {index: frame.defect for index, frame in enumerate(two.frames)
              if frame.defect != "none"}

    assert bad.keys() == SPECIALS.keys()
    assert len(set(bad.values())) == len(bad) == len(two.frames) // 10
    assert {two.frames[index].telescope for index in bad} == set(SETS)


def test_the_frame_of_the_wrong_field_shows_its_stars_alone(two):
    wrong = on_frame(two, 48)

    assert len(wrong) >= 8
    assert all(name.startswith("W") for name in wrong)
    assert len(on_frame(two, 0)) >= 18
    assert not [name for name in on_frame(two, 0) if name.startswith("W")]


def test_moonlight_saturates_and_clouds_hide(two):
    camera = two.telescope_of(18)
    full_e = camera.full_well_adu * camera.gain_e_per_adu
    sky_e = draw.sky_electrons(two, 12).mean()

    assert draw.sky_electrons(two, 18).min() > full_e
    assert sum(peak > 5 * np.sqrt(sky_e) for peak in on_frame(two, 12).values()) <= 2


def test_a_shorter_campaign_has_the_same_frames(two):
    assert two_telescope_campaign(n_frames=20).frames == two.frames[:20]
    assert two_telescope_campaign(seed=2).stars[0] != two.stars[0]
