"""What a user does to the database by hand: choose images, change a field, forget fields."""

import difflib
import fnmatch

from cosmouline.database import fields, provenance
from cosmouline.errors import UserError

KEPT = ("img_name", "set_name", "raw_path", "raw_state", "gogogo", "whynot", "treatme", "testlist",
        "updating")  # what a row is nothing without
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def chosen(rows, words):
    """Return the names of images by their names or parts of them.

    Parameters
    ----------
    rows : dict of str to dict
        All images by name.
    words : sequence of str
        A whole name means that image alone; anything else all whose names contain it.

    Returns
    -------
    list of str
        Sorted, each once.

    Raises
    ------
    UserError
        If a word fits no image.
    """
    found = set()
    for word in words:
        names = {word} & rows.keys() or {name for name in rows if word in name}
        if not names:
            near = difflib.get_close_matches(word, rows, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UserError(f"no image is called like '{word}'.{hint}")
        found |= names
    return sorted(found)


def typed(name, text):
    """Return the text of a command line as the type of a field; "none" is absent.

    Raises
    ------
    UserError
        If the field is not declared, or the text is no value of it.
    """
    try:
        kind = fields.lookup(name).type
        if text.lower() == "none":
            return None
        return fields.convert(name, WORDS[text.lower()] if kind is bool else kind(text))
    except (ValueError, KeyError) as error:
        reason = f"{text!r} is no {kind.__name__}" if "kind" in locals() else str(error)
        raise UserError(f"{name}: {reason}.") from error


def change(db, names, field, value):
    """Set a field of some images, and make what was computed from it out of date.

    Parameters
    ----------
    db : Database
    names : sequence of str
        Images.
    field : str
    value : object
        Of the field's type; None removes it.

    Raises
    ------
    UserError
        If the field is one that rows are nothing without.
    """
    if field in KEPT:
        raise UserError(f"{field} is not changed by hand here. Use set_gogogo.py, set_treatme.py "
                        "or set_testlist.py, or the lists of the lens.")
    script, numbers = fields.producer(field), {}
    for name in names:
        row, changes = db.rows[name], {field: value}
        word, last, _, _ = provenance.outcome(row, script)
        if word is not None:  # a run of its own, so that the scripts after it are behind
            if last not in numbers:
                used = db.runs.get(last, {}).get("settings", {})
                numbers[last] = db.begin_run(script, used)
            changes[f"ran__{script}"] = f"{word} {numbers[last]} {numbers[last]}: by hand"
        db.update(name, changes)


def fitting(rows, pattern):
    """Return the names of fields that a pattern fits, with the number of images that have each.

    Parameters
    ----------
    rows : dict of str to dict
    pattern : str
        A field, a family as in doc/fields.md, or a text with ``*``.

    Raises
    ------
    UserError
        If it fits none, or one that rows are nothing without.
    """
    counts = {}
    for row in rows.values():
        for name in row:
            if not name.startswith(("ran__", "made__")) and (
                    fnmatch.fnmatchcase(name, pattern) or fields.matches(pattern, name)):
                counts[name] = counts.get(name, 0) + 1
    if not counts:
        raise UserError(f"no image has a field like '{pattern}' (see list_fields.py).")
    for name in KEPT:
        if name in counts:
            raise UserError(f"'{pattern}' fits {name}, without which an image is nothing.")
    return dict(sorted(counts.items()))


def forget(db, names):
    """Remove fields from all images, with the records of the scripts that made them.

    So these scripts do their work again when they are run next.
    """
    records = {f"{what}__{fields.producer(name)}" for name in names for what in ("ran", "made")}
    for img_name, row in db.rows.items():
        gone = [name for name in names if name in row]
        if gone:
            db.update(img_name, dict.fromkeys([*gone, *(records & row.keys())]))
