"""The exceptions that mean something to a user."""

import difflib
import errno

NO_ROOM = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your quota is used up",
           errno.EROFS: "the disk is read-only"}


class UserError(Exception):
    """Something the user can correct: the message says what is wrong, where, and what to do.

    A script prints it as one line, without a traceback, and exits with 1.
    """


class ProductLost(UserError):
    """A product of one image is missing; where it concerns that image alone, only it fails."""


def disk_trouble(error):
    """Return one line on a full or read-only disk; empty if an OSError means something else."""
    what = NO_ROOM.get(error.errno, "")
    where = f" ({error.filename})" if error.filename else ""
    return what and (f"{what}{where}. Make room, then run this again; what is finished is kept.")


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


EXIT_USER_ERROR = 1
EXIT_INTERRUPTED = 130
EXIT_IMAGES_FAILED = 3  # the script came to its end, but some images failed
