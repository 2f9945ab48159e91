"""The command line: options of every script, and the run of a tool that needs no lens."""

import argparse
import os
import sys
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.json_store import Store
from cosmouline.database.script_header import ROOT
from cosmouline.database.settings import load_settings
from cosmouline.engine.terminal import log_to_terminal
from cosmouline.errors import UserError, guarded


def lens_options(parser, argv=None):
    """Return the options of a script of a lens, with the folder of the lens as ``config_dir``.

    The folder may stand before, between or behind the options, also behind one that takes several
    words: it is the first word that names a folder with a settings.py, or that file, and is not
    the value of an option with one value. What follows an option for a command of its own is left
    as it is. A relative folder counts from here, else from the folder of COSMOULINE.
    """
    default = os.environ.get("COSMOULINE_CONFIG")
    parser.add_argument("config_dir", nargs="?", default=lens_folder(default or "") or default,
                        help="folder of the lens (default: the variable COSMOULINE_CONFIG)")
    complete(parser)
    words, folder = list(sys.argv[1:] if argv is None else argv), None
    n_values = {option: action.nargs for action in parser._actions
                for option in action.option_strings}
    for i, word in enumerate(words):
        if n_values.get(word) == argparse.REMAINDER:
            break
        is_value = i > 0 and n_values.get(words[i - 1], 0) is None
        if not is_value and (folder := lens_folder(word)):
            words.pop(i)
            parser.set_defaults(config_dir=folder)
            break
    options = parser.parse_intermixed_args(words)
    if folder is not None and options.config_dir != folder:
        parser.error(f"unrecognized arguments: {options.config_dir}")
    return options


def lens_folder(word):
    """Return the folder of a lens that a word names, or its settings.py; None for others."""
    path = Path(word).parent if Path(word).name == "settings.py" else Path(word)
    return next((str(one) for one in (path, ROOT / path)
                 if word and (one / "settings.py").is_file()), None)


def complete(parser):
    """Answer a shell that asks how a command line can go on (extrascripts/completion.bash)."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    import argcomplete  # not a dependency: nobody else asks

    for action in parser._actions:
        if action.metavar == "IMG":
            action.completer = _image_names
    argcomplete.autocomplete(parser, always_complete_options="long")


def _image_names(parsed_args, **_):
    """Return the names of the images of a lens; none where there is no database yet."""
    try:
        settings = load_settings(lens_folder(parsed_args.config_dir or ""))
        return list(Store(paths.database(settings)).load()[0])
    except UserError:
        return []


def run_tool(main, doc, arguments, argv=None):
    """Run ``main(options)`` of a tool and exit; the counterpart of `run.run` without a lens.

    `doc` is shown by ``--help``; `arguments` are the keywords of argparse's add_argument by name.
    Exit status: 0 done; 1 something the user can correct, reported in one line; 2 wrong
    options; 130 interrupted.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, keywords in arguments.items():
        parser.add_argument(name, **keywords)
    complete(parser)
    options = parser.parse_intermixed_args(argv)
    log_to_terminal()
    sys.exit(guarded(main, parser.prog.removesuffix(".py"), options))
