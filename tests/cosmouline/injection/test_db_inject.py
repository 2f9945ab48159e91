"""Which images get sources: complete nights, spread over the campaign."""

from cosmouline.injection.db_inject import spread_nights

import numpy as np
import pytest


def rows(n_nights, per_night):
    """Images of nights at 30 deg west, 5 days apart."""
    return [{"img_name": f"n{night}_{k}", "mjd": 60000.0 + 5 * night + 0.2 + 0.005 * k,
             "telescope": "T", "site_lon_deg": -30.0}
            for night in range(n_nights) for k in range(per_night)]


@pytest.mark.parametrize(("n", "per_night", "expected"), [(20, 4, 20), (20, 3, 21), (7, 4, 8),
                                                          (0, 4, 100), (500, 4, 100)])
def test_nights_are_complete_and_spread_over_the_campaign(n, per_night, expected):
    images = rows(25, per_night)

    names = spread_nights(images, n)

    nights = sorted({int(name[1:].split("_")[0]) for name in names})
    assert len(names) == len(nights) * per_night
    assert len(names) == min(expected, len(images))
    assert (nights[0], nights[-1]) == (0, 24)
    assert np.ptp(np.diff(nights)) <= 1  # evenly
