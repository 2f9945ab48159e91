"""The page doc/architecture.md and its picture, from the imports in the code."""

import ast
from pathlib import Path

from cosmouline.database.manual import NOTICE
from cosmouline.database.script_header import read_header, script_path

LIBRARY = Path(__file__).parents[1]
CELL_PX, LEFT_PX, TOP_PX = 24, 110, 100  # of the picture
CELL = str.maketrans({"|": "\\|", "<": "&lt;"})  # what is safe in a cell of a table
STYLE = 'font-family="sans-serif" font-size="13"'


def rooms_of(path):
    """Return the rooms that a file imports from, each once, in the order of the imports."""
    found = []
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cosmouline":
            parts = node.module.split(".")[1:]
            found += [parts[0]] if parts else [alias.name for alias in node.names]
    return list(dict.fromkeys(found))


def files_of(room):
    """Return the files of a room, sub-folders included, without those that only say what it is."""
    alone = LIBRARY / f"{room}.py"
    if alone.is_file():
        return [alone]
    return sorted(path for path in (LIBRARY / room).rglob("*.py") if path.stem != "__init__")


def first_line(path):
    """Return the first sentence of the docstring of a file."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def architecture_page(rooms, order):
    """Return the page: the rooms, the way of a frame, and every file with its first line.

    The rooms stand in the order of the data, the scripts in that from frames to light curve.
    """
    # The table of the rooms, the picture, and the scripts in their order
    folders = [room for room in rooms if (LIBRARY / room).is_dir()]
    parts = [
        "# The rooms of the library", NOTICE,
        "The library `pipe/cosmouline/` has one folder, a room, for each step of the way of the "
        "data, in this order. A file imports only from rooms before its own. In the rooms from "
        "`frames` to `lightcurve` the name of a file tells what it knows: no prefix: arrays and "
        "numbers; `io_`: one kind of file; `db_`: rows of the database and settings.",
        "| room | what it is for | files |\n|---|---|---|\n" + "\n".join(
            f"| [{room}](#{room}) | {first_line(LIBRARY / room / '__init__.py')} "
            f"| {len(files_of(room))} |" for room in folders),
        "At the root lie `errors`, `robust`, `dates` and `threads`, which every file may use, and "
        "`run`, the front door of every script.",
        "![which room imports which](architecture.svg)\n\nA filled cell: the room of the row "
        "imports from the room of the column. All of them lie below the diagonal.",
        "## The way of a frame\n\n| script | rooms | writes |\n|---|---|---|\n" + "\n".join(
            f"| {script} | {', '.join(rooms_of(script_path(script)))} | "
            f"{read_header(script).sections['Writes'].translate(CELL)} |" for script in order)]
    # The files of each room
    for room in folders:
        parts.append(f"## {room}\n\n| file | |\n|---|---|\n" + "\n".join(
            f"| {path.relative_to(LIBRARY / room).with_suffix('').as_posix()} | "
            f"{first_line(path)} |" for path in files_of(room)))
    return "\n\n".join(parts) + "\n"


def architecture_picture(rooms):
    """Return the picture (SVG) of the imports: a row and a column for each room."""
    # Row: a room; column: the rooms that it imports; the diagonal in grey
    imports = {room: {one for path in files_of(room) for one in rooms_of(path)} for room in rooms}
    size = len(rooms) * CELL_PX
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT_PX + size + 10}" '
             f'height="{TOP_PX + size + 10}" {STYLE}>',
             '<rect width="100%" height="100%" fill="white"/>']
    for row, room in enumerate(rooms):
        y, x = TOP_PX + row * CELL_PX, LEFT_PX + row * CELL_PX
        lines += [f'<text x="{LEFT_PX - 8}" y="{y + 17}" text-anchor="end">{room}</text>',
                  f'<text transform="translate({x + 16} {TOP_PX - 8}) rotate(-60)">{room}</text>']
        for column, other in enumerate(rooms):
            fill = "#999" if row == column else "#2a6f97" if other in imports[room] else "#f2f2f2"
            lines.append(f'<rect x="{LEFT_PX + column * CELL_PX + 1}" y="{y + 1}" '
                         f'width="{CELL_PX - 2}" height="{CELL_PX - 2}" fill="{fill}"/>')
    return "\n".join([*lines, "</svg>"]) + "\n"
