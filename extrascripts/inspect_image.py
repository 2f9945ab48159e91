"""Show everything that the database holds about some images.

Needs   : the database (1_character/1a_add_to_database)
Writes  : nothing
Settings: none
Next    : edit_database.py --reject

Run as  : python extrascripts/inspect_image.py 2019-03-12 configs/MYLENS
          python extrascripts/inspect_image.py ref configs/MYLENS

A fragment of a name means all images that have it in their names; "ref" is the reference image.
"""

from cosmouline.database import edit, inventory
from cosmouline.run import log_line, run

ARGUMENTS = {"image": {"help": "name of an image or a fragment of it, or ref"}}


def main(settings, db):
    """Log one image after the other."""
    word = settings.options.image
    names = ([db.reference()["img_name"]] if word == "ref"
             else edit.chosen(db.rows, [word]))
    for name in names:
        log_line("--- %s\n%s", name, inventory.image_lines(db.rows[name]))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
