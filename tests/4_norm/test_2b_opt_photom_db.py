"""2b to 2e: apertures, peaks, and their pictures."""

from cosmouline.errors import UserError
from cosmouline.images import db_images
from cosmouline.sources import db_stars

import numpy as np
import pytest
import sep

SCRIPT = "4_norm/2b_opt_photom_db"
REFERENCE = "R_tiny_0001"


def faint_star(lens):
    """The place of a star of truth that was not picked, on the reference image."""
    picked = db_stars.star_positions(db_stars.picked_stars(lens.settings()))
    xy = lens.truth.xy(REFERENCE)
    away = np.hypot(*(xy[:, None] - picked).T).min(0)
    inside = ((xy > 25) & (xy < np.array([155, 135]))).all(1)
    return np.flatnonzero((away > 5) & inside)[0]


def test_stars_in_several_apertures(lens_after):
    lens = lens_after("4_norm/2a_photometry")
    index = faint_star(lens)
    x, y = lens.truth.xy(REFERENCE)[index]
    (lens.config / "photomstars.cat").write_text(f"v {x + 1:.2f} {y + 1:.2f}\n")
    lens.set("photom_apertures = ['1.5fwhm', '6px', 'auto']\n")

    assert lens.run(SCRIPT)["done"] == 6

    row = lens.rows[REFERENCE]
    # 2a measures the same aperture of the same stars
    for star in "abcdefgh":
        assert row.get(f"photom_flux_e__1.5fwhm__{star}") == row.get(f"aper_flux_e__{star}")
        assert row.get(f"photom_sigma_e__1.5fwhm__{star}") == row.get(f"aper_sigma_e__{star}")
    assert row["photom_radius_px__6px"] == 6.0
    star = lens.truth.objects(REFERENCE)[index]
    alone = lens.truth.star(REFERENCE, *(float(star[n]) for n in ("x_px", "y_px", "flux_e")))
    expected_e = sep.sum_circle(alone, [x], [y], 6.0, subpix=0)[0][0]
    assert row["photom_flux_e__6px__v"] == pytest.approx(
        expected_e, abs=5 * row["photom_sigma_e__6px__v"])
    # Kron's aperture of a bright star is wider than 1.5 FWHM, and misses less
    assert row["photom_radius_px__auto"] > 1.5 * row["field_fwhm_px"]
    assert row["photom_flux_e__auto__b"] > row["photom_flux_e__1.5fwhm__b"]

    lens.set("photom_apertures = ['6px']\n")
    lens.run(SCRIPT, only=[REFERENCE])
    assert not [field for field in lens.rows[REFERENCE] if "1.5fwhm" in field]


def test_peaks_are_the_highest_pixels_in_adu_and_drawn_beside_saturation(lens_after, pages):
    lens = lens_after("4_norm/2a_photometry")
    lens.run("4_norm/2c_opt_peak_db")
    lens.run("4_norm/2d_opt_plot_peaks")

    for name in lens.truth.good[:2]:
        row = lens.rows[name]
        image_adu = db_images.pixels(row, lens.settings()) / row["gain_e_per_adu"]
        xy = lens.truth.matrix(REFERENCE, name)
        for star in db_stars.picked_stars(lens.settings()):
            x, y = np.rint(xy[:, :2] @ (star.x_px, star.y_px) + xy[:, 2]).astype(int)
            if f"peak_adu__{star.name}" in row and 2 < x < 177 and 2 < y < 157:
                assert row[f"peak_adu__{star.name}"] == pytest.approx(
                    image_adu[y - 2:y + 3, x - 2:x + 3].max())
    assert {text.split()[0] for text in pages.texts("peaks") if "n = 6" in text} >= set("bcdef")
    level = lens.rows[REFERENCE]["saturation_adu"]
    lines = [line for ax in pages["peaks"].axes for line in ax.lines]
    assert sum(line.get_xdata()[0] == level for line in lines) == 8
    assert "TINY: peaks of the stars, sky included" in pages.texts("peaks")


def test_the_map_of_a_set_marks_what_was_found_and_what_was_not(lens_after, pages):
    lens = lens_after("4_norm/2a_photometry")
    (lens.config / "photomstars.cat").write_text("nothing 120.0 60.0\n")

    lens.run("4_norm/2e_opt_map_per_set")

    texts = pages.texts("map_R")
    assert "TINY: set R" in texts
    assert {"empty", "lens", "nothing", "a", "found", "not found", "detected"} <= set(texts)
    assert any("9 stars listed, 8 found" in text for text in texts)


def test_the_script_before_is_named(lens_after):
    lens = lens_after("4_norm/2a_photometry")
    with pytest.raises(UserError, match=r"Run 4_norm/2c_opt_peak_db\.py first"):
        lens.run("4_norm/2d_opt_plot_peaks")
