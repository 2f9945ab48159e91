from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.sources.io_sources import read_sources, write_sources

import numpy as np
import pytest

SCRIPT = "1_character/3b_measure_seeing"


def test_seeing_and_shape_are_those_of_the_frames(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row, frame = lens.rows[name], lens.truth.frame(name)
        # the pixels widen a FWHM of 4.2 px by 1.3 %, the lobe by up to 3 %; 10 stars or more
        assert 0.98 < row["fwhm_arcsec"] / frame.fwhm_arcsec < 1.06
        assert row["fwhm_arcsec"] == pytest.approx(0.21 * row["fwhm_px"])
        assert abs(row["ellipticity"] - frame.ellipticity) < 0.05  # the lobe is an ellipticity
        assert row["n_good_stars"] >= 10


def test_a_trailed_frame_has_its_direction(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.catalog(lens.settings(), "R_tiny_0001")
    catalog = read_sources(path)
    catalog["ellipticity"], catalog["pa_deg"] = 0.4, 25.0
    write_sources(path, catalog)

    lens.run(SCRIPT)

    assert lens.rows["R_tiny_0001"]["ellipticity"] == pytest.approx(0.4)
    assert lens.rows["R_tiny_0001"]["pa_deg"] == pytest.approx(25.0)


def test_an_image_without_stars_is_rejected(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.catalog(lens.settings(), "R_tiny_0001")
    catalog = read_sources(path)
    catalog["fwhm_px"] = np.nan
    write_sources(path, catalog)

    counts = lens.run(SCRIPT)

    assert (counts["done"], counts["rejected"]) == (6, 1)
    assert lens.rows["R_tiny_0001"]["whynot"].startswith("no star with a measured width among")
    assert "fwhm_px" not in lens.rows["R_tiny_0001"]


def test_what_is_up_to_date_is_kept_and_a_new_catalogue_is_not(lens_after):
    lens = lens_after(SCRIPT)
    assert lens.run(SCRIPT)["kept"] == 7

    lens.set("detect_threshold_sigma = 20.0\n")
    lens.run("1_character/3a_detect", only=["R_tiny_0001"])
    counts = lens.run(SCRIPT)

    assert (counts["done"], counts["kept"]) == (1, 6)


def test_a_lost_catalogue_fails_alone_and_keeps_no_old_value(lens_after, caplog):
    row = lens_after(SCRIPT).redo_without(SCRIPT, paths.catalog, "R_tiny_0003")

    assert not {"fwhm_px", "fwhm_arcsec", "ellipticity", "n_good_stars"} & row.keys()
    assert any("R_tiny_0003 failed: " in m and "R_tiny_0003.cat.fits" in m
               for m in caplog.messages)


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 1_character/3a_detect\.py first"):
        lens_before("1_character/3a_detect").run(SCRIPT)


def test_an_image_that_failed_before_does_not_stop_the_others(lens_before):
    lens = lens_before("1_character/3a_detect")
    paths.image(lens.settings(), "R_tiny_0003").unlink()
    assert lens.run("1_character/3a_detect")["failed"] == 1

    assert lens.run(SCRIPT)["done"] == 6
