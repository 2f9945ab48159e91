from dataclasses import replace

from cosmouline.errors import ProductLost
from cosmouline.files.io_fits import write_image
from cosmouline.images.io_sky import read_sky, write_sky
from cosmouline.images.sky import even_sky, sky_map

import numpy as np
import pytest


def test_a_sky_map_survives_its_file_to_the_last_bit(tmp_path):
    image_e = np.random.default_rng(5).poisson(300.0, (200, 330)).astype(np.float32)
    sky = sky_map(image_e, box_px=32)
    write_sky(tmp_path / "a.fits", sky)

    read = read_sky(tmp_path / "a.fits")

    assert (read.box_px, read.shape) == (32, (200, 330))
    np.testing.assert_array_equal(read.level(), sky.level())
    np.testing.assert_array_equal(read.sigma(slice(10, 60), slice(5, 90)),
                                  sky.sigma(slice(10, 60), slice(5, 90)))


def test_fringes_belong_to_the_level_and_their_pattern_is_shared(tmp_path):
    fringes_e = np.random.default_rng(6).normal(0, 30, (90, 70)).astype(np.float32)
    write_image(tmp_path / "fringes" / "R_2019-03-01.fits", fringes_e, {})
    sky = replace(even_sky(500.0, 20.0, (90, 70)), fringes_e=fringes_e, fringe_scale=0.7)

    write_sky(tmp_path / "sky" / "a.fits", sky, tmp_path / "fringes" / "R_2019-03-01.fits")
    read = read_sky(tmp_path / "sky" / "a.fits")

    np.testing.assert_allclose(read.level(), 500 + 0.7 * fringes_e, rtol=1e-6)
    part = slice(10, 20), slice(5, 9)
    np.testing.assert_array_equal(read.level(*part), read.level()[part])
    assert np.unique(read.sigma()) == [20.0]
    (tmp_path / "fringes" / "R_2019-03-01.fits").unlink()
    with pytest.raises(ProductLost, match=r"R_2019-03-01\.fits is missing"):
        read_sky(tmp_path / "sky" / "a.fits")
