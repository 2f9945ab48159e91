"""What was refused and what is odd at the intake of frames: one line, and a report."""

import logging
import re
from collections import Counter

from cosmouline.database import notes, paths
from cosmouline.files import io_report
from cosmouline.files.io_fits import passed_over
from cosmouline.frames import db_consistency

log = logging.getLogger("cosmouline")

COLUMNS = ("img_name", "file", "reason")
N_KINDS = 6  # reasons named in the line


def refused(rows):
    """Return (row, reason) of the images that a script, not the user, has taken out of use."""
    return [(row, row["whynot"]) for row in rows
            if not row.get("gogogo", True) and re.search(r" \(\w+/\w+\)$", row.get("whynot", ""))]


def flagged(rows):
    """Return (row, note) of all that is odd about images in use."""
    used = [row for row in rows if row.get("gogogo")]
    others = [look(used) for look in (
        db_consistency.other_filters, db_consistency.other_cameras, db_consistency.other_gains,
        db_consistency.duplicates, db_consistency.lone)]
    found = []
    for row in used:
        found += [(row, note.text) for note in notes.of(row, *notes.INTAKE)]
        found += [(row, more[row["img_name"]]) for more in others if row["img_name"] in more]
    return found


def write(settings, db):
    """Write report_intake.txt, and tell how many images are refused and flagged, by reason."""
    rows = db.select()
    bad, odd = refused(rows), flagged(rows)
    files = [(one, *found) for one in settings.sets for found in passed_over(one["raw_dir"])]
    n_odd = len({row["img_name"] for row, _ in odd})
    heads = (f"{len(bad)} of {len(rows)} images refused", f"{n_odd} flagged",
             f"{len(files)} files passed over")
    path = paths.report(settings, "intake")
    io_report.write_parts(path, f"{settings.lens_name}: intake of the frames", [
        io_report.Part("by reason", _counts(bad, odd), ("n", "verdict", "reason")),
        io_report.Part(f"{heads[0]}. Mend or replace the files and run again, or name the images "
                       "in kicklist.txt.", _table(bad), COLUMNS),
        io_report.Part(f"{heads[1]}: they are used. Look at them, or name them in kicklist.txt.",
                       _table(odd), COLUMNS),
        io_report.Part(heads[2], [{"set": one["name"], "file": repr(file), "reason": why}
                                  for one, file, why in files], ("set", "file", "reason"))])
    for head, pairs in zip(heads, (bad, odd), strict=False):
        log.info("%s%s", head, _by_kind(pairs))
    log.info("what was refused or flagged and why: %s", paths.relative(path))


def tell_duplicates(db):
    """Tell of images in use that have the pixels of another one."""
    for name, note in db_consistency.duplicates(db.select(gogogo=True)).items():
        if "pixels" in note:
            log.warning("%s %s. Name one of them in kicklist.txt.", name, note)


def _by_kind(pairs):
    """Return the reasons with their counts, the most frequent first, for one line."""
    counts = Counter(notes.kind(reason) for _, reason in pairs).most_common()
    words = [f"{n} {word}" for word, n in counts[:N_KINDS]]
    more = [f"{len(counts) - N_KINDS} more reasons"] if len(counts) > N_KINDS else []
    return f": {'; '.join(words + more)}" if counts else ""


def _counts(bad, odd):
    """Return the rows of the first table."""
    return [{"n": n, "verdict": word, "reason": reason}
            for word, pairs in (("refused", bad), ("flagged", odd))
            for reason, n in Counter(notes.kind(text) for _, text in pairs).most_common()]


def _table(pairs):
    """Return the rows of a table of images."""
    return [{"img_name": row["img_name"], "file": row["raw_path"].rpartition("/")[2],
             "reason": reason} for row, reason in pairs]
