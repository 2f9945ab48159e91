import re

from cosmouline.database import architecture
from cosmouline.database.script_header import read_header


def test_the_rooms_that_a_file_imports_are_found_wherever_the_import_stands(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("from cosmouline.psf.fit import a\nfrom cosmouline import run\nimport numpy\n"
                    "def f():\n    from cosmouline.files import io_fits\n"
                    "    from cosmouline.psf import model\n")

    assert architecture.rooms_of(path) == ["psf", "run", "files"]


def test_the_picture_fills_the_cell_of_each_import_and_no_other():
    rooms = ("errors", "files", "plots")

    text = architecture.architecture_picture(rooms)

    found = re.findall(r'<rect x="(\d+)" y="(\d+)" .* fill="#2a6f97"', text)
    cells = {((int(y) - 101) // 24, (int(x) - 111) // 24) for x, y in found}
    assert cells == {(1, 0), (2, 1)}  # files raises errors; plots save with files.atomic


def test_a_bar_does_not_end_the_cell_of_a_table(monkeypatch):
    header = read_header("1_character/3a_detect")
    sections = header.sections | {"Writes": "a | <b>"}
    monkeypatch.setattr(architecture, "read_header", lambda _: header._replace(sections=sections))

    page = architecture.architecture_page(("errors", "files"), ["1_character/3a_detect"])

    assert r"| a \| &lt;b> |" in page
