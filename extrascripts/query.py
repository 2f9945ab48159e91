"""Ask the database of images in SQL: a list on the terminal, or a table.

Needs   : the database (1_character/1a_add_to_database)
Writes  : with --csv FILE that table; never the database
Settings: none
Next    : none

Run as  : python extrascripts/query.py configs/MYLENS "select img_name, field_fwhm_px from images"
          ... "select img_name, source, flux_e from of_dec_source where dec = 'lens'" --csv a.csv
          python extrascripts/query.py configs/MYLENS (without a question: tables and columns)

The question goes to a copy in SQLite: joins, groups, order by, all that SQLite knows. `images` has
a line per image; fields with names in them, such as flux_e__lens__A, are lines of tables by the
kind of these names: of_dec, of_dec_source, of_psf, of_psf_star, of_renorm.
"""

import csv
import io
from contextlib import closing
from pathlib import Path

from cosmouline.database import sql
from cosmouline.files.io_text import write_text
from cosmouline.run import log_line, run

ARGUMENTS = {"question": {"nargs": "?", "help": "a select of SQL, in quotes"},
             "--csv": {"type": Path, "metavar": "FILE", "help": "write the answer there"}}


def as_csv(columns, lines):
    """Return columns and lines as comma-separated text; what is absent is empty."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *lines])
    return text.getvalue()


def main(settings, db):
    """Ask and show."""
    options = settings.options
    with closing(sql.connect(db.select())) as connection:
        if not options.question:
            for name, columns in sql.list_of_tables(connection).items():
                log_line("%s: %s", name, ", ".join(columns))
            return
        columns, lines = sql.ask(connection, options.question)
    if options.csv:
        write_text(options.csv, as_csv(columns, lines))
        log_line("%d lines: %s", len(lines), options.csv)
    else:
        log_line("%s", as_csv(columns, lines).rstrip())


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
