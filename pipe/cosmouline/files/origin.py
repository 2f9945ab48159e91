"""Who made a product and of what, noted inside it for whoever finds the file alone.

What is noted holds no date, no host and no path: the same frames, settings and version give the
same file, byte for byte.
"""

import contextlib
from typing import NamedTuple

KEYWORDS = ("MADEBY", "MADEVERS", "MADESET", "MADEFROM")
COMMENTS = ("script", "version of cosmouline", "hash of the settings it reads",
            "hash of the fields and products it reads")


class Origin(NamedTuple):
    """Script and version, and hashes of the settings and of the inputs."""

    script: str
    version: str
    settings: str
    inputs: str


_now = []  # the innermost one counts


@contextlib.contextmanager
def noted(find):
    """Note an origin in the products that are written meanwhile.

    Parameters
    ----------
    find : callable
        Gives the `Origin`; called for the first product, and not at all without one.
    """
    _now.append([find, None])
    try:
        yield
    finally:
        _now.pop()


def current():
    """Return the `Origin` that is noted now; None outside of `noted`."""
    values()
    return _now[-1][1] if _now else None


def values():
    """Return what to note, as texts by keyword; empty outside of `noted`."""
    if not _now:
        return {}
    # found once, for the first product
    if _now[-1][1] is None:
        _now[-1][1] = _now[-1][0]()
    return dict(zip(KEYWORDS, _now[-1][1], strict=True))


def mark(header):
    """Set the cards of the origin in a FITS header; return it."""
    for (keyword, text), comment in zip(values().items(), COMMENTS, strict=False):
        header[keyword] = text, comment
    return header
