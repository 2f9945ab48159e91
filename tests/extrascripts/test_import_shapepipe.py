"""The tool: files written, refusals; what is made of each option is tested with the library."""

from types import SimpleNamespace

from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError

import pytest


@pytest.fixture
def take_over(script, tmp_path):
    """Make a configuration, and run the tool on it; give the new folder."""
    (tmp_path / "own.setools").write_text("[MASK:star_selection]\nMAG_AUTO < 20\n")
    (tmp_path / "exp.ini").write_text(
        "[DEFAULT]\nVERBOSE = True\n[JOB]\nSMP_BATCH_SIZE = 3\n[SETOOLS_RUNNER]\n"
        "SETOOLS_CONFIG_PATH = $HERE/own.setools\n"
        "[MASK_RUNNER]\nFILE_PATTERN = T_image, T_weight\n")
    module = script("extrascripts/import_shapepipe")

    def of(out="field"):
        module.main(SimpleNamespace(files=[tmp_path / "exp.ini"], name="P1", out=tmp_path / out,
                                    images=str(tmp_path / "images"), work_dir=str(tmp_path / "w"),
                                    set=[f"HERE={tmp_path}"]))
        return tmp_path / out
    return of


def test_settings_load_and_the_selection_lies_beside_them(take_over, tmp_path):
    out = take_over("of 2026/field")  # folders that are not there are made
    settings = load_settings(out)
    assert settings.lens_name == "P1"
    assert settings.max_cpus == 3
    assert settings.shape_images["dir"] == str(tmp_path / "images")
    assert settings.shape_images["tiles"] == "T_image-*.fits*"
    assert settings.star_selection == "own.setools"
    assert (out / "own.setools").read_text() == "[MASK:star_selection]\nMAG_AUTO < 20\n"
    assert "# [DEFAULT] VERBOSE: lines on the terminal" in (out / "settings.py").read_text()


def test_a_folder_that_exists_is_left_as_it_is(take_over):
    take_over()
    with pytest.raises(UserError, match="exists already: give another --out"):
        take_over()


def test_a_selection_that_cannot_be_read_stops_the_tool(take_over, tmp_path):
    (tmp_path / "own.setools").write_text("[MISC:star_selection]\n")
    with pytest.raises(UserError, match="is no section"):
        take_over()
    assert not (tmp_path / "field").exists()
