"""The header of a numbered script: its manual page, and what the library reads from it."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CHOICE = re.compile(r"^\d+[a-z]*_(opt|alt)_")  # a script that the order does not run
WORDS = ("Needs", "Writes", "Settings", "Next", "Run as")


class Header(NamedTuple):
    """What a script says of itself.

    `purpose` is its first line; `leaves_record` tells whether it writes to the database what
    became of each image. `notes` is what stands below the sections.
    """

    script: str
    purpose: str
    sections: dict
    notes: str
    settings: tuple
    needs: tuple
    writes: tuple
    leaves_record: bool


def script_name(path):
    """Return the name of a script, as in ``1_character/3a_detect`` or ``lcmanip/1_join``."""
    relative = Path(path).resolve().relative_to(ROOT).with_suffix("")
    parts = relative.parts[1:] if relative.parts[0] == "pipe" else relative.parts
    return "/".join(parts)


def script_path(script):
    """Return the path of a script, from its name."""
    top = script.split("/")[0]
    folder = ROOT if top in ("lcmanip", "extrascripts", "skymaker") else ROOT / "pipe"
    return folder / f"{script}.py"


def is_choice(script):
    """Tell whether a script may be skipped (opt) or replaces another one (alt)."""
    return bool(CHOICE.match(script.split("/")[-1]))


def place(script, order):
    """Return the place of a script in an order; of the one that it comes after, if not in it."""
    if script in order:
        return order.index(script)
    folder, name = script.split("/")
    before = [i for i, other in enumerate(order) if other.startswith(f"{folder}/")
              and _number(other.split("/")[1]) <= _number(name)]
    return max(before, default=-1)


def with_choices(order):
    """Return an order with all scripts that may be chosen, each behind what it comes after."""
    folders = dict.fromkeys(script.split("/")[0] for script in order)
    found = [script_name(path) for folder in folders
             for path in sorted(script_path(f"{folder}/x").parent.glob("*.py"))]
    choices = sorted(filter(is_choice, found), key=lambda s: (_number(s.split("/")[1]), s))
    return sorted([*order, *choices], key=lambda script: (place(script, order), script in choices))


def _number(name):
    """Return number and letter of a script's name, to be sorted."""
    found = re.match(r"(\d+)([a-z]*)_", name)
    return (int(found[1]), found[2]) if found else (0, "")


def sections(doc):
    """Return the text of each section of a script's docstring, by its word."""
    found = re.split(rf"^({'|'.join(WORDS)})\s*:", doc, flags=re.MULTILINE)
    return {word: " ".join(text.split("\n\n")[0].split())
            for word, text in zip(found[1::2], found[2::2], strict=True)}


def settings_names(doc):
    """Return the names that stand under ``Settings`` in a script's docstring; "none" is none."""
    text = re.sub(r"\(.*?\)", "", sections(doc).get("Settings", ""))
    return tuple(name for name in re.findall(r"[a-z]\w+", text) if name != "none")


def read_header(script):
    """Read the header, NEEDS and WRITES of a script without running it."""
    path = script_path(script)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    doc = ast.get_docstring(tree) or ""
    names = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body
             if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "")
             in ("NEEDS", "WRITES")}
    measures = any(getattr(node, "name", "") == "measure" for node in tree.body)
    notes = doc.partition("Run as")[2].partition("\n\n")[2].strip()
    return Header(script, doc.split("\n")[0], sections(doc), notes, settings_names(doc),
                  names.get("NEEDS", ()), names.get("WRITES", ()), measures)
