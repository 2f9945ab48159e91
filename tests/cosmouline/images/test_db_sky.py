"""The sky map of a row, written and read."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_sky
from cosmouline.images.sky import SkyMap

import numpy as np
import pytest

LEVEL = np.array([[400.0, 430.0, 410.0], [405.0, 420.0, 390.0]])
SIGMA = np.array([[20.0, 21.0, 25.0], [19.0, 30.0, 22.0]])


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path)


def sky_map(**more):
    return SkyMap(LEVEL, SIGMA, 32, (60, 90), **more)


def test_the_fields_are_box_range_and_median_noise(settings):
    fields = db_sky.keep(sky_map(), {"img_name": "i"}, settings)

    assert fields == {"sky_box_px": 32, "sky_range_e": 40.0, "sky_noise_e": 21.5}
    read = db_sky.sky({"img_name": "i"}, settings)
    np.testing.assert_array_equal(read.level(), sky_map().level())
    np.testing.assert_array_equal(read.sigma(), sky_map().sigma())


def test_the_noise_of_a_stack_is_larger_than_the_scatter_of_its_pixels(settings):
    fields = db_sky.keep(sky_map(), {"img_name": "i", "noise_factor": 1.5}, settings)

    assert fields["sky_noise_e"] == pytest.approx(1.5 * 21.5)
    assert fields["sky_range_e"] == 40.0
    read = db_sky.sky({"img_name": "i"}, settings)
    np.testing.assert_allclose(read.sigma_mesh_e, 1.5 * SIGMA)
    np.testing.assert_array_equal(read.level_mesh_e, LEVEL)


def test_fringes_are_read_with_the_map(settings):
    fringes_e = np.random.default_rng(1).normal(0, 30, (60, 90)).astype(np.float32)
    path = paths.fringes(settings, "R_2019-03-01")
    write_image(path, fringes_e)

    db_sky.keep(sky_map(fringes_e=fringes_e, fringe_scale=0.5), {"img_name": "i"}, settings, path)

    level_e = db_sky.sky({"img_name": "i"}, settings).level()
    np.testing.assert_allclose(level_e, sky_map().level() + 0.5 * fringes_e, rtol=1e-6)


def test_a_map_that_is_lost_is_reported_with_its_script(settings):
    with pytest.raises(ProductLost, match=r"2_skysub/1_skysub\.py --redo --only i"):
        db_sky.sky({"img_name": "i"}, settings)
