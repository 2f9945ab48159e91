"""Groups of images: every rule against groups made by hand."""

from cosmouline.frames.nights import group_by_image, group_by_minutes, group_by_night

import numpy as np
import pytest

LA_SILLA_DEG, MAIDANAK_DEG = -70.73, 66.90


def lists(groups):
    """Return groups as lists of int."""
    return [group.tolist() for group in groups]


def test_every_image_alone_in_order_of_time():
    assert lists(group_by_image([3.0, 1.0, 2.0])) == [[1], [2], [0]]


def test_a_gap_of_exactly_the_limit_opens_a_night():
    assert lists(group_by_night([10.0, 10.375, 10.75, 11.25], gap_d=0.5)) == [[0, 1, 2], [3]]
    assert lists(group_by_night([10.75, 10.0, 10.375], gap_d=0.375)) == [[1], [2], [0]]


def test_the_gap_is_counted_from_the_last_image_as_in_cosmouline():
    assert lists(group_by_night([0.0, 0.39, 0.78, 1.17, 1.58])) == [[0, 1, 2, 3], [4]]


@pytest.mark.parametrize("lon_deg", [LA_SILLA_DEG, MAIDANAK_DEG, 0.0, -156.3, 179.0])
def test_a_night_lasts_from_noon_to_noon_of_the_site(lon_deg):
    noon = 59000.5 - lon_deg / 360.0  # mean local noon, as mjd
    minute = 1 / 1440.0

    groups = group_by_night(noon + minute * np.array([-1, 1, 719, 1439, 1441]), lon_deg)

    assert lists(groups) == [[0], [1, 2, 3], [4]]


def two_sites(n_nights=5):
    """Dates and longitudes: 15-23 h UT from Maidanak, then 1-8 h UT from La Silla, every day."""
    east, west = np.array([15.0, 19.0, 23.0]) / 24, np.array([25.0, 29.0, 32.0]) / 24
    mjd = 59000 + np.concatenate([day + np.concatenate([east, west]) for day in range(n_nights)])
    return mjd, np.tile(np.repeat([MAIDANAK_DEG, LA_SILLA_DEG], 3), n_nights)


def test_two_sites_chain_by_the_gap_and_not_by_noon():
    """The worst case of COSMOULINE's rule: five nights of two sites are one 'night'."""
    mjd, lon_deg = two_sites()
    sites = ["Maidanak" if lon > 0 else "LaSilla" for lon in lon_deg]

    assert lists(group_by_night(mjd)) == [list(range(30))]
    assert lists(group_by_night(mjd, lon_deg)) == np.arange(30).reshape(5, 6).tolist()
    assert lists(group_by_night(mjd, lon_deg, labels=sites)) == np.arange(30).reshape(
        10, 3).tolist()
    assert lists(group_by_night(mjd, labels=sites)) == np.arange(30).reshape(10, 3).tolist()


def test_labels_of_one_night_stay_apart_in_order_of_time():
    mjd = [10.00, 10.01, 10.02, 10.03, 11.0]
    labels = ["R", "B", "R", "B", "R"]

    assert lists(group_by_night(mjd, labels=labels)) == [[0, 2], [1, 3], [4]]
    assert lists(group_by_night(mjd, LA_SILLA_DEG, labels=labels)) == [[0, 2], [1, 3], [4]]
    assert lists(group_by_night(mjd)) == [[0, 1, 2, 3], [4]]


def test_windows_of_minutes_are_opened_by_the_first_image_left():
    mjd = 59000 + np.array([0.0, 4, 8, 12, 40, 49, 51]) / 1440

    assert lists(group_by_minutes(mjd, 10.0)) == [[0, 1, 2], [3], [4, 5], [6]]
    assert lists(group_by_minutes(mjd[::-1], 10.0)) == [[6, 5, 4], [3], [2, 1], [0]]


def test_windows_do_not_mix_labels_unless_asked():
    mjd = 59000 + np.array([0.0, 1, 2, 3]) / 1440

    assert lists(group_by_minutes(mjd, 5, labels=["R", "B", "R", "B"])) == [[0, 2], [1, 3]]
    assert lists(group_by_minutes(mjd, 5)) == [[0, 1, 2, 3]]


def test_no_image_makes_no_group():
    assert group_by_night([]) == group_by_night([], 10.0) == group_by_minutes([], 5) == []


def test_misuse_is_told():
    with pytest.raises(ValueError, match="minutes must be positive, not 0"):
        group_by_minutes([1.0], 0)
    with pytest.raises(ValueError, match="mjd must be one finite date per image"):
        group_by_night([1.0, np.nan])
    with pytest.raises(ValueError, match="labels must be one per image: 1 for 2"):
        group_by_night([1.0, 2.0], labels=["R"])
