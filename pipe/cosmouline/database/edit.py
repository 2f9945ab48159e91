"""Changes of the database by hand: choose images, change or forget fields."""

import fnmatch
import logging

from cosmouline.database import fields, provenance
from cosmouline.database.columns import column, texts
from cosmouline.errors import UserError, did_you_mean

import numpy as np

log = logging.getLogger("cosmouline")

KEPT = ("img_name", "set_name", "raw_path", "raw_state", "gogogo", "whynot", "treatme", "testlist",
        "updating")  # what a row is nothing without
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def chosen(rows, words):
    """Return the sorted names of images by their names or parts of them.

    A complete name means that image alone; any other word all images whose names contain it.

    Raises UserError if a word fits no image.
    """
    found = set()
    for word in words:
        names = {word} & rows.keys() or {name for name in rows if word in name}
        if not names:
            raise UserError(f"no image is called like '{word}'.{did_you_mean(word, rows)}")
        found |= names
    return sorted(found)


def reject(db, names, reason):
    """Reject images by hand; report it where the reference image is among them."""
    for name in names:
        db.reject(name, f"by hand: {reason}")
        log.info("%s is rejected: %s", name, reason)
        if db.rows[name].get("ref_img_name") == name:
            log.info("%s is the reference image: choose another one (ref_img_name).", name)


def revive(db, names):
    """Take images back into use."""
    for name in names:
        if db.rows[name]["gogogo"]:
            log.info("%s is in use already", name)
        else:
            log.info("%s is in use again, it was rejected: %s", name, db.rows[name]["whynot"])
            db.update(name, {"gogogo": True, "whynot": None})


def treat(db, is_on, **wanted):
    """Take images up or set them aside: those whose fields are as wanted; None: any.

    Raises UserError if there are none.
    """
    # What is not asked for is not compared
    wanted = {name: value for name, value in wanted.items() if value is not None}
    rows = db.select(**wanted)
    if not rows:
        asked = " and ".join(f"{name} '{value}'" for name, value in wanted.items())
        known = "; ".join(f"{name}: {', '.join(sorted(set(texts(db.select(), name))))}"
                          for name in wanted)
        raise UserError(f"no image has {asked or 'been added yet'}. There are: {known or 'none'}.")
    for row in rows:
        db.update(row["img_name"], {"treatme": is_on})
    log.info("treatme is %s for %d images", "on" if is_on else "off", len(rows))


def tests_by_seeing(db, n, is_typical):
    """Return a comment by name for n images of each set: the sharpest, or nearest to its median.

    Raises UserError if n is below 1, or a set has no image in use with a seeing.
    """
    if n < 1:
        raise UserError("--best and --typical: give a number of images from 1 on.")
    found = {}
    for set_name in sorted({row["set_name"] for row in db.rows.values()}):
        rows = [row for row in db.select(set_name=set_name, gogogo=True, treatme=True)
                if "fwhm_arcsec" in row]
        if not rows:
            raise UserError(f"set {set_name}: no image in use has a seeing. "
                            "Run 1_character/3b_measure_seeing.py first.")
        # Sharpest is nearest to 0
        middle = np.median(column(rows, "fwhm_arcsec")) if is_typical else 0.0
        rows.sort(key=lambda row: abs(row["fwhm_arcsec"] - middle))
        found |= {row["img_name"]: f"seeing {row['fwhm_arcsec']:.2f} arcsec" for row in rows[:n]}
    return found


def typed(name, text):
    """Return the text of a command line as the type of a field; "none" is absent.

    Raises UserError if the field is not declared, or the text is no value of it.
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
    """Set a field of some images (None removes it); what was computed from it is out of date.

    Raises UserError if the field is one that rows are nothing without.
    """
    if field in KEPT:
        raise UserError(f"{field} is not changed by hand here. Use the other options of "
                        "edit_database.py, or the lists of the lens.")
    script, numbers = fields.producer(field), {}
    for name in names:
        row, changes = db.rows[name], {field: value}
        log.info("%s: %s was %s, is %s", name, field, row.get(field), value)
        # A run of its own, with the settings of before, makes the scripts after it out of date
        word, last, _, _ = provenance.outcome(row, script)
        if word is not None:
            if last not in numbers:
                used = db.runs.get(last, {}).get("settings", {})
                numbers[last] = db.begin_run(script, used)
            changes[f"ran__{script}"] = f"{word} {numbers[last]} {numbers[last]}: by hand"
        db.update(name, changes)


def fitting(rows, pattern):
    """Return the names of fields that a pattern fits, with the number of images that have each.

    The pattern is a field, a family as in doc/fields.md, or a text with ``*``. Raises UserError
    if it fits none, or one that rows are nothing without.
    """
    # Records of scripts are no fields of the user
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
        there = [name for name in names if name in row]
        if there:
            db.update(img_name, dict.fromkeys([*there, *(records & row.keys())]))


def remove(db, pattern, is_sure):
    """Report the fields that a pattern fits, and forget them if the user is sure."""
    found = fitting(db.rows, pattern)
    for name, n in found.items():
        log.info("%s: %d images", name, n)
    if is_sure:
        forget(db, list(found))
        log.info("%d fields are removed; the last backup is in %s", len(found),
                 db.store.path.parent / "backups")
    else:
        log.info("%d fields would be removed: add --yes to do it", len(found))
