"""A pattern multiplied onto the images of a set is found in their skies."""

from cosmouline.images import db_flat_error

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

SCRIPT = "2_skysub/1_skysub"


def rows_and_settings(lens):
    rows = [row for row in lens.rows.values() if row["gogogo"]]
    return rows, lens.settings(SCRIPT)


@pytest.fixture
def flattened(lens_after, monkeypatch):
    """Return a function that measures the tiny set under a pattern of a scatter."""
    lens = lens_after(SCRIPT)
    rows, settings = rows_and_settings(lens)
    original = db_flat_error.db_images.image_and_bad

    def measured(scatter):
        def image_and_bad(image, settings):
            image_e, bad = original(image, settings)
            smooth = gaussian_filter(np.random.default_rng(3).normal(size=image_e.shape), 6)
            return image_e * (1 + scatter * smooth / smooth.std()), bad

        monkeypatch.setattr(db_flat_error.db_images, "image_and_bad", image_and_bad)
        return db_flat_error.measured("R", rows, settings)

    return measured


def test_errors_of_the_flat_are_found_and_named(flattened, caplog):
    caplog.set_level("WARNING", logger="cosmouline")

    found = flattened(0.02)["flat_error"]

    # blocks of 8 pixels keep 1 / (1 + 8^2 / 12 / (2 6^2)) of its variance; the stars hide a part
    assert found == pytest.approx(0.02 * np.sqrt(0.93), rel=0.15)
    assert "errors of the flat field" in caplog.text


def test_skies_without_them_have_none(flattened, caplog):
    assert flattened(0.0) == {"flat_error": 0.0}
    assert not caplog.text


def test_few_images_stacks_and_subtracted_skies_tell_nothing(lens_after):
    lens = lens_after(SCRIPT)
    rows, settings = rows_and_settings(lens)

    assert db_flat_error.measured("R", rows[:3], settings) == {}
    stacks = [row | {"noise_factor": 1.3} for row in rows]
    assert db_flat_error.measured("R", stacks, settings) == {}
    dark = [row | {"sky_level_e": 2 * row["sky_noise_e"]} for row in rows]
    assert db_flat_error.measured("R", dark, settings) == {}


def test_a_set_is_measured_again_when_it_has_grown_by_half():
    known, new = [{"flat_error": 0.004}] * 6, [{}] * 2

    assert db_flat_error.kept(known + new) == {"flat_error": 0.004}
    assert db_flat_error.kept(known + new + new) is None
    assert db_flat_error.kept(known[:3]) is None


def test_the_lens_has_the_errors_of_its_sets():
    images = [{"set_name": name, "sky_box_px": 64, "lens_x_px": 50.0, "lens_y_px": 60.0} | error
              for name, error in (("R", {"flat_error": 0.004}), ("R", {"flat_error": 0.004}),
                                  ("S", {"flat_error": 0.0}), ("S", {"flat_error": 0.0}))]

    # by hand: half of the images are off by .4 %
    assert db_flat_error.of_lens(images) == pytest.approx(0.002)
    assert db_flat_error.of_lens(images[:2]) == pytest.approx(0.004)
    # an image without a measurement counts as the others
    assert db_flat_error.of_lens([*images[:2], {
        key: value for key, value in images[0].items() if key != "flat_error"}]) == pytest.approx(
            0.004)
    assert db_flat_error.of_lens([{"set_name": "R"}]) == 0.0


def test_what_two_cameras_do_not_share_differs_from_image_to_image():
    """By hand: .4 % in each of two sets are .4 / sqrt(2) in the mean, and as much in each."""
    images = [{"set_name": name, "sky_box_px": 64, "lens_x_px": 50.0, "lens_y_px": 60.0,
               "flat_error": 0.004} for name in "RSRS"]

    assert db_flat_error.of_lens(images) == pytest.approx(0.004 / np.sqrt(2))
    assert db_flat_error.between_sets(images) == pytest.approx(np.full(4, 0.004 / np.sqrt(2)))
    assert (db_flat_error.between_sets(images[::2]) == 0).all()
