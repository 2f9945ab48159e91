"""Which lenses are reduced, and what the exit status says; the scripts themselves do not run."""

from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.script_header import listed_scripts
from cosmouline.engine import launch
from cosmouline.errors import EXIT_IMAGES_FAILED
from cosmouline.pages import campaign

import pytest


@pytest.fixture
def tool(script, monkeypatch, tmp_path):
    """Run the tool on lenses with given states and exit statuses; give status and what ran."""
    module, ran = script("extrascripts/campaign"), []

    def of(states, codes=None, **options):
        monkeypatch.setattr(campaign, "folders_of", lambda words: list(states))
        monkeypatch.setattr(campaign, "state_of", lambda name, order: {
            "lens": name, "folder": Path(name), "is wrong": states[name].startswith("wrong"),
            "next": states[name]})
        monkeypatch.setattr(launch, "run_stretch", lambda order, folder, extra, keep_going: (
            ran.append((folder.name, len(order))) or (codes or {}).get(folder.name, 0)))
        code = module.main(SimpleNamespace(
            **{"lenses": ["x"], "run": True, "no_pictures": False, "page": None} | options))
        return code, ran
    return of


def test_what_is_done_is_left_alone(tool):
    code, ran = tool({"a": campaign.DONE, "b": "new frames", "c": "3_align/4_png_check"})

    assert code == 0
    assert [name for name, _ in ran] == ["b", "c"]


def test_without_run_nothing_runs(tool):
    assert tool({"b": "new frames"}, run=False) == (0, [])


def test_a_lens_that_fails_does_not_stop_the_others(tool, caplog):
    caplog.set_level("INFO", "cosmouline")

    code, ran = tool({"a": "new frames", "w": "wrong settings", "b": "new frames"}, {"a": 1})

    assert code == EXIT_IMAGES_FAILED
    assert [name for name, _ in ran] == ["a", "b"]
    assert "failed: a, w" in caplog.text


def test_an_interruption_stops_them_all(tool):
    with pytest.raises(SystemExit) as stop:
        tool({"a": "new frames", "b": "new frames"}, {"a": 130})

    assert stop.value.code == 130


def test_pictures_are_left_out_where_asked(tool):
    (_, all_of_them), (_, fewer) = (tool({"a": "new frames"}, no_pictures=no)[1][-1]
                                    for no in (False, True))

    assert fewer == all_of_them - len(listed_scripts("PICTURES")) + sum(
        script not in listed_scripts() for script in listed_scripts("PICTURES"))


def test_the_page_is_written(tool, tmp_path):
    tool({"a": campaign.DONE}, page=tmp_path / "all.html")

    assert "<h1>1 lenses</h1>" in (tmp_path / "all.html").read_text()
