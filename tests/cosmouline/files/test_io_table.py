"""io_table.py: ECSV read back by astropy, and the pickle that COSMOULINE users know."""

import pickle
import pickletools

from cosmouline.database.fields import FIELDS as DECLARED
from cosmouline.errors import UserError
from cosmouline.files.io_table import (
    read_ecsv,
    read_ecsv_columns,
    write_ecsv,
    write_plain_pickle,
)

import numpy as np
import pytest
from astropy import units
from astropy.table import Table

FIELDS = {
    "img_name": (str, "", "name: set + file"),
    "sky_level_e": (float, "e-", "median of the sky, 100 % clipped"),
    "n_stars": (int, "1", ""),
    "gogogo": (bool, "", "in use"),
    "gain_e_per_adu": (float, "e-/ADU", "gain"),
    "odd": (float, "furlong_of_ours", "a unit that nobody knows"),
    "never": (float, "px", "no image has it"),
}
ROWS = [
    {"img_name": 'R, "1"', "sky_level_e": 0.1 + 0.2, "n_stars": -3, "gogogo": True, "odd": 1.0},
    {"img_name": "Ü 2", "sky_level_e": np.float64(1e-300), "gogogo": np.bool_(False)},
    {"n_stars": 2**40, "gain_e_per_adu": 2.7, "sky_level_e": None},
]


def test_rows_are_read_back_bit_for_bit(tmp_path):
    write_ecsv(tmp_path / "db.ecsv", ROWS, FIELDS)

    back = read_ecsv(tmp_path / "db.ecsv")

    assert back[:2] == ROWS[:2]
    assert back[2] == {"n_stars": 2**40, "gain_e_per_adu": 2.7}
    assert [type(value) for value in back[0].values()] == [str, float, int, bool, float]


def test_columns_hold_nan_and_empty_text_where_a_value_is_masked(tmp_path):
    write_ecsv(tmp_path / "db.ecsv", ROWS, FIELDS)

    columns = read_ecsv_columns(tmp_path / "db.ecsv")

    assert list(columns) == list(FIELDS)
    assert all(type(values) is np.ndarray for values in columns.values())
    assert columns["img_name"].tolist() == ['R, "1"', "Ü 2", ""]
    np.testing.assert_array_equal(columns["sky_level_e"], [0.1 + 0.2, 1e-300, np.nan])
    np.testing.assert_array_equal(columns["n_stars"], [-3, np.nan, 2**40])
    np.testing.assert_array_equal(columns["gogogo"], [1, 0, np.nan])


def test_full_columns_keep_their_types(tmp_path):
    fields = {"n": (int, "", ""), "ok": (bool, "", ""), "x": (float, "", ""), "s": (str, "", "")}
    write_ecsv(tmp_path / "a.ecsv", [{"n": 1, "ok": True, "x": 0.5, "s": "a"}], fields)

    columns = read_ecsv_columns(tmp_path / "a.ecsv")

    assert [values.dtype.kind for values in columns.values()] == [*"ibfU"]


def test_astropy_sees_units_descriptions_types_and_masks(tmp_path):
    write_ecsv(tmp_path / "db.ecsv", (row for row in ROWS), FIELDS)

    table = Table.read(tmp_path / "db.ecsv")

    assert table.colnames == list(FIELDS)
    assert table["sky_level_e"].unit == units.electron
    assert table["gain_e_per_adu"].unit == units.electron / units.adu
    assert str(table["odd"].unit) == "furlong_of_ours"
    assert table["n_stars"].unit is None or table["n_stars"].unit == units.dimensionless_unscaled
    assert table["sky_level_e"].description == "median of the sky, 100 % clipped"
    assert list(table["sky_level_e"].mask) == [False, False, True]
    assert table["never"].mask.all()
    assert [table[name].dtype.kind for name in ("img_name", "n_stars", "gogogo")] == [*"Uib"]


def test_every_declared_unit_is_one_of_astropy(tmp_path):
    """A unit that astropy does not know would be a mere text in TOPCAT."""
    write_ecsv(tmp_path / "db.ecsv", [], {f"c{number}": (float, field.unit, "")
                                          for number, field in enumerate(DECLARED.values())})

    table = Table.read(tmp_path / "db.ecsv")
    unknown = {str(column.unit) for column in table.itercols()
               if isinstance(column.unit, units.UnrecognizedUnit)}
    assert len(table.colnames) == len(DECLARED)
    assert unknown == set()


def test_lines_end_as_in_unix_whatever_the_texts_hold(tmp_path):
    write_ecsv(tmp_path / "db.ecsv", [{"s": "two\nlines"}, {"s": "b"}], {"s": (str, "", "")})

    assert b"\r" not in (tmp_path / "db.ecsv").read_bytes()
    assert read_ecsv(tmp_path / "db.ecsv") == [{"s": "two\nlines"}, {"s": "b"}]


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    write_ecsv(tmp_path / "db.ecsv", [], FIELDS)

    assert Table.read(tmp_path / "db.ecsv").colnames == list(FIELDS)
    assert read_ecsv(tmp_path / "db.ecsv") == []


def test_what_cannot_be_written_or_read_is_told(tmp_path):
    (tmp_path / "db.ecsv").write_text("hello\n")

    with pytest.raises(ValueError, match="types of fields must be float, int, bool or str"):
        write_ecsv(tmp_path / "x.ecsv", ROWS, {"a": (list, "", "")})
    with pytest.raises(UserError, match=r"db.ecsv cannot be read as an ECSV table: \w.+\. Make"):
        read_ecsv(tmp_path / "db.ecsv")
    with pytest.raises(UserError, match=r"no.ecsv cannot be read as an ECSV table"):
        read_ecsv(tmp_path / "no.ecsv")


def test_the_pickle_is_a_list_of_dicts_of_protocol_4(tmp_path):
    rows = [{"imgname": "R_1", "seeing": 1.25, "gogogo": True}]
    write_plain_pickle(tmp_path / "db.pkl", rows)
    content = (tmp_path / "db.pkl").read_bytes()

    assert pickle.loads(content) == rows
    opcodes = {opcode.name: argument for opcode, argument, _ in pickletools.genops(content)}
    assert opcodes["PROTO"] == 4
    assert not {"GLOBAL", "STACK_GLOBAL", "REDUCE"} & set(opcodes)  # plain values, no code


def test_a_text_that_looks_like_a_formula_is_kept_and_reported(tmp_path, caplog):
    write_ecsv(tmp_path / "db.ecsv", [{"img_name": "=1+2"}, {"img_name": "a=b"}], {
        "img_name": FIELDS["img_name"]})

    assert read_ecsv(tmp_path / "db.ecsv") == [{"img_name": "=1+2"}, {"img_name": "a=b"}]
    assert caplog.messages == [
        "db.ecsv: 1 texts begin with '=': TOPCAT and astropy read them as texts, a spreadsheet as "
        "formulas"]
