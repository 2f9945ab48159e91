"""A pattern multiplied onto the images of a set is found in their skies."""

from types import SimpleNamespace

from cosmouline.errors import UserError
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

    measured.settings, measured.rows = settings, rows
    return measured


def test_errors_of_the_flat_are_found_and_named(flattened, caplog):
    caplog.set_level("WARNING", logger="cosmouline")

    found = flattened(0.02)["flat_error"]

    # blocks of 8 pixels keep 1 / (1 + 8^2 / 12 / (2 6^2)) of its variance; the stars hide a part
    assert found == pytest.approx(0.02 * np.sqrt(0.93), rel=0.15)
    assert "errors of the flat field" in caplog.text


@pytest.mark.parametrize("done", [db_flat_error.DIVIDED, db_flat_error.SUBTRACTED])
def test_an_image_is_corrected_by_the_map_of_its_set(flattened, done):
    """A sky of 100 with a source of 900 on it, both seen with the planted pattern."""
    flattened(0.02)
    row = flattened.rows[0]
    shape = row["ny_px"], row["nx_px"]
    smooth = gaussian_filter(np.random.default_rng(3).normal(size=shape), 6)
    error, level_e = 0.02 * smooth / smooth.std(), np.full(shape, 100.0)

    sky, both = (db_flat_error.corrected(flux * (1 + error), level_e, row | {
        "set_name": "R"}, flattened.settings, done) for flux in (100.0, 1000.0))

    # the map has a part of it, at most what `test_errors_of_the_flat...` allows, and noise
    assert (sky - 100).std() < 0.6 * 2
    light = (both - sky) / 900 - 1
    expected = light.std() / error.std()
    assert expected < 0.6 if done == "divided" else expected == pytest.approx(1, abs=1e-6)


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


def test_a_set_is_measured_again_when_it_has_grown_by_half(tmp_path):
    known, new, settings = [{"flat_error": 0.004}] * 6, [{}] * 2, SimpleNamespace(
        work_dir=tmp_path)

    assert db_flat_error.kept("R", known + new, settings) is None  # no map
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "R.fits").touch()
    assert db_flat_error.kept("R", known + new, settings) == {"flat_error": 0.004}
    assert db_flat_error.kept("R", known + new + new, settings) is None
    assert db_flat_error.kept("R", known[:3], settings) is None
    assert db_flat_error.kept("S", [{"flat_error": 0.0}] * 6, settings) == {"flat_error": 0.0}


def rows_of(sets):
    return [{"set_name": name, "sky_box_px": 64, "lens_x_px": 50.0, "lens_y_px": 60.0}
            for name in sets]


def test_the_lens_has_the_errors_of_its_sets():
    images, sigma = rows_of("RRSS"), np.array([0.004, 0.004, 0, 0])

    # by hand: half of the images are off by .4 %
    assert db_flat_error.of_lens(images, sigma) == pytest.approx(0.002)
    assert db_flat_error.of_lens(images[:2], sigma[:2]) == pytest.approx(0.004)


def test_what_two_cameras_do_not_share_differs_from_image_to_image():
    """By hand: .4 % in each of two sets are .4 / sqrt(2) in the mean, and as much in each."""
    images, sigma = rows_of("RSRS"), np.full(4, 0.004)

    assert db_flat_error.of_lens(images, sigma) == pytest.approx(0.004 / np.sqrt(2))
    assert db_flat_error.between_sets(images, sigma) == pytest.approx(
        np.full(4, 0.004 / np.sqrt(2)))
    assert (db_flat_error.between_sets(images[::2], sigma[::2]) == 0).all()


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("")])
def test_a_map_that_is_missing_or_damaged_names_its_script(flattened, damage):
    flattened(0.02)
    path, = flattened.settings.work_dir.glob("flat/R.fits")
    damage(path)

    with pytest.raises(UserError, match=r"R.fits is missing or damaged: .* Run 2_skysub/"
                                        r"1c_flat_errors.py --redo\.$"):
        db_flat_error.on_places({"set_name": "R"}, flattened.settings, np.ones(2), np.ones(2))


def test_of_a_large_set_images_from_the_first_to_the_last_are_measured(lens_after, monkeypatch):
    rows, settings = rows_and_settings(lens_after(SCRIPT))
    original, read = db_flat_error.db_images.image_and_bad, []

    def image_and_bad(image, settings):
        read.append(rows.index(image))
        return original(image, settings)

    monkeypatch.setattr(db_flat_error.db_images, "image_and_bad", image_and_bad)
    monkeypatch.setattr(db_flat_error, "N_MOST", 4)
    db_flat_error.measured("R", rows, settings)

    assert len(rows) == 7
    assert read == [0, 2, 4, 6]
