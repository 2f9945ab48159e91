"""The command ``cosmouline``: it finds the scripts of a checkout or of an installed package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cosmouline.database.script_header import (
    ROOT,
    is_choice,
    read_header,
    script_name,
    script_path,
)
from cosmouline.engine.terminal import log_to_terminal
from cosmouline.errors import UserError, did_you_mean, guarded

HELP = """cosmouline new FRAMES [...]          the settings of a new lens (extrascripts/new_lens)
cosmouline run LENS [...]            all scripts in order, where LENS is the folder of its settings
cosmouline 4_norm/2a LENS [...]      one script, by the beginning of its name
cosmouline status LENS               what is done, and what is next
cosmouline list [WORD]               all scripts, or those with a word in name or purpose
cosmouline demo [FOLDER]             draw the frames of the demo there, reduce them, compare
cosmouline NAME --help               the manual page of a script"""
FOLDERS = ("pipe/[0-9]*", "pipe/fac_*", "pipe/all_*", "lcmanip", "extrascripts", "skymaker")
SHORT = {"new": "extrascripts/new_lens", "status": "extrascripts/status", "run": "run_all"}


def scripts():
    """Return the names of all scripts."""
    return [script_name(path) for folder in FOLDERS
            for path in sorted(ROOT.glob(f"{folder}/*.py"))]


def find(word):
    """Return the one script whose name, with its folder or without, begins with a word."""
    word = SHORT.get(word, word.removesuffix(".py").removeprefix("pipe/"))
    known = ["run_all", *scripts()]
    found = [name for name in known if word in (name, name.split("/")[-1])] or [
        name for name in known if name.startswith(word) or name.split("/")[-1].startswith(word)]
    found = [name for name in found if not is_choice(name)][:2] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"'{word}' is the beginning of {', '.join(found)}. Give more of the name.")
    raise UserError(f"no script is called '{word}'.{did_you_mean(word, [*SHORT, *known])} "
                    "See: cosmouline list")


def listed(word=""):
    """Return a line for each script with a word in its name or its purpose."""
    lines = [f"{name:<42} {read_header(name).purpose}" for name in scripts()]
    return "\n".join(line for line in lines if word.lower() in line.lower())


def demo(folder):
    """Draw the demo's frames in a folder, reduce them, compare with the truth, make the pages."""
    config = folder / "configs" / "demo"
    if config.exists():
        raise UserError(f"{config} exists already: give another folder, or cosmouline run it.")
    shutil.copytree(ROOT / "configs" / "demo", config)
    sky = folder / "demo" / "sky"
    for script, *words in (("skymaker/1_draw_campaign", "demo", "--out", sky), ("run_all", config),
                           ("extrascripts/compare_with_truth", config, "--truth", sky),
                           ("8_lookback/1_build_pages", config)):
        command = [sys.executable, str(script_path(script)), *map(str, words)]
        if status := subprocess.run(command, check=False).returncode:
            return status
    return 0


def main(words=None):
    """Run what the words of the command line name; return the exit status."""
    log_to_terminal()
    return guarded(_run, "cosmouline", (sys.argv[1:] if words is None else words) or ["--help"])


def _run(words):
    word, *rest = words
    if word in ("-h", "--help", "help"):
        sys.stdout.write(HELP + "\n")
    elif word == "list":
        sys.stdout.write(listed(*rest[:1]) + "\n")
    elif word == "demo" and not {"-h", "--help"} & {*rest}:
        return demo(Path(rest[0] if rest else "cosmouline_demo").expanduser().resolve())
    else:
        # The process becomes the script's, so that signals and exit statuses are its own
        path = script_path(find(word))
        os.execv(sys.executable, [sys.executable, str(path), *rest])
    sys.stdout.flush()  # here, where the guard sees that nobody reads on
    return 0


if __name__ == "__main__":
    sys.exit(main())
