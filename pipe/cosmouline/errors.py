"""The exceptions that mean something to a user."""

import difflib
import errno
import logging
import os
import re
import sys

from cosmouline import not_installed

EXIT_USER_ERROR = 1
EXIT_INTERRUPTED = 130
EXIT_IMAGES_FAILED = 3  # the script came to its end, but some images failed
NO_ROOM = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your quota is used up",
           errno.EROFS: "the disk is read-only"}
HIDDEN = re.compile(r"Not enough space on disk|\d+ requested and \d+ written")


class UserError(Exception):
    """Something the user can correct: the message says what is wrong, where, and what to do.

    A script prints it as one line, without a traceback, and exits with 1.
    """


class ProductLost(UserError):
    """A product of one image is missing; where it concerns that image alone, only it fails."""


def disk_trouble(error):
    """Return one line on a full or read-only disk; empty if an OSError means something else."""
    number, text = error.errno, str(error)
    if number is None:  # astropy and numpy say it in words alone
        named = re.search(r"\[Errno (\d+)\]", text)
        number = int(named[1]) if named else errno.ENOSPC if HIDDEN.search(text) else None
    what = NO_ROOM.get(number, "")
    where = f" ({error.filename})" if error.filename else ""
    return what and (f"{what}{where}. Make room, then run this again; what is finished is kept.")


def guarded(main, name, *arguments):
    """Return the exit status of ``main(*arguments)`` of a command: its own, or 0.

    Whatever it raises becomes one line in the log. The variable COSMOULINE_DEBUG shows the
    traceback of what nobody expected.
    """
    try:
        return main(*arguments) or 0
    except UserError as problem:
        said = str(problem)
    except KeyboardInterrupt as stop:
        return getattr(stop, "status", EXIT_INTERRUPTED)
    except BrokenPipeError:  # nobody reads on, as behind ``| head``
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  for what Python writes at its end
        return EXIT_USER_ERROR
    except Exception as error:
        if "COSMOULINE_DEBUG" in os.environ:
            raise
        said = unexpected(error) + ("" if isinstance(error, (OSError, ModuleNotFoundError)) else
                                    " Set COSMOULINE_DEBUG=1 to see where.")
    logging.getLogger("cosmouline").error("%s: %s", name, said)
    return EXIT_USER_ERROR


def unexpected(error):
    """Return one line on an exception that nobody expected."""
    if isinstance(error, OSError):
        if trouble := disk_trouble(error):
            return trouble
        if error.filename:
            return f"{error.filename}: {error.strerror}. Correct that, then run this again."
    if isinstance(error, ModuleNotFoundError):
        return not_installed(error)
    return f"unexpected {type(error).__name__}: {one_line(error)}."


class ImageRejected(Exception):
    """One image that cannot be used; the message is stored as its ``whynot``."""


def one_line(text, longest=200):
    """Return any text as one line that a terminal can show, cut at `longest` characters."""
    clean = "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
    return clean if len(clean) <= longest else f"{clean[:longest]}..."


def did_you_mean(word, known):
    """Return the most similar of some known words as the end of a message; empty if none is."""
    lower = {one.lower(): one for one in map(str, known)}
    near = difflib.get_close_matches(str(word).lower(), lower, n=1)
    return f" Did you mean '{lower[near[0]]}'?" if near else ""
