"""New frames in a finished reduction: which they are, what they changed, and what stayed."""

from typing import NamedTuple

from cosmouline import bands, fields, intake, paths, provenance
from cosmouline.columns import members
from cosmouline.database import Database
from cosmouline.header import read_header, same_place

import numpy as np


class Before(NamedTuple):
    """The database before an update: copies of the `rows`, and the number of the last run."""

    rows: dict
    last_run: int


def read(settings):
    """Return the rows of the database, copied, and the number of the last run."""
    db = Database(paths.database(settings))
    try:
        return Before({name: dict(row) for name, row in db.rows.items()}, max(db.runs, default=0))
    finally:
        db.close()


def new_frames(settings, rows):
    """Return the names of frames that are not in the rows yet or were replaced, by set.

    Raises
    ------
    UserError
        If a folder of raw frames is missing or empty.
    """
    found = {}
    for one in settings.sets:
        states = {name: intake.state(path) for name, path in intake.frames_of(one).items()}
        found[one["name"]] = sorted(name for name, state in states.items()
                                    if rows.get(name, {}).get("raw_state") != state)
    return found


def as_before(order, rows):
    """Return an order with the alternatives that the images were made with before.

    A script stays where one of the images has its own record, or none has that of another one in
    its place.
    """
    records = {name.removeprefix("ran__").partition(":")[0]
               for row in rows.values() for name in row if name.startswith("ran__")}
    return [next((one for one in same_place(script) if one in records), script)
            for script in order]


def ran(order, before, after, settings):
    """Return a row per script: old images that it changed or left, and new ones that it did.

    Parameters
    ----------
    order : iterable of str
        Scripts.
    before : Before
    after : dict of str to dict
        The rows now.
    settings : namespace
    """
    told = []
    for script in order:
        header = read_header(script)
        key = fields.with_variant(script, fields.variant(header.writes or header.needs, settings))
        records = {name: provenance.outcome(row, key) for name, row in after.items()
                   if f"ran__{key}" in row}
        old = [record[2] > before.last_run for name, record in records.items()
               if f"ran__{key}" in before.rows.get(name, {})]
        new = [record[0] for name, record in records.items()
               if f"ran__{key}" not in before.rows.get(name, {})]
        if records:
            told.append({"script": script, "new images": len(new), "old ones changed": sum(old),
                         "old ones kept": len(old) - sum(old)})
    return told


def moved(before, after, settings):
    """Return how far the curves of the old images moved, a row per source of each band.

    In units of the error of the flux, with the coefficients: what the user sees in the light
    curve. A source without old images has no row.
    """
    dec, told = settings.dec_name, []
    old = [row for name, row in after.items() if f"dec_chi2__{dec}" in row
           and f"dec_chi2__{dec}" in before.rows.get(name, {})]
    for one, images in bands.split(old, settings):
        for source in members(images, f"flux_e__{dec}__{{source}}"):
            shifts = np.array([_shift(before.rows[image["img_name"]], image, dec, source)
                               for image in images])
            shifts = np.abs(shifts[np.isfinite(shifts)])
            if shifts.size:
                told.append({"band": one.band or None, "source": source, "images": len(shifts),
                             "median sigma": float(np.median(shifts)),
                             "largest sigma": float(shifts.max())})
    return told


def _shift(old, new, dec, source):
    """Return the change of a flux on the common scale, in units of its error."""
    names = (f"flux_e__{dec}__{source}", f"dec_coeff__{dec}", f"flux_sigma_e__{dec}__{source}")
    if any(name not in row for row in (old, new) for name in names):
        return np.nan
    flux, coeff, sigma = names
    return (new[flux] * new[coeff] - old[flux] * old[coeff]) / (new[sigma] * new[coeff])


def mark(settings, names):
    """Set ``updating`` for the images of this update, and for no others."""
    db = Database(paths.database(settings))
    try:
        for name, row in db.rows.items():
            if row.get("updating") != (name in names):
                db.update(name, {"updating": name in names})
        db.save()
    finally:
        db.close()
