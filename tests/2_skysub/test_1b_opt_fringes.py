"""1b_opt_fringes.py on the small lens, its images moved on the detector and fringes put in."""

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.files.io_fits import read_image, write_image
from cosmouline.images import db_sky

import numpy as np
import pytest

SCRIPT, SKY = "2_skysub/1b_opt_fringes", "2_skysub/1_skysub"
RMS_E = 60.0
BY_SET = 'fringe_by = "set"\n'


def waves(shape):
    y, x = np.indices(shape)
    return np.sqrt(2) * np.sin(2 * np.pi * (x + 0.4 * y) / 25)


@pytest.fixture
def fringed(lens_after):
    """Give the lens with dithered images and fringes of 60 e- on them, the sky mapped anew."""
    lens = lens_after(SKY)
    for k, name in enumerate(lens.truth.names):
        path = paths.image(lens.settings(), name)
        image_e = np.roll(read_image(path), (17 * k, 29 * k), (0, 1))
        write_image(path, image_e + (1 + 0.1 * k) * RMS_E * waves(image_e.shape), {})
    lens.set(BY_SET)
    lens.run(SKY, redo=True)
    return lens


def off_e(lens, name):
    """Give how far the sky of an image is from the fringes that were put in, away from the rim."""
    sky = db_sky.sky(lens.rows[name], lens.settings())
    k = lens.truth.names.index(name)
    left = sky.level() - (1 + 0.1 * k) * RMS_E * waves(sky.shape)
    return left - np.median(left)


def test_fringes_reach_the_sky_that_is_subtracted_and_its_noise(fringed):
    name = fringed.truth.good[0]
    before, noise_e = off_e(fringed, name).std(), fringed.rows[name]["sky_noise_e"]

    assert fringed.run(SCRIPT)["done"] == 7

    row = fringed.rows[name]
    assert before > 0.8 * RMS_E
    assert off_e(fringed, name).std() < 0.2 * RMS_E
    assert row["fringe_frame"] == "R"
    assert row["fringe_rms_e"] == pytest.approx(RMS_E, rel=0.15)
    # without fringes, plus the noise of a pattern of 7 images (of different skies)
    sky_e = fringed.truth.row(name)["sky_e"]
    assert np.sqrt(sky_e) < row["sky_noise_e"] < 1.3 * np.sqrt(sky_e + 25) < noise_e
    assert (fringed.work / "plots" / "fringes.png").stat().st_size > 5000


def test_a_repetition_changes_nothing_and_the_fringes_stay_until_1_skysub_redoes(fringed, caplog):
    before = fringed.rows
    fringed.run(SCRIPT)
    rows, files = fringed.snapshot()

    assert fringed.run(SCRIPT)["kept"] == 7
    assert fringed.run(SKY)["kept"] == 7
    assert f"7 images were done by {SCRIPT}.py: kept (--redo replaces them)" in caplog.messages
    after, left = fringed.snapshot()
    assert after == rows
    assert {p for p in files if files[p] != left[p]} == {str(fringed.work / "plots/fringes.png")}
    record = f"ran__{SKY}"  # not one of its own: so photometry is out of date now
    assert rows["R_tiny_0000"][record] != before["R_tiny_0000"][record]
    assert f"ran__{SCRIPT}" not in rows["R_tiny_0000"]
    fringed.run(SKY, redo=True)
    for name, row in fringed.rows.items():
        assert "fringe_frame" not in row
        assert row["sky_noise_e"] == before[name]["sky_noise_e"]


def test_an_image_more_makes_the_pattern_anew_and_a_lost_one_is_told(fringed):
    fringed.update("R_tiny_0006", treatme=False)
    fringed.run(SCRIPT)
    scale = fringed.rows["R_tiny_0000"]["fringe_scale"]
    fringed.update("R_tiny_0006", treatme=True)

    # all of them, for the pattern is that of all
    assert fringed.run(SCRIPT, only=["R_tiny_0006"])["done"] == 7
    assert fringed.rows["R_tiny_0000"]["fringe_scale"] != scale
    paths.fringes(fringed.settings(), "R").unlink()
    with pytest.raises(ProductLost, match=r"Run 2_skysub/1b_opt_fringes\.py --redo"):
        db_sky.sky(fringed.rows["R_tiny_0000"], fringed.settings())


def test_nights_of_one_image_are_told_and_left(fringed, caplog):
    fringed.set()
    before = fringed.snapshot()

    assert not any(fringed.run(SCRIPT).values())

    assert any(line.startswith("7 nights left as they are (first: R_") and line.endswith(
        "fewer than 3 images") for line in caplog.messages)
    assert fringed.snapshot() == before


def test_images_that_were_not_dithered_are_told(lens_after, caplog):
    lens = lens_after(SKY)
    lens.set(BY_SET)

    lens.run(SCRIPT)

    assert any(line.startswith("1 sets left as they are (first: R): the images are not dithered")
               for line in caplog.messages)
    assert "fringe_frame" not in lens.rows["R_tiny_0000"]
