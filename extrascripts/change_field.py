"""Set a field of chosen images to a value, checked against its type.

Needs   : the database (1_character/1a_add_to_database)
Writes  : the field -> database
Settings: none
Next    : the scripts that need the field are out of date: extrascripts/status.py

Run as  : python extrascripts/change_field.py exptime_s 300 configs/MYLENS --only R_0012 R_0013
          python extrascripts/change_field.py airmass none configs/MYLENS --only R_0012

"none" removes the value. --redo of the script that measures the field measures it again. What is
wrong in the headers of a whole set belongs into its 'overrides' in settings.py.
"""

from cosmouline.database import edit
from cosmouline.errors import UserError
from cosmouline.run import log_line, run

ARGUMENTS = {"field": {"help": "name of a field"}, "value": {"help": "its new value, or none"}}
WRITES = ("*",)


def main(settings, db):
    """Check the value, then change and tell every image."""
    options = settings.options
    if not options.only:
        raise UserError("say which images, with --only.")
    value = edit.typed(options.field, options.value)
    names = edit.chosen(db.rows, options.only)
    before = {name: db.rows[name].get(options.field) for name in names}
    edit.change(db, names, options.field, value)
    for name in names:
        log_line("%s: %s was %s, is %s", name, options.field, before[name], value)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
