"""The generated pages are those that the present code gives."""

import re
from pathlib import Path

import pytest

DOC = Path(__file__).resolve().parents[1] / "doc"


@pytest.mark.parametrize("name", ["scripts.md", "fields.md", "settings.md"])
def test_a_generated_page_is_fresh(script, name):
    assert (DOC / name).read_text() == script("extrascripts/write_docs").pages()[name]


def test_every_link_of_the_pages_leads_somewhere():
    root = DOC.parent
    for page in [root / "README.md", root / "CONTRIBUTING.md", *DOC.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
