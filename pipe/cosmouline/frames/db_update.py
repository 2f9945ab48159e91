"""New frames in a finished reduction: which ones they are, and what they changed."""

from typing import NamedTuple

from cosmouline.database import bands, paths, provenance, status
from cosmouline.database.columns import members
from cosmouline.database.database import Database
from cosmouline.database.manual import all_scripts
from cosmouline.database.script_header import is_choice, read_header, replaced_by, script_path
from cosmouline.errors import UserError
from cosmouline.files.lock import Lock
from cosmouline.frames import db_intake

import numpy as np


class Before(NamedTuple):
    """The database before an update: copies of the `rows`, last run, and `scripts` that ran."""

    rows: dict
    last_run: int
    scripts: frozenset = frozenset()


def read(settings):
    """Return what the database holds now."""
    db = Database(paths.database(settings))
    try:
        return Before({name: dict(row) for name, row in db.rows.items()}, max(db.runs, default=0),
                      frozenset(run["script"] for run in db.runs.values()))
    finally:
        db.close()


def new_frames(settings, rows):
    """Return the names of frames that are not in the rows yet or were replaced, by set.

    UserError if a folder of raw frames is missing or empty.
    """
    found = {}
    for one in settings.sets:
        found[one["name"]] = sorted(
            name for name, path in db_intake.frames_of(one).items()
            if "raw_state" not in rows.get(name, {}) or db_intake.is_replaced(rows[name], path))
    return found


def unsettled(settings, names, quiet_s, now_s):
    """Return which of some new frames have changed within `quiet_s`: they may still be written.

    `names` are image names; `now_s` is the time, as `time.time` gives it. A frame that has gone
    counts too.
    """
    found = []
    for one in settings.sets:
        for name, path in db_intake.frames_of(one).items():
            if name in names:
                try:
                    age_s = now_s - path.stat().st_mtime
                except OSError:
                    age_s = 0.0
                found += [name] if age_s < quiet_s else []
    return found


def as_before(order, before):
    """Return an order with the scripts that the user chose before in place of some of its own.

    An ``_alt_`` script replaces the one of its number. Another script that wrote the fields of one
    runs after that one.
    """
    chosen = {script for script in before.scripts if is_choice(script)
              and script_path(script).is_file()
              and provenance.stands_for(script, read_header(script).writes) != script}
    # What they replace is left out; the others run where all_scripts has them
    replaced = {replaced_by(script) for script in chosen}
    return [script for script in all_scripts(order)
            if (script in order and script not in replaced) or script in chosen]


def is_done(order, settings):
    """Return whether no script of an order has something to do; see `status.states`."""
    db = Database(paths.database(settings))
    try:
        states = status.states(db, settings, order)
        return status.next_script(db, states) is None and not any(
            line["lost"] for line in states) and not status.frame_lines(
                db.select(gogogo=True, treatme=True))
    finally:
        db.close()


def nothing_to_do(order, settings):
    """Return whether no frame is new, and nothing at all is open for the scripts of an order."""
    db = Database(paths.database(settings))
    try:
        images = db.select(gogogo=True, treatme=True)
        return bool(images) and not any(new_frames(settings, db.rows).values()) and not any(
            status.is_open(line) or line["lost"]
            for line in status.states(db, settings, order)) and not status.frame_lines(images)
    except UserError:  # the script that it concerns tells it
        return False
    finally:
        db.close()


def ran(order, before, after, names, settings):
    """Return a row per script: how many new images it did, how many old ones it changed or kept.

    `after` are the rows of the database now; `names` are those of the new images. An old image
    has changed, too, where the script had not run on it before.
    """
    table = []
    for script in order:
        header = read_header(script)
        key = provenance.record_name(script, header.needs, header.writes, settings)
        records = {name: provenance.outcome(row, key) for name, row in after.items()
                   if f"ran__{key}" in row}
        # An old image has changed if its values are of a run after the last one before the update
        old = [record[2] > before.last_run for name, record in records.items()
               if name not in names]
        if records:
            table.append({"script": script, "new images": len(records.keys() & names),
                          "old ones changed": sum(old),
                          "old ones kept": len(old) - sum(old)})
    return table


def moved(before, after, settings):
    """Return how far the curves of the old images moved, a row per source of each band.

    In units of the error of the flux, with the coefficients: what the user sees in the light
    curve. A source without old images has no row.
    """
    dec, table = settings.dec_name, []
    # Images with fluxes before and after the update, by band
    old_images = [row for name, row in after.items() if f"dec_chi2__{dec}" in row
                  and f"dec_chi2__{dec}" in before.rows.get(name, {})]
    for one, images in bands.split(old_images, settings):
        for source in members(images, f"flux_e__{dec}__{{source}}"):
            flux, coeff, sigma = names = (f"flux_e__{dec}__{source}", f"dec_coeff__{dec}",
                                          f"flux_sigma_e__{dec}__{source}")
            # Changes of the flux on the common scale, in units of its error
            pairs = [(before.rows[new["img_name"]], new) for new in images]
            shifts = np.abs([(new[flux] * new[coeff] - old[flux] * old[coeff])
                             / (new[sigma] * new[coeff]) for old, new in pairs
                             if all(name in row for row in (old, new) for name in names)])
            shifts = shifts[np.isfinite(shifts)]
            if shifts.size:
                table.append({"band": one.band or None, "source": source, "images": len(shifts),
                              "median sigma": float(np.median(shifts)),
                              "largest sigma": float(shifts.max())})
    return table


def mark(settings, names):
    """Set ``updating`` for the images of this update, and for no others."""
    path = paths.database(settings)
    with Lock(path):
        db = Database(path)
        try:
            for name in db.rows:
                db.update(name, {"updating": name in names})
            db.save()
        finally:
            db.close()
