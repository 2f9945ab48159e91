from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.pages import drawing
from cosmouline.plots.style import figure
from cosmouline.run import make_options

import numpy as np
import pytest
from matplotlib.image import imread


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, band="", lens_name="L")


def test_pages_are_written_where_they_belong(settings, caplog):
    caplog.set_level("INFO", "cosmouline")
    page, _ = figure()

    drawing.save_plot(page, "map", settings, "/pipe/4_norm/3c_plot_stars.py")
    drawing.save_page(page, "objects", "img", settings, "/pipe/6_extract/3_png_check.py")

    assert imread(paths.plot(settings, "map")).shape[2] in (3, 4)
    assert (settings.work_dir / "objects_png" / "img.png").is_file()
    told, = caplog.messages  # one page per image would be too much to tell
    assert told.startswith("picture: ")
    assert told.endswith("plots/map.png")


def test_a_page_bears_lens_and_script(settings, monkeypatch):
    stamps = []
    monkeypatch.setattr(drawing.style, "save", lambda page, path, text: stamps.append(text))

    drawing.save_plot(None, "map", settings, "/pipe/4_norm/3c_plot_stars.py")

    assert "L" in stamps[0]
    assert "3c_plot_stars" in stamps[0]


def test_the_title_names_lens_and_image(settings):
    assert drawing.title({"img_name": "img"}, settings) == "L  img"


def test_of_many_images_those_that_stand_out_get_a_page(settings, caplog):
    """Values are 0 to 2 in turn, 1.5 of a sigma, but for three images; a page is kept."""
    caplog.set_level("INFO", "cosmouline")
    images = [{"img_name": f"i{k:03d}"} for k in range(60)]
    first, second = np.arange(60) % 3.0, np.arange(60) % 3.0
    first[50], second[40], second[30] = 9.0, -9.0, np.nan
    settings.options = make_options()

    chosen = [image["img_name"] for image in drawing.to_draw(images, settings, "sky", first,
                                                             second)]
    assert chosen == ["i030", "i040", "i050"]
    assert caplog.messages == ["pages of 3 of 60 images, those that stand out (3 sigma): --all "
                               "draws all"]

    other = next(image["img_name"] for image in images if image["img_name"] not in chosen)
    (settings.work_dir / "sky_png").mkdir()
    (settings.work_dir / "sky_png" / f"{other}.png").touch()
    again = drawing.to_draw(images, settings, "sky", first, second)
    assert {image["img_name"] for image in again} == {*chosen, other}


@pytest.mark.parametrize(("n_far", "n_pages"), [(0, 1), (5, 5), (12, 8)])
def test_one_to_eight_images_stand_out(settings, n_far, n_pages):
    images = [{"img_name": f"i{k:03d}"} for k in range(60)]
    values = np.arange(60) % 3.0
    values[:n_far] = 9.0
    settings.options = make_options()

    assert len(drawing.to_draw(images, settings, "sky", values)) == n_pages


@pytest.mark.parametrize("asked", [{"all": True}, {"only": ["i001"]}, {"test": True}])
def test_what_is_asked_for_gets_its_page_and_so_does_each_of_a_few(settings, asked):
    images = [{"img_name": f"i{k:03d}"} for k in range(60)]
    settings.options = make_options(**asked)
    assert drawing.to_draw(images, settings, "sky", np.arange(60.0)) == images

    settings.options = make_options()
    assert drawing.to_draw(images[:8], settings, "sky", np.arange(8.0)) == images[:8]
    assert len(drawing.to_draw(images[:9], settings, "sky", np.arange(9.0))) == drawing.LEAST_PAGES


def test_the_map_shows_stars_once_they_are_picked(lens_before, pages):
    lens = lens_before("4_norm/0_pick_stars")
    images = [lens.rows[name] for name in lens.truth.good]
    reference = lens.rows["R_tiny_0001"]

    pages["before"] = drawing.field_map(images, reference, lens.settings())
    lens.run("4_norm/0_pick_stars")
    pages["after"] = drawing.field_map(images, reference, lens.settings())

    for name, is_shown in (("before", False), ("after", True)):
        texts = pages.texts(name)
        assert "6 images aligned" in " ".join(texts)
        assert "TINY: R_tiny_0001" in texts
        assert any("PSF stars" in text for text in texts) is is_shown
        assert ("h" in texts) is is_shown  # a name of a star
