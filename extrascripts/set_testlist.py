"""Mark the images that --test works on: those of testlist.txt, the best, or typical ones.

Needs   : the database (1_character/1a_add_to_database); for --best and --typical the seeing
          (1_character/3b_measure_seeing)
Writes  : testlist, test_comment -> database
Settings: none
Next    : any script with --test; reset_testlist.py

Run as  : python extrascripts/set_testlist.py configs/MYLENS           (what testlist.txt says)
          python extrascripts/set_testlist.py configs/MYLENS --best 8
          python extrascripts/set_testlist.py configs/MYLENS --typical 8

--best takes the sharpest images of each set, --typical those whose seeing is nearest to the median
of their set. The reference image is always marked. 1_character/1a_add_to_database reads
testlist.txt again: copy the lines told here into it to keep them.
"""

from cosmouline.errors import UserError
from cosmouline.frames.db_intake import mark_tests, tests_listed
from cosmouline.run import log_line, run

import numpy as np

ARGUMENTS = {"--best": {"type": int, "metavar": "N"}, "--typical": {"type": int, "metavar": "N"}}
WRITES = ("testlist", "test_comment")


def by_seeing(db, n, typical):
    """Return n images of each set with a comment, by name."""
    found = {}
    for set_name in sorted({row["set_name"] for row in db.rows.values()}):
        rows = [row for row in db.select(set_name=set_name, gogogo=True, treatme=True)
                if "fwhm_arcsec" in row]
        if not rows:
            raise UserError(f"set {set_name}: no image in use has a seeing. "
                            "Run 1_character/3b_measure_seeing.py first.")
        middle = np.median([row["fwhm_arcsec"] for row in rows]) if typical else 0.0
        rows.sort(key=lambda row: abs(row["fwhm_arcsec"] - middle))
        found |= {row["img_name"]: f"seeing {row['fwhm_arcsec']:.2f} arcsec" for row in rows[:n]}
    return found


def main(settings, db):
    """Choose, add the reference image, mark."""
    n = settings.options.best or settings.options.typical
    if n is not None and n < 1:
        raise UserError("--best and --typical: give a number of images from 1 on.")
    tests = by_seeing(db, n, settings.options.typical) if n else tests_listed(settings, db)
    for name in {row["ref_img_name"] for row in db.rows.values() if "ref_img_name" in row}:
        if name in db.rows and name not in tests:
            log_line("%s is added: it is the reference image", name)
            tests |= {name: "reference image"}
    mark_tests(db, tests)
    for name, comment in sorted(tests.items()):
        log_line("%s %s", name, comment)
    log_line("%d of %d images are on the test list", len(tests), len(db.rows))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
