"""Databases of the original COSMOULINE: flat text, SQLite, and pickles, read without running code.

A pickle can call any function when it is loaded. The reader here knows containers, texts and
numbers, gives numpy's scalars its own reading, and refuses everything else.
"""

import collections
import pickle
import re
import sqlite3
import struct

from cosmouline.errors import UserError

SQLITE = b"SQLite format 3\x00"
TEXT_HEADER = re.compile(rb"\d{6}\|\d{6}\|recno:")
TABLE = "images"
MAX_BYTES = 1 << 30  # the largest reductions have some 10 MB
ENCODED = {"&linefeed;": "\n", "&carriage_return;": "\r", "&substitute;": "\032", "&pipe;": "|"}
KINDS = {"int": int, "Integer": int, "float": float, "Float": float}
BOOLEANS = ("bool", "Boolean")
TRUE = ("True", "true", "1")


def read_old_database(path):
    """Read all rows of a COSMOULINE database, whatever its format.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of dict
        Values by the names of the old columns; what has no value is left out.

    Raises
    ------
    UserError
        If the file is not one of the three formats, is damaged, or would run code.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}.")
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path}: more than 1 GB is no database of COSMOULINE.")
    # the first bytes tell the format; scripts that ran before 1a left a file without any
    with open(path, "rb") as stream:
        start = stream.read(64)
    if not start:
        rows = []
    elif start.startswith(SQLITE):
        rows = _read_sqlite(path)
    elif TEXT_HEADER.match(start):
        rows = _read_kirbybase(path)
    else:
        rows = _read_pickle(path)
    if not all(isinstance(row.get("imgname"), str) for row in rows):
        raise UserError(f"{path}: a row has no 'imgname'; it is no database of COSMOULINE.")
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _read_sqlite(path):
    """Read the table of images of an SQLite file, which stays as it is."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return []  # nothing was ever written
        return [dict(row) for row in connection.execute(f"SELECT * FROM {TABLE}")]
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path}: {error}: no database of COSMOULINE, or damaged.") from error
    finally:
        connection.close()


def _read_kirbybase(path):
    """Read KirbyBase's text file: a header, then a line per row; deleted rows are blank."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    columns = [column.rpartition(":")[::2] for column in lines[0].rstrip("\r").split("|")[2:]]
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        words = line.rstrip("\r").split("|")
        if len(words) != len(columns):
            raise UserError(f"{path}, line {number}: {len(words)} values for {len(columns)} "
                            "columns.")
        row = {}
        for word, (name, kind) in zip(words, columns, strict=True):
            # a word becomes its type; an empty one is no value
            if kind in BOOLEANS and word:
                row[name] = word in TRUE
            elif kind in KINDS and word:
                try:
                    row[name] = KINDS[kind](word)
                except ValueError as error:
                    raise UserError(f"{path}, line {number}: {error}.") from error
            elif word:
                row[name] = re.sub("|".join(ENCODED), lambda code: ENCODED[code[0]], word)
        rows.append(row)
    return rows


def _read_pickle(path):
    """Read an exported pickle, a list of dicts."""
    try:
        with open(path, "rb") as stream:
            rows = _Reader(stream, encoding="latin1").load()
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{path} is neither KirbyBase's text, SQLite nor a pickle that can be "
                        f"read ({type(error).__name__}).") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{path}: the pickle holds no list of rows.")
    return rows


class _Kind:
    """Stand-in for numpy.dtype: its code and the order of its bytes."""

    def __init__(self, code, *_):
        self.code, self.order = str(code), "<"

    def __setstate__(self, state):
        # numpy keeps the order of the bytes second
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = "<" if state[1] in "|=" else state[1]


SIZES = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u8": "Q", "u4": "I",
         "u2": "H", "u1": "B", "b1": "?"}


def _scalar(kind, raw=b""):
    """Stand-in for numpy's scalar: a plain number or text."""
    # Python 2 wrote bytes as text in latin-1
    raw = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(kind, _Kind) or not isinstance(raw, bytes):
        raise UserError("a number that is none of numpy's.")
    if kind.code in SIZES:
        return struct.unpack(kind.order + SIZES[kind.code], raw)[0]
    if kind.code.startswith("S"):
        return raw.rstrip(b"\x00").decode("latin1")
    if kind.code.startswith("U"):
        name = "utf-32-le" if kind.order == "<" else "utf-32-be"
        return raw.decode(name).rstrip("\x00")
    raise UserError(f"a value of numpy's type {kind.code}.")


def _encode(text, encoding="latin1"):
    """Stand-in for codecs.encode, by which Python 2 wrote bytes."""
    if encoding != "latin1":
        raise UserError(f"text in {encoding}.")
    return text.encode("latin1")


ALLOWED = {
    **{(module, "scalar"): _scalar for module in ("numpy.core.multiarray",
                                                  "numpy._core.multiarray")},
    ("numpy", "dtype"): _Kind, ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): collections.OrderedDict,
}


class _Reader(pickle.Unpickler):
    """A reader of pickles that builds plain values only."""

    def find_class(self, module, name):
        """Refuse every function and class that is not listed."""
        if (module, name) not in ALLOWED:
            raise UserError(f"the pickle asks for {module}.{name}, which could run any code. It "
                            "is not read.")
        return ALLOWED[module, name]

    def persistent_load(self, pid):
        """Refuse references to something outside."""
        raise UserError("the pickle refers to something outside of it. It is not read.")
