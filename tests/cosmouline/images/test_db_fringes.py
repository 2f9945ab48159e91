from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ImageRejected
from cosmouline.files import io_fits
from cosmouline.images import db_fringes, db_images
from cosmouline.images.fringes import fringe_pattern
from cosmouline.images.sky import sky_map

import numpy as np
import pytest
from matplotlib.text import Text

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


def dithered(settings):
    """Write four images with stars that move and waves that do not; give their rows."""
    rng, (y, x) = np.random.default_rng(1), np.indices((130, 170))
    rows = [image(f"i{k}", 58544.0 + k, nx_px=170, ny_px=130) for k in range(4)]
    stars = rng.uniform(10, 120, (8, 2))
    for k, row in enumerate(rows):
        image_e = rng.normal(300, 15, x.shape) + 20 * np.sin((x + y / 2) / 4) + x
        for a, b in stars:
            away2 = (x - a - 9 * k) ** 2 + (y - b - 7 * k % 13) ** 2
            image_e += 4000 * np.exp(-away2 / (2 * 1.8**2))
        io_fits.write_image(paths.image(settings, row["img_name"]), image_e)
    return rows


def test_a_pattern_is_made_and_drawn_by_the_settings(settings):
    settings.sky_box_px, settings.lens_name = 40, "L"  # the box is 64 by default
    rows = dithered(settings)
    db_fringes.make({"img_name": "R", "images": rows}, settings)

    def expected(flat_box_px, box_px):
        images = [db_images.pixels(row, settings) for row in rows]
        return fringe_pattern([one - sky_map(one, None, flat_box_px).level() for one in images],
                              box_px)

    found = io_fits.read_image(paths.fringes(settings, "R"))
    difference = {boxes: np.abs(found - expected(*boxes).frame_e).max()
                  for boxes in ((40, 40), (None, 40), (40, None))}
    assert difference[40, 40] < 1e-4
    assert min(difference[None, 40], difference[40, None]) > 0.05
    head = db_fringes.header("R", settings)
    assert head["RMS"] == pytest.approx(expected(40, 40).rms_e)
    assert head["NIMAGES"] == 4
    assert db_fringes.is_fresh("R", rows, settings)

    texts = [text.get_text() for text in db_fringes.sheet(["R"], settings).findobj(Text)]
    assert "L: fringes" in texts
    assert f"rms {head['RMS']:.1f} e-, 4 images" in texts
