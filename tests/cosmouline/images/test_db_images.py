"""Pixels of an image by its row."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_images

import numpy as np
import pytest

ROW = {"img_name": "i", "set_name": "R", "n_hot_px": 1, "saturation_e": 50_000.0}


@pytest.fixture
def settings(tmp_path):
    """Settings of a work folder with one image, whose values tell row and column, and a mask."""
    found = SimpleNamespace(work_dir=tmp_path)
    y, x = np.indices((20, 30))
    image_e = (100.0 * y + x)
    image_e[3, 4] = np.inf
    mask = np.zeros((20, 30), np.uint8)
    mask[5, 6] = 2
    write_image(paths.image(found, "i"), image_e)
    write_image(paths.bad_pixels(found, "R"), mask)
    return found


def test_all_pixels_or_some_rows(settings):
    assert db_images.pixels(ROW, settings).shape == (20, 30)
    part = db_images.pixels(ROW, settings, (7, 9))
    assert part.tolist() == [[700.0 + x for x in range(30)], [800.0 + x for x in range(30)]]


def bad_of(row, settings):
    return sorted(map(tuple, np.argwhere(db_images.image_and_bad(row, settings)[1]).tolist()))


def test_bad_pixels_are_those_of_the_map_and_what_is_not_finite(settings):
    assert db_images.image_and_bad(ROW, settings)[0][8, 9] == 809
    assert bad_of(ROW, settings) == [(3, 4), (5, 6)]
    assert bad_of(ROW | {"n_hot_px": 0}, settings) == [(3, 4)]


def test_a_map_of_another_size_does_not_count(settings):
    """A set holds frames of one detector; a window of it has no map."""
    write_image(paths.bad_pixels(settings, "R"), np.ones((10, 30), np.uint8))

    assert bad_of(ROW, settings) == [(3, 4)]


def test_an_image_saturates_at_nine_tenths_of_its_level():
    assert db_images.saturation_e(ROW) == pytest.approx(45_000.0)


def test_an_image_that_is_lost_is_reported_with_its_script(settings):
    paths.image(settings, "i").unlink()

    with pytest.raises(ProductLost, match=r"1_character/1b_copy_convert\.py --redo --only i"):
        db_images.pixels(ROW, settings)
