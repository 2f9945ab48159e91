"""Set whole sets or telescopes aside for a while, or take them up again.

Needs   : the database (1_character/1a_add_to_database)
Writes  : treatme -> database
Settings: none
Next    : the next script works on what is left

Run as  : python extrascripts/set_treatme.py off configs/MYLENS --set 2019
          python extrascripts/set_treatme.py on configs/MYLENS --telescope EulerCAM
          python extrascripts/set_treatme.py on configs/MYLENS       (all)
"""

from cosmouline.database.columns import texts
from cosmouline.errors import UserError
from cosmouline.run import log_line, run

ARGUMENTS = {"state": {"choices": ("on", "off")}, "--set": {"help": "name of a set"},
             "--telescope": {"help": "name of a telescope"}}
WRITES = ("treatme",)


def main(settings, db):
    """Change the flag, and tell how many images each set has left."""
    options = settings.options
    wanted = {"set_name": options.set, "telescope": options.telescope}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    rows = db.select(**wanted)
    if not rows:
        asked = " and ".join(f"{name} '{value}'" for name, value in wanted.items())
        known = "; ".join(f"{name}: {', '.join(sorted(set(texts(db.select(), name))))}"
                          for name in wanted)
        raise UserError(f"no image has {asked or 'been added yet'}. There are: {known or 'none'}.")
    for row in rows:
        db.update(row["img_name"], {"treatme": options.state == "on"})
    log_line("treatme is %s for %d images; %d of %d images are in use", options.state, len(rows),
             len(db.select(gogogo=True, treatme=True)), len(db.rows))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
