"""Every script of the sky takes box and cell from the settings: against maps of that box."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_images, db_sky
from cosmouline.images.fringes import fine_sky, sky_with_fringes
from cosmouline.images.sky import even_sky, sky_map

import numpy as np
import pytest

BOX_PX, CELL_PX, SHAPE = 40, 5, (130, 170)  # by default 64 and 4
ROW = {"img_name": "i", "set_name": "R", "n_hot_px": 0, "saturation_e": 1e5, "read_noise_e": 5.0,
       "sky_level_e": 0.0}
FRINGES = (3.0, 5)  # noise of the pattern and its images


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, sky_box_px=BOX_PX, fringe_cell_px=CELL_PX)


@pytest.fixture
def image_e(settings):
    """Write noise about 0 with waves that no mesh follows in full; give it as it is read."""
    y, x = np.indices(SHAPE)
    image_e = np.random.default_rng(1).normal(0, 20, SHAPE) + 15 * np.sin((x + 2 * y) / 25)
    write_image(paths.image(settings, "i"), image_e)
    return db_images.pixels(ROW, settings)


def flat(image_e, box_px):
    found = sky_map(image_e, None, box_px)
    return even_sky(np.median(found.level_mesh_e), np.median(found.sigma_mesh_e), SHAPE)


def zero(image_e, box_px):
    return even_sky(0.0, np.median(sky_map(image_e, None, box_px).sigma_mesh_e), SHAPE)


SKIES = {  # what each script makes of an image with a box
    "2_skysub/1_skysub": lambda image_e, box_px: sky_map(image_e, None, box_px),
    "2_skysub/1_alt_flat_skysub": flat,
    "2_skysub/1_alt_no_skysub": zero,
    "2_skysub/1b_alt_fringes_no_dither": lambda image_e, box_px: fine_sky(
        image_e, np.zeros(SHAPE, bool), CELL_PX, box_px),
    "2_skysub/1b_opt_fringes": lambda image_e, box_px: sky_map(image_e, None, box_px)}


def both(sky):
    return sky.level(), sky.sigma()


def is_same(one, other):
    """Tell whether maps agree to 1e-3 of the noise; other boxes change them by more than 1e-2."""
    return np.abs(np.subtract(one, other)).max() < 1e-3 * 20


@pytest.mark.parametrize("name", SKIES)
def test_the_sky_is_that_of_the_box_in_the_settings(script, settings, image_e, name):
    more = ({},) if name.endswith("opt_fringes") else ()  # no pattern: an earlier one has gone

    fields = script(f"pipe/{name}").measure(ROW, settings, *more)

    found, expected = db_sky.sky(ROW, settings), SKIES[name](image_e, BOX_PX)
    assert is_same(both(found), both(expected))
    assert fields["sky_box_px"] == found.box_px == expected.box_px
    assert not is_same(both(found), both(SKIES[name](image_e, None)))


def test_with_a_pattern_of_fringes_too(script, settings, image_e):
    fringes_e = np.random.default_rng(2).normal(0, 5, SHAPE).astype(np.float32)
    write_image(paths.fringes(settings, "R"), fringes_e,
                {"NOISE": FRINGES[0], "NIMAGES": FRINGES[1], "RMS": 5.0})

    script("pipe/2_skysub/1b_opt_fringes").measure(ROW, settings, {"i": "R"})

    def expected(box_px):
        return both(sky_with_fringes(image_e, np.zeros(SHAPE, bool), fringes_e, *FRINGES, box_px))

    assert is_same(both(db_sky.sky(ROW, settings)), expected(BOX_PX))
    assert not is_same(expected(BOX_PX), expected(None))
