"""Forget measurements: remove fields from all images.

Needs   : the database (1_character/1a_add_to_database)
Writes  : removes the fields and the records of the scripts that made them -> database
Settings: none
Next    : the scripts that made the fields, if they are wanted again

Run as  : python extrascripts/remove_fields.py "flux*__lens2__*" configs/MYLENS [--yes]

Without --yes it only tells what would go. A pattern is a field, a family as list_fields.py names
it, or a text with *. Products on the disk stay.
"""

from cosmouline.database import edit
from cosmouline.run import log_line, run

ARGUMENTS = {"pattern": {"help": "which fields"},
             "--yes": {"action": "store_true", "help": "really remove them"}}
WRITES = ("*",)


def main(settings, db):
    """Tell, and remove where asked to."""
    found = edit.fitting(db.rows, settings.options.pattern)
    for name, n in found.items():
        log_line("%s: %d images", name, n)
    if settings.options.yes:
        edit.forget(db, list(found))
        log_line("%d fields are removed; the last backup is in %s/backups", len(found),
                 settings.work_dir)
    else:
        log_line("%d fields would be removed: say --yes to do it", len(found))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
