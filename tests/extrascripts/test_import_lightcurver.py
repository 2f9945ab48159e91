"""The tool: files written, refusals; what is made of each key is tested with the library."""

from types import SimpleNamespace

from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.frames.telescope import load_telescope

import pytest

SCRIPT = "extrascripts/import_lightcurver"


@pytest.fixture
def take_over(script, tmp_path):
    """Make a configuration, and run the tool on it; give the new folder."""
    (tmp_path / "config.yaml").write_text(
        f"raw_dirs: [{tmp_path}/raw]\nROI: {{J1: {{coordinates: [151.1, 41.2]}}}}\n"
        "trim_vertical: 4\nstar_max_gmag: 19\n")
    module = script(SCRIPT)

    def of(out="lens"):
        module.main(SimpleNamespace(old=tmp_path, out=tmp_path / out,
                                    work_dir=str(tmp_path / "work")))
        return tmp_path / out
    return of


def test_settings_and_telescope_load(take_over, caplog):
    caplog.set_level("INFO", "cosmouline")
    out = take_over("of 2026/lens")  # folders that are not there are made

    settings = load_settings(out)
    assert (settings.lens_name, settings.lens_ra_deg) == ("J1", 151.1)
    assert settings.sets[0]["telescope"] == str(out / "telescope.yaml")
    assert load_telescope(settings.sets[0]["telescope"]).trim.top == 4
    assert "raw is not there: correct it in settings.py" in caplog.text
    assert "1 of its settings have no place here" in caplog.text
    assert f"1_character/1a_add_to_database.py {out}" in caplog.text


def test_nothing_is_written_over(take_over):
    out = take_over()
    before = (out / "settings.py").read_text()

    with pytest.raises(UserError, match=r"lens exists already: give another --out"):
        take_over()

    assert (out / "settings.py").read_text() == before
