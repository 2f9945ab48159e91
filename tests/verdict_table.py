r"""Print the verdicts of all bad inputs as a table, from the report of a run of the tests.

Run as  : python -m pytest -q tests/test_badinputs.py tests/test_badtexts.py \
              -o junit_family=legacy --junitxml=/tmp/bad.xml
          python tests/verdict_table.py /tmp/bad.xml
"""

import sys
import xml.etree.ElementTree as ElementTree


def rows(path):
    """Return name, wanted and given verdict, and message of every input, sorted."""
    found = ElementTree.parse(path).iter("property")
    return sorted(entry.get("value").split("\t") for entry in found
                  if entry.get("name") == "verdict")


def main(path):
    """Print the table and how many verdicts are the wanted ones."""
    table = rows(path)
    lines = ["| B6 row | wanted | got | message |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in table]
    n_same = sum(row[1] == row[2] for row in table)
    sys.stdout.write("\n".join([*lines, "", f"{n_same} of {len(table)} as wanted."]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
