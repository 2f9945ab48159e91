r"""Print the verdicts of all bad inputs as a table, or write them into doc/bad_input.md.

Run as  : python -m pytest -q tests/test_badinputs.py tests/test_badtexts.py \
              tests/test_environment.py tests/crash/test_signals.py \
              tests/cosmouline/engine/test_engine.py tests/cosmouline/legacy/test_io_database.py \
              -o junit_family=legacy --junitxml=/tmp/bad.xml
          python tests/verdict_table.py /tmp/bad.xml [doc/bad_input.md]
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

GROUPS = {  # first letter of a row: what it is about
    "f": "Files of frames", "p": "Pixels", "h": "Headers", "y": "Frames, more", "s": "Sets",
    "c": "settings.py", "k": "Star lists, lists of images, telescopes", "g": "Regions",
    "d": "Database", "r": "Light curves from elsewhere", "x": "Attacks", "e": "Surroundings"}
HAPPENS = {"FLAG": "kept, told", "SKIP": "image refused", "STOP": "stops", "SAFE": "refused",
           "OK": "read, told"}
BEGIN, END = "<!-- table: tests/verdict_table.py -->", "<!-- end of table -->"


def rows(path):
    """Return name, wanted and given verdict, and message of every input, sorted."""
    found = ElementTree.parse(path).iter("property")
    return sorted([_clean(cell) for cell in entry.get("value").split("\t")] for entry in found
                  if entry.get("name") == "verdict")


def _clean(cell):
    """Leave out of a cell where the tests have run, and what would end it."""
    cell = re.sub(r"/\S*?/(?:pytest-of-\w+/)?pytest-\d+/[^/\s'\":]+", "/data", cell)
    cell = re.sub(r" at 0x\w+", "", cell)
    cell = re.sub(r"process \d+ on \S+ since [\dTZ:-]+", "process 4711 on laptop since ...", cell)
    return cell.replace("|", "/")


def table(found):
    """Return the table of the acceptance list, and how many verdicts are the wanted ones."""
    lines = ["| B6 row | wanted | got | message |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in found]
    n_same = sum(row[1] == row[2] for row in found)
    return "\n".join([*lines, "", f"{n_same} of {len(found)} as wanted."]) + "\n"


def page(found):
    """Return the tables of the page for users: what happens, and the line, group by group."""
    parts = []
    for letter, title in GROUPS.items():
        mine = [row for row in found if row[0][0] == letter]
        told = [row for row in mine if row[3]]
        silent = [_words(row[0]) for row in mine if not row[3]]
        parts += [f"### {title}", ""]
        if told:
            parts += ["| what | what happens | the line |", "|---|---|---|"]
            parts += [f"| {_words(name)} | {HAPPENS[got]} | `{text.replace('`', '')}` |"
                      for name, _, got, text in told] + [""]
        if silent:
            parts += [f"Read without a word: {'; '.join(dict.fromkeys(silent))}.", ""]
    return "\n".join(parts)


def _words(name):
    """Return the name of a row as words: ``one byte short`` for ``f04_one_byte_short``."""
    return re.sub(r"^[a-z]\d*_", "", name).replace("_", " ")


def main(path, doc=None):
    """Print the table, or put that for users into a page."""
    found = rows(path)
    if doc is None:
        sys.stdout.write(table(found))
        return
    text = Path(doc).read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    Path(doc).write_text(f"{before}{BEGIN}\n\n{page(found)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
