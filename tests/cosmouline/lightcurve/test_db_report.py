"""db_report.py: a curve whose numbers are known."""

from types import SimpleNamespace

from cosmouline.lightcurve import db_report

import numpy as np
import pytest


def columns(n=9):
    """Nights every 3 days, a season's gap, and zigzags of +-0.02 mag about a line."""
    mhjd = 60000 + 3.0 * np.arange(n) + np.where(np.arange(n) > 5, 200, 0)
    flag = np.ones(n, bool)
    flag[1] = False
    skewed = np.where(np.arange(n) == 4, 3.0, 1.0)  # the median is not the mean
    return {"mhjd": mhjd, "nbimg": np.array([1, 4, 4, 2, 4, 1, 4, 4, 4]), "flag": flag,
            "mag_A": 0.001 * (mhjd - 60000), "magerr_A_cov": 0.01 * skewed,
            "magerr_A_1": 0.02 * skewed, "magerr_A_5": 0.03 * skewed, "magsys_A": 0.04 * skewed}


def curve(rows):
    """A curve of source A with the seeing of its rows; airmass 1.1 to 1.3, sky 500 to 700 e-."""
    return SimpleNamespace(rows=rows, sources=["A"], table=SimpleNamespace(conditions={
        "fwhm_arcsec": np.array([row["field_fwhm_arcsec"] for row in rows]),
        "airmass": 1.1 + 0.1 * np.arange(len(rows)), "sky_level_e": 500 + 100 * np.arange(3)}))


def test_points_sampling_and_counts_are_told():
    rows = [{"field_fwhm_arcsec": fwhm, "n_coeff_stars": stars}
            for fwhm, stars in ((0.8, 5), (1.0, 6), (1.4, 6))]

    text = db_report.text(columns(), curve(rows), "n_coeff_stars")

    assert "3 images in 9 points, 1 of them flagged" in text
    # of the 8 good points: gaps 6 3 3 3 (200) 3 3
    assert "median 3.00 d, mean 3.50 d (gaps above 60 d left out)" in text
    assert "median seeing 1 arcsec\nmedian airmass 1.2\nmedian sky level 600 e-" in text
    counts = [line.split()[:3] for line in text.splitlines() if "#" in line]
    assert counts == [["1", "images", "2"], ["2", "images", "1"], ["4", "images", "6"],
                      ["5", "stars", "1"], ["6", "stars", "2"]]


def test_the_line_of_a_source():
    """A straight line has no scatter about its neighbours; in windows of 20 d it has its slope."""
    line = db_report.source_line(columns(), "A", columns()["flag"])

    assert (line["points"], line["error"], line["error 1"], line["error 5"]) == (8, 0.01, 0.02,
                                                                                 0.03)
    assert line["systematic"] == 0.04
    assert line["mag"] == pytest.approx(0.0135)  # of days 0 6 9 12 15 218 221 224
    assert line["scatter/error"] == pytest.approx(0, abs=1e-9)
    # windows from the first night on: days 0 to 15, 218 alone, 221 and 224
    windows = [0.001 * np.std([0, 6, 9, 12, 15], ddof=1), 0.001 * np.std([221, 224], ddof=1)]
    assert line["rms in 20 d"] == pytest.approx(np.mean(windows))


def test_the_field_of_the_stars_is_that_of_the_coefficient():
    assert db_report.star_field("renorm", "r1") == "n_renorm_stars__r1"
    assert db_report.star_field("medcoeff", "r1") == "n_coeff_stars"
    assert db_report.star_field("none", "r1") is None
