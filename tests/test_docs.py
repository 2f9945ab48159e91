"""The generated pages are those that the present code gives."""

import ast
import re
import runpy
import subprocess
from pathlib import Path

from cosmouline.database.settings import SAMPLE
from cosmouline.database.settings_cluster import TYPES, check_cluster

import pytest

DOC = Path(__file__).resolve().parents[1] / "doc"


@pytest.fixture(scope="module")
def pages():
    """Give the pages that the present code gives, by name."""
    return runpy.run_path(str(DOC.parent / "extrascripts" / "write_docs.py"))["pages"]()


@pytest.mark.parametrize("name", ["scripts.md", "tools.md", "fields.md", "settings.md",
                                  "architecture.md", "architecture.svg"])
def test_a_generated_page_is_fresh(pages, name):
    assert (DOC / name).read_text() == pages[name]


def test_every_link_of_the_pages_leads_somewhere():
    root = DOC.parent
    for page in [root / "README.md", root / "CONTRIBUTING.md", *DOC.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", ["README.md", "doc/tutorial.md", "doc/from_cosmouline.md",
                                  "doc/from_lightcurver.md", "doc/cluster.md"])
def test_every_command_of_a_page_is_there(page):
    text = (DOC.parent / page).read_text(encoding="utf-8")
    found = re.findall(r"python ((?:pipe|lcmanip|extrascripts|skymaker|tests)/\S+\.py)", text)

    assert found
    assert [path for path in found if not (DOC.parent / path).is_file()] == []


def test_job_scripts_are_there_and_start_what_is_there():
    folder = DOC.parent / "configs" / "sample"
    named = set(re.findall(r"sbatch configs/sample/(\S+\.sh)", (DOC / "cluster.md").read_text()))

    assert named == {path.name for path in folder.glob("*.sh")}
    for path in folder.glob("*.sh"):
        subprocess.run(["bash", "-n", str(path)], check=True)
        for started in re.findall(r"python (\S+\.py)", path.read_text()):
            assert (DOC.parent / started).is_file(), f"{path.name}: {started}"


def test_the_description_of_a_cluster_is_one_and_the_sample_has_all_keys():
    text = (DOC / "cluster.md").read_text()
    found = [ast.literal_eval(one) for one in re.findall(r"= (\{\"cluster\": [^}]*\})", text)]
    sample = SAMPLE.read_text().partition("\ncluster: ")[2].partition("\n# --- ")[0]

    assert len(found) == 1
    assert check_cluster(found[0], "cluster")["jobs"] == 4
    assert set(re.findall(r'"(\w+)": ', sample)) - {"local"} == set(TYPES) - {"disk"}
