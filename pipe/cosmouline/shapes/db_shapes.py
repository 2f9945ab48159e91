"""Shapes of the objects of a tile, in batches that are kept when a run is stopped."""

import functools
import hashlib
import json
import re
import sys
from pathlib import Path

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.images.ccds import db_ccds
from cosmouline.psf.over_field import db_field
from cosmouline.shapes.metacal import SHEARS, Epoch, metacalibrate, psf_moments
from cosmouline.sources.ccds import db_detect
from cosmouline.stamps import db_vignets

import numpy as np

DILATION = 1.2  # of the target PSF over the widest PSF
COLUMNS = ("e1", "e2", "size", "flux", "flux_error", "e_error")
NO_EPOCH, FAILED = 1, 2  # bits of flags


def digest(tile, settings):
    """Return a hash of what the shapes of a tile are made of."""
    text = json.dumps([tile["tile_psfs"], tile["tile_vignets_of"], settings.shape_metacal,
                       settings.shape_psf, settings.shape_masks], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def target_sigma(tile, settings, ccds):
    """Sigma in arcsec of the round PSF that all objects of a tile get."""
    given = settings.shape_metacal["target_sigma_arcsec"]
    if given is not None:
        return float(given)
    table = read_table(db_field.epochs_path(tile, settings), "PSF")
    scale = max(row["ccd_scale_arcsec"] for row in ccds)
    return DILATION * scale * float(np.nanmax(table["sigma_px"][table["is_accepted"]]))


def batches(tile, settings, ccds, redo=False):
    """Return the items of the batches of a tile that are not done (or all), and all paths."""
    n, step = tile["n_tile_objects"], settings.shape_metacal["batch"]
    sigma, word = target_sigma(tile, settings, ccds), digest(tile, settings)
    folder, todo, files = paths.shapes(settings, "shapes", tile["img_name"]), [], []
    for number, first in enumerate(range(0, n, step)):
        path = folder / f"{word}_{first:07d}.fits"
        files.append(path)
        if redo or not path.is_file():
            todo.append({"img_name": f"{tile['img_name']} {first}", "number": number, "tile": tile,
                         "ccds": ccds, "first": first, "last": min(first + step, n),
                         "path": str(path), "target_sigma": sigma})
    return todo, files


def part_of(text):
    """Return the numbers of the batches in part "i/n" as a range without an end; None: all.

    Raises UserError.
    """
    if text is None:
        return range(sys.maxsize)
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if not match or int(match[1]) > int(match[2]):
        raise UserError(f"--part {text}: write it as 2/16: the second of 16 parts.")
    return range(int(match[1]) - 1, sys.maxsize, int(match[2]))


def measure_batch(item, settings):
    """Measure the objects first to last of a tile and write them."""
    tile, first, last = item["tile"], item["first"], item["last"]
    tables = (db_vignets.folder(tile, settings) / "index.fits",
              db_field.epochs_path(tile, settings))
    index, accepted = _epochs_of(*tables, tuple(path.stat().st_mtime_ns for path in tables))
    stores = [db_vignets.store(tile, settings, kind) for kind in ("image", "weight", "flags")]
    rows_of = {}
    inside = (index["NUMBER"] > first) & (index["NUMBER"] <= last)
    for row in np.flatnonzero(inside & accepted):
        rows_of.setdefault(int(index["NUMBER"][row]), []).append(row)
    ccds = {row["img_name"]: row for row in item["ccds"]}
    names = set(index["CCD"][inside & accepted])
    psfs = {name: db_field.psf(ccds[name], settings) for name in names}
    found = {"NUMBER": np.arange(first + 1, last + 1, dtype=np.int32)}
    for name in ("n_epochs", "flags"):
        found[name] = np.zeros(last - first, dtype=np.int32)
    found |= {f"{name}_{kind}": np.full(last - first, np.nan) for kind in SHEARS
              for name in COLUMNS}
    found |= {name: np.full(last - first, np.nan) for name in ("psf_e1", "psf_e2", "psf_size")}
    seed = db_ccds.seed_of(tile["img_name"])
    for k, number in enumerate(found["NUMBER"]):
        # the draw of the noise is of the object alone: the same in any batch, on any engine
        rng = np.random.default_rng([seed, int(number)])
        epochs = []
        for row in rows_of.get(int(number), ()):
            ccd = ccds[index["CCD"][row]]
            one = _epoch(row, index, stores, psfs[ccd["img_name"]], ccd, tile, settings, rng)
            epochs += [one] if one is not None else []
        found["n_epochs"][k] = len(epochs)
        if not epochs:
            found["flags"][k] = NO_EPOCH
            continue
        shapes = metacalibrate(epochs, item["target_sigma"], rng,
                               settings.shape_metacal["fix_noise"])
        for kind, shape in shapes.items():
            for name, value in zip(COLUMNS, shape, strict=True):
                found[f"{name}_{kind}"][k] = value
        if not all(np.isfinite(shape.e1) for shape in shapes.values()):
            found["flags"][k] = FAILED
        found["psf_e1"][k], found["psf_e2"][k], found["psf_size"][k] = psf_moments(epochs)
    write_tables(Path(item["path"]), {"SHAPES": found}, {"TARGET": item["target_sigma"]})
    return {"n": last - first}


@functools.lru_cache(maxsize=1)  # a worker does many batches of one tile
def _epochs_of(index_path, psf_path, changed_ns):
    """Return the table of the vignets of a tile, and which of them have a PSF."""
    index = read_table(index_path, "EPOCHS")
    return index, read_table(psf_path, "PSF")["is_accepted"] & index["is_cut"]


def _epoch(row, index, stores, psf, ccd, tile, settings, rng):
    """Return the `Epoch` of one vignet in counts of the tile; None where it is masked too much.

    A bad pixel takes the value of the one opposite through the object: a galaxy looks the same
    from both sides. Where both are bad it becomes noise.
    """
    image, weight, flags = (np.array(store[row]) for store in stores)
    masks = settings.shape_masks
    ignored = masks["border_flag"] | masks["halo_flag"]
    bad = ~(weight > 0) | ((flags & ~ignored) != 0)
    if bad.mean() > settings.shape_metacal["masked_max"] or bad[
            image.shape[0] // 2, image.shape[1] // 2]:
        return None
    sigma = ccd["ccd_sky_sigma_adu"]
    opposite = image[::-1, ::-1]
    filled = np.where(bad, opposite, image)
    both = bad & bad[::-1, ::-1]
    filled[both] = rng.normal(0, sigma, int(both.sum()))
    scale = 10 ** (0.4 * (tile["ccd_zero_point_mag"] - ccd["ccd_zero_point_mag"]))
    at = np.array([index["x_px"][row], index["y_px"][row]])
    jacobian = np.array([[index["j11"][row], index["j12"][row]],
                         [index["j21"][row], index["j22"][row]]])
    return Epoch(scale * filled, psf.at(at[:1], at[1:])[0], jacobian, at - np.rint(at),
                 scale * sigma)


def join(tile, settings, files):
    """Join the batches of a tile into shapes/shapes/<tile>.fits; return its fields."""
    tables = [read_table(path, "SHAPES") for path in files]
    joined = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    write_tables(shapes_path(tile, settings), {"SHAPES": joined})
    content = b"".join(joined[key].tobytes() for key in sorted(joined))
    return {"n_tile_shapes": int((joined["flags"] == 0).sum()),
            "tile_shapes": hashlib.sha256(content).hexdigest()[:12]}


def shapes_path(tile, settings):
    """Return the path of the shapes of a tile."""
    return paths.shapes(settings, "shapes", f"{tile['img_name']}.fits")


def ccds_with_psf(db, settings):
    """Return the rows of CCDs that have a PSF."""
    return db_ccds.rows(db, settings, db_ccds.EXPOSURES, ("ccd_psf_hash",))


def lost_epochs(tile, settings):
    """Return for each CCD of a tile how many objects lie on it, and on how many it has no PSF."""
    table = db_detect.epochs(tile, settings)
    psf = read_table(db_field.epochs_path(tile, settings), "PSF")
    return {str(name): (int((table["CCD"] == name).sum()),
                        int((~psf["is_accepted"][table["CCD"] == name]).sum()))
            for name in np.unique(table["CCD"])}
