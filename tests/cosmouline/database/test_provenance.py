from types import SimpleNamespace

from cosmouline.database import provenance

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

    assert provenance.record(row, SKY, 3, "done", "", values, stale) == (text, values)


def test_a_change_within_the_tolerance_keeps_value_and_time_of_change():
    """0.05 % of medcoeff, as its field declares; its number of stars makes nothing out of date."""
    script = "4_norm/3a_medcoeff"
    row = {"medcoeff": 1.2, "n_coeff_stars": 9, f"ran__{script}": "done 2 1"}
    new = {"medcoeff": 1.2004, "n_coeff_stars": 8}

    assert provenance.record(row, script, 3, "done", "", new, False) == (
        "done 3 1", {"medcoeff": 1.2, "n_coeff_stars": 8})
    assert provenance.record(row, script, 3, "done", "", new, True) == ("done 3 3", new)
    new["medcoeff"] = 1.201
    assert provenance.record(row, script, 3, "done", "", new, False) == ("done 3 3", new)


def test_each_psf_has_a_record_of_its_own():
    needs = ("psf_chi2__b",)
    row = {"ran__5_psf/4_build_psf:a": "done 9 9", "ran__5_psf/4_build_psf:b": "done 1 1",
           "ran__x:b": "done 2 2"}

    assert provenance.why_out_of_date(row, "x:b", needs, RUNS, USED) == ""
    assert provenance.why_out_of_date(row, "x:b", ("psf_chi2__a",), RUNS, USED) == (
        "5_psf/4_build_psf has run again")


def test_a_message_is_one_line():
    text, _ = provenance.record({}, SKY, 3, "failed", "two\nlines", {}, False)

    assert text == "failed 3 3: two lines"


def test_the_values_of_the_settings_that_a_script_names_are_noted():
    settings = SimpleNamespace(sky_box_px=64, dec_name="second", psf_name="sharp")

    assert provenance.settings_used(settings, ("sky_box_px", "dec_name")) == {
        "sky_box_px": "64", "dec_name": "'second'"}


def test_a_star_list_counts_as_part_of_its_setting(tmp_path):
    settings = SimpleNamespace(norm_stars=None, config_dir=tmp_path)
    before = provenance.settings_used(settings, ("norm_stars",))
    (tmp_path / "normstars.cat").write_text("a 10 20\n")
    with_file = provenance.settings_used(settings, ("norm_stars",))
    (tmp_path / "normstars.cat").write_text("a 10 21\n")

    assert len({before["norm_stars"], with_file["norm_stars"],
                provenance.settings_used(settings, ("norm_stars",))["norm_stars"]}) == 3


def test_drawn_masks_count_by_their_names_and_contents(tmp_path):
    settings = SimpleNamespace(use_drawn_masks=True, psf_stars=None, psf_name="p",
                               config_dir=tmp_path)
    names, seen = ("use_drawn_masks", "psf_stars", "psf_name"), []
    for change in (lambda: None,
                   lambda: (tmp_path / "psf_p_mask_a.reg").write_text("circle(1,2,3)\n"),
                   lambda: (tmp_path / "psf_p_mask_a.reg").rename(tmp_path / "psf_p_mask_b.reg"),
                   lambda: (tmp_path / "psf_p.cat").write_text("a 10 20\n"),
                   lambda: (tmp_path / "psf_q_mask_a.reg").write_text("circle(1,2,3)\n")):
        change()
        seen.append(str(provenance.settings_used(settings, names)))

    assert len(set(seen)) == 4
    assert seen[3] == seen[4]  # a mask of another PSF changes nothing
    # and one of any PSF nothing for a script that cuts objects alone
    before = provenance.settings_used(settings, names[:2])
    (tmp_path / "psf_p_mask_c.reg").write_text("circle(1,2,3)\n")
    assert provenance.settings_used(settings, names[:2]) == before
    (tmp_path / "obj_a_mask.reg").write_text("circle(1,2,3)\n")
    assert provenance.settings_used(settings, names[:2]) != before


def test_what_was_out_of_date_and_comes_out_the_same_changes_nothing_after_it():
    row = {"ran__s": "done 4 3", "medcoeff": 1.0}

    def record(value, **more):
        return provenance.record(row, "s", 9, "done", "", {"medcoeff": value}, True, **more)[0]

    assert record(1.0, has_same_files=True) == "done 9 3"
    assert record(1.0) == "done 9 9"  # its files differ
    assert record(1.0 + 1e-9, has_same_files=True) == "done 9 9"  # no tolerance here


def test_an_image_depends_on_its_own_set_alone(tmp_path):
    """A new season, as one more set, leaves the results of the others up to date."""
    settings = SimpleNamespace(config_dir=tmp_path, sets=[{"name": "R", "telescope": "generic"}])
    runs = {2: {"settings": provenance.settings_used(settings, ("sets",))}}
    row = row_after("done 2 2") | {"set_name": "R"}
    settings.sets.append({"name": "V", "telescope": "generic"})
    used = provenance.settings_used(settings, ("sets",))

    assert provenance.why_out_of_date(row, SKY, (), runs, used) == ""
    settings.sets[0]["overrides"] = {"gain_e_per_adu": 2.0}
    used = provenance.settings_used(settings, ("sets",))
    assert provenance.why_out_of_date(row, SKY, (), runs, used) == "the set R has changed"


def test_a_script_in_the_stead_of_another_leaves_the_record_of_that_one():
    flat = "2_skysub/1_alt_flat_skysub"
    runs = {1: {"script": "2_skysub/1_skysub"}, 2: {"script": flat},
            3: {"script": "2_skysub/1_alt_x"}}

    def row(run):
        return {"ran__2_skysub/1_skysub": f"done {run} {run}"}

    assert provenance.stands_for(flat, ("sky_noise_e", "sky_box_px")) == "2_skysub/1_skysub"
    assert provenance.stands_for("2_skysub/2_sky_pngs", ()) == "2_skysub/2_sky_pngs"
    makers = [provenance.made_by(row(run), "2_skysub/1_skysub", runs) for run in (1, 2, 3)]
    assert makers == ["2_skysub/1_skysub", flat, "2_skysub/1_skysub"]  # 1_alt_x is no script


def test_where_the_frames_of_a_set_lie_and_its_band_change_no_result():
    one = {"name": "R", "telescope": "generic", "raw_dir": "/a"}

    def used(**changes):
        return provenance.settings_used(SimpleNamespace(sets=[one | changes]), {"sets"})

    assert used() == used(raw_dir="/b", band="r")
    assert used() != used(extension=1)


def test_a_new_camera_of_raw_frames_leaves_the_frames_of_others_as_they_are():
    one = {"name": "A", "telescope": "LMI", "raw_dir": "/here"}
    other = one | {"name": "B", "folders": "*"}
    before = provenance.settings_used(SimpleNamespace(raw_frames=[one], sets=[]), ["raw_frames"])
    used = provenance.settings_used(
        SimpleNamespace(raw_frames=[one | {"raw_dir": "/there"}, other], sets=[]), ["raw_frames"])
    row = {"set_name": "A", "ran__0_preparation/0a_import_raw": "done 3 3"}
    runs = {3: {"settings": before}}

    assert sorted(used) == ["the set A", "the set B"]
    assert provenance.changed_settings(row, "0_preparation/0a_import_raw", runs, used) == []
    assert provenance.changed_settings(row | {"set_name": "B"}, "0_preparation/0a_import_raw",
                                       runs, used) == ["the set B"]
