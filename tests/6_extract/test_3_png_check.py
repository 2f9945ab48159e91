from cosmouline.database import paths
from cosmouline.errors import UserError

import pytest
from matplotlib.image import imread

SCRIPT = "6_extract/3_png_check"
NAME = "R_tiny_0001"


def test_a_page_is_drawn_and_kept_until_its_stamps_change(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("norm_stars = ['a', 'b']\n")
    for script in ("6_extract/1_extract_objects", "6_extract/2_find_cosmics"):
        lens.run(script, only=[NAME])

    assert lens.run(SCRIPT, only=[NAME])["done"] == 1

    page, = (lens.work / "objects_png").iterdir()
    assert page.name == f"{NAME}.png"
    assert imread(page).std() > 0.05  # not one colour
    assert lens.run(SCRIPT, only=[NAME])["kept"] == 1
    lens.update(NAME, **{"ran__6_extract/2_find_cosmics": "done 900 900"})
    assert lens.run(SCRIPT, only=[NAME])["done"] == 1


def test_the_page_bears_the_name_of_its_image(lens_before, script, monkeypatch):
    lens, titles, module = lens_before(SCRIPT), [], script(f"pipe/{SCRIPT}")
    monkeypatch.setattr(module, "stamps_page", lambda *_, title="": titles.append(title))
    monkeypatch.setattr(module.drawing, "save_page", lambda *_: None)

    lens.run(SCRIPT, only=[NAME])

    assert [NAME in title for title in titles] == [True]


def test_lost_stamps_fail_alone(lens_before):
    lens = lens_before(SCRIPT)
    paths.objects(lens.settings(), "R_tiny_0003").unlink()

    assert lens.run(SCRIPT, only=["R_tiny_0003"])["failed"] == 1

    assert not (lens.work / "objects_png").exists()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 6_extract/2_find_cosmics\.py first"):
        lens_before("6_extract/2_find_cosmics").run(SCRIPT)
