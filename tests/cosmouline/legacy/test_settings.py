"""The settings of the original, parsed and never run; values typed by hand."""

from cosmouline.database.settings import FORMERLY, SAMPLE, load_settings
from cosmouline.errors import UserError
from cosmouline.legacy.settings import ELSEWHERE, GONE, SAME, read_old_settings, translated

import pytest


@pytest.fixture
def read(tmp_path):
    def of(text):
        (tmp_path / "settings.py").write_text(text)
        return read_old_settings(tmp_path / "settings.py")
    return of


def test_plain_values_sums_joined_paths_and_texts_with_names(read):
    values, unread = read(
        'import os\nlensName = "HE"\na = b = 3\nworkdir = os.path.join("/w", lensName)\n'
        'rawdirs = ["/raw/" + "844", f"{lensName}_{a:02d}"]\nlimit = -1.5\n'
        'refs = {"844": "x"}\nif False:\n    a = 5\n')

    assert values == {"lensName": "HE", "a": 3, "b": 3, "workdir": "/w/HE",
                      "rawdirs": ["/raw/844", "HE_03"], "limit": -1.5, "refs": {"844": "x"}}
    assert unread == {}


def test_what_is_more_than_a_value_is_not_run(read, tmp_path):
    trap = tmp_path / "trap"

    values, unread = read(f"x = open({str(trap)!r}, 'w')\n__import__('os').mkdir({str(trap)!r})\n"
                          "y = [z for z in 'ab']\nw = unknown + 1\nok = 1\nflip = ~ok\n")

    assert values == {"ok": 1}
    assert unread == {"x": 1, "y": 3, "w": 4, "flip": 6}
    assert not trap.exists()


def test_python_2_is_told(read):
    with pytest.raises(UserError, match=r"cannot be parsed: .*Python 2 print"):
        read("print 'hello'\n")


def test_names_and_units_are_ours(read):
    values, _ = read('lensRA, lensDEC = 1, 2\nlensRA = "04:38:14.9"\nlensDEC = "-12:17:14.4"\n'
                     "nightminnbimg = 3\nimgmaxseeing = 1.5\nwithsound = True\nmine = 1\n_x = 2\n"
                     "combibestmaxseeing = 1.2\n")

    ours, reasons = translated(values)

    assert ours["lens_ra_deg"] == pytest.approx(69.56208333, abs=1e-7)  # 15 (4 + 38/60 + ..)
    assert ours["lens_dec_deg"] == pytest.approx(-12.28733333, abs=1e-7)
    assert (ours["night_min_images"], ours["join_fwhm_max_arcsec"]) == (3, 1.5)
    assert reasons == {"withsound": "no sound", "mine": "not a setting of COSMOULINE's sample",
                       "combibestmaxseeing": "combi_fwhm_max_arcsec"}
    assert {theirs: FORMERLY[theirs] for theirs in SAME.values()} == {
        theirs: own for own, theirs in SAME.items()}


def test_every_old_setting_is_taken_or_has_a_reason(shared_data, tmp_path):
    """The names of the complete list in the inventory of the original."""
    known = {*SAME.values(), *ELSEWHERE, *GONE, *FORMERLY}
    table = shared_data("..") / "reference" / "cosmouline.md"
    lines = table.read_text().split("## 2.")[1].split("## 3.")[0].splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| ") and "| type |" not in line]
    names = {name.strip() for row in rows for name in row[1].split(",")}
    expected = {name for name in names if name.isidentifier() and name not in ("name",)}
    spread = {"ell", "relskylevel", "normcoeff", "medcoeff", "stddev"}  # endings of a row above
    assert len(expected) > 60
    assert expected - known - spread == set()
    (tmp_path / "settings.py").write_text(f"work_dir = {str(tmp_path)!r}\n")
    assert set(SAME) <= set(vars(load_settings(tmp_path)))
    assert SAMPLE.is_file()
