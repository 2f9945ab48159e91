"""The header of a numbered script: its manual page, and what is read from it."""

import ast
import functools
import re
import runpy
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1]
# An installed package holds the scripts and configs/sample itself
IS_INSTALLED = (PACKAGE / "checkout").is_dir()
ROOT = PACKAGE / "checkout" if IS_INSTALLED else PACKAGE.parents[1]
CHOICE = re.compile(r"^\d+[a-z]*_(opt|alt)_")  # a script that the order does not run
LOOPS = {"for_each_image", "for_all_images"}  # of `run`: they write what became of each image
WORDS = ("Needs", "Writes", "Settings", "Next", "Run as")


class Header(NamedTuple):
    """What a script says of itself.

    `purpose` is its first line; `leaves_record` is whether it writes to the database what
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
    # Below pipe/ the folder of the step is enough
    relative = Path(path).resolve().relative_to(ROOT).with_suffix("")
    parts = relative.parts[1:] if relative.parts[0] == "pipe" else relative.parts
    return "/".join(parts)


def script_path(script):
    """Return the path of a script, from its name."""
    top = script.split("/")[0]
    folder = ROOT if top in ("lcmanip", "extrascripts", "skymaker") else ROOT / "pipe"
    return folder / f"{script}.py"


def how_to_run(script):
    """Return the words that start a script from the root of a checkout, or of a package."""
    path = script_path(script).relative_to(ROOT)
    return f"cosmouline {script}" if IS_INSTALLED else f"python {path}"


def new_config(name):
    """Return where the folder of a new lens is made, unless the user says it."""
    return (Path.cwd() if IS_INSTALLED else ROOT) / "configs" / name


def replaced_by(script):
    """Return the script whose place an ``_alt_`` one takes; None where it is none."""
    folder, _, name = script.rpartition("/")
    number, _, rest = name.partition("_")
    if not rest.startswith("alt_"):
        return None
    # The one with the same number that is no choice
    found = [path.stem for path in script_path(script).parent.glob(f"{number}_*.py")
             if not path.stem.startswith((f"{number}_alt_", f"{number}_opt_"))]
    return f"{folder}/{found[0]}" if found else None


def is_choice(script):
    """Return whether a script may be skipped (opt) or takes the place of another one (alt)."""
    return bool(CHOICE.match(script.split("/")[-1]))


def sections(doc):
    """Return the text of each section of a script's docstring, by its word."""
    # A word at the begin of a line and a colon open a section, an empty line ends it
    found = re.split(rf"^({'|'.join(WORDS)})\s*:", doc, flags=re.MULTILINE)
    return {word: " ".join(text.split("\n\n")[0].split())
            for word, text in zip(found[1::2], found[2::2], strict=True)}


def settings_names(doc):
    """Return the names that stand under ``Settings`` in a script's docstring; "none" is none."""
    # Words in brackets explain, they are no names
    text = re.sub(r"\(.*?\)", "", sections(doc).get("Settings", ""))
    return tuple(name for name in re.findall(r"[a-z]\w+", text) if name != "none")


@functools.cache
def rank(script):
    """Return a key by which scripts sort in the order in which they run.

    By ``pipe/order.py``; optional ones come behind the last one of their folder whose name sorts
    before theirs, those of no route last. An empty name comes first.
    """
    folder = script.partition("/")[0]
    places = [place for place, one in enumerate(listed_scripts())
              if one == script or (one.startswith(f"{folder}/") and one < script)]
    if not script or places:
        return (max(places, default=-1), script)
    inside = [place for place, one in enumerate(listed_scripts()) if one.startswith(f"{folder}/")]
    return (min(inside) - 0.5 if inside else float("inf"), script)


@functools.cache
def listed_scripts(name="QUASAR"):
    """Return a list of ``pipe/order.py``: QUASAR, SHAPES, PICTURES; empty without that file."""
    path = ROOT / "pipe" / "order.py"
    return runpy.run_path(str(path))[name] if path.is_file() else ()


def read_header(script):
    """Read the header, NEEDS and WRITES of a script without running it."""
    path = script_path(script)
    return _read(script, path, path.stat().st_mtime_ns)


@functools.cache
def _read(script, path, changed_ns):
    """Read a header once; a file that has changed since is read again."""
    # NEEDS and WRITES are literals, so that they can be read without an import
    tree = ast.parse(path.read_text(encoding="utf-8"))
    doc = ast.get_docstring(tree) or ""
    names = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body
             if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "")
             in ("NEEDS", "WRITES")}
    loops = {name.name for node in tree.body if isinstance(node, ast.ImportFrom)
             for name in node.names} & LOOPS
    notes = doc.partition("Run as")[2].partition("\n\n")[2].strip()
    return Header(script, doc.split("\n")[0], sections(doc), notes, settings_names(doc),
                  names.get("NEEDS", ()), names.get("WRITES", ()), bool(loops))
