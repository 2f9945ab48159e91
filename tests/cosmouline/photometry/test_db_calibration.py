"""Colours of the stars from the apertures of two bands."""

from types import SimpleNamespace

from cosmouline.photometry.db_calibration import colours

import numpy as np
import pytest

SETS = [{"name": "G", "band": "g"}, {"name": "R", "band": "r"}]


def image(set_name, exptime_s, **fluxes):
    return {"set_name": set_name, "exptime_s": exptime_s} | {
        f"aper_flux_e__{star}": flux for star, flux in fluxes.items()}


def test_colours_are_those_of_the_first_two_bands_about_the_median_star():
    """Per second 10, 10, 10 e- in g and 10, 20, 40 in r: the second is the median star."""
    images = [image("G", 10.0, a=100.0, b=100.0, c=100.0), image("R", 20.0, a=200.0, b=400.0),
              image("R", 20.0, a=200.0, b=400.0, c=800.0)]
    settings = SimpleNamespace(sets=SETS)

    found = colours(images, ["a", "b", "c", "d"], settings)

    step = 2.5 * np.log10(2)
    assert found == pytest.approx([-step, 0, step, np.nan], nan_ok=True)
    assert np.isnan(colours(images[1:], ["a", "b"], settings)).all()  # one band
