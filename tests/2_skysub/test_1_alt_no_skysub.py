from cosmouline.database import paths
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_sky

import numpy as np
import pytest

SCRIPT, SKY = "2_skysub/1_alt_no_skysub", "2_skysub/1_skysub"


def put(lens, name, image_e):
    write_image(paths.image(lens.settings(), name), image_e, {})


def test_an_image_without_sky_is_taken_as_it_is(lens_after):
    lens = lens_after(SKY)
    noise_e = np.random.default_rng(1).normal(0, 7, (160, 180))
    put(lens, "R_tiny_0000", noise_e)

    lens.run(SCRIPT, only=["R_tiny_0000"])

    row = lens.rows["R_tiny_0000"]
    assert not db_sky.sky(row, lens.settings()).level().any()
    assert row["sky_noise_e"] == pytest.approx(7, rel=0.05)


def test_without_any_noise_it_is_the_read_noise(lens_after):
    lens = lens_after(SKY)
    put(lens, "R_tiny_0000", np.zeros((160, 180)))

    lens.run(SCRIPT, only=["R_tiny_0000"])

    row = lens.rows["R_tiny_0000"]
    assert row["sky_noise_e"] == row["read_noise_e"]


def test_an_image_with_a_sky_is_rejected_and_1_skysub_takes_it_back(lens_after):
    lens = lens_after(SKY)

    counts = lens.run(SCRIPT, only=["R_tiny_0001"])

    row = lens.rows["R_tiny_0001"]
    assert counts["rejected"] == 1
    assert "there is a sky of" in row["whynot"]
    assert lens.run(SKY)["done"] == 1
    assert lens.rows["R_tiny_0001"]["gogogo"] is True
