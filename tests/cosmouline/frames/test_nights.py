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
