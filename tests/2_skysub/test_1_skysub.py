from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.images.io_sky import read_sky
from cosmouline.skymaker import draw

import numpy as np
import pytest

SCRIPT = "2_skysub/1_skysub"


def test_the_map_is_the_sky_that_was_drawn(lens_after):
    lens = lens_after(SCRIPT)

    for index, name in enumerate(lens.truth.names):
        row = lens.rows[name]
        true_e = draw.sky_electrons(lens.truth.campaign, index)
        sigma_e = np.sqrt(true_e.mean() + 5.0**2)
        off_e = read_sky(paths.sky(lens.settings(), name)).level() - true_e
        # a cell of 64 x 64 pixels is known to sigma / 64; the wings of the stars are a part of it
        assert abs(off_e.mean()) < 0.1 * sigma_e
        assert off_e.std() < 0.1 * sigma_e
        assert row["sky_noise_e"] == pytest.approx(sigma_e, rel=0.03)
        assert row["sky_box_px"] == 64


def test_the_range_shows_the_gradient_of_the_moon(lens_after):
    lens = lens_after(SCRIPT)
    moonlit = lens.truth.names[5]
    sky_e = lens.truth.row(moonlit)["sky_e"]

    # 1.5 % to each side in x and 1 % in y; the mesh spans the middles of its 3 x 3 cells
    expected_e = sky_e * (0.03 * 120 / 180 + 0.02 * 110 / 160)
    assert lens.rows[moonlit]["sky_range_e"] == pytest.approx(expected_e, rel=0.25)
    others = [row["sky_range_e"] for name, row in lens.rows.items() if name != moonlit]
    assert max(others) < 0.2 * expected_e


def test_the_mesh_follows_the_settings(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("sky_box_px = 40\n")

    assert lens.run(SCRIPT)["done"] == 7

    assert lens.rows["R_tiny_0000"]["sky_box_px"] == 40
    assert read_sky(paths.sky(lens.settings(), "R_tiny_0000")).level_mesh_e.shape == (4, 5)


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 7
    assert lens.snapshot() == before


def test_a_lost_image_fails_alone_and_keeps_no_old_value(lens_after):
    row = lens_after(SCRIPT).redo_without(SCRIPT, paths.image, "R_tiny_0003")

    assert not {"sky_box_px", "sky_range_e", "sky_noise_e"} & row.keys()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 1_character/1b_copy_convert\.py first"):
        lens_before("1_character/1b_copy_convert").run(SCRIPT)


def test_the_noise_of_a_stack_is_that_which_counts_for_a_flux(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.rows["R_tiny_0003"]["sky_noise_e"]
    lens.update("R_tiny_0003", noise_factor=1.25)

    lens.run(SCRIPT, redo=True, only=["R_tiny_0003"])

    assert lens.rows["R_tiny_0003"]["sky_noise_e"] == pytest.approx(1.25 * before)
    mesh_e = read_sky(paths.sky(lens.settings(), "R_tiny_0003")).sigma_mesh_e
    assert np.median(mesh_e) == pytest.approx(1.25 * before)
