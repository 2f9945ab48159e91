"""Points and nights of injected sources; the rest runs in fac_injection."""

from types import SimpleNamespace

from cosmouline.lightcurve.db_injected import points_and_nights

import pytest


@pytest.mark.parametrize(("join_by", "join_minutes", "points"), [
    ("night", 60.0, [[0, 1, 2], [3]]), ("image", 60.0, [[0], [1], [2], [3]]),
    ("minutes", 60.0, [[0, 1], [2], [3]]), ("minutes", 20.0, [[0], [1], [2], [3]])])
def test_points_are_those_of_the_light_curve_and_nights_stay(join_by, join_minutes, points):
    """0, 30 and 150 minutes of one night, and the next."""
    images = [{"img_name": f"i{k}", "mjd": 60280.2 + minutes / 1440, "telescope": "T",
               "site_lon_deg": -70.0} for k, minutes in enumerate((0, 30, 150, 1440))]

    groups, night = points_and_nights(images, SimpleNamespace(
        join_by=join_by, join_minutes=join_minutes))

    assert [group.tolist() for group in groups] == points
    assert night.tolist() == [0, 0, 0, 1]
