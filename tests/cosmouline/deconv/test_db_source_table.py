from cosmouline.deconv.db_source_table import _brightness, pasted

import numpy as np
import pytest


def test_brightness_is_that_of_the_mean_flux():
    found = _brightness(np.array([90.0, 110.0, np.nan]), 2.0)

    assert found["mag"] == pytest.approx(-5.0)
    assert found["scatter_mag"] == pytest.approx(1.0857 * 0.1, rel=1e-4)
    assert found["systematic_mag"] == pytest.approx(1.0857 * 0.02, rel=1e-4)
    assert "mag" not in _brightness(np.array([-5.0, 1.0]), 2.0)
    assert np.isnan(_brightness(np.array([np.nan]), 2.0)["flux_e"])


def test_places_are_written_to_be_pasted():
    rows = [{"source": name, "east_arcsec": x, "north_arcsec": -x}
            for name, x in (("A", 0.5), ("B", -1.25), ("N", 3.0))]

    assert pasted(rows, 2).splitlines() == [
        'point_sources = {"A": (0.5000, -0.5000), "B": (-1.2500, 1.2500)}',
        'extra_sources = {"N": (3.0000, -3.0000)}']
    assert pasted(rows, 0).startswith('point_sources = {"A": (0.5000, -0.5000), "B"')
    assert "extra" not in pasted(rows, 0)
