"""Sets, choices and settings of an old reduction that was made up."""

import pickle
import runpy

from cosmouline.errors import UserError
from cosmouline.legacy.reduction import choices, converted, read_old, sets_of, settings_text

import pytest

ROWS = [{"imgname": f"{name}_{i}", "setname": name, "telescopename": camera, "gogogo": True,
         f"decfilenum_dec_{name}_a": "0002", "renorm_1": 1.0, "renorm_1_err": 0.1,
         "renorm_1_comment": "4", "renorm_2": 1.0, "renorm_2_err": 0.1, "renorm_2_comment": "4",
         "rawimg": f"/raw/all/{name}_{i}.fits"}
        for name, camera, n in (("R 1", "WFI", 3), ("V", "EulerCAM", 2)) for i in range(n)]


@pytest.fixture
def old(tmp_path):
    def make(settings="", rows=ROWS):
        (tmp_path / "x_db.pkl").write_bytes(pickle.dumps(rows))
        (tmp_path / "settings.py").write_text(settings)
        return read_old(tmp_path)
    return make


def test_sets_have_the_names_and_telescopes_of_the_rows(old):
    reduction = old('setnames = ["R 1", "V"]\nrawdirs = ["/raw/r", "/raw/v"]\n')
    rows, _ = converted(reduction)

    assert sets_of(reduction, rows) == [
        {"name": "R-1", "telescope": "WFI", "raw_dir": "/raw/r"},
        {"name": "V", "telescope": "EulerCAM", "raw_dir": "/raw/v"}]


def test_without_settings_the_frames_say_where_they_lay(old):
    reduction = old()
    rows, _ = converted(reduction)

    found = sets_of(reduction, rows)

    assert [one["raw_dir"] for one in found] == ["/raw/all"] * 2
    assert [one["files"] for one in found] == ["R 1_*", "V_*"]


def test_the_deconvolution_is_that_of_the_settings_or_the_largest(old):
    assert choices(old())["dec"] == "dec_R 1_a"
    assert choices(old('deconvname = "dec_V_a"\n'))["dec"] == "dec_V_a"
    assert choices(old('deconvname = "V_a"\n'))["dec"] == "dec_V_a"
    assert choices(old('deconvname = "dec_gone"\n'))["dec"] == "dec_R 1_a"


def test_the_coefficient_is_that_of_the_settings(old):
    assert choices(old('normcoeffname = "renorm_2"\n'))["coefficient"] == "renorm_2"
    assert choices(old('normcoeffname = "medcoeff"\n'))["coefficient"] == "medcoeff"
    assert choices(old('renormname = "renorm_1"\n'))["coefficient"] == "renorm_1"
    assert choices(old())["coefficient"] is None  # two, and nobody says which


def test_the_settings_are_python_that_says_what_was_left_out(old, tmp_path):
    reduction = old('lensName = "it\'s"\nlensRA = "1:00:00"\nlensDEC = "-2:00:00"\nwithsound = 1\n'
                    "x = open('y')\n")
    rows, _ = converted(reduction)

    text = settings_text(reduction, rows, "it's", "~/w")

    (tmp_path / "new.py").write_text(text)
    found = runpy.run_path(str(tmp_path / "new.py"))
    assert (found["lens_name"], found["lens_ra_deg"], found["dec_name"]) == ("it's", 15.0, "R-1_a")
    assert "# withsound = 1: no sound" in text
    assert "# x (line 5): more than a plain value, not read" in text


@pytest.mark.parametrize("name", ['x"""\nopen("trap", "w")\n"""', "y\\", "'\n#"])
def test_what_an_old_file_says_is_never_run(old, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    angle = "1:00\nopen('trap', 'w')"
    reduction = old(f"lensName = {name!r}\nlensRA = {angle!r}\nlensDEC = {angle!r}\n"
                    f"mine = {name!r}\n")

    text = settings_text(reduction, converted(reduction)[0], name, "~/w")

    (tmp_path / "new.py").write_text(text)
    assert runpy.run_path(str(tmp_path / "new.py"))["lens_name"] == name
    assert not (tmp_path / "trap").exists()


def test_an_image_that_is_there_twice_is_told(old):
    with pytest.raises(UserError, match="R 1_0 is there twice"):
        converted(old(rows=[ROWS[0], ROWS[0]]))


def test_the_database_of_the_workdir_is_found(tmp_path):
    config, work = tmp_path / "config", tmp_path / "work"
    config.mkdir()
    work.mkdir()
    (config / "settings.py").write_text(f"workdir = {str(work)!r}\n")
    (work / "database.dat").write_bytes(pickle.dumps(ROWS))

    assert len(read_old(config).rows) == 5
