from cosmouline import header

DOC = """Do something.

Needs   : mjd (1_character/1a_add_to_database)
Writes  : fwhm_px -> database,
          and a picture
Settings: fwhm_max_arcsec (see the sample),
          engine
Next    : the next one

Run as  : python x.py
"""


def test_sections_are_joined_to_one_line_each():
    found = header.sections(DOC)

    assert found["Writes"] == "fwhm_px -> database, and a picture"
    assert list(found) == list(header.WORDS)


def test_the_settings_are_the_names_outside_of_brackets():
    assert header.settings_names(DOC) == ("fwhm_max_arcsec", "engine")


def test_names_and_paths_of_scripts_belong_together():
    for name in ("1_character/3a_detect", "lcmanip/1_join"):
        assert header.script_name(header.script_path(name)) == name


def test_a_header_is_read_without_running_the_script(tmp_path, monkeypatch):
    monkeypatch.setattr(header, "ROOT", tmp_path)
    path = tmp_path / "pipe" / "1_x" / "1_do.py"
    path.parent.mkdir(parents=True)
    path.write_text(f'"""{DOC}"""\nNEEDS = ("mjd",)\nWRITES = ("fwhm_px",)\nraise OSError\n')

    read = header.read_header("1_x/1_do")

    assert (read.purpose, read.needs, read.writes) == ("Do something.", ("mjd",), ("fwhm_px",))


def test_scripts_that_may_be_chosen_stand_behind_what_they_come_after():
    order = ("1_a/1_x", "1_a/2a_y", "1_a/2b_z", "2_b/1_w", "1_a/10_last")

    assert [header.is_choice(f"1_a/{name}") for name in ("2a_alt_y", "3b_opt_y", "2a_y")] == [
        True, True, False]
    assert order[header.place("1_a/2a_alt_y", order)] == "1_a/2a_y"
    assert order[header.place("1_a/2c_opt_y", order)] == "1_a/2b_z"
    assert order[header.place("1_a/11_opt_y", order)] == "1_a/10_last"


def test_the_choices_of_a_checkout_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(header, "ROOT", tmp_path)
    order = ("1_a/1_x", "1_a/2_y")
    for name in (*order, "1_a/1_alt_x", "1_a/2b_opt_z"):
        path = header.script_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert header.with_choices(order) == ["1_a/1_x", "1_a/1_alt_x", "1_a/2_y", "1_a/2b_opt_z"]
