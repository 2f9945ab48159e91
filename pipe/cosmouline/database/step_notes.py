"""Scripts that leave nothing in the rows: when they ran, and on what.

These are reports, exports, light curves and pages. Each has a file ``steps/<script>.json`` in the
work folder: the last run of the database at that time, the settings that it read, and a hash of
the names of the images in use and of the lists in the folder of the lens.
"""

import hashlib
import json

from cosmouline.database import fields, paths, provenance
from cosmouline.database.database import rejected_by
from cosmouline.database.script_header import is_choice, rank, read_header
from cosmouline.files.io_text import write_text

NOT_OF_THE_ORDER = ("extrascripts/", "all_update/", "skymaker/")


def write(script, settings, db):
    """Note that a script has come to its end, if it is one of an order without records."""
    if not (is_choice(script) or script.startswith(NOT_OF_THE_ORDER)
            or read_header(script).leaves_record):
        path, now = _path_and_state(script, settings, db)
        write_text(path, json.dumps(now, indent=1) + "\n")


def state(script, settings, db):
    """Return ``done``, ``out of date`` or ``to do`` for a script, by its note."""
    path, now = _path_and_state(script, settings, db)
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        last = int(noted.pop("last run"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "to do"
    makers = {fields.producer(name)
              for name in fields.expand(read_header(script).needs, settings)}
    is_older = any(provenance.outcome(row, maker)[2] > last
                   for row in db.select(treatme=True) for maker in makers)
    return "out of date" if is_older or noted != {key: now[key] for key in noted} else "done"


def _path_and_state(script, settings, db):
    """Return the path of the note of a script, and what the note would hold now."""
    header = read_header(script)
    key = provenance.record_name(script, header.needs, header.writes, settings)
    # In use for it is what no script before it has rejected
    names = sorted(row["img_name"] for row in db.select(treatme=True)
                   if row["gogogo"] or rank(rejected_by(row)) >= rank(script))
    path = paths.steps(settings) / f"{key.replace('/', '-').replace(':', '--')}.json"
    return path, {"last run": max(db.runs, default=0),
                  "settings": provenance.settings_used(settings, header.settings),
                  "lists": _lists(settings),
                  "images": hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]}


def _lists(settings):
    """Return a hash of the files next to settings.py: lists of images and stars, masks."""
    total = hashlib.sha256()
    for path in sorted(settings.config_dir.iterdir()):
        if path.suffix in (".txt", ".cat", ".reg") and path.is_file():
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()[:16]
