from cosmouline.database import paths

import numpy as np
import pytest

pil = pytest.importorskip("PIL.Image")
SCRIPT = "3_align/4b_opt_movie"


def frames_of(lens):
    with pil.open(paths.plot(lens.settings(), "movie").with_suffix(".gif")) as film:
        return film.n_frames, film.size


def test_the_film_has_every_image(lens_before, caplog):
    lens = lens_before("3_align/4_png_check")

    lens.run(SCRIPT, side=15.0, frames=100, speed=5.0, whole=False)

    n, size = frames_of(lens)
    assert n == 6
    assert size[0] > 300
    assert caplog.messages[-1].startswith("6 of 6 images")


def test_the_number_of_frames_is_bounded(lens_before):
    lens = lens_before("3_align/4_png_check")

    lens.run(SCRIPT, side=5.0, frames=2, speed=1.0, whole=True)

    n, size = frames_of(lens)
    assert n == 2
    assert size[0] > size[1] * 0.9  # 180 x 160 pixels, and a line of text


def test_a_cut_out_holds_the_lens_in_its_middle(lens_before, script):
    lens = lens_before("3_align/4_png_check")
    row, settings = lens.rows["R_tiny_0002"], lens.settings()
    lens_xy = lens.truth.centre("R_tiny_0001")

    found = script(f"pipe/{SCRIPT}").cut_out(row, lens_xy.round() - 20, 41, settings)

    assert found.shape == (41, 41)
    # two images within an arcsec of the middle, five pixels
    assert abs(found[15:26, 15:26]).sum() > 5 * abs(found[:11, :11]).sum()


def test_the_film_bears_the_name_of_the_lens(lens_before, script, monkeypatch):
    lens, titles = lens_before("3_align/4_png_check"), []
    monkeypatch.setattr(script(f"pipe/{SCRIPT}"), "save_movie",
                        lambda *arguments: titles.append(arguments[-1]))

    lens.run(SCRIPT, side=5.0, frames=2, speed=1.0, whole=False)

    assert titles == ["TINY"]


def test_the_lens_is_in_the_middle_of_the_film(lens_before, script, monkeypatch):
    lens, films = lens_before("3_align/4_png_check"), []
    monkeypatch.setattr(script(f"pipe/{SCRIPT}"), "save_movie",
                        lambda _, shown, *rest: films.append((np.nanmean(shown, 0), rest)))

    lens.run(SCRIPT, side=8.61, frames=100, speed=0.0, whole=False)

    (mean_e, (titles, per_s, _)), = films
    assert mean_e.shape == (41, 41)  # 0.21 arcsec each
    assert len(titles) == 6
    assert per_s == 0.1
    # the images of the lens are brighter than all else; the clouded image is not shown
    light = np.where(mean_e > 0.2 * np.nanmax(mean_e), mean_e, 0.0)
    y, x = np.indices(light.shape)
    off_px = np.array([(x * light).sum(), (y * light).sum()]) / light.sum() - 20
    assert np.hypot(*off_px) < 5  # the images of the lens lie within an arcsec of it
