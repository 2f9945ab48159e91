"""Colours of the stars from the apertures of two bands, and errors of coefficients as fields."""

from types import SimpleNamespace

from cosmouline.photometry import db_calibration
from cosmouline.photometry.calibration import Calibration
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


@pytest.fixture
def asked(monkeypatch):
    """Give what is asked of the calibration: images 0 and 2 are noted under the PSF "two"."""
    found = {}

    def calibrate(residual, sigma, used, sets, nights, noted, mjd):
        found.update(noted=noted.tolist(), nights=nights.tolist())
        return Calibration(np.array([0.3, 0.0, np.nan]), np.array([0.1, 0.0, np.nan]), 1.0, 9.0)

    monkeypatch.setattr(db_calibration, "check_psfs", lambda *_: {
        "i": {"psf_note__two": "x"}, "j": {"psf_note__one": "y"}, "k": {"psf_note__two": "z"}})
    monkeypatch.setattr(db_calibration.calibration, "calibrate", calibrate)
    monkeypatch.setattr(db_calibration.calibration, "log_calibration", lambda *_: None)
    return found


def written(method):
    """Give the fields of three images, the last one of another night."""
    rows = [{"img_name": name, "mjd": mjd, "telescope": "t", "set_name": "S",
             "site_lon_deg": 0.0, "gain_e_per_adu": 1.0}
            for name, mjd in (("i", 100.1), ("j", 100.2), ("k", 101.1))]
    ones = np.ones((3, 2))
    found = SimpleNamespace(coeff=np.array([1.0, 2.0, 1.0]), residual=ones, used=ones > 0,
                            coeff_sigma=np.array([0.4, 0.4, 0.4]), is_variable=np.zeros(2, bool))
    settings = SimpleNamespace(psf_name="two", renorm_name="r", renorm_method=method)
    return db_calibration.fields(rows, ["a", "b"], found, (ones, ones), None, settings)


def test_the_scatter_of_the_stars_is_in_the_errors_of_the_coefficients(asked):
    fields = written("als")

    assert asked == {"noted": [True, False, True], "nights": [0, 0, 1]}
    assert fields["i"]["renorm_sigma__r"] == pytest.approx(np.hypot(0.4, 0.3))
    assert fields["j"]["renorm_sigma__r"] == 0.4
    assert (fields["i"]["renorm_calib__r"], fields["i"]["renorm_calib_night__r"]) == (0.3, 0.1)
    # with too few stars the scatter is not known, and nothing is written
    assert fields["k"]["renorm_sigma__r"] == 0.4
    assert "renorm_calib__r" not in fields["k"]


def test_the_median_keeps_the_errors_of_cosmouline(asked):
    fields = written("median")

    assert asked == {}
    assert [one["renorm_sigma__r"] for one in fields.values()] == [0.4, 0.4, 0.4]
    assert "renorm_calib__r" not in fields["i"]
