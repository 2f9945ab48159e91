"""io_text.py: line ends, marks and what a user is told about a file that is no text."""

from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines, write_text

import pytest


@pytest.mark.parametrize("content", [b"a\nb", b"a\r\nb\r\n", b"\xef\xbb\xbfa\nb\n"])
def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path, content):
    (tmp_path / "list.txt").write_bytes(content)

    assert read_lines(tmp_path / "list.txt") == ["a", "b"]


def test_text_is_written_with_lf_in_utf8_and_nothing_else_is_left(tmp_path):
    write_text(tmp_path / "new" / "list.txt", "µ\nb\n")

    assert (tmp_path / "new" / "list.txt").read_bytes() == b"\xc2\xb5\nb\n"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["list.txt"]


def test_a_missing_file_a_folder_and_a_picture_are_explained(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")

    with pytest.raises(UserError, match=r"stars\.cat cannot be read: No such file"):
        read_lines(tmp_path / "stars.cat")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_lines(tmp_path)
    with pytest.raises(UserError, match=r"is not a text file in UTF-8\. Save it as plain text"):
        read_lines(tmp_path / "picture.png")
