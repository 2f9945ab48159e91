from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image, write_image
from cosmouline.skymaker.detector import hot_electrons

import numpy as np
import pytest

SCRIPT = "1_character/2c_hot_pixels"
SETS = ("sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {raw!r}, "
        "'bad_pixel_mask': {mask!r}}}]\n")


def mask_of(lens):
    return read_image(paths.bad_pixels(lens.settings(), "R")) != 0


def give_mask(lens, bad):
    """Write a mask that a user has drawn, and name it in the settings."""
    path = lens.config / "mask.fits"
    write_image(path, bad.astype(np.uint8), {})
    lens.set(SETS.format(raw=str(lens.raw), mask=str(path)))


def given():
    bad = np.zeros((160, 180), bool)
    bad[40:, 100] = True
    return bad


def test_the_hot_pixels_of_the_detector_are_found(lens_after):
    lens = lens_after(SCRIPT)
    # the faintest of them has 2000 e- in the exposure, 80 sigma of the sky
    hot = hot_electrons(lens.truth.campaign.telescopes[0], 300.0) > 0

    assert hot.sum() == 12
    assert (mask_of(lens)[hot]).all()
    assert (mask_of(lens) & ~hot).sum() <= 1
    assert {row["n_hot_px"] for row in lens.rows.values()} == {int(mask_of(lens).sum())}


def test_the_mask_of_the_user_is_joined_in(lens_after):
    lens = lens_after(SCRIPT)
    alone = mask_of(lens)
    give_mask(lens, given())

    lens.run(SCRIPT)

    assert (mask_of(lens) == alone | given()).all()
    assert lens.rows["R_tiny_0000"]["n_hot_px"] == (alone | given()).sum()


def test_four_images_cannot_tell_and_the_search_can_be_left_out(lens_before):
    lens = lens_before(SCRIPT)
    give_mask(lens, given())
    for name in lens.truth.names[4:]:
        lens.update(name, treatme=False)
    lens.run(SCRIPT)
    assert (mask_of(lens) == given()).all()

    lens.update(lens.truth.names[4], treatme=True)
    lens.run(SCRIPT, only=lens.truth.names[:1])  # the stack is of all, whatever --only says
    assert (mask_of(lens) & ~given()).sum() > 5

    lens.set("find_hot_pixels = False\n")
    lens.run(SCRIPT)
    assert not mask_of(lens).any()
    assert lens.rows["R_tiny_0000"]["n_hot_px"] == 0


def test_a_mask_of_another_size_is_refused(lens_before):
    lens = lens_before(SCRIPT)
    give_mask(lens, given()[:100])

    with pytest.raises(UserError, match=r"bad_pixel_mask of set R is \(180, 100\) pixels, its "
                                        r"images are \(180, 160\)"):
        lens.run(SCRIPT)


def test_a_mask_that_is_not_there_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set(SETS.format(raw=str(lens.raw), mask="/not/there.fits"))

    with pytest.raises(UserError, match=r"/not/there\.fits"):
        lens.run(SCRIPT)


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"7 of 7 images have no 'nx_px'.* Run "
                                        r"1_character/1b_copy_convert\.py first"):
        lens_before("1_character/1b_copy_convert").run(SCRIPT)


def test_a_lost_image_is_told_by_its_name(lens_before):
    lens = lens_before(SCRIPT)
    paths.image(lens.settings(), "R_tiny_0003").unlink()

    with pytest.raises(UserError, match=r"R_tiny_0003.*1_character/1b_copy_convert"):
        lens.run(SCRIPT)


def test_a_map_stays_when_a_few_images_are_added(lens_after):
    """It grows from 6 images to 7, by less than half; --redo makes it anew."""
    lens = lens_after(SCRIPT)
    path = paths.bad_pixels(lens.settings(), "R")
    lens.update("R_tiny_0003", n_hot_px=None, **{f"ran__{SCRIPT}": None})
    before = path.stat().st_mtime_ns

    lens.run(SCRIPT)
    assert path.stat().st_mtime_ns == before
    assert lens.rows["R_tiny_0003"]["n_hot_px"] == lens.rows["R_tiny_0000"]["n_hot_px"]
    lens.run(SCRIPT, redo=True)
    assert path.stat().st_mtime_ns > before
