"""Check the database and the content of all products: fields, flags, frames, files, orphans.

Needs   : the database (1_character/1a_add_to_database)
Writes  : nothing
Settings: sets, psf_name
Next    : the script that a line names

Run as  : python extrascripts/validate_database.py configs/MYLENS

Exit status 1 if anything is wrong. All of every product and every raw frame is read and compared
with the hash of when it was written or imported (1 s of CPU per GB), whatever its time. The file
of the database is checked whenever it is read: a damaged one is refused, with the backup to take.
"""

from cosmouline.database import validate
from cosmouline.errors import UserError
from cosmouline.run import log_line, run


def main(settings, db):
    """Report all problems."""
    found = list(validate.problems(db, settings))
    for line in found:
        log_line("%s", line)
    if found:
        raise UserError(f"{len(found)} problems in {settings.work_dir}, see above.")
    log_line("%d images: nothing is wrong", len(db.rows))


if __name__ == "__main__":
    run(main, __doc__)
