"""Maps of bad pixels of a set, from images on the disk."""

from types import SimpleNamespace

from cosmouline.database import paths, provenance
from cosmouline.errors import UserError
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_bad_pixels, db_images
from cosmouline.run import make_options

import numpy as np
import pytest

SHAPE, NOISE_E = (60, 70), 10.0
WEAK, STRONG = (20, 30), (40, 50)  # pixels 8 and 40 sigma of a frame too high
ONE = {"name": "R"}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, find_hot_pixels=True, hot_pixel_sigma=8.0,
                           sets=[ONE | {"telescope": "generic"}], options=make_options())


@pytest.fixture
def images(settings):
    """Write six frames of noise with two hot pixels; give their rows."""
    rng, rows = np.random.default_rng(1), []
    for k in range(6):
        image_e = rng.normal(400, NOISE_E, SHAPE)
        image_e[WEAK] += 8 * NOISE_E
        image_e[STRONG] += 40 * NOISE_E
        rows.append({"img_name": f"i{k}", "set_name": "R", "ny_px": SHAPE[0], "nx_px": SHAPE[1]})
        write_image(paths.image(settings, f"i{k}"), image_e)
    return rows


def found(one, images, settings):
    return set(map(tuple, np.argwhere(db_bad_pixels.made(one, images, settings)).tolist()))


def test_hot_pixels_are_found_above_the_limit_of_the_settings(images, settings):
    """The median of 6 frames has a noise of 1.25 / sqrt(6) = 0.5 of a frame: 8 sigma are 16."""
    assert found(ONE, images, settings) == {WEAK, STRONG}
    settings.hot_pixel_sigma = 30.0  # of the median: 15 of a frame
    assert found(ONE, images, settings) == {STRONG}
    settings.find_hot_pixels = False
    assert found(ONE, images, settings) == set()


def test_too_few_images_find_nothing_and_one_of_another_shape_does_not_count(images, settings):
    assert found(ONE, images[:5], settings) == {WEAK, STRONG}
    assert found(ONE, images[:4], settings) == set()
    window = images[4] | {"ny_px": 30}
    assert found(ONE, [*images[:4], window], settings) == set()
    assert db_bad_pixels.made(ONE, [*images[:4], window], settings).shape == SHAPE


def test_of_many_images_at_most_forty_are_read(images, settings, monkeypatch):
    read = []
    monkeypatch.setattr(db_images, "pixels",
                        lambda image, settings, rows: read.append(image) or np.ones(
                            (rows[1] - rows[0], SHAPE[1])))

    found(ONE, [images[0] | {"number": k} for k in range(90)], settings)

    assert sorted({image["number"] for image in read}) == list(range(0, 90, 3))


def test_the_mask_of_the_user_is_added(images, settings, tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[5, 6] = 1
    path = tmp_path / "mask.fits"
    write_image(path, mask)

    assert found(ONE | {"bad_pixel_mask": str(path)}, images, settings) == {WEAK, STRONG, (5, 6)}
    write_image(path, mask[:-1])
    with pytest.raises(UserError, match=r"bad_pixel_mask of set R is \(70, 59\) pixels, its "
                                        r"images are \(70, 60\)"):
        found(ONE | {"bad_pixel_mask": str(path)}, images, settings)
    with pytest.raises(UserError, match=r"bad_pixel_mask of set R: .*missing"):
        found(ONE | {"bad_pixel_mask": str(tmp_path / "missing.fits")}, images, settings)


@pytest.fixture
def before(images, settings):
    """Write a map, noted in the rows of six images; give these and the runs."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[STRONG] = 1
    write_image(paths.bad_pixels(settings, "R"), mask)
    runs = {3: {"script": db_bad_pixels.SCRIPT,
                "settings": provenance.settings_used(settings, db_bad_pixels.CHOICE)}}
    record = {f"ran__{db_bad_pixels.SCRIPT}": "done 3 3", "n_hot_px": 1}
    return [image | record for image in images], runs


@pytest.mark.parametrize(("n_new", "stays"), [(0, True), (2, True), (3, False)])
def test_a_map_stays_until_the_images_have_grown_by_half(before, settings, n_new, stays):
    images, runs = before
    more = [{"img_name": f"n{k}", "set_name": "R"} for k in range(n_new)]

    kept = db_bad_pixels.kept(ONE, [*images, *more], settings, runs)

    assert (kept is not None) == stays
    if stays:
        assert np.argwhere(kept).tolist() == [list(STRONG)]


@pytest.mark.parametrize("change", ["redo", "setting", "file", "few"])
def test_a_map_is_made_again(before, settings, change):
    images, runs = before
    if change == "redo":
        settings.options = make_options(redo=True)
    elif change == "setting":
        settings.hot_pixel_sigma = 9.0
    elif change == "file":
        paths.bad_pixels(settings, "R").unlink()
    else:
        images = images[:4]

    assert db_bad_pixels.kept(ONE, images, settings, runs) is None
