"""Take over a set of configuration files of ShapePipe: settings and the selection of stars.

Needs   : its .ini files, and what they name: config.mask, default.sex, default.psfex, .setools
Writes  : OUT/settings.py and OUT/<name>.setools; never over an existing folder
Settings: none (the options below)
Next    : fac_shapes/1a_split_exposures

Run as  : python extrascripts/import_shapepipe.py ~/sp/config_exp_psfex.ini ~/sp/config_tile.ini
          --name P215 --out configs/P215 --images ~/data/P215 [--set SP_CONFIG=~/sp]

What has no place here stands as comments at the end of settings.py, with what does its work. Look
at the patterns of the images, which are a guess. doc/from_shapepipe.md is the whole table.
"""

from pathlib import Path

from cosmouline.database.script_header import how_to_run, new_config
from cosmouline.database.settings import load_settings
from cosmouline.engine.tool import run_tool
from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines, write_text
from cosmouline.legacy import shapepipe
from cosmouline.run import log_line
from cosmouline.sources.ccds.selection import parse

ARGUMENTS = {
    "files": {"type": Path, "nargs": "+", "help": "the .ini files, in the order of their runs"},
    "--name": {"required": True, "help": "of the field"},
    "--out": {"type": Path, "help": "folder to make (configs/<name>)"},
    "--images": {"required": True, "help": "the folder of exposures and tiles"},
    "--work-dir": {"help": "where the products will lie (~/cosmouline/<name>)"},
    "--set": {"nargs": "*", "default": [], "metavar": "NAME=VALUE", "help": "values of $SP_CONFIG "
              "and other variables of the files"}}


def main(options):
    """Read, convert, write, report."""
    variables = dict(one.partition("=")[::2] for one in options.set)
    variables = {key: str(Path(value).expanduser()) for key, value in variables.items()}
    old = shapepipe.read_old([path.expanduser().resolve() for path in options.files], variables)
    values, notes = shapepipe.settings_of(old)
    out = (options.out or new_config(options.name)).expanduser().resolve()
    if out.exists():
        raise UserError(f"{out} exists already: give another --out.")
    images = {"dir": str(Path(options.images).expanduser().resolve())}
    values["shape_images"] = images | shapepipe.names_of_images(old) | values.get(
        "shape_images", {})
    values["work_dir"] = options.work_dir or f"~/cosmouline/{options.name}"
    said = shapepipe.left_out(old, notes)
    selection = values.get("star_selection")
    if selection:
        path = Path(old.options["SETOOLS_RUNNER", "SETOOLS_CONFIG_PATH"])
        lines = read_lines(path if path.is_absolute() else options.files[0].parent / path)
        parse(lines, path)
    out.mkdir(parents=True)
    if selection:
        write_text(out / selection, "".join(f"{line}\n" for line in lines))
    write_text(out / "settings.py", shapepipe.settings_text(options.name, values, said))
    load_settings(out)
    log_line("%d options have no place here: see the end of settings.py", len(said))
    log_line("%s is written. Next: %s %s", out, how_to_run("fac_shapes/1a_split_exposures"), out)


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
