"""The state of made-up lenses, counted by hand; the page lists them."""

import shutil
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.pages import campaign

import numpy as np
import pytest

READY = "1_character/3b_measure_seeing"
ORDER = ("1_character/1a_add_to_database", "1_character/3a_detect",
         "1_character/3b_measure_seeing", "1_character/4a_sky_stats")


@pytest.fixture
def many(tmp_path):
    """Make folders of three lenses, one that is none, and the sample."""
    for name in ("a", "b", "c", "sample"):
        (tmp_path / "configs" / name).mkdir(parents=True)
        (tmp_path / "configs" / name / "settings.py").write_text(f'lens_name = "{name}"\n')
    (tmp_path / "configs" / "empty").mkdir()
    return tmp_path / "configs"


def test_lenses_are_named_by_folders_folders_of_folders_and_lists(many):
    (many / "some.txt").write_text("# mine\nb   # the second\n\na\n")

    assert campaign.folders_of([many / "b"]) == [many / "b"]
    assert campaign.folders_of([many]) == [many / "a", many / "b", many / "c"]
    assert campaign.folders_of([many / "some.txt", many]) == [many / "b", many / "a", many / "c"]


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_word_without_a_lens_is_refused(many, name):
    with pytest.raises(UserError, match=f"{name} is no folder of a lens"):
        campaign.folders_of([many / name])


def test_the_state_is_what_the_database_holds(lens_after):
    lens = lens_after(READY)
    rows = lens.rows.values()

    found = campaign.state_of(lens.config, ORDER)

    assert found["images"] == len(rows)
    assert found["in use"] == sum(row["gogogo"] for row in rows)
    assert found["last mjd"] == max(row["mjd"] for row in rows)
    assert (found["new"], found["points"]) == (0, 0)
    assert found["next"] == "1_character/4a_sky_stats"
    assert campaign.state_of(lens.config, ORDER[:3])["next"] == campaign.DONE


def test_a_new_frame_is_counted(lens_after):
    lens = lens_after(READY)
    raw = lens.own_frames()
    shutil.copyfile(sorted(raw.glob("*.fits"))[0], raw / "zz_new.fits")

    found = campaign.state_of(lens.config, ORDER[:3])

    assert found["new"] >= 1
    assert found["next"] == "new frames"


def test_what_is_wrong_with_a_lens_stands_in_its_line(many, lens_after):
    assert "work_dir" in campaign.state_of(many / "a", ORDER)["next"]
    lens = lens_after(READY)
    lens.raw = Path("/no/such/folder")
    lens.set()

    found = campaign.state_of(lens.config, ORDER)

    assert found["is wrong"]
    assert "there is no folder /no/such/folder" in found["next"]
    assert found["images"] == len(lens.rows)  # what is known all the same


def test_the_page_has_a_line_for_each_lens_and_their_curves(lens_after, tmp_path):
    lens = lens_after(READY)
    export = lens.work / "export"
    export.mkdir(exist_ok=True)
    (export / "TINY_lens_by_night.rdb").write_text("mhjd\tmag_A\n====\t=====\n58000.5\t18.0\n")
    (export / "TINY_lens_by_night.png").write_bytes(b"")
    wrong = {"lens": "<b>", "next": "lost & found", "is wrong": True}
    states = [campaign.state_of(lens.config, ORDER), wrong]

    text = campaign.page(states, tmp_path / "all.html")

    assert states[0]["points"] == 1
    assert "<h1>2 lenses</h1>" in text
    assert "<th>&lt;b&gt;</th>" in text
    assert "lost &amp; found" in text
    assert f"<td>{max(row['mjd'] for row in lens.rows.values()):.2f}</td>" in text
    assert 'src="lens/work/export/TINY_lens_by_night.png"' in text
    assert np.char.count(text, "<img") == 1


def test_the_curves_are_those_of_the_settings(tmp_path):
    settings = SimpleNamespace(work_dir=tmp_path, lens_name="Q", dec_name="second",
                               join_by="image")
    (tmp_path / "export").mkdir()
    for name in ("Q_second_by_image", "Q_second_V_by_image", "P_second_by_image",
                 "Q_lens_by_image", "Q_second_by_night", "Q_second2_by_image"):
        (tmp_path / "export" / f"{name}.rdb").write_text("")

    assert [path.stem for path in paths.light_curves(settings)] == [
        "Q_second_V_by_image", "Q_second_by_image"]


def test_a_lens_without_a_name_has_that_of_its_folder(many):
    (many / "a" / "settings.py").write_text(f"work_dir = {str(many / 'work')!r}\n")

    assert campaign.state_of(many / "a", ORDER)["lens"] == "a"
    assert campaign.state_of(many / "b", ORDER)["lens"] == "b"
