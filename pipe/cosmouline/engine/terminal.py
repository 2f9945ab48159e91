"""Lines for the terminal, whatever letters it can show."""

import logging
import sys


def log_to_terminal():
    """Send the log to the standard output, one line a message.

    A letter that the locale has not (an accent in the name of a folder, under ``LC_ALL=C``) is
    written as its number; else the whole line would be lost, and with it the reason of a stop.
    """
    logging.raiseExceptions = False  # a full disk or a closed terminal: no traceback of the log's
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout, force=True)
    file_log = logging.getLogger("cosmouline.file")
    file_log.propagate = False  # its tracebacks are not for here, ...
    file_log.addHandler(logging.NullHandler())  # ... nor while there is no log file yet
