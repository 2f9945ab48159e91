from cosmouline.io_sky import read_sky, write_sky
from cosmouline.sky import sky_map

import numpy as np


def test_a_sky_map_survives_its_file_to_the_last_bit(tmp_path):
    image_e = np.random.default_rng(5).poisson(300.0, (200, 330)).astype(np.float32)
    sky = sky_map(image_e, box_px=32)
    write_sky(tmp_path / "a.fits", sky)

    read = read_sky(tmp_path / "a.fits")

    assert (read.box_px, read.shape) == (32, (200, 330))
    np.testing.assert_array_equal(read.level(), sky.level())
    np.testing.assert_array_equal(read.sigma(slice(10, 60), slice(5, 90)),
                                  sky.sigma(slice(10, 60), slice(5, 90)))
