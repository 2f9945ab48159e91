"""The generated pages are those that the present code gives."""

import re
from pathlib import Path

import pytest

DOC = Path(__file__).resolve().parents[1] / "doc"


@pytest.mark.parametrize("name", ["scripts.md", "tools.md", "fields.md", "settings.md"])
def test_a_generated_page_is_fresh(script, name):
    assert (DOC / name).read_text() == script("extrascripts/write_docs").pages()[name]


def test_every_link_of_the_pages_leads_somewhere():
    root = DOC.parent
    for page in [root / "README.md", root / "CONTRIBUTING.md", *DOC.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", ["README.md", "doc/tutorial.md", "doc/from_cosmouline.md"])
def test_every_command_of_a_page_is_there(page):
    text = (DOC.parent / page).read_text(encoding="utf-8")
    found = re.findall(r"python ((?:pipe|lcmanip|extrascripts|skymaker|tests)/\S+\.py)", text)

    assert found
    assert [path for path in found if not (DOC.parent / path).is_file()] == []
