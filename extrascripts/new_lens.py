"""Make the configuration folder of a new lens from a folder of its frames.

Needs   : a folder, or a tree of folders, of FITS frames
Writes  : OUT/settings.py, OUT/testlist.txt, OUT/kicklist.txt; never over an existing folder
Settings: none (the options below)
Next    : edit OUT/settings.py where it says so, then pipe/1_character/1a_add_to_database

Run as  : python extrascripts/new_lens.py ~/raw/HE0435 [--name HE0435-1223] [--ra 69.562
          --dec -12.287] [--out configs/HE0435-1223] [--work-dir ~/cosmouline/HE0435-1223]

A camera that no rule of frames/telescopes recognises is "generic"; the log names what its headers
lack. One set per folder, camera and filter. Calibration frames are left out.
"""

import shutil
from collections import Counter
from pathlib import Path

from cosmouline.database.script_header import ROOT
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
    "--out": {"type": Path, "help": "folder to make (configs/<name>)"},
    "--work-dir": {"help": "where products will lie (~/cosmouline/<name>)"}}


def position_of(options, frames):
    """Return the position of the lens, and where it comes from in words."""
    if (options.ra is None) != (options.dec is None):
        raise UserError("--ra and --dec: give both, in degrees.")
    if options.ra is not None:
        return options.ra, options.dec, "given by hand"
    found = new_lens.common_pointing(frames)
    if found is None:
        log_line("no position in the headers: give --ra and --dec, or lens_position_px later.")
        return None, None, "unknown: give them, or lens_position_px"
    log_line("position %.5f %.5f from %s: of the pointing, check it on an image.", *found[:3])
    if found[3]:
        log_line("%d frames point elsewhere by more than %g arcsec.", found[3],
                 new_lens.ARCSEC_APART)
    return *found[:2], f"from {found[2]}, the pointing: check it"


def main(options):
    """Read all headers, report what is there, write the folder."""
    frames, problems = survey.survey(options.frames.expanduser().resolve())
    science = [frame for frame in frames if frame.kind is None]
    for why, n in Counter(problems.values()).items():
        log_line("%d files are no frames: %s (first: %s)", n, why,
                 next(path.name for path in problems if problems[path] == why))
    if not science:
        raise UserError(f"no science frame with a readable header below {options.frames}.")
    n_left = len(frames) - len(science)
    log_line("%d frames; %d calibration frames are left out", len(science), n_left)
    name = options.name or new_lens.most_common_target(frames) or options.frames.resolve().name
    out = (options.out or ROOT / "configs" / name).expanduser()
    if out.exists():
        raise UserError(f"{out} exists already: give another --out.")
    sets, lacking, lines = new_lens.sets_of(frames)
    log_line("%s", "\n".join(lines))
    text = new_lens.settings_text(name, position_of(options, frames),
                                  options.work_dir or f"~/cosmouline/{name}", sets, lacking,
                                  new_lens.n_cameras(frames))
    shutil.copytree(ROOT / "configs" / "sample", out, ignore=shutil.ignore_patterns("*.py", "__*"))
    write_text(out / "settings.py", text)
    log_line("%s is written. Next: python pipe/1_character/1a_add_to_database.py %s", out, out)
    load_settings(out)


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
