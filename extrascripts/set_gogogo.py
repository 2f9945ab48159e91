"""Reject images, or take rejected ones back into use.

Needs   : the database (1_character/1a_add_to_database); kicklist.txt of the lens
Writes  : gogogo, whynot -> database
Settings: none
Next    : the scripts that depend on it are out of date: extrascripts/status.py

Run as  : python extrascripts/set_gogogo.py configs/MYLENS          (what kicklist.txt says)
          python extrascripts/set_gogogo.py configs/MYLENS --reject R_0012 --reason trailed
          python extrascripts/set_gogogo.py configs/MYLENS --revive R_0012

Images are given by name or a part of it. What is rejected here stays so until it is revived. An
image that a script has rejected comes back by itself once the reason is mended and the script runs
again; reviving it here holds only until then. kicklist.txt is better for what should last.
"""

from cosmouline.database import edit
from cosmouline.errors import UserError
from cosmouline.frames.db_intake import mark_kicked
from cosmouline.run import log_line, run

ARGUMENTS = {
    "--reject": {"nargs": "+", "metavar": "IMG"}, "--revive": {"nargs": "+", "metavar": "IMG"},
    "--reason": {"help": "why, for --reject"}}
WRITES = ("gogogo", "whynot")


def reject(db, names, reason):
    """Reject images by hand; tell where the reference image is among them."""
    for name in names:
        db.reject(name, f"by hand: {reason}")
        log_line("%s is rejected: %s", name, reason)
        if db.rows[name].get("ref_img_name") == name:
            log_line("%s is the reference image: choose another one (ref_img_name).", name)


def revive(db, names):
    """Take images back into use."""
    for name in names:
        if db.rows[name]["gogogo"]:
            log_line("%s is in use already", name)
        else:
            log_line("%s is in use again, it was rejected: %s", name, db.rows[name]["whynot"])
            db.update(name, {"gogogo": True, "whynot": None})


def main(settings, db):
    """Do what the options say, or what kicklist.txt says."""
    options = settings.options
    if options.reject and not options.reason:
        raise UserError("--reject: say why, with --reason.")
    names, back = (edit.chosen(db.rows, words or [])
                   for words in (options.reject, options.revive))
    if not names and not back:
        mark_kicked(settings, db)
    reject(db, names, options.reason)
    revive(db, back)
    log_line("%d of %d images are in use", len(db.select(gogogo=True, treatme=True)), len(db.rows))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
