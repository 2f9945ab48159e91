from cosmouline.database import script_header

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
    found = script_header.sections(DOC)

    assert found["Writes"] == "fwhm_px -> database, and a picture"
    assert list(found) == list(script_header.WORDS)


def test_the_settings_are_the_names_outside_of_brackets():
    assert script_header.settings_names(DOC) == ("fwhm_max_arcsec", "engine")


def test_names_and_paths_of_scripts_belong_together():
    for name in ("1_character/3a_detect", "lcmanip/1_join"):
        assert script_header.script_name(script_header.script_path(name)) == name


def test_a_header_is_read_without_running_the_script(tmp_path, monkeypatch):
    monkeypatch.setattr(script_header, "ROOT", tmp_path)
    path = tmp_path / "pipe" / "1_x" / "1_do.py"
    path.parent.mkdir(parents=True)
    path.write_text(f'"""{DOC}"""\nNEEDS = ("mjd",)\nWRITES = ("fwhm_px",)\nraise OSError\n')

    read = script_header.read_header("1_x/1_do")

    assert (read.purpose, read.needs, read.writes) == ("Do something.", ("mjd",), ("fwhm_px",))


def test_an_alternative_stands_in_the_place_of_the_script_of_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr(script_header, "ROOT", tmp_path)
    folder = tmp_path / "pipe" / "1_x"
    folder.mkdir(parents=True)
    for name in ("1_do", "1_alt_not", "1_opt_more", "2_go", "3_alt_alone"):
        (folder / f"{name}.py").touch()

    assert script_header.replaced_by("1_x/1_alt_not") == "1_x/1_do"
    assert script_header.replaced_by("1_x/1_do") is None
    assert script_header.replaced_by("1_x/3_alt_alone") is None
    assert [script_header.is_choice(f"1_x/{name}")
            for name in ("1_alt_not", "1_opt_more", "2_go")] == [True, True, False]


def test_scripts_are_ranked_in_the_order_in_which_they_run():
    """An image that fac_astrometry rejects is out for 3_align; by name it would come last."""
    names = ["", "1_character/3a_detect", "2_skysub/1_skysub", "2_skysub/1b_opt_fringes",
             "fac_astrometry/3_footprints", "3_align/1a_pick_reference", "4_norm/2a_photometry",
             "7_deconv/0_star_photometry", "8_renorm/1a_renormalize", "8_renorm/5_zero_points",
             "7_deconv/1_prepare", "lcmanip/1_join", "extrascripts/zero_point"]
    assert sorted(names, key=script_header.rank) == names
