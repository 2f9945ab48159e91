"""Rows of the sources of a fit, by hand."""

from types import SimpleNamespace

from cosmouline.deconv import db_source_table
from cosmouline.deconv.db_source_table import pasted, source_rows
from cosmouline.files.io_catalog import Star

import numpy as np
import pytest

START = [Star(name, 10.0 + k, 20.0, None) for k, name in enumerate("ABCD")]


@pytest.fixture
def rows_of(monkeypatch):
    """Give the function that makes the rows with or without a WCS: .2 arcsec, east to the left."""
    def make(flux, sky=None):
        centre_px = np.array([10.0, 20.0])
        monkeypatch.setattr(db_source_table, "arcsec_from_lens",
                            lambda reference, settings, xy: (xy - centre_px) * [-0.2, 0.2])
        monkeypatch.setattr(db_source_table, "sky_of_places", lambda *arguments: sky)
        position_px = np.array([[0.3, 0.4], [1.0, 0.0], [2.0, -1.0], [3.0, 0.0]])
        fit = SimpleNamespace(position_px=position_px, flux=flux, flux_systematic=np.full(4, 2.0))
        return source_rows(fit, centre_px, START, {}, None)

    return make


FLUX = np.array([[90.0, -5.0, np.nan, 60.0], [110.0, 1.0, np.nan, 140.0],
                 [np.nan, 1.0, np.nan, np.nan]])


def test_brightness_is_that_of_the_mean_flux(rows_of):
    (found, dark, never, _), stars = rows_of(FLUX)

    assert found["flux_e"] == 100.0
    assert found["mag"] == pytest.approx(-5.0)
    assert found["scatter_mag"] == pytest.approx(1.0857 * 0.1, rel=1e-4)
    assert found["systematic_mag"] == pytest.approx(1.0857 * 0.02, rel=1e-4)
    assert dark["flux_e"] == -1.0
    assert "mag" not in dark
    assert np.isnan(never["flux_e"])
    assert "mag" not in never
    assert [star.flux_e for star in stars] == [100.0, None, None, 100.0]


def test_positions_are_in_pixels_from_1_and_from_the_lens(rows_of):
    rows, stars = rows_of(FLUX)

    assert (rows[0]["x_px"], rows[0]["y_px"]) == pytest.approx((11.3, 21.4))
    assert rows[0]["moved_px"] == pytest.approx(0.5)  # of (0.3, 0.4)
    assert rows[2]["moved_px"] == pytest.approx(1.0)
    assert (rows[2]["east_arcsec"], rows[2]["north_arcsec"]) == pytest.approx((-0.4, -0.2))
    assert (stars[0].x_px, stars[0].y_px) == pytest.approx((10.3, 20.4))
    assert [star.name for star in stars] == [row["source"] for row in rows] == list("ABCD")
    assert "ra_deg" not in rows[0]


def test_right_ascension_and_declination_where_there_is_a_wcs(rows_of):
    rows, _ = rows_of(FLUX, np.array([[30.0, -5.0]] * 3 + [[31.0, -6.0]]))

    assert (rows[3]["ra_deg"], rows[3]["dec_deg"]) == (31.0, -6.0)


def test_places_are_written_to_be_pasted():
    rows = [{"source": name, "east_arcsec": x, "north_arcsec": -x}
            for name, x in (("A", 0.5), ("B", -1.25), ("N", 3.0))]

    assert pasted(rows, 2).splitlines() == [
        'point_sources = {"A": (0.5000, -0.5000), "B": (-1.2500, 1.2500)}',
        'extra_sources = {"N": (3.0000, -3.0000)}']
    assert pasted(rows, 0).startswith('point_sources = {"A": (0.5000, -0.5000), "B"')
    assert "extra" not in pasted(rows, 0)
