"""Make the configuration folder of a new lens from a folder of its frames.

Needs   : a folder, or a tree of folders, of FITS frames
Writes  : OUT/settings.py, OUT/testlist.txt, OUT/kicklist.txt; never over an existing folder
Settings: none (the options below)
Next    : edit OUT/settings.py where it says so, then pipe/1_character/1a_add_to_database

Run as  : python extrascripts/new_lens.py ~/raw/HE0435 [--name HE0435-1223] [--ra 69.562
          --dec -12.287] [--gain 1.5 --read-noise 5 --saturation 60000 --scale 0.4 --exptime 300
          --dates dates.txt] [--out configs/HE0435-1223] [--work-dir ~/cosmouline/HE0435-1223]

A camera that no rule of frames/telescopes recognises is "generic"; the log names what its headers
lack. One set per camera and filter, over the folders of its nights. Calibration frames, masks and
maps are left out; of several fields that of --ra and --dec is taken, or that with most frames.
"""

import shutil
from pathlib import Path

from cosmouline.database.script_header import ROOT, how_to_run, new_config
from cosmouline.database.settings import load_settings
from cosmouline.engine.tool import run_tool
from cosmouline.errors import UserError
from cosmouline.files.io_text import write_text
from cosmouline.frames import new_lens, survey
from cosmouline.run import log_line

ARGUMENTS = {
    "frames": {"type": Path, "help": "folder of frames, searched with those below it"},
    "--name": {"help": "of the lens (default: OBJECT of the headers)"},
    "--ra": {"type": float, "help": "right ascension of the lens, degrees J2000"},
    "--dec": {"type": float, "help": "its declination"},
    "--gain": {"type": float, "help": "where headers lack it, in e-/ADU"},
    "--read-noise": {"type": float, "help": "the same, in e-"},
    "--saturation": {"type": float, "help": "the same, in ADU"},
    "--scale": {"type": float, "help": "the same, in arcsec per pixel"},
    "--exptime": {"type": float, "help": "the same, in s"},
    "--dates": {"type": Path, "help": "a text file: name of a file, start of its exposure (UTC)"},
    "--out": {"type": Path, "help": "folder to make (configs/<name>)"},
    "--work-dir": {"help": "where products will lie (~/cosmouline/<name>)"}}


def main(options):
    """Read all headers, report what is there, write the folder."""
    if (options.ra is None) != (options.dec is None):
        raise UserError("--ra and --dec: give both, in degrees.")
    frames, problems = survey.survey(options.frames.expanduser().resolve())
    for line in survey.lines_of(frames, problems):
        log_line("%s", line)
    if not any(frame.kind is None for frame in frames):
        raise UserError(f"no science frame with a readable header below {options.frames}.")
    given = None if options.ra is None else (options.ra, options.dec)
    lens, others = new_lens.field_of_lens(new_lens.fields_of(frames), given)
    elsewhere = [frame for field in others for frame in field]
    position, lines = new_lens.position_of(lens, others, given)
    ours = [*lens, *(frame for frame in frames if frame.kind)]
    name = new_lens.clean(options.name or "") or new_lens.most_common_target(lens) or (
        new_lens.clean(options.frames.resolve().name)) or "lens"
    out = (options.out or new_config(name)).expanduser()
    if out.exists():
        raise UserError(f"{out} exists already: give another --out.")
    sets, lacking, more = new_lens.sets_of(ours, elsewhere, new_lens.overrides_of(options))
    log_line("%s", "\n".join([*more, *lines]))
    text = new_lens.settings_text(name, position, options.work_dir or f"~/cosmouline/{name}",
                                  sets, lacking, new_lens.n_cameras(ours))
    shutil.copytree(ROOT / "configs" / "sample", out, ignore=shutil.ignore_patterns("*.py", "__*"))
    write_text(out / "settings.py", text)
    first = "put in what the headers lack, then " if any(lacking.values()) else ""
    log_line("%s is written. Next: %s%s %s", out, first,
             how_to_run("1_character/1a_add_to_database"), out)
    load_settings(out)


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
