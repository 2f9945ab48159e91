"""Take all images off the test list.

Needs   : the database (1_character/1a_add_to_database)
Writes  : testlist, test_comment -> database
Settings: none
Next    : set_testlist.py

Run as  : python extrascripts/reset_testlist.py configs/MYLENS

testlist.txt of the lens is not changed: 1_character/1a_add_to_database reads it again.
"""

from cosmouline.frames.db_intake import mark_tests
from cosmouline.run import log_line, run

WRITES = ("testlist", "test_comment")


def main(settings, db):
    """Forget all marks."""
    n = len(db.select(testlist=True))
    mark_tests(db, {})
    log_line("%d images are off the test list", n)


if __name__ == "__main__":
    run(main, __doc__)
