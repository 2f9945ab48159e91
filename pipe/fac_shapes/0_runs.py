"""List the runs of the route, what each script has done, and the numbers that are not finished.

Needs   : logs (any script of fac_shapes)
Writes  : report_runs.txt; with --unfinished shapes/unfinished_<script>.txt
Settings: lens_name
Next    : the script that it names

Run as  : python pipe/fac_shapes/0_runs.py configs/MYFIELD [last:6_shapes] [all:mask_runner]
          [--unfinished 3c_psf_model] [--numbers -0000000 --files ~/run/output image- weight-]

A run that was killed has no last line in its log: it is "stopped", and last: and all: pass over
it. What --unfinished writes is run again by: python pipe/fac_shapes/<script>.py configs/MYFIELD
--only @work/shapes/unfinished_<script>.txt
"""

from pathlib import Path

from cosmouline.database import paths, status
from cosmouline.database.script_header import listed_scripts, read_header
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.files.io_text import write_text
from cosmouline.images.ccds import db_ccds
from cosmouline.run import log_line, run
from cosmouline.shapes import io_runs
from cosmouline.shapes.numbering import DEFAULT_SCHEME, numbered

COLUMNS = ("name", "state", "wall_s", "cpu_s", "message")
ARGUMENTS = {
    "runs": {"nargs": "*", "metavar": "WHICH", "help": "last:MODULE, all:MODULE or PATTERN:MODULE:"
             " a script or a module of ShapePipe; PATTERN: of the name of the log"},
    "--unfinished": {"metavar": "SCRIPT", "help": "write what this script has not finished"},
    "--numbers": {"metavar": "SCHEME", "default": DEFAULT_SCHEME, "help": "how numbers stand in "
                  "names of files: --numbers=-0000000-0, or RE: and a regular expression"},
    "--files": {"nargs": "+", "metavar": "WORD", "help": "a folder, then the beginnings of names: "
                "the numbers that have a file of each"}}


def main(settings, db):
    """Report the runs and what is finished; answer what is asked for."""
    options = settings.options
    if options.files:
        log_line("%s", "\n".join(numbers_of(options)))
    is_at_work = Path(f"{paths.database(settings, options.script)}.lock").exists()
    runs = [one for one in io_runs.read_runs(paths.logs(settings), "fac_shapes", is_at_work)
            if one.script != "0_runs"]
    rows = db.select(gogogo=True, treatme=True)
    todo = {script.partition("/")[2]: status.unfinished(
        db_ccds.of_script(rows, script), script, settings, db.runs)
        for script in listed_scripts("SHAPES") if read_header(script).leaves_record}
    states = io_report.table([{"script": script, "not finished": len(names), "first": next(
        (f"{name} {why}" for name, why in names.items()), None)}
        for script, names in todo.items()], ("script", "not finished", "first"))
    text = io_report.table([one._asdict() for one in runs], COLUMNS)
    io_report.write_report(paths.report(settings, "runs"), f"{settings.lens_name}  runs",
                           f"{states}\n\n{text}")
    if options.runs:
        runs = [one for wanted in options.runs for one in io_runs.chosen(runs, wanted)]
    for one in runs if options.runs or not (options.files or options.unfinished) else ():
        log_line("%s", f"{one.name}: {one.state} {one.message}".rstrip())
    if options.unfinished:
        script = io_runs.script_of(options.unfinished, todo)
        path = paths.shapes(settings, f"unfinished_{script}.txt")
        write_text(path, "".join(f"{name}\n" for name in todo[script]))
        log_line("%d are not finished: %s", len(todo[script]), path)


def numbers_of(options):
    """Yield lines on the numbers that have all files, and on those that lack some."""
    folder = Path(options.files[0]).expanduser()
    if not folder.is_dir() or len(options.files) < 2:
        raise UserError("--files: give a folder and the beginnings of the names of its files.")
    found = numbered([path.name for path in folder.iterdir()], options.files[1:], options.numbers)
    yield from (f"{number}  {'  '.join(files)}" for number, files in found.files.items())
    yield from (f"{number}  lacks {', '.join(words)}" for number, words in found.missing.items())


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
