"""1_draw_campaign.py: each campaign can be drawn, and runs from the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
from astropy.table import Table

SCRIPT = "skymaker/1_draw_campaign"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "telescopes"),
    [("demo", {"SIM1"}), ("two_telescopes", {"SIM1_R", "SIM2_R"}), ("tiny", {"TINY"})],
)
def test_each_campaign_is_drawn(script, tmp_path, name, telescopes):
    code = script(SCRIPT).main([name, "--out", str(tmp_path), "--frames", "2", "--seed", "3"])

    table = Table.read(tmp_path / "truth_frames.ecsv")
    assert code == 0
    assert set(table["telescope"]) == telescopes
    assert sorted(tmp_path.glob("frames/*/*.fits")) == sorted(tmp_path / f for f in table["file"])


def test_without_a_number_all_frames_of_the_campaign_are_drawn(script, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(script(SCRIPT).command, "draw", lambda campaign, _: asked.append(campaign))

    script(SCRIPT).main(["two_telescopes", "--out", str(tmp_path)])
    script(SCRIPT).main(["demo", "--out", str(tmp_path)])

    assert [len(campaign.frames) for campaign in asked] == [60, 16]


def test_mock_real_is_an_option_and_plants_what_it_is_asked_for(script, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(script(SCRIPT).command, "draw", lambda campaign, _: asked.append(campaign))

    for words in (["--mock-real"], ["mock_real", "--only", "gain", "trail"]):
        script(SCRIPT).main([*words, "--out", str(tmp_path)])

    assert [campaign.name for campaign in asked] == ["mock", "mock"]
    # a cosmic ray may hit an image by chance
    assert {fault.kind for fault in asked[1].faults} - {"hit"} == {"gain", "trail"}
    assert len(asked[0].faults) > len(asked[1].faults)


def test_without_a_campaign_all_are_named(script, tmp_path, capsys):
    with pytest.raises(SystemExit):
        script(SCRIPT).main(["--out", str(tmp_path)])

    assert "mock_real" in capsys.readouterr().err


def test_unknown_campaign_is_named(script, tmp_path, capsys):
    with pytest.raises(SystemExit):
        script(SCRIPT).main(["nothing", "--out", str(tmp_path)])

    assert "invalid choice: 'nothing'" in capsys.readouterr().err


def test_runs_from_the_command_line_and_says_where_the_truth_is(tmp_path):
    command = [sys.executable, str(ROOT / f"{SCRIPT}.py"), "tiny", "--out", "t", "--frames", "1"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stderr == ""
    assert "1 frames of campaign tiny in t/frames" in done.stdout
    assert "t/truth_stars.ecsv" in done.stdout
    assert (tmp_path / "t/frames/TINY/tiny_0000.fits").exists()
