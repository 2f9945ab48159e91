from cosmouline.plots import movie
from cosmouline.plots.movie import save_movie

import numpy as np
import pytest

pil = pytest.importorskip("PIL.Image")


def frames_of(path):
    shown = []
    with pil.open(path) as film:
        for k in range(film.n_frames):
            film.seek(k)
            shown.append(np.asarray(film.convert("L"), float))
    return shown


def test_every_image_is_a_frame_of_its_own(tmp_path):
    images = [np.full((20, 30), np.nan), np.zeros((20, 30)), np.random.default_rng(1).normal(
        size=(20, 30))]

    save_movie(tmp_path / "a.gif", images, ["one", "two $", "three"], 4.0, "LENS")

    with pil.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3
        assert film.info["duration"] == 250  # ms, 4 in a second
        # 4.2 inches wide, the picture as tall as it is, and the two texts; 120 pixels per inch
        assert film.size == (504, int(120 * (0.3 + 4.2 * 20 / 30 + 0.2)))
    shown = frames_of(tmp_path / "a.gif")
    assert np.abs(shown[2] - shown[1]).mean() > 5


def test_all_images_have_the_median_of_the_cuts(tmp_path, monkeypatch):
    rng, given = np.random.default_rng(2), []
    images = [rng.normal(level, 1.0, (20, 20)) for level in (0.0, 10.0, 500.0)]
    real = movie.stretch_norm
    monkeypatch.setattr(movie, "stretch_norm", lambda *args: given.append(args) or real(*args))

    save_movie(tmp_path / "a.gif", [*images, np.full((20, 20), np.nan)], ["a", "b", "c", "d"])

    (low, high, stretch), = given
    assert (low, high) == pytest.approx(movie.frame_limits(images[1], 0.0))
    assert stretch == "asinh"


def test_pixels_are_upright_and_titles_change(tmp_path):
    image = np.zeros((20, 20))
    image[15:, :5] = 100.0  # at the upper left

    save_movie(tmp_path / "a.gif", [image, image], ["", "a long title of the second"])

    first, second = frames_of(tmp_path / "a.gif")
    side, top = 504, 36
    assert first[top + 20 : top + 100, 10:100].mean() < 60
    assert first[top + 200 :  top + side - 5, 200:].mean() > 180
    changed = np.abs(first - second).sum(axis=1)
    assert changed[:top].sum() > 0
    assert changed[top + 1 :].sum() == 0


def test_no_image_or_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        save_movie(tmp_path / "a.gif", [], [])
    with pytest.raises(ValueError, match=r"\.gif"):
        save_movie(tmp_path / "a.png", [np.zeros((3, 3))], [""])
