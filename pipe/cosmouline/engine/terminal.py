"""The log on the terminal, whatever letters it can show, and the bar of long work."""

import logging
import sys


def log_to_terminal():
    """Send the log to the standard output, and errors to the standard error, one line a message.

    A letter that the locale does not have (an accent in the name of a folder, under ``LC_ALL=C``)
    is written as its number; otherwise Python drops the line, and with it the reason of a stop.
    The log file of a script before in this process is closed.
    """
    logging.raiseExceptions = False  # no traceback of logging for a full disk or closed terminal
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    lines, errors = logging.StreamHandler(sys.stdout), logging.StreamHandler(sys.stderr)
    lines.addFilter(lambda record: record.levelno < logging.ERROR)
    errors.setLevel(logging.ERROR)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[lines, errors],
                        force=True)
    file_log = logging.getLogger("cosmouline.file")
    for one in (logging.getLogger("cosmouline"), file_log):
        for handler in [old for old in one.handlers if isinstance(old, logging.FileHandler)]:
            one.removeHandler(handler)
            handler.close()
    file_log.propagate = False  # tracebacks are for the log file alone ...
    if not file_log.handlers:
        file_log.addHandler(logging.NullHandler())  # ... also before there is one


def progress_bar(*arguments, **options):
    """Return a bar of tqdm on a terminal, and one that shows nothing elsewhere."""
    from tqdm import tqdm  # a script that finds nothing to do needs none

    tqdm.monitor_interval = 0  # no thread of its own: it would forbid workers that are copies
    return tqdm(*arguments, disable=None, leave=False, **options)
