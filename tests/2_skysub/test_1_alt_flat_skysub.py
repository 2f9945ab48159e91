from cosmouline.images import db_sky

import numpy as np
import pytest

SCRIPT, SKY = "2_skysub/1_alt_flat_skysub", "2_skysub/1_skysub"


def test_the_sky_is_one_level_and_its_noise(lens_after):
    lens = lens_after(SKY)

    assert lens.run(SCRIPT)["done"] == 7

    name = lens.truth.good[0]
    row, sky = lens.rows[name], db_sky.sky(lens.rows[name], lens.settings())
    true_e = lens.truth.row(name)["sky_e"]
    level_e = sky.level()
    assert level_e.shape == (160, 180)
    assert np.ptp(level_e) == row["sky_range_e"] == 0
    # the wings of the stars are a part of the sky; a median of boxes is good to a few per cent of
    # the noise of a pixel
    assert level_e[0, 0] == pytest.approx(true_e, abs=0.15 * np.sqrt(true_e))
    assert row["sky_noise_e"] == pytest.approx(np.sqrt(true_e + 25), rel=0.05)
    assert sky.sigma_at(np.array([0.0]), np.array([5.0]))[0] == row["sky_noise_e"]


def test_it_stays_until_1_skysub_is_told_to_redo(lens_after, caplog):
    lens = lens_after(SKY)
    before = lens.rows
    lens.run(SCRIPT)

    assert lens.run(SCRIPT)["kept"] == 7
    lens.set("sky_box_px = 32\n")
    assert lens.run(SCRIPT, only=["R_tiny_0000"])["done"] == 1  # out of date by its own settings
    lens.set()
    assert lens.run(SKY)["kept"] == 7
    assert f"7 images were done by {SCRIPT}.py: kept (--redo replaces them)" in caplog.messages
    assert lens.run(SKY, redo=True)["done"] == 7
    assert [row["sky_range_e"] for row in lens.rows.values()] == [
        row["sky_range_e"] for row in before.values()]
