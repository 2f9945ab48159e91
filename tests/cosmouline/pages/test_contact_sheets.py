from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.pages import contact_sheets

import numpy as np
import pytest

IMAGES = [{"img_name": f"R_{k}", "set_name": "R", "mjd": 10.0 - k} for k in range(5)]


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, lens_name="L", band="")


def test_the_order_is_that_of_sets_and_time():
    images = [*IMAGES, {"img_name": "A", "set_name": "A"}]

    assert [image["img_name"] for image in contact_sheets.in_order(images)] == [
        "A", "R_4", "R_3", "R_2", "R_1", "R_0"]


def test_many_images_go_over_several_pages_and_old_pages_go(settings, pages, monkeypatch):
    monkeypatch.setattr(contact_sheets, "N_ON_PAGE", 2)
    for k in (3, 4, 5):
        paths.plot(settings, f"all_{k}").parent.mkdir(exist_ok=True)
        paths.plot(settings, f"all_{k}").touch()

    contact_sheets.save(IMAGES, "all", settings, __file__, lambda image, settings: np.eye(8))

    assert list(pages) == ["all_1", "all_2", "all_3"]
    assert "L: all (2 of 3)" in pages.texts("all_2")
    assert {"R_2", "R_3"} <= set(pages.texts("all_2"))
    assert not paths.plot(settings, "all_4").exists()
    assert not paths.plot(settings, "all_5").exists()


def test_a_lost_product_leaves_its_cell_empty(settings, pages):
    def thumbnail(image, settings):
        if image["img_name"] == "R_1":
            raise ProductLost("gone")
        return np.eye(8)

    contact_sheets.save(IMAGES[:3], "all", settings, __file__, thumbnail,
                        note=lambda im: f"{im['mjd']}")

    assert pages.texts("all_1").count("no data") == 1
    assert {"10.0", "9.0", "8.0"} <= set(pages.texts("all_1"))


def test_the_list_of_a_film_names_what_is_there(settings):
    folder = paths.pictures(settings, "img")
    folder.mkdir()
    for name in ("R_0", "R_2"):
        (folder / f"{name}.png").touch()

    contact_sheets.write_order(IMAGES, "img", settings)

    assert (folder / "order.txt").read_text() == "file 'R_0.png'\nfile 'R_2.png'\n"


def test_two_pages_are_numbered_and_one_is_not(settings, pages, monkeypatch):
    contact_sheets.save(IMAGES, "one", settings, __file__, lambda image, settings: np.eye(8))
    monkeypatch.setattr(contact_sheets, "N_ON_PAGE", 3)
    contact_sheets.save(IMAGES, "two", settings, __file__, lambda image, settings: np.eye(8),
                        title="t")

    assert "L: one" in pages.texts("one_1")
    assert "L: t (1 of 2)" in pages.texts("two_1")
    assert "L: t (2 of 2)" in pages.texts("two_2")
