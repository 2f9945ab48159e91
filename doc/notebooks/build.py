"""Make .ipynb files of the scripts of this folder, and run them if asked.

Run as  : python doc/notebooks/build.py [--run] [--out FOLDER] [NAME ...]

A script is a notebook in which ``# %%`` begins a cell of code and ``# %% [markdown]`` one of
text: Jupyter (with jupytext), VS Code and Spyder open it as it is. The files lie beside the
scripts, or in FOLDER; git does not keep them. --run executes them first, so that they hold their
pictures (pip install 'cosmouline[notebooks]'); the folder that you are in is theirs.
"""

import argparse
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MARK = re.compile(r"^# %%(.*)$", re.MULTILINE)
TIMEOUT_S = 1800  # of one cell


def scripts(names=()):
    """Return the scripts that are notebooks, or those of some names."""
    found = [path for path in sorted(HERE.glob("*.py")) if path.stem != Path(__file__).stem]
    known = {path.stem: path for path in found}
    if unknown := [name for name in names if Path(name).stem not in known]:
        sys.exit(f"there is no notebook '{unknown[0]}', but {', '.join(known)}.")
    return [known[Path(name).stem] for name in names] or found


def notebook(text):
    """Return a script with marks of cells as a notebook, in the format 4.5 of Jupyter.

    What stands before the first mark is left out. A comment of a text cell loses its ``# ``.
    """
    parts = MARK.split(text)[1:]
    cells = []
    for number, (mark, body) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        cell = {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "outputs": [],
                "execution_count": None, "source": body.strip("\n")}
        if "[markdown]" in mark:
            cell = {"cell_type": "markdown", "id": f"cell-{number}", "metadata": {},
                    "source": re.sub(r"^# ?", "", body.strip("\n"), flags=re.MULTILINE)}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4,
            "nbformat_minor": 5}


def executed(content):
    """Run a notebook in the folder that we are in; return it with what its cells gave.

    Raises nbclient's CellExecutionError, with the cell and what it said.
    """
    import nbformat
    from nbclient import NotebookClient

    filled = nbformat.from_dict(content)
    NotebookClient(filled, timeout=TIMEOUT_S, kernel_name="python3").execute()
    return filled


def main(words=None):
    """Write the notebooks that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    parser.add_argument("--run", action="store_true", help="execute them first")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write into")
    options = parser.parse_intermixed_args(words)
    for path in scripts(options.names):
        content = notebook(path.read_text(encoding="utf-8"))
        content = executed(content) if options.run else content
        options.out.mkdir(parents=True, exist_ok=True)
        target = options.out / f"{path.stem}.ipynb"
        target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
