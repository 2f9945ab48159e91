"""3a_alt to 5b: coefficients of one, their report, and the pictures of conditions."""

from cosmouline.errors import UserError

import numpy as np
import pytest

AFTER = "4_norm/3a_medcoeff"


def test_a_coefficient_of_one_for_all(lens_after):
    lens = lens_after("4_norm/2a_photometry")

    lens.run("4_norm/3a_alt_coeff_one")

    assert set(lens.values("medcoeff")) == {1.0}
    assert set(lens.values("medcoeff_sigma")) == {0.0}
    assert {lens.rows[name]["band_ref_img_name"] for name in lens.truth.good} == {"R_tiny_0001"}


def test_coefficients_of_one_stay_until_others_are_asked_for(lens_after, caplog):
    lens = lens_after(AFTER)
    before = lens.values("medcoeff")
    lens.run("4_norm/3a_alt_coeff_one")

    lens.run("4_norm/3a_medcoeff")
    assert set(lens.values("medcoeff")) == {1.0}
    assert "6 images were done by 4_norm/3a_alt_coeff_one.py: kept" in caplog.text

    lens.run("4_norm/3a_medcoeff", redo=True)
    assert lens.values("medcoeff") == pytest.approx(before)


def test_the_report_lists_the_faintest_first(lens_after):
    lens = lens_after(AFTER)

    lens.run("4_norm/3b_report")

    lines = (lens.work / "report_medcoeff.txt").read_text().splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("R_tiny")]
    assert listed == sorted(lens.truth.good, key=lambda name: -lens.rows[name]["medcoeff"])
    assert "set R: 6 images" in lines
    assert lines[0] == "TINY: medcoeff"
    median, = [line for line in lines if line.startswith("R   | TINY")]
    assert float(median.split("|")[3]) == pytest.approx(np.median(lens.values("medcoeff")),
                                                        abs=5e-5)


def test_stars_in_apertures_lie_on_each_other(lens_after, pages):
    lens = lens_after(AFTER)
    with pytest.raises(UserError, match=r"Run 4_norm/2b_opt_photom_db\.py first"):
        lens.run("4_norm/3d_opt_plot_apertures")
    lens.run("4_norm/2b_opt_photom_db")

    lens.run("4_norm/3d_opt_plot_apertures")

    page = pages["apertures"]
    assert {"1fwhm", "1.5fwhm", "3fwhm", "medcoeff (right)"} <= set(pages.texts("apertures"))
    stars = [ax for ax in page.axes if ax.get_ylabel() in set("abcdefgh")]
    assert len(stars) == 8
    drawn = {line.get_label(): line.get_ydata() for line in stars[1].lines}
    flux_e = lens.values("photom_flux_e__1.5fwhm__b") * lens.values("medcoeff")
    assert drawn["1.5fwhm"] == pytest.approx(100 * (flux_e / np.median(flux_e) - 1))

    lens.set("photom_apertures = ['3fwhm', '1.5fwhm']\n")
    lens.run("4_norm/3d_opt_plot_apertures")
    assert {"1.5fwhm", "3fwhm"} <= set(pages.texts("apertures"))
    assert "1fwhm" not in pages.texts("apertures")


def test_the_conditions_are_drawn_by_date_and_as_histograms(lens_after, pages):
    lens = lens_after(AFTER)

    lens.run("4_norm/5b_opt_conditions")

    panels = pages.heights("conditions_by_date")
    assert panels[0] == pytest.approx(lens.values("field_fwhm_arcsec"))
    assert panels[1] == pytest.approx(lens.values("field_ellipticity"))
    minutes = 1440 * (lens.values("mhjd") - lens.values("mjd"))
    assert panels[5] == pytest.approx(minutes)
    assert abs(minutes).max() < 8.4  # light takes 8.3 minutes from the Sun
    assert "TINY: conditions" in pages.texts("conditions_by_date")
    assert "TINY: images in use" in pages.texts("conditions")
    labels = [ax.get_xlabel() for ax in pages["conditions"].axes]
    assert labels[0] == "residual of the alignment (px)"
