"""Plain text files that people edit by hand: read as lines, written completely."""

from pathlib import Path

from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path


def read_lines(path):
    """Read a text file, whatever its line ends (LF, CRLF), with or without a byte-order mark.

    The file is in UTF-8, whatever the locale; a last line without an end counts too. UserError if
    it cannot be read, or is no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path} cannot be read: {reason}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a text file in UTF-8. Save it as plain text.") from error


def write_text(path, text):
    """Write `text` to `path` in UTF-8 with LF line ends, completely or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
