"""Web pages that open from the file system: safe text, data for scripts, unchanged files kept.

Names and headers come from anywhere. Whatever a page shows of them passes through `escape` (text
and attributes), `url` (links) or `script_data` (values for a script), and so cannot act in it.
"""

import html
import json
from pathlib import Path
from string import Template
from urllib.parse import quote

from cosmouline.files.atomic import atomic_path

FOLDER = Path(__file__).resolve().parents[1] / "pages" / "web"  # templates, styles and scripts
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def escape(value):
    """Return a value as text that is safe between tags and inside quoted attributes."""
    return html.escape(str(value))


def url(*parts):
    """Return a relative link made of path parts, each of them quoted."""
    return "/".join(quote(str(part), safe="") if part != ".." else part for part in parts)


def script_data(value):
    """Return a value as JSON that is safe in a script of a page, or in a file of its own.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON does not have: give None.

    Notes
    -----
    Plain ASCII without ``<``, ``>`` and ``&``: nothing in it ends the script element.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.translate(_UNSAFE)


def asset(name):
    """Return the text of a file that comes with the library: a template, a style, a script."""
    return (FOLDER / name).read_text(encoding="utf-8")


def fill(template, **texts):
    """Put texts, already made safe, in place of the ``$name`` of a template.

    Raises
    ------
    KeyError
        If the template has a name for which no text is given.
    """
    return Template(template).substitute(texts)


def list_items(texts):
    """Return texts, already made safe, as the items of a list."""
    return "".join(f"<li>{text}</li>\n" for text in texts)


def table_rows(rows):
    """Return rows of texts, already made safe, as rows of a table; the first cell is the head."""
    return "".join(f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}"
                   "</tr>\n" for first, *cells in rows)


def write_if_changed(path, text):
    """Write a page unless the file already holds it; return whether it was written.

    A file that lost its content with the power is written again by the next call: so it needs no
    sync to the disk, which would take most of the time of many pages.
    """
    path, content = Path(path), text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    with atomic_path(path, is_synced=False) as temporary:
        temporary.write_bytes(content)
    return True
