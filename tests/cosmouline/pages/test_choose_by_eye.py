"""choose_by_eye.py: what the page holds; the keys were tried in a browser."""

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.pages.choose_by_eye import Picture, hand_check, page

import pytest

EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">&amp;'


class Elements(HTMLParser):
    """Names and attributes of all elements, and the text of the data."""

    def __init__(self, text):
        super().__init__()
        self.found, self.data, self.texts = [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, text):
        if self.found[-1:] == [("script", {"type": "application/json", "id": "data"})]:
            self.data = self.data or json.loads(text)
        else:
            self.texts.append(text)


PICTURES = [Picture("R_1", "R", "img_png/R_1.png", "seeing 1"),
            Picture("V_1", "V", "img_png/V 1#?.png", "seeing 2")]


def test_pictures_sets_captions_and_the_list_are_in_the_data():
    found = Elements(page("LENS", "kicklist.txt", PICTURES, {"R_0": "trail"}, "then run it"))

    assert found.data == {"list": "kicklist.txt", "chosen": {"R_0": "trail"}, "pictures": [
        ["R_1", "R", "img_png/R_1.png", "seeing 1"],
        ["V_1", "V", "img_png/V%201%23%3F.png", "seeing 2"]]}
    assert {"LENS", "kicklist.txt", "then run it"} <= set(found.texts)


@pytest.mark.parametrize("evil", [EVIL, "@PROGRAM@ @DATA@", "</textarea>\u2028\\"])
def test_no_text_becomes_markup_or_program(evil):
    plain = page("t", "l.txt", PICTURES[:1], {"R_0": "c"}, "n")
    bad = page(evil, "l.txt", [Picture(evil, evil, "img_png/a.png", evil)], {evil: evil}, evil)

    assert [tag for tag, _ in Elements(bad).found] == [tag for tag, _ in Elements(plain).found]
    assert Elements(bad).data["pictures"] == [[evil, evil, "img_png/a.png", evil]]
    assert Elements(bad).data["chosen"] == {evil: evil}
    assert bad.split("</script>")[1] == plain.split("</script>")[1]  # the program is the same


def test_the_page_needs_no_network_and_no_other_file():
    text = page("t", "l.txt", PICTURES, {})

    assert "http" not in text
    assert not re.search(r"\b(eval|innerHTML|outerHTML|document\.write|Function)\b", text)
    outside = {(tag, name) for tag, attrs in Elements(text).found for name in attrs
               if name in ("src", "href")}
    assert outside == set()  # the one picture gets its source from the program


def test_the_page_of_a_lens_has_its_pictures_in_order_and_its_list(tmp_path, caplog):
    settings = SimpleNamespace(work_dir=tmp_path / "work", config_dir=tmp_path, lens_name="LENS",
                               band="V")
    images = [{"img_name": name, "set_name": "S", "mjd": mjd}
              for name, mjd in (("b", 2.0), ("a", 3.0), ("c", 1.0))]
    arguments = ("psf", "kicklist.txt", lambda image: f"mjd {image['mjd']}", "5_psf/5_png_check",
                 "5_psf/6_x", settings)
    with pytest.raises(UserError, match=r"no picture in .*psf_V_png\. Run 5_psf/5_png_check\.py"):
        hand_check(images, *arguments)
    (tmp_path / "work" / "psf_V_png").mkdir(parents=True)
    for name in "ab":
        (tmp_path / "work" / "psf_V_png" / f"{name}.png").touch()
    (tmp_path / "kicklist.txt").write_text("x trail\n")

    hand_check(images, *arguments)

    found = Elements((tmp_path / "work" / "choose_psf_V.html").read_text())
    assert found.data == {"list": "kicklist.txt", "chosen": {"x": "trail"}, "pictures": [
        ["b", "S", "psf_V_png/b.png", "mjd 2.0"], ["a", "S", "psf_V_png/a.png", "mjd 3.0"]]}
    assert {"LENS: kicklist.txt",
            f"Save it as {tmp_path / 'kicklist.txt'}, then run 5_psf/6_x."} <= set(found.texts)
    assert ("1 images have no picture: run 5_psf/5_png_check.py again (--all, if it has that)"
            in caplog.messages)
    (tmp_path / "work" / "psf_V_png" / "c.png").touch()
    (tmp_path / "kicklist.txt").unlink()
    caplog.clear()
    hand_check(images, *arguments)
    assert not caplog.messages or "no picture" not in caplog.messages[0]
    found = Elements((tmp_path / "work" / "choose_psf_V.html").read_text())
    assert found.data["chosen"] == {}
    assert [one[0] for one in found.data["pictures"]] == ["c", "b", "a"]
