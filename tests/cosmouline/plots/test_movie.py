from cosmouline.plots.movie import save_movie

import numpy as np
import pytest

pil = pytest.importorskip("PIL.Image")


def test_every_image_is_a_frame_of_its_own(tmp_path):
    images = [np.full((20, 30), np.nan), np.zeros((20, 30)), np.random.default_rng(1).normal(
        size=(20, 30))]

    save_movie(tmp_path / "a.gif", images, ["one", "two $", "three"], 4.0, "LENS")

    with pil.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3
        assert film.info["duration"] == 250  # ms, 4 in a second
        shown = []
        for k in range(3):
            film.seek(k)
            shown.append(np.asarray(film.convert("L"), float))
    assert np.abs(shown[2] - shown[1]).mean() > 5


def test_no_image_or_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        save_movie(tmp_path / "a.gif", [], [])
    with pytest.raises(ValueError, match=r"\.gif"):
        save_movie(tmp_path / "a.png", [np.zeros((3, 3))], [""])
