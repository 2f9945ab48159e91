"""The zero points of the small lens, with the catalogue that it was drawn from."""

from cosmouline.astrometry import io_local_catalogue
from cosmouline.skymaker.io_campaign import catalogue

import numpy as np
import pytest


def test_zero_points_are_those_of_the_camera(lens_before, pages, caplog):
    lens = lens_before("8_renorm/5_zero_points")
    io_local_catalogue.write(lens.config / "catalogue.ecsv", catalogue(lens.truth.campaign))
    lens.set('lens_name = "OTHER"\nzero_point_band = "G"\n')

    lens.run("8_renorm/5_zero_points")

    # the magnitude of 1 e-/s: 24.5 of the camera, dimmed by the air; the stamps lose some light
    zero = lens.values("zero_point_mag__renorm1")
    air = [2.5 * np.log10(lens.truth.frame(name).transparency) for name in lens.truth.good]
    assert np.abs(zero - air - np.median(zero - air)).max() < 0.02
    assert np.median(zero - air) == pytest.approx(24.5, abs=0.05)
    assert {lens.rows[name]["zero_point_band__renorm1"] for name in lens.truth.good} == {
        "G (Vega)"}
    assert (lens.work / "report_zero_points_renorm1.txt").read_text().startswith("OTHER: zero")
    assert "zero_points_renorm1" in pages


def test_an_image_with_a_wrong_exposure_time_is_rejected(lens_before, pages):
    """Ten times too bright: its zero point is 2.5 mag above those of the others."""
    lens = lens_before("8_renorm/5_zero_points")
    io_local_catalogue.write(lens.config / "catalogue.ecsv", catalogue(lens.truth.campaign))
    name = lens.truth.good[1]
    lens.update(name, exptime_s=lens.rows[name]["exptime_s"] / 10)

    counts = lens.run("8_renorm/5_zero_points")

    assert counts["rejected"] == 1
    assert "above the median of its set" in lens.rows[name]["whynot"]


def test_without_a_catalogue_there_are_none(lens_before, caplog):
    lens = lens_before("8_renorm/5_zero_points")
    lens.run("8_renorm/5_zero_points")
    assert "no star catalogue: no zero points" in caplog.text
    assert not any("zero_point_mag__renorm1" in row for row in lens.rows.values())
