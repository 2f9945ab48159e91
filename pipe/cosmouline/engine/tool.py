"""Run a tool that needs no lens: options, messages, exit status."""

import argparse
import logging
import sys

from cosmouline.engine.terminal import log_to_terminal
from cosmouline.errors import UserError

log = logging.getLogger("cosmouline")


def run_tool(main, doc, arguments, argv=None):
    """Run ``main(options)`` of a tool and exit; the counterpart of `run.run` without a lens.

    Parameters
    ----------
    main : callable
    doc : str
        The docstring of the tool, shown by ``--help``.
    arguments : dict of str to dict
        Keywords of argparse's add_argument by name.
    argv : list of str, optional
        Instead of the command line.

    Notes
    -----
    Exit status: 0 done; 1 a UserError, logged in one line; 2 wrong options; 130 interrupted.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, keywords in arguments.items():
        parser.add_argument(name, **keywords)
    options = parser.parse_args(argv)
    log_to_terminal()
    try:
        main(options)
    except UserError as problem:
        log.error("%s: %s", parser.prog.removesuffix(".py"), problem)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
