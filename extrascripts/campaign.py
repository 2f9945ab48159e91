"""Many lenses at once: their state, what is new, one command for all, a page of all curves.

Needs   : a folder with settings.py for each lens
Writes  : with --page FILE an HTML page; with --run what the scripts of each lens write
Settings: of each lens its own
Next    : the lens that the table names

Run as  : python extrascripts/campaign.py configs [--page all.html]
          python extrascripts/campaign.py configs/HE0435 configs/J1004 --run [--no-pictures]
          (or a text file with the folder of one lens in each line)

--run goes through the lenses one after the other, each with the engine of its settings: what has
new frames, or something to do, is reduced; the rest is left alone. A lens that fails does not stop
the others: the exit status is then 3. Interrupted? Run it again: nothing finished is lost.
"""

from pathlib import Path

from cosmouline.database.script_header import listed_scripts
from cosmouline.engine import launch
from cosmouline.engine.tool import run_tool
from cosmouline.errors import EXIT_IMAGES_FAILED
from cosmouline.files import io_html
from cosmouline.files.io_report import table
from cosmouline.pages import campaign
from cosmouline.run import log_line

ARGUMENTS = {
    "lenses": {"nargs": "+", "type": Path, "help": "folders of lenses, of folders, or lists"},
    "--run": {"action": "store_true", "help": "reduce what is new or to do"},
    "--no-pictures": {"action": "store_true", "help": "with --run: leave out what only draws"},
    "--page": {"type": Path, "metavar": "FILE", "help": "write a page of all light curves"}}


def reduce(states, order):
    """Run all scripts on the lenses that have something to do; return the names that failed."""
    failed = []
    for one in states:
        if one["is wrong"]:
            failed.append(one["lens"])
        elif one["next"] != campaign.DONE:
            log_line("=== %s: %s", one["lens"], one["next"])
            code = launch.run_stretch(order, one["folder"], [], keep_going=True)
            if code > launch.INTERRUPTED:
                raise SystemExit(code)
            failed += [one["lens"]] if code else []
    return failed


def main(options):
    """Show, reduce, show again."""
    order = listed_scripts()
    order = launch.without_pictures(order) if options.no_pictures else order
    folders = campaign.folders_of(options.lenses)
    states, failed = [campaign.state_of(one, order) for one in folders], []
    if options.run:
        failed = reduce(states, order)
        states = [campaign.state_of(one, order) for one in folders]
    log_line("%s", table(states, campaign.COLUMNS, {"last mjd": ".2f"}))
    if options.page:
        path = options.page.expanduser().resolve()
        io_html.write_if_changed(path, campaign.page(states, path))
        log_line("%s", path)
    if failed:
        log_line("failed: %s", ", ".join(failed))
    return EXIT_IMAGES_FAILED if failed else 0


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
