from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ImageRejected
from cosmouline.files import io_fits
from cosmouline.images import db_fringes

import numpy as np
import pytest

LA_SILLA_DEG = -70.73


def image(name, mjd, set_name="R", **more):
    return {"img_name": name, "mjd": mjd, "set_name": set_name, "site_lon_deg": LA_SILLA_DEG,
            "nx_px": 10, "ny_px": 8, "n_hot_px": 0} | more


IMAGES = [image("a", 58543.98), image("b", 58544.01), image("c", 58544.40),  # one night
          image("v", 58544.02, "V"), image("d", 58545.10)]


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, fringe_by="night", sky_box_px=None)


def names(groups):
    return {name: [one["img_name"] for one in images] for name, images in groups.items()}


def test_sets_and_nights_have_patterns_and_files_of_their_own(settings):
    """MJD 58543 is 2019-03-01; the night goes on past midnight UTC, and past the next one's."""
    found = db_fringes.groups(IMAGES, settings)

    assert names(found) == {"R_2019-03-01": ["a", "b", "c"], "R_2019-03-02": ["d"],
                            "V_2019-03-01": ["v"]}


def test_all_nights_of_a_set_can_be_one(settings):
    settings.fringe_by = "set"

    assert names(db_fringes.groups(IMAGES, settings)) == {"R": ["a", "b", "c", "d"], "V": ["v"]}


def test_images_that_cannot_tell_fringes_from_stars_are_refused(settings):
    with pytest.raises(ImageRejected, match="fewer than 3 images"):
        db_fringes.make({"img_name": "R", "images": IMAGES[:2]}, settings)
    other = [*IMAGES[:2], image("x", 58544.1, nx_px=11)]
    with pytest.raises(ImageRejected, match="images of different sizes"):
        db_fringes.make({"img_name": "R", "images": other}, settings)


def test_a_pattern_is_made_anew_for_other_images_or_another_sky(settings):
    images = IMAGES[:3]
    io_fits.write_image(paths.fringes(settings, "R"), np.zeros((8, 10), np.float32),
                        {"MEMBERS": db_fringes.members(images, settings)})

    assert db_fringes.is_fresh("R", images[::-1], settings)
    assert not db_fringes.is_fresh("R", images[:2], settings)
    assert not db_fringes.is_fresh("R", [*images[:2], images[2] | {"n_hot_px": 1}], settings)
    settings.sky_box_px = 64
    assert not db_fringes.is_fresh("R", images, settings)
    assert not db_fringes.is_fresh("V", images, settings)
