"""Groups of dates against slow, obvious versions; test_limits has examples worked out by hand."""

from cosmouline.frames.nights import group_by_image, group_by_minutes, group_by_night

import numpy as np
import pytest


def drawn(seed=3, n=60):
    """Give dates of twelve days in disorder, on a grid of a minute, with two telescopes."""
    rng = np.random.default_rng(seed)
    minutes = rng.choice(12 * 1440, n, replace=False)
    return 59000 + minutes / 1440, rng.choice(["Euler", "NOT"], n).tolist()


def as_sets(groups):
    return sorted(tuple(int(i) for i in group) for group in groups)


def test_images_of_one_night_are_joined_by_steps_below_the_gap():
    """By a search for what hangs together; every pair of one night is linked by short steps."""
    mjd, _ = drawn()
    gap_d = 0.1
    order = np.argsort(mjd)
    linked = np.abs(np.subtract.outer(mjd, mjd)) < gap_d
    for _ in range(len(mjd)):  # until nothing more is added
        linked = (linked.astype(int) @ linked.astype(int)) > 0
    expected = {tuple(int(i) for i in order if linked[k, i]) for k in range(len(mjd))}

    assert as_sets(group_by_night(mjd, gap_d=gap_d)) == sorted(expected)
    assert 10 < len(expected) < 50  # the made-up dates have both long and short gaps


@pytest.mark.parametrize("lon_deg", [-70.73, 149.07, 0.0])
def test_two_images_are_of_one_night_if_no_local_noon_lies_between_them(lon_deg):
    mjd, _ = drawn()
    noons = 58990 + np.arange(40) + 0.5 - lon_deg / 360
    expected = {tuple(int(i) for i in np.argsort(mjd) if not ((noons > min(mjd[i], one)) & (
        noons <= max(mjd[i], one))).any()) for one in mjd}

    assert as_sets(group_by_night(mjd, lon_deg)) == sorted(expected)
    assert as_sets(group_by_night(mjd, np.full(mjd.size, lon_deg))) == sorted(expected)


def test_a_window_is_shorter_than_its_length_and_the_next_one_begins_as_late():
    mjd, labels = drawn()
    minutes = 90.5  # no dates of the grid are as far apart

    for names in (None, labels):
        groups = group_by_minutes(mjd, minutes, names)
        assert sorted(np.concatenate(groups)) == list(range(60))
        for label in set(names or [None]):
            starts = [mjd[group[0]] for group in groups if not names or names[group[0]] == label]
            assert np.all(np.diff(sorted(starts)) * 1440 > minutes)
        for group in groups:
            assert np.ptp(mjd[group]) * 1440 < minutes
            assert np.all(np.diff(mjd[group]) > 0)


@pytest.mark.parametrize("group", [
    lambda mjd, labels: group_by_night(mjd, gap_d=0.1, labels=labels),
    lambda mjd, labels: group_by_night(mjd, 20.0, labels=labels),
    lambda mjd, labels: group_by_minutes(mjd, 200, labels)])
def test_each_label_is_grouped_as_if_it_were_alone_and_groups_are_in_order_of_time(group):
    mjd, labels = drawn()
    groups = group(mjd, labels)

    for label in set(labels):
        mine = np.flatnonzero(np.array(labels) == label)
        alone = [mine[one] for one in group(mjd[mine], None)]
        assert as_sets(alone) == as_sets(one for one in groups if labels[one[0]] == label)
    means = [mjd[one].mean() for one in groups]
    assert means == sorted(means)


def test_one_image_each():
    mjd, _ = drawn(n=5)

    assert [int(i) for one in group_by_image(mjd) for i in one] == np.argsort(mjd).tolist()
    with pytest.raises(ValueError, match="one finite date per image"):
        group_by_image([[1.0]])
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
