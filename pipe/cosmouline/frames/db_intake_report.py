"""Report the frames that were refused or flagged at their intake: one line, and a file."""

import logging
import re
from collections import Counter

from cosmouline.database import notes, paths
from cosmouline.files import io_report
from cosmouline.files.io_fits import passed_over
from cosmouline.frames import db_consistency
from cosmouline.frames.db_intake import folders_of, no_frames

log = logging.getLogger("cosmouline")

COLUMNS = ("img_name", "file", "reason")
N_KINDS = 6  # reasons named in the line


def refused(rows):
    """Return (row, reason) of the images that a script, not the user, has taken out of use."""
    return [(row, row["whynot"]) for row in rows
            if not row.get("gogogo", True) and re.search(r" \(\w+/\w+\)$", row.get("whynot", ""))]


def flagged(rows):
    """Return (row, note) of all that is suspicious about images in use."""
    used = [row for row in rows if row.get("gogogo")]
    # Notes of the scripts, then what shows only in comparison with the other images
    others = [db_consistency.other_values(used, "filter"),
              db_consistency.other_values(used, "telescope"), db_consistency.other_gains(used),
              db_consistency.overlaps(used),
              db_consistency.duplicates(used), db_consistency.lone(used)]
    found = []
    for row in used:
        found += [(row, note.text) for note in notes.of(row, *notes.INTAKE)]
        found += [(row, more[row["img_name"]]) for more in others if row["img_name"] in more]
    return found


def write(settings, db):
    """Write report_intake.txt, and log how many images are refused and flagged, by reason."""
    # What to list: images out of use, images in use with a note, files that are no frames
    rows = db.select()
    bad, suspicious = refused(rows), flagged(rows)
    files = [(one, *found) for one in settings.sets for folder in folders_of(one)
             for found in (*passed_over(folder), *(
                 (path.name, f"the {kind} of {frame.name}")
                 for path, (kind, frame) in no_frames(folder).items()))]
    n_flagged = len({row["img_name"] for row, _ in suspicious})
    heads = (f"{len(bad)} of {len(rows)} images refused", f"{n_flagged} flagged",
             f"{len(files)} files ignored")
    counts = [_by_kind(pairs) for pairs in (bad, suspicious)]
    path = paths.report(settings, "intake")
    io_report.write_parts(path, f"{settings.lens_name}: intake of the frames", [
        io_report.Part("by reason: how many, the first image, and its reason", [
            {"n": n, "verdict": word, "image": name, "reason": reason}
            for word, count in zip(("refused", "flagged"), counts, strict=True)
            for n, name, _, reason in count], ("n", "verdict", "image", "reason")),
        io_report.Part(f"{heads[0]}. Repair or replace the files and run again, or name the "
                       "images in kicklist.txt.", _table(bad), COLUMNS),
        io_report.Part(f"{heads[1]}: they are used. Look at them, or name them in kicklist.txt.",
                       _table(suspicious), COLUMNS),
        io_report.Part(heads[2], [{"set": one["name"], "file": repr(file), "reason": why}
                                  for one, file, why in files], ("set", "file", "reason"))])
    # One line each, the most frequent reasons first
    for head, count in zip(heads, counts, strict=False):
        words = [f"{n} {kind}" if n > 1 else f"{name} ({reason})"
                 for n, name, kind, reason in count[:N_KINDS]]
        words += [f"{len(count) - N_KINDS} more reasons"] if len(count) > N_KINDS else []
        log.info("%s%s", head, f": {'; '.join(words)}" if words else "")
    log.info("what was refused or flagged and why: %s", paths.relative(path))


def warn_of_duplicates(db):
    """Warn of images in use that have the pixels of another one."""
    for name, note in db_consistency.duplicates(db.select(gogogo=True)).items():
        if "pixels" in note:
            log.warning("%s %s. Name one of them in kicklist.txt.", name, note)


def _by_kind(pairs):
    """Return (n, image, kind, reason) of each kind of reason: of its first image; most first."""
    first, counts = {}, Counter(notes.kind(reason) for _, reason in pairs)
    for row, reason in pairs:
        first.setdefault(notes.kind(reason),
                         (row["img_name"], re.sub(r" \(\w+/\w+\)$", "", reason)))
    return [(n, first[kind][0], kind, first[kind][1]) for kind, n in counts.most_common()]


def _table(pairs):
    """Return the rows of a table of images."""
    return [{"img_name": row["img_name"], "file": row["raw_path"].rpartition("/")[2],
             "reason": reason} for row, reason in pairs]
