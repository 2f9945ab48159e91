from types import SimpleNamespace

from cosmouline import provenance

import pytest

SKY, DETECT = "1_character/4a_sky_stats", "1_character/3a_detect"
USED = {"sky_box_px": "None"}
RUNS = {1: {"settings": USED}, 2: {"settings": USED}}


def row_after(text, producer="done 1 1"):
    return {"img_name": "a", "sky_level_e": 5.0, f"ran__{SKY}": text, f"ran__{DETECT}": producer}


def test_a_record_tells_outcome_runs_and_message():
    row = row_after("failed 18 12: ValueError: only 2 stars")

    assert provenance.outcome(row, SKY) == ("failed", 18, 12, "ValueError: only 2 stars")
    assert provenance.outcome({}, SKY) == (None, 0, 0, "")


def test_the_same_settings_and_inputs_are_up_to_date():
    assert provenance.why_out_of_date(row_after("done 2 2"), SKY, ("n_sources",), RUNS, USED) == ""


def test_another_setting_is_out_of_date_by_name():
    why = provenance.why_out_of_date(row_after("done 2 2"), SKY, (), RUNS, {"sky_box_px": "64"})

    assert why == "sky_box_px has changed"


def test_an_input_that_changed_later_is_out_of_date():
    row = row_after("done 1 1", producer="done 2 2")

    assert provenance.why_out_of_date(row, SKY, ("n_sources",), RUNS, USED) == (
        "1_character/3a_detect has run again")


def test_an_input_that_ran_again_with_the_same_result_is_not():
    row = row_after("done 1 1", producer="done 2 1")

    assert provenance.why_out_of_date(row, SKY, ("n_sources",), RUNS, USED) == ""


@pytest.mark.parametrize(("values", "stale", "text"), [
    ({"sky_level_e": 5.0}, False, "done 3 1"), ({"sky_level_e": 6.0}, False, "done 3 3"),
    ({"sky_level_e": 5.0}, True, "done 3 3")])
def test_the_last_change_moves_only_with_the_result(values, stale, text):
    row = row_after("done 2 1")

    assert provenance.record(row, SKY, 3, "done", "", values, stale) == text


def test_a_message_is_one_line():
    text = provenance.record({}, SKY, 3, "failed", "two\nlines", {}, False)

    assert text == "failed 3 3: two lines"


def test_a_star_list_counts_as_part_of_its_setting(tmp_path):
    settings = SimpleNamespace(norm_stars=None, config_dir=tmp_path)
    before = provenance.settings_used(settings, ("norm_stars",))
    (tmp_path / "normstars.cat").write_text("a 10 20\n")
    with_file = provenance.settings_used(settings, ("norm_stars",))
    (tmp_path / "normstars.cat").write_text("a 10 21\n")

    assert len({before["norm_stars"], with_file["norm_stars"],
                provenance.settings_used(settings, ("norm_stars",))["norm_stars"]}) == 3
