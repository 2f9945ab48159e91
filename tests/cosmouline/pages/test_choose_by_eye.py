"""handcheck.py: what the page holds; the keys were tried in a browser."""

import json
import re
from html.parser import HTMLParser

from cosmouline.pages.choose_by_eye import Picture, page

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
