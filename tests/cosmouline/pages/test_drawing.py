from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.pages import drawing
from cosmouline.plots.style import figure

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
