from cosmouline.database import paths
from cosmouline.files.io_fits import read_image, write_image
from cosmouline.images import db_sky

import numpy as np
import pytest

SCRIPT, SKY = "2_skysub/1b_alt_fringes_no_dither", "2_skysub/1_skysub"


def test_each_image_loses_its_own_fringes(lens_after):
    lens = lens_after(SKY)
    name = lens.truth.good[0]
    path = paths.image(lens.settings(), name)
    image_e = read_image(path)
    y, x = np.indices(image_e.shape)
    fringes_e = 70 * np.sin(2 * np.pi * (x + 0.4 * y) / 25)
    write_image(path, image_e + fringes_e, {})

    assert lens.run(SCRIPT, only=[name])["done"] == 1

    row = lens.rows[name]
    off_e = db_sky.sky(row, lens.settings()).level() - fringes_e
    assert row["sky_box_px"] == 4
    # 50 e- rms went in; the wings of stars and the noise of the cells are the rest
    assert off_e.std() < 15
    noise_e = np.sqrt(lens.truth.row(name)["sky_e"] + 25)
    assert row["sky_noise_e"] == pytest.approx(noise_e, rel=0.1)
    assert lens.run(SKY, only=[name])["kept"] == 1
