"""The notes of the scripts on an image, written and read: each with its kind.

A note is a text that begins with its kind: "few stars: 3 behind the seeing". The notes of one
script stand in one field, with a bar between them.
"""

import logging
import re
from typing import NamedTuple

BETWEEN = " | "
INTAKE = ("frame_notes", "pixel_notes", "scene_notes", "star_notes")  # fields, in order of scripts
log = logging.getLogger("cosmouline")
_NUMBER = r"\d[\d.]*(?:e[+-]?\d+)?"


class Note(NamedTuple):
    """One note: its kind, without what differs from image to image, and all of its text."""

    kind: str
    text: str


def as_text(texts):
    """Return the value of a field for the notes of one script; None without any."""
    return BETWEEN.join(filter(None, texts)) or None


def of(row, *names):
    """Return every `Note` of some fields of an image."""
    return [Note(kind(text), text) for name in names
            for text in row.get(name, "").split(BETWEEN) if text]


def log_counts(db, images, name, text):
    """Log in how many images the count of a field is above 0, where it is highest, and a text."""
    rows = [db.rows[image["img_name"]] for image in images]
    found = [row for row in rows if row.get(name)]
    if found:
        most = max(found, key=lambda row: row[name])
        log.warning("%d images (most: %s, %d stars): %s", len(found), most["img_name"],
                    most[name], text)


def kind(text):
    """Return a note or a reason of rejection without numbers, names, details and the script."""
    head = re.split(r" = |: |\(|, not ", re.sub(r" \(\w+/\w+\)$", "", text))[0].strip()
    head = re.sub(rf"{_NUMBER} % of", "part of", re.sub(r"'[^']*'", "...", head))
    head = re.sub(rf"^{_NUMBER} ", "", head)  # how many there are
    head = re.sub(rf"{_NUMBER}( x {_NUMBER})*", "...", head)
    return " ".join(head.split()) or text
