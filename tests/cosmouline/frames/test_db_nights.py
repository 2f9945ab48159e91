"""Rows of images grouped for light curves."""

from cosmouline.errors import UserError
from cosmouline.frames.db_nights import grouped

import pytest

HOUR = 1 / 24


def rows(*images, lon_deg=-70.7):
    """Give rows of (telescope, mjd)."""
    return [{"img_name": str(i), "telescope": telescope, "mjd": mjd, "site_lon_deg": lon_deg}
            for i, (telescope, mjd) in enumerate(images)]


# La Silla: noon is at 16:43 UT. 15 h and 18 h UT are two nights, 3 h apart
FOUR = (("E", 59000 + 15 * HOUR), ("E", 59000 + 18 * HOUR), ("N", 59000 + 18.1 * HOUR),
        ("E", 59000 + 18.2 * HOUR))


@pytest.mark.parametrize(("by", "minutes", "groups"), [
    ("image", 30.0, [[0], [1], [2], [3]]),
    ("night", 30.0, [[0], [1, 3], [2]]),
    ("minutes", 30.0, [[0], [1, 3], [2]]),
    ("minutes", 240.0, [[0, 1, 3], [2]]),
    ("minutes", 6.0, [[0], [1], [2], [3]])])
def test_groups_of_a_night_of_minutes_or_of_one_image(by, minutes, groups):
    found = grouped(rows(*FOUR), by, minutes)

    assert sorted(group.tolist() for group in found) == groups


@pytest.mark.parametrize("by", ["image", "night", "minutes"])
def test_an_image_without_a_date_is_named(by):
    images = rows(*FOUR)
    del images[2]["mjd"]

    with pytest.raises(UserError, match=r"1 images have no 'mjd' \(first: 2\)\. Run 1_character"):
        grouped(images, by, 30.0)


def test_without_a_longitude_nights_end_at_a_gap_and_a_warning_says_so(caplog):
    images = rows(*FOUR)
    del images[2]["site_lon_deg"]

    assert sorted(group.tolist() for group in grouped(images, "night", 30.0)) == [[0, 1, 3], [2]]
    assert caplog.messages == ["1 images have no longitude of their telescope: nights end at a "
                               "gap of 0.4 days instead of at local noon"]
    caplog.clear()
    grouped(images, "minutes", 30.0)
    grouped(images, "image", 30.0)
    assert caplog.messages == []
