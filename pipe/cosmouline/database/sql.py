"""The database of images as tables of SQLite in the memory, for questions in SQL.

A copy: nothing of what is asked can change the database. `images` has one line per image and a
column for each field without a name behind ``__``. A family of fields, as ``flux_e__lens__A``, is
a line per image and member in a table of its kind: ``of_dec_source`` has the columns img_name,
dec, source, flux_e, flux_sigma_e and so on. So no number of stars makes a table too wide for
SQLite (2000 columns).
"""

import functools
import re
import sqlite3

from cosmouline.database.fields import lookup, names_in
from cosmouline.errors import UserError, did_you_mean, one_line

TYPES = {int: "INTEGER", bool: "INTEGER", float: "REAL", str: "TEXT"}


def tables_of(rows):
    """Return the tables of some rows: dict of name to (columns with types, list of dicts)."""
    columns, lines = {"images": {}}, {"images": []}
    for row in rows:
        image, others = {}, {}
        for name, value in row.items():
            table, key, column = _place(name)
            columns.setdefault(table, dict.fromkeys(["img_name", *key], "TEXT") if key else {})
            columns[table][column] = TYPES[lookup(name).type]
            if key:
                members = others.setdefault((table, *key.values()), {
                    "img_name": row["img_name"], **key})
                members[column] = value
            else:
                image[column] = value
        lines["images"].append(image)
        for (table, *_), members in others.items():
            lines.setdefault(table, []).append(members)
    return {name: (columns[name], lines[name]) for name in columns}


def connect(rows):
    """Return a connection to the tables of some rows (dicts of fields); it cannot write."""
    connection = sqlite3.connect(":memory:")
    for table, (columns, lines) in tables_of(rows).items():
        names = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f'CREATE TABLE "{table}" ({names})')
        marks = ", ".join("?" * len(columns))
        connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})',
                               [[line.get(name) for name in columns] for line in lines])
    connection.execute("PRAGMA query_only = ON")
    return connection


def ask(connection, question):
    """Return the names of the columns and the lines that answer a question in SQL.

    Raises UserError, with the most similar name that there is, where SQLite refuses it.
    """
    try:
        answer = connection.execute(question)
    except (sqlite3.Error, sqlite3.Warning) as error:
        unknown = re.search(r"no such (table|column): (?:\w+\.)?(\w+)", str(error))
        known = list_of_tables(connection)
        names = known if unknown and unknown[1] == "table" else {
            column for columns in known.values() for column in columns}
        raise UserError(f"SQLite does not take '{one_line(question)}': {error}."
                        f"{did_you_mean(unknown[2], names) if unknown else ''} "
                        "Without a question query.py lists tables and columns.") from error
    return [one[0] for one in answer.description or ()], answer.fetchall()


def list_of_tables(connection):
    """Return the names of the columns by table."""
    names = [name for name, in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [one[1] for one in connection.execute(f'PRAGMA table_info("{name}")')]
            for name in names}


@functools.cache
def _place(name):
    """Return table, key (names by placeholder; empty for a plain field) and column of a field."""
    key = names_in(name)
    if not key:
        return "images", {}, name
    return "of_" + "_".join(key), key, lookup(name).name.split("__{")[0]
