"""io_rdb.py: round trips, hand-edited files, and PyCS3 as the reader that counts."""

import locale
import os
import subprocess
import sys

from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import odd_points, read_rdb, write_rdb

import numpy as np
import pytest

COLUMNS = {
    "mhjd": np.array([59467.115, 59470.1 + 1 / 3]),
    "telescope": ["A+B", "C"],
    "setname": ["844", "844"],
    "nbimg": np.array([4, 3]),
    "flag": np.array([True, False]),
    "mag_A": np.array([-11.94, np.nan]),
}


def test_columns_are_read_back_bit_for_bit_with_their_types(tmp_path):
    write_rdb(tmp_path / "a.rdb", COLUMNS)

    back = read_rdb(tmp_path / "a.rdb")

    assert list(back) == list(COLUMNS)
    assert {name: values.dtype.kind for name, values in back.items()} == {
        "mhjd": "f", "telescope": "U", "setname": "U", "nbimg": "i", "flag": "b", "mag_A": "f"}
    for name, values in COLUMNS.items():
        np.testing.assert_array_equal(back[name], values)


def test_the_file_looks_like_cosmoulines(tmp_path):
    write_rdb(tmp_path / "a.rdb", COLUMNS | {"mhjd": [59467.115, 59470.4333]})

    assert (tmp_path / "a.rdb").read_bytes() == (
        b"mhjd\ttelescope\tsetname\tnbimg\tflag\tmag_A\n"
        b"====\t=========\t=======\t=====\t====\t=====\n"
        b"59467.115\tA+B\t844\t4\tTrue\t-11.94\n"
        b"59470.4333\tC\t844\t3\tFalse\tnan\n"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n\r\n"])
def test_line_ends_and_blank_lines_do_not_matter(tmp_path, end):
    text = end.join(["t\tmag", "=\t===", "1\t2.5", "2\t3.5"])
    (tmp_path / "a.rdb").write_bytes(text.encode())

    back = read_rdb(tmp_path / "a.rdb")

    assert back["t"].tolist() == [1, 2]
    assert back["mag"].tolist() == [2.5, 3.5]


def test_a_table_without_rows_is_read(tmp_path):
    write_rdb(tmp_path / "a.rdb", {"mhjd": [], "setname": []})

    assert {name: values.size for name, values in read_rdb(tmp_path / "a.rdb").items()} == {
        "mhjd": 0, "setname": 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not an rdb table. Its first line must hold the names"),
        ("a\tb\n1\t2\n", "its second one a row of ="),
        ("a\tb\n=\t2\n", "its second one a row of ="),
        ("a\tb\n=\t=\n1\n2\t3\n", "line 3 has 1 columns, the header has 2. Correct or remove"),
        ("a\tb\n=\t=\n1\t2\n\n2\t3\t4\n", "line 5 has 3 columns"),
        ("a\ta\n=\t=\n", "has the column 'a' twice"),
    ],
)
def test_what_a_wrong_table_says(tmp_path, text, message):
    (tmp_path / "a.rdb").write_text(text)

    with pytest.raises(UserError, match=message):
        read_rdb(tmp_path / "a.rdb")


@pytest.mark.parametrize("name", ["my camera", "", "a\tb", "a\nb"])
def test_a_text_that_would_shift_the_columns_is_refused(tmp_path, name):
    with pytest.raises(UserError, match=r"a.rdb, column 'telescope': '.*' is empty or holds"):
        write_rdb(tmp_path / "a.rdb", {"telescope": [name]})
    with pytest.raises(UserError, match=r"name of a column: '.*' is empty or holds"):
        write_rdb(tmp_path / "a.rdb", {name: [1]})

    assert not (tmp_path / "a.rdb").exists()


def test_misuse_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"columns must have one length, not \{'a': 1, 'b': 2\}"):
        write_rdb(tmp_path / "a.rdb", {"a": [1], "b": [1, 2]})
    with pytest.raises(ValueError, match="a value must be a number, a boolean or text, not None"):
        write_rdb(tmp_path / "a.rdb", {"a": [None]})


def test_numbers_do_not_depend_on_the_locale_of_the_user(tmp_path):
    """A process with the plain C locale (ASCII) and, where installed, one with decimal commas."""
    write_rdb(tmp_path / "here.rdb", {"x": [1234567.125, 1e-7], "telescope": ["µ", "T"]})
    code = (
        "import locale, sys; locale.setlocale(locale.LC_ALL, '')\n"
        "from cosmouline.lightcurve.io_rdb import read_rdb, write_rdb\n"
        "columns = read_rdb(sys.argv[1]); assert columns['x'][0] == 1234567.125\n"
        "write_rdb(sys.argv[2], columns)\n"
    )
    for name in ("C", *_comma_locales()):
        environment = {**os.environ, "LC_ALL": name, "PYTHONUTF8": "0",
                       "PYTHONCOERCECLOCALE": "0"}
        subprocess.run([sys.executable, "-c", code, tmp_path / "here.rdb", tmp_path / "there.rdb"],
                       env=environment, check=True)
        assert (tmp_path / "there.rdb").read_bytes() == (tmp_path / "here.rdb").read_bytes()


def _comma_locales():
    """Names of at most one installed locale that writes decimal commas."""
    before = locale.setlocale(locale.LC_NUMERIC)
    found = []
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "fr_CH.UTF-8", "es_ES.UTF-8", "ru_RU.UTF-8"):
        try:
            locale.setlocale(locale.LC_NUMERIC, name)
            found.append(name)
        except locale.Error:
            continue
    locale.setlocale(locale.LC_NUMERIC, before)
    return found[:1]


def test_pycs3_reads_dates_magnitudes_errors_mask_and_properties(tmp_path):
    pytest.importorskip("pycs3")
    from pycs3.gen.lc_func import rdbimport

    write_rdb(tmp_path / "a.rdb", {
        "mhjd": [59467.115, 59470.11, 59473.1],
        "datetime": ["2021-09-10T02:45:36"] * 3,
        "telescope": ["WFI", "WFI+ECAM", "WFI"],
        "setname": ["844"] * 3,
        "nbimg": [4, 3, 1],
        "fwhm": [1.258, 0.855, 1.064],
        "flag": [True, True, False],
        "mag_A": [-11.9, -11.8, -11.7],
        "magerr_A_5": [0.005, 0.007, 0.015],
    })

    curve = rdbimport(str(tmp_path / "a.rdb"), object="A", magcolname="mag_A",
                      magerrcolname="magerr_A_5", telescopename="WFI", flagcolname="flag")

    np.testing.assert_array_equal(curve.jds, [59467.115, 59470.11, 59473.1])
    np.testing.assert_array_equal(curve.mags, [-11.9, -11.8, -11.7])
    np.testing.assert_array_equal(curve.magerrs, [0.005, 0.007, 0.015])
    assert curve.mask.tolist() == [True, True, False]
    assert [p["telescope"] for p in curve.properties] == ["WFI", "WFI+ECAM", "WFI"]
    assert [float(p["fwhm"]) for p in curve.properties] == [1.258, 0.855, 1.064]
    assert curve.telescopename == "WFI"
    assert curve.object == "A"


def test_a_part_of_an_error_may_be_zero_and_an_error_may_not():
    columns = {"mhjd": np.array([58000.0, 58001.0]), "mag_A": np.array([-12.0, -12.1]),
               "magerr_A_cov": np.array([0.01, 0.02]), "magerr_A_calib": np.zeros(2)}

    assert not [note for note in odd_points(columns) if "magerr" in note]
    columns["magerr_A_cov"][1] = 0.0
    note, = (note for note in odd_points(columns) if "magerr" in note)
    assert note.startswith("magerr_A_cov is an error of 0 or less in 1 points")


def test_the_scatter_of_the_images_may_be_unknown_and_no_other_error():
    columns = {"mhjd": np.array([58000.0, 58001.0]), "mag_A": np.array([-12.0, -12.1]),
               "magerr_A_4": np.array([np.nan, 0.02]), "mag_B_4": np.array([1.0, 2.0])}

    assert odd_points(columns) == []
    columns |= {"magerr_A_5": np.array([np.nan, 0.02]), "mag_B_4": np.array([1.0, np.nan])}
    assert odd_points(columns) == ["mag_B_4 is nan in 1 points", "magerr_A_5 is nan in 1 points"]


def test_a_comment_is_one_line_that_readers_skip(tmp_path):
    """PyCS3 skips lines that begin with # behind the two of the header."""
    write_rdb(tmp_path / "a.rdb", {"mhjd": [1.0, 2.0], "mag_A": [3.0, 4.0]},
              "injection:\n12 sites")

    assert (tmp_path / "a.rdb").read_text().splitlines()[2] == "# injection: 12 sites"
    assert read_rdb(tmp_path / "a.rdb")["mag_A"].tolist() == [3.0, 4.0]
