"""Change the database by hand: which images are used, set aside or tests; values of fields.

Needs   : the database (1_character/1a_add_to_database); for --best and --typical the seeing
          (1_character/3b_measure_seeing)
Writes  : gogogo, whynot, treatme, testlist, test_comment, or the field that is named -> database
Settings: none
Next    : what depends on it is out of date: extrascripts/status.py

Run as  : python extrascripts/edit_database.py configs/MYLENS --kicklist
          with --reject R_0012 --reason trailed, or --revive R_0012 (names, or parts of them);
          with --treat off --set 2019, or --treat on --telescope EulerCAM (or all of them);
          with --testlist, --best 8, --typical 8 or --no-tests;
          with --change exptime_s 300 --only R_0012 R_0013 ("none" removes the value);
          with --remove "flux*__lens2__*" (with --yes it is done; products on the disk stay)

An image that a script has rejected is revived until that script runs again. For what should last:
kicklist.txt, testlist.txt, and the 'overrides' of a set for what its headers have wrong.
"""

from cosmouline.database import edit
from cosmouline.errors import UserError
from cosmouline.frames.db_intake import mark_kicked, mark_tests, tests_listed
from cosmouline.run import log_line, run

ARGUMENTS = {
    "--kicklist": {"action": "store_true", "help": "reject what kicklist.txt of the lens names"},
    "--reject": {"nargs": "+", "metavar": "IMG", "help": "take images out of use"},
    "--reason": {"help": "why, for --reject"},
    "--revive": {"nargs": "+", "metavar": "IMG", "help": "take images back into use"},
    "--treat": {"choices": ("on", "off"), "help": "take images up, or set them aside for a while"},
    "--set": {"help": "those of this set"}, "--telescope": {"help": "those of this telescope"},
    "--testlist": {"action": "store_true", "help": "mark what testlist.txt of the lens names"},
    "--best": {"type": int, "metavar": "N", "help": "mark the N sharpest images of each set"},
    "--typical": {"type": int, "metavar": "N", "help": "mark N of each set, of median seeing"},
    "--no-tests": {"action": "store_true", "help": "mark none"},
    "--change": {"nargs": 2, "metavar": ("FIELD", "VALUE"), "help": "set a field of --only"},
    "--remove": {"metavar": "PATTERN", "help": "remove fields, as list_fields.py names them"},
    "--yes": {"action": "store_true", "help": "really remove them"}}
WRITES = ("*",)


def mark(settings, db, options):
    """Mark the images for --test, the reference image among them, or none."""
    n = options.typical if options.best is None else options.best
    found = ({} if options.no_tests else tests_listed(settings, db) if n is None
             else edit.tests_by_seeing(db, n, options.best is None))
    if not options.no_tests:
        reference = {row.get("ref_img_name") for row in db.rows.values()}
        found = dict.fromkeys(reference & db.rows.keys(), "reference image") | found
    mark_tests(db, found)
    for name, comment in sorted(found.items()):
        log_line("%s %s", name, comment)
    log_line("%d of %d images are on the test list", len(found), len(db.rows))


def main(settings, db):
    """Do what the options ask for, in this order."""
    options = settings.options
    if options.reject and not options.reason:
        raise UserError("--reject: say why, with --reason.")
    if options.change and not options.only:
        raise UserError("--change: say which images, with --only.")
    if options.kicklist:
        mark_kicked(settings, db)
    edit.reject(db, edit.chosen(db.rows, options.reject or ()), options.reason)
    edit.revive(db, edit.chosen(db.rows, options.revive or ()))
    if options.treat:
        edit.treat(db, options.treat == "on", set_name=options.set, telescope=options.telescope)
    if options.testlist or options.no_tests or (options.best, options.typical) != (None, None):
        mark(settings, db, options)
    if options.change:
        field, text = options.change
        edit.change(db, edit.chosen(db.rows, options.only), field, edit.typed(field, text))
    if options.remove:
        edit.remove(db, options.remove, options.yes)
    log_line("%d of %d images are in use", len(db.select(gogogo=True, treatme=True)), len(db.rows))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
