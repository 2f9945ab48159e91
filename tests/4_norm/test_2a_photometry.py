from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import write_image
from cosmouline.sources import db_stars

import numpy as np
import pytest
import sep
from scipy.spatial import cKDTree

SCRIPT = "4_norm/2a_photometry"
REFERENCE = "R_tiny_0001"


def rows_of_truth(lens):
    """Places of the picked stars in the tables of truth, by name."""
    stars = db_stars.picked_stars(lens.settings())
    tree = cKDTree(lens.truth.xy(REFERENCE))
    return {star.name: tree.query([star.x_px, star.y_px])[1] for star in stars}


def expected_e(lens, name, row, radius_px):
    """Light of one star, drawn alone without noise, in an aperture around its centre."""
    star = lens.truth.objects(name)[row]
    x, y, flux_e = (float(star[column]) for column in ("x_px", "y_px", "flux_e"))
    image = lens.truth.star(name, x, y, flux_e)
    return sep.sum_circle(image, [x], [y], radius_px, subpix=0)[0][0]


def test_fluxes_are_those_of_the_stars_within_their_errors(lens_after):
    lens = lens_after(SCRIPT)
    pulls = []
    for name in lens.truth.good:
        row = lens.rows[name]
        assert row["aper_radius_px"] == pytest.approx(1.5 * row["field_fwhm_px"])
        for star, index in rows_of_truth(lens).items():
            if f"aper_flux_e__{star}" in row:
                off_e = row[f"aper_flux_e__{star}"] - expected_e(lens, name, index,
                                                                 row["aper_radius_px"])
                pulls.append(off_e / row[f"aper_sigma_e__{star}"])

    assert len(pulls) >= 36
    # 5 sigma of the scatter of 40 pulls; their mean may be off by the wings in the sky (0.1 %)
    assert np.std(pulls) == pytest.approx(1, abs=5 / np.sqrt(2 * len(pulls)))
    assert abs(np.mean(pulls)) < 1


def test_a_star_with_a_bad_pixel_or_over_the_edge_has_no_flux(lens_after):
    lens = lens_after(SCRIPT)
    # S03 stands 5 px from the edge of the turned frame
    names = {index: name for name, index in rows_of_truth(lens).items()}
    row = lens.rows["R_tiny_0002"]

    assert f"aper_flux_e__{names[2]}" not in row
    n_fluxes = sum(field.startswith("aper_flux_e__") for field in row)
    assert row["n_phot_stars"] == n_fluxes < 8


def test_a_saturated_star_has_no_flux(lens_after):
    lens = lens_after(SCRIPT)
    peak_e = 1.05 * lens.rows[REFERENCE]["aper_flux_e__b"] / 40  # between those of a and b
    assert "aper_flux_e__a" in lens.rows[REFERENCE]
    lens.update(REFERENCE, saturation_e=peak_e / 0.9)

    lens.run(SCRIPT, only=[REFERENCE], redo=True)

    assert "aper_flux_e__a" not in lens.rows[REFERENCE]
    assert "aper_flux_e__h" in lens.rows[REFERENCE]


def test_the_settings_name_the_stars_and_the_radius(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("norm_stars = ['e', 'a']\naperture_fwhm = 2.0\n")

    assert lens.run(SCRIPT)["done"] == 6

    row = lens.rows[REFERENCE]
    assert {field for field in row if field.startswith("aper_flux_e__")} == {
        "aper_flux_e__a", "aper_flux_e__e"}
    assert row["aper_radius_px"] == pytest.approx(2 * row["field_fwhm_px"])


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 6
    assert lens.snapshot() == before


@pytest.mark.parametrize("product", [paths.image, paths.sky, paths.catalog])
def test_a_lost_product_fails_alone_and_keeps_no_old_value(lens_after, product):
    row = lens_after(SCRIPT).redo_without(SCRIPT, product, "R_tiny_0003")

    assert not [field for field in row if field.startswith("aper_") or field == "n_phot_stars"]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"6 of 6 images have no 'star_list' .* Run "
                                        r"4_norm/0_pick_stars\.py first"):
        lens_before("4_norm/0_pick_stars").run(SCRIPT)


def test_without_any_aligned_image_the_script_to_run_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 3_align/1b_identify_stars\.py first"):
        lens_before("3_align/1b_identify_stars").run(SCRIPT)


def test_the_structure_of_all_skies_is_not_in_the_apertures(lens_before):
    """A map of 1 % everywhere: a hundredth of the sky of the circle less, unless not wanted."""
    lens = lens_before(SCRIPT)
    row = lens.rows[REFERENCE]
    blocks = np.full((row["ny_px"] // 8, row["nx_px"] // 8), 0.01, np.float32)
    write_image(paths.flat_map(lens.settings(), row["set_name"]), blocks, {})
    found = []
    for text in ("", "correct_flat = False\n"):
        lens.set(text)
        lens.update(REFERENCE, flat_error=0.01)
        lens.run(SCRIPT, only=[REFERENCE], redo=True)
        found.append(lens.rows[REFERENCE])

    stars = [field for field in found[0] if field.startswith("aper_flux_e__")]
    less = [found[1][field] - found[0][field] for field in stars]
    expected = 0.01 * found[0]["sky_level_e"] * np.pi * found[0]["aper_radius_px"] ** 2
    assert less == pytest.approx([expected] * len(stars), rel=0.05)  # the sky has a slope
