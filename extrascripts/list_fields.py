"""List the fields in the database: how many images have them, range, unit, meaning.

Needs   : the database (1_character/1a_add_to_database)
Writes  : report_fields.txt, the same as on the terminal
Settings: lens_name
Next    : inspect_image.py, edit_database.py --remove

Run as  : python extrascripts/list_fields.py configs/MYLENS [--each]

A family, such as the fluxes of all sources, is one line; --each gives every member its own.
"""

from cosmouline.database import inventory, paths
from cosmouline.files import io_report
from cosmouline.run import log_line, run

ARGUMENTS = {"--each": {"action": "store_true", "help": "every member of a family"}}


def main(settings, db):
    """Report and keep the table."""
    text = inventory.fields_table(db, settings.options.each)
    io_report.write_report(paths.report(settings, "fields"), f"{settings.lens_name}: fields", text)
    log_line("%s", text)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
