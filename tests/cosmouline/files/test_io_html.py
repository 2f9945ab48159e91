import json

from cosmouline.files import io_html

import pytest

ATTACK = "</script><img src=x onerror='a()'>\"&\u2028é☃"


def test_a_value_comes_back_from_a_script_and_cannot_end_it():
    text = io_html.script_data({ATTACK: [1.5, None, ATTACK]})

    assert json.loads(text) == {ATTACK: [1.5, None, ATTACK]}
    assert text.isascii()
    assert not set("<>&") & set(text)


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        io_html.script_data([float("nan")])


def test_text_is_safe_between_tags_and_in_attributes():
    assert not set("<>\"'") & set(io_html.escape(ATTACK))


def test_parts_of_a_link_stay_parts():
    assert io_html.url("..", "..", "dec_a b", "x/../#?%.png") == (
        "../../dec_a%20b/x%2F..%2F%23%3F%25.png")


def test_rows_and_lists_are_laid_out():
    assert io_html.table_rows([("a", "1", "2")]) == "<tr><th>a</th><td>1</td><td>2</td></tr>\n"
    assert io_html.list_items(["a", "b"]) == "<li>a</li>\n<li>b</li>\n"
    assert io_html.fill("<p>$text</p>", text="a") == "<p>a</p>"


def test_a_page_is_written_when_it_differs(tmp_path):
    path = tmp_path / "new" / "page.html"

    assert io_html.write_if_changed(path, "é")
    assert path.read_text(encoding="utf-8") == "é"
    assert not io_html.write_if_changed(path, "é")
    path.write_bytes(b"")  # as a power loss may leave it
    assert io_html.write_if_changed(path, "é")
    assert list(path.parent.iterdir()) == [path]
