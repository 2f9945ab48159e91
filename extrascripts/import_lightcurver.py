"""Take over the configuration of a LightCurver reduction: settings and telescope.

Needs   : its config.yaml, beside it header_parser/parse_header.py
Writes  : OUT/settings.py and OUT/telescope.yaml; never over an existing folder
Settings: none (the options below)
Next    : 1_character/1a_add_to_database

Run as  : python extrascripts/import_lightcurver.py ~/lc/J1004/config.yaml --out configs/J1004
          [--work-dir ~/cosmouline/J1004]

Nothing of the old files is run: parse_header is read for the keywords that it uses. What has no
place here stands as comments at the end of settings.py, with what does its work. Fluxes of the old
reduction are not taken over: doc/from_lightcurver.md says where each product is here.
"""

from pathlib import Path

from cosmouline.database.script_header import how_to_run, new_config
from cosmouline.database.settings import load_settings
from cosmouline.engine.tool import run_tool
from cosmouline.errors import UserError
from cosmouline.files.io_text import write_text
from cosmouline.frames.telescope import load_telescope
from cosmouline.legacy import lightcurver
from cosmouline.run import log_line

ARGUMENTS = {
    "old": {"type": Path, "help": "config.yaml of LightCurver, or the folder that it lies in"},
    "--out": {"type": Path, "help": "folder to make (configs/<name of the ROI>)"},
    "--work-dir": {"help": "where the products will lie (~/cosmouline/<name>)"}}


def main(options):
    """Read, convert, write, report."""
    old = lightcurver.read_old(options.old.expanduser().resolve())
    values, notes = lightcurver.settings_of(old)
    name = values["lens_name"]
    out = (options.out or new_config(name)).expanduser().resolve()
    if out.exists():
        raise UserError(f"{out} exists already: give another --out.")
    values["work_dir"] = options.work_dir or f"~/cosmouline/{name}"
    sets = lightcurver.sets_of(old, out / "telescope.yaml")
    out.mkdir(parents=True)
    write_text(out / "telescope.yaml", lightcurver.telescope_of(old))
    load_telescope(str(out / "telescope.yaml"))
    write_text(out / "settings.py", lightcurver.settings_text(old, values, sets, notes))
    load_settings(out)
    for one in sets:
        if not Path(one["raw_dir"]).is_dir():
            log_line("raw_dir %s is not there: correct it in settings.py", one["raw_dir"])
    for what in lightcurver.PARSED:
        found = old.header.get(what)
        log_line("%s: %s", what, "not in parse_header: the generic keywords" if found is None
                 else found if isinstance(found, float) else "from " + ", ".join(found))
    log_line("the date counts as the start of the exposure: if it is its middle, set 'is: mid' in "
             "telescope.yaml")
    log_line("%d of its settings have no place here: see the end of settings.py",
             len(lightcurver.left_out(old) | notes))
    log_line("%s is written. Next: %s %s", out, how_to_run("1_character/1a_add_to_database"), out)


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
