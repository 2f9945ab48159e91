"""The stacks as frames of a lens of their own, reduced as far as the apertures."""

import ast
import runpy

from cosmouline.database.columns import family
from cosmouline.errors import UserError
from cosmouline.images.io_stack import read_stack

import numpy as np
import pytest

SCRIPT = "fac_combi/5_opt_new_config"
AGAIN = ("1_character/1a_add_to_database", "1_character/1b_copy_convert",
         "1_character/2c_hot_pixels", "1_character/3a_detect", "1_character/3b_measure_seeing",
         "1_character/4a_sky_stats", "2_skysub/1_skysub",
         "fac_astrometry/2_plate_solve", "3_align/1a_pick_reference", "3_align/1b_identify_stars",
         "3_align/3_update_flags", "4_norm/0_pick_stars",
         "4_norm/2a_photometry")


def stacks_of(lens):
    return [lens.settings().sets[0]["raw_dir"] / f"{row['img_name'][2:]}.fits"
            for _, row in sorted(lens.rows.items())]


def chi2_of_constant_stars(rows):
    """Reduced chi2 of the fluxes of stars about one coefficient per image."""
    names = [name.removeprefix("aper_flux_e__") for name in rows[0]
             if name.startswith("aper_flux_e__")]
    flux = family(rows, "aper_flux_e__{star}", names)
    sigma = family(rows, "aper_sigma_e__{star}", names)
    whole = np.isfinite(flux).all(axis=0)
    flux, sigma = flux[:, whole], sigma[:, whole]
    stars = flux[0]
    for _ in range(30):
        coeff = np.sum(flux * stars / sigma**2, axis=1) / np.sum(stars**2 / sigma**2, axis=1)
        stars = (np.sum(flux * coeff[:, None] / sigma**2, axis=0)
                 / np.sum(coeff[:, None] ** 2 / sigma**2, axis=0))
    n_free = flux.size - len(coeff) - len(stars) + 1
    return np.sum(((flux - coeff[:, None] * stars) / sigma) ** 2) / n_free


def test_stacks_imported_again_have_the_errors_that_their_stars_show(stacked, tmp_path):
    new = tmp_path / "nights"
    lens = stacked
    lens.run(SCRIPT, to=str(new), work_dir=str(tmp_path / "again"))
    text = (new / "settings.py").read_text()
    assert "'telescope': 'Combi'" in text
    # wide apertures: of the small ones the seeing, which differs over the field, takes more than
    # the noise
    (new / "settings.py").write_text(f"{text}aperture_fwhm = 2.5\n")

    lens.config, lens.work = new, tmp_path / "again"
    for script in AGAIN:
        lens.run(script)

    rows = [row for _, row in sorted(lens.rows.items())]
    assert len(rows) == 3
    assert all(row["telescope"] == "Combi" and row["gogogo"] for row in rows)
    for row, path in zip(rows, stacks_of(lens), strict=True):
        header = read_stack(path)[-1]
        # what an aperture sees, though the pixels scatter less
        assert row["noise_factor"] == pytest.approx(header["NOISEFAC"])
        assert row["sky_noise_e"] == pytest.approx(header["SKYSIG"] * header["GAIN"], rel=0.15)
        assert row["sky_level_e"] == pytest.approx(header["SKYLEVEL"] * header["GAIN"], rel=0.05)
    # some 20 free values: 3 sigma of a reduced chi2 are 3 sqrt(2 / 20)
    assert chi2_of_constant_stars(rows) == pytest.approx(1, abs=0.95)


def test_without_coordinates_the_place_of_the_lens_is_given_in_pixels(stacked, tmp_path):
    for name in stacked.truth.names:
        stacked.update(name, has_wcs=False, wcs_origin="none")
    stacked.set("lens_position_px = (88.0, 77.0)\nref_img_name = 'R_tiny_0001'\n")

    stacked.run(SCRIPT, to=str(tmp_path / "n"), work_dir=str(tmp_path / "again"))

    text = (tmp_path / "n" / "settings.py").read_text()
    lens = stacked.truth.centre("R_tiny_0001") + 1  # as ds9 counts
    values = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
    assert values["ref_img_name"].startswith("'R_TINY_")
    # the transform of the reference image to itself is good to its rounding
    assert np.array(ast.literal_eval(values["lens_position_px"])) == pytest.approx(lens, abs=0.2)


def test_without_a_work_folder_it_is_named_after_the_grouping(lens_after, one_stack, tmp_path):
    lens = lens_after("3_align/1b_identify_stars")
    lens.set("combi_group_name = 'mine'\n")
    one_stack(lens.settings())

    lens.run(SCRIPT, to=str(tmp_path / "n"), work_dir=None)

    values = runpy.run_path(str(tmp_path / "n" / "settings.py"))
    assert values["work_dir"] == f"{lens.work}_combi_mine"
    stacks = lens.work / "combi_mine" / "R"
    assert values["sets"] == [{"name": "R", "telescope": "Combi", "raw_dir": str(stacks)}]


def test_a_folder_that_is_there_is_not_overwritten(stacked):
    with pytest.raises(UserError, match="is there already"):
        stacked.run(SCRIPT, to=str(stacked.config), work_dir=None)
    with pytest.raises(UserError, match="name the folder to make: --to"):
        stacked.run(SCRIPT, to=None, work_dir=None)
