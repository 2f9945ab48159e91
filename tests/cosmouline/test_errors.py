"""Texts of somebody else in messages of one line."""

from cosmouline.errors import one_line

import pytest


@pytest.mark.parametrize(("text", "line"), [
    ("two\nlines\tand  blanks", "two lines and blanks"), ("\x1b[31mred\0", "?[31mred?"),
    ("half \udcff", "half ?"), ("é ☃", "é ☃"), ("x" * 300, "x" * 200 + "...")])
def test_a_text_becomes_one_line_that_can_be_shown(text, line):
    assert one_line(text) == line
