"""Old databases in their three formats; a pickle that would run code does not."""

import io
import os
import pickle
import pickletools
import sqlite3
import struct
from contextlib import closing

from cosmouline.errors import UserError
from cosmouline.legacy import io_database
from cosmouline.legacy.io_database import ALLOWED, read_old_database

import numpy as np
import pytest

ROWS = [{"recno": 1, "imgname": "a_1", "gogogo": True, "seeing": 1.25, "whynot": "na"},
        {"recno": 2, "imgname": "a_2", "gogogo": False, "seeing": None, "whynot": "a|b\nc"}]
FULL = [{name: value for name, value in row.items() if value is not None} for row in ROWS]
TEXT = ("000002|000001|recno:int|imgname:str|gogogo:bool|seeing:float|whynot:str\n"
        "1|a_1|True|1.25|na\n              \n2|a_2|False||a&pipe;b&linefeed;c\n")


def test_d27_kirbybase_text_with_a_deleted_row(tmp_path, record_property):
    (tmp_path / "database.dat").write_text(TEXT)
    assert read_old_database(tmp_path / "database.dat") == FULL
    record_property("verdict", "d27_kirbybase_old\tOK\tOK\t")


@pytest.mark.parametrize(("old", "new", "says"), [
    ("1.25", "1.25|3", "line 2: 6 values for 5 columns"), ("1.25", "high", "line 2: could not")])
def test_damaged_text_is_told_with_its_line(tmp_path, old, new, says):
    (tmp_path / "d").write_text(TEXT.replace(old, new))
    with pytest.raises(UserError, match=says):
        read_old_database(tmp_path / "d")


def test_d28_sqlite_is_read_and_left_as_it_is(tmp_path, record_property):
    path = tmp_path / "database.dat"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE images (recno INTEGER, imgname TEXT, gogogo BOOL, "
                           "seeing REAL, whynot TEXT)")
        connection.executemany("INSERT INTO images VALUES (?, ?, ?, ?, ?)",
                               [tuple(row.values()) for row in ROWS])
    connection.close()
    before = path.read_bytes()

    assert read_old_database(path) == FULL
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    record_property("verdict", "d28_sqlite_cosmouline\tOK\tOK\t")


def test_sqlite_of_another_kind_is_told(tmp_path):
    with closing(sqlite3.connect(tmp_path / "x.dat")) as connection, connection:
        connection.execute("CREATE TABLE other (a)")
    connection.close()
    with pytest.raises(UserError, match="no such table: images"):
        read_old_database(tmp_path / "x.dat")


@pytest.mark.parametrize("protocol", range(5))
def test_pickles_of_every_protocol(tmp_path, protocol):
    (tmp_path / "x_db.pkl").write_bytes(pickle.dumps(ROWS, protocol))
    assert read_old_database(tmp_path / "x_db.pkl") == FULL


class BigEndian:
    """Pickled as a scalar of a machine that writes the high byte first."""

    def __reduce__(self):
        return type(np.float64(0)).__reduce__(np.float64(0))[0], (np.dtype(">f8"),
                                                                  struct.pack(">d", 2.5))


NUMBERS = {"f8": np.float64(1.5), "f4": np.float32(0.25), "i8": np.int64(-3), "i4": np.int32(7),
           "b": np.bool_(True), "u": np.uint8(200), "big": BigEndian(),
           "text": np.str_("R"), "bytes": np.bytes_(b"V")}


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_numbers_of_numpy_become_plain(tmp_path, protocol):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps([{"imgname": "a", **NUMBERS}], protocol))

    (row,) = read_old_database(tmp_path / "x.pkl")

    assert row == {"imgname": "a", "f8": 1.5, "f4": 0.25, "i8": -3, "i4": 7, "b": True, "u": 200,
                   "big": 2.5, "text": "R", "bytes": "V"}
    assert not any(type(value).__module__ == "numpy" for value in row.values())


def test_a_pickle_of_python_2(tmp_path):
    """As cPickle wrote it: texts are byte strings, opcode U."""
    stream = io.BytesIO(b"\x80\x02]q\x01}q\x02(U\x07imgnameq\x03U\x03a_1q\x04U\x06seeingq\x05"
                        b"G?\xf4\x00\x00\x00\x00\x00\x00ua.")
    pickletools.dis(stream.getvalue(), out=io.StringIO())  # it is a valid pickle
    (tmp_path / "x.pkl").write_bytes(stream.getvalue())

    assert read_old_database(tmp_path / "x.pkl") == [{"imgname": "a_1", "seeing": 1.25}]


class Attack:
    """Pickled as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(("function", "arguments"), [
    (os.system, ("touch {}",)), (eval, ("open('{}', 'w')",)), (exec, ("open('{}', 'w')",)),
    (getattr, (os, "remove")), (np.save, ("{}", [1])), (np.load, ("{}",)), (open, ("{}", "w"))])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, protocol, function, arguments):
    trap = tmp_path / "trap"
    arguments = [one.format(trap) if isinstance(one, str) else "os" for one in arguments]
    bad = pickle.dumps([{"imgname": Attack(function, *arguments)}], protocol)
    (tmp_path / "x.pkl").write_bytes(bad)

    with pytest.raises(UserError, match=r"could run any code\. It is not read") as problem:
        read_old_database(tmp_path / "x.pkl")
    assert not trap.exists()
    assert "\n" not in str(problem.value)


def test_allowed_names_cannot_be_used_for_more(tmp_path):
    """A dotted name reaches into modules; a scalar of objects could hold anything."""
    for raw in (b"\x80\x04\x8c\x05numpy\x8c\ndtype.mro\x93.", b"cposix\nsystem\n(S'id'\ntR.",
                b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'O8'\ntRS'x'\ntR."):
        (tmp_path / "x.pkl").write_bytes(raw)
        with pytest.raises(UserError):
            read_old_database(tmp_path / "x.pkl")
    assert {module.split(".")[0] for module, _ in ALLOWED} == {"numpy", "_codecs", "collections"}


@pytest.mark.parametrize(("raw", "says"), [
    (b"\x80\x04", "neither KirbyBase's text, SQLite nor a pickle"),
    (pickle.dumps({"a": 1}), "holds no list of rows"), (pickle.dumps([{"a": 1}]), "no 'imgname'"),
    (b"hello", "neither KirbyBase's"), (b"\x80\x02P1\n.", "neither|outside")])
def test_what_is_no_database_is_told(tmp_path, raw, says):
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(UserError, match=says):
        read_old_database(tmp_path / "x")


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(io_database, "MAX_BYTES", len(TEXT) - 1)
    (tmp_path / "database.dat").write_text(TEXT)
    with pytest.raises(UserError, match="more than 1 GB is no database"):
        read_old_database(tmp_path / "database.dat")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match=r"there is no file .*nothing"):
        read_old_database(tmp_path / "nothing")


def test_a_file_without_a_byte_or_a_table_has_no_row(tmp_path):
    (tmp_path / "x").write_bytes(b"")
    assert read_old_database(tmp_path / "x") == []
    with closing(sqlite3.connect(tmp_path / "y")) as connection, connection:
        connection.execute("VACUUM")
    connection.close()
    assert read_old_database(tmp_path / "y") == []
