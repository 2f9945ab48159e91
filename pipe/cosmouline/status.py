"""What each script has done on the images of a lens."""

from collections import Counter

from cosmouline import fields, paths, provenance, reports
from cosmouline.database import Database
from cosmouline.header import read_header

COLUMNS = ("script", "done", "failed", "out of date", "to do")


def report(settings, order):
    """Return a table: for each script that works on images, the images done, failed, to do.

    Rejected images are counted below the table, with their reasons.
    """
    db = Database(paths.database(settings))
    in_use = db.select(gogogo=True, treatme=True)
    rows = [_line(script, in_use, settings, db.runs) for script in order
            if read_header(script).leaves_record]
    text = reports.table(rows, COLUMNS)
    return f"{text}\n{len(db.rows)} images, {len(in_use)} in use\n{_reasons(db)}"


def _line(script, images, settings, runs):
    """Count the images of one script by their state."""
    header = read_header(script)
    used = provenance.settings_used(settings, header.settings)
    needs = fields.expand(header.needs, settings)
    counts = Counter(_state(image, script, needs, runs, used) for image in images)
    return {"script": script, **{name: counts[name] for name in COLUMNS[1:]}}


def _state(image, script, needs, runs, used):
    word = provenance.outcome(image, script)[0]
    if word is None:
        return "to do"
    if word != "done":
        return "failed"
    stale = provenance.why_out_of_date(image, script, needs, runs, used)
    return "out of date" if stale else "done"


def _reasons(db):
    """List the rejected images by reason."""
    rejected = Counter(row.get("whynot", "no reason given") for row in db.select(gogogo=False))
    return "\n".join(f"{n} rejected: {why}" for why, n in rejected.most_common())
