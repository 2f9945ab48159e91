"""Repair FITS files: set, remove or rewrite header cards, fill pixels that are no number.

Needs   : FITS files
Writes  : copies of them in --out; the files themselves are never changed
Settings: none (the options below)
Next    : give the folder of the copies as raw_dir of a set

Run as  : python extrascripts/edit_header.py FILE ... --out ~/repaired [--set FILTER=R EXPTIME=300]
          [--remove COMMENT HISTORY] [--repair] [--nan 0]

--repair rewrites cards that break the standard (astropy's silent fix), as far as they can be
understood. --nan puts a number, or the median with --nan median, where pixels are NaN or infinite;
the pipeline itself needs none of that: it leaves such pixels out. What is wrong in all frames of a
set is easier corrected by its 'overrides' in settings.py, without copies.
"""

from pathlib import Path

from cosmouline.engine.tool import run_tool
from cosmouline.errors import UserError
from cosmouline.files.fits_repair import write_repaired
from cosmouline.run import log_line

ARGUMENTS = {
    "files": {"nargs": "+", "type": Path}, "--out": {"type": Path, "required": True},
    "--set": {"nargs": "+", "default": [], "metavar": "KEY=VALUE"},
    "--remove": {"nargs": "+", "default": [], "metavar": "KEY"},
    "--repair": {"action": "store_true"}, "--nan": {"metavar": "NUMBER", "dest": "filler"}}


def main(options):
    """Write a repaired copy of each file."""
    folder = options.out.expanduser().resolve()
    cards = {}
    for text in options.set:
        keyword, equals, value = text.partition("=")
        if not equals or not keyword:
            raise UserError(f"--set {text}: give KEY=VALUE.")
        cards[keyword.upper()] = value
    for path in options.files:
        target = folder / path.name
        if target.exists():
            raise UserError(f"{target} exists already: give another --out.")
        for line in write_repaired(path, target, cards, options.remove, options.repair,
                                   options.filler):
            log_line("%s: %s", path.name, line)
    log_line("%d repaired copies in %s", len(options.files), folder)


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
