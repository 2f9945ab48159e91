"""The notebooks: their cells, and that they run to their end on the small lens."""

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "doc" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "build")


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_notebooks", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_marks_make_cells_of_code_and_of_text(build):
    content = build.notebook('"""Left out."""\n# %% [markdown]\n# # A title\n#\n# Text.\n\n'
                             "# %%\nx = 1  # %% not here\n\n\ny = 2\n")

    assert [(cell["cell_type"], cell["source"]) for cell in content["cells"]] == [
        ("markdown", "# A title\n\nText."), ("code", "x = 1  # %% not here\n\n\ny = 2")]
    assert content["nbformat"] == 4
    assert len({cell["id"] for cell in content["cells"]}) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_says_what_it_is_for_and_loses_no_line(build, name):
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    cells = build.notebook(text)["cells"]

    assert cells[0]["source"].startswith("# ")
    assert any(cell["cell_type"] == "code" for cell in cells)
    code = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(text))
    words = " ".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    assert re.sub(r"\W", "", words) == re.sub(r"\W", "", "".join(
        line[1:] for line in re.sub("^# %%.*$", "", text, flags=re.M).splitlines()
        if line.startswith("#")))


def test_all_are_written_and_an_unknown_one_is_named(build, tmp_path, capsys):
    build.main(["--out", str(tmp_path)])

    assert sorted(path.stem for path in tmp_path.glob("*.ipynb")) == NAMES
    written = json.loads((tmp_path / f"{NAMES[0]}.ipynb").read_text())
    assert written["metadata"]["kernelspec"]["name"] == "python3"
    with pytest.raises(SystemExit, match="there is no notebook 'other', but"):
        build.main(["other", "--out", str(tmp_path)])


@pytest.fixture
def executed(build, lens_after, monkeypatch, tmp_path):
    """Execute a notebook on the small lens, in an empty folder; give its printed text."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")

    def run(name, **environment):
        lens = lens_after("lcmanip/1_join")
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path / "empty")
        for key, value in {"COSMOULINE_CONFIG": str(lens.config), **environment}.items():
            monkeypatch.setenv(key, value)
        build.main([name, "--run", "--out", str(tmp_path)])
        cells = json.loads((tmp_path / f"{name}.ipynb").read_text())["cells"]
        outputs = [one for cell in cells for one in cell.get("outputs", ())]
        assert not [one for one in outputs if one.get("name") == "stderr"]
        pictures = [one for one in outputs if "image/png" in one.get("data", ())]
        return "".join("".join(one["text"]) for one in outputs if "text" in one), len(pictures)

    return run


@pytest.mark.long
def test_the_delay_of_the_drawn_campaign_is_found(executed):
    """The true delay is 8.8 d; two curves drawn again tell an error to a factor of some."""
    pytest.importorskip("pycs3")

    text, n_pictures = executed("delay_with_pycs3", N_MOCKS="2")

    found = re.search(r"^AB +([-+.\d]+) \+- ([.\d]+) .* ([-+.\d]+)$", text, re.MULTILINE)
    delay_d, sigma_d, true_d = map(float, found.groups())
    assert true_d == -8.8
    assert abs(delay_d - true_d) < 1.0  # 5 of the errors of .2 d that 12 curves tell
    assert sigma_d < 2.0
    assert n_pictures == 3


@pytest.mark.long
def test_the_chi2_of_the_residuals_is_that_of_the_fit(executed):
    text, n_pictures = executed("look_at_a_lens")

    pairs = re.findall(r": ([.\d]+) by hand, ([.\d]+) of the fit", text)
    assert len(pairs) >= 5
    assert all(mine == theirs for mine, theirs in pairs)
    assert 0.9 < float(re.search(r"middle 68 %: ([.\d]+)", text)[1]) < 1.1
    assert n_pictures == 5
