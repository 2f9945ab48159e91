"""Memory and cost of vignets, classes, shapes and catalogue for ten times more objects on a tile.

Run as  : python tests/benchmarks/shapes_at_scale.py OUT [10000 100000]

A small mosaic is brought through fac_shapes once; then its tile gets so many objects at random
places, most of them on noise, and each step runs in a process of its own. Printed are CPU seconds
per 1000 objects and the most memory beside the pages of files (RssAnon), which the system takes
back when it needs them. Shapes are measured on one batch.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.script_header import ROOT
from cosmouline.database.settings import load_settings
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.images.ccds import db_ccds
from cosmouline.psf.over_field import db_field
from cosmouline.shapes import db_catalogue, db_classes, db_shapes
from cosmouline.stamps import db_vignets

import numpy as np

SETTINGS = """
lens_name = "SCALE"
work_dir = {work!r}
engine = "serial"
catalogue = {sky!r} + "/catalogue.ecsv"
shape_images = {{"dir": {sky!r}}}
"""
STEPS = ("4b_psf_multiepoch", "5a_vignets", "5b_spread_model", "6_shapes, a batch",
         "7a_make_catalogue, 7b_merge")


def multiply(tile, ccds, settings, n):
    """Give a tile n objects at random places, with their epochs."""
    rng = np.random.default_rng(1)
    path = paths.shapes(settings, "objects", f"{tile['img_name']}.fits")
    old = read_table(path, "OBJECTS")
    objects = {key: values[rng.integers(0, len(values), n)] for key, values in old.items()}
    xy = rng.uniform(5, tile["ccd_nx_px"] - 5, (n, 2))
    objects |= {"NUMBER": np.arange(1, n + 1, dtype=np.int32), "XWIN_IMAGE": xy[:, 0] + 1,
                "YWIN_IMAGE": xy[:, 1] + 1}
    objects["XWIN_WORLD"], objects["YWIN_WORLD"] = db_ccds.wcs(tile).all_pix2world(xy, 0).T
    sky, epochs = np.column_stack([objects["XWIN_WORLD"], objects["YWIN_WORLD"]]), []
    for row in ccds:
        at = db_ccds.pixels_on(row, sky)
        on = np.flatnonzero(np.isfinite(at[:, 0]))
        epochs.append((objects["NUMBER"][on], np.full(on.size, row["img_name"]), *at[on].T))
    table = dict(zip(("NUMBER", "CCD", "x_px", "y_px"), map(np.concatenate, zip(
        *epochs, strict=True)), strict=True))
    write_tables(path, {"OBJECTS": objects, "EPOCHS": table})


def step(name, tile, ccds, settings):
    """Run one step on the tile."""
    if name == STEPS[0]:
        db_field.write_epochs(tile, settings, ccds)
    elif name == STEPS[1]:
        db_vignets.cut_tile(tile, settings, ccds)
    elif name == STEPS[2]:
        db_classes.classify(tile, settings)
    elif name == STEPS[3]:
        todo, _ = db_shapes.batches(tile, settings, ccds)
        db_shapes.measure_batch(todo[0], settings)
        db_shapes.measure_batch(todo[1], settings)
    else:
        n = tile["n_tile_objects"]
        (one, *_) = paths.shapes(settings, "shapes", tile["img_name"]).glob("*.fits")
        shapes = {key: np.resize(values, n) for key, values in read_table(one, "SHAPES").items()}
        shapes["NUMBER"] = np.arange(1, n + 1, dtype=np.int32)
        write_tables(db_shapes.shapes_path(tile, settings), {"SHAPES": shapes})
        db_catalogue.make(tile, settings)
        db_catalogue.merge([tile], settings)


def measured(name, config, n):
    """Run a step in this process; print its cost per 1000 objects and its memory."""
    settings = load_settings(config)
    db = Database(settings.work_dir / "shapes.json")
    db.close()
    (tile,) = [row for row in db.rows.values() if row["set_name"] == db_ccds.TILES]
    tile |= {"n_tile_objects": n, "tile_psfs": "psf", "tile_vignets_of": "objects"}
    ccds = [row for row in db.rows.values() if row["set_name"] == db_ccds.EXPOSURES]
    if name == STEPS[0]:
        multiply(tile, ccds, settings, n)
    most, at_end = [0], threading.Event()

    def watch():
        while not at_end.wait(0.02):
            text = Path("/proc/self/status").read_text()
            most[0] = max(most[0], int(text.split("RssAnon:")[1].split()[0]))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    start = time.process_time()
    step(name, tile, ccds, settings)
    cpu_s = time.process_time() - start
    at_end.set()
    watcher.join()
    of = 2 * settings.shape_metacal["batch"] if name == STEPS[3] else n
    print(f"{n:7d} {name:28s} {1000 * cpu_s / of:8.3f} s per 1000   {most[0] / 1024:6.0f} MiB",
          flush=True)


def main(out, numbers):
    """Make the small mosaic, then run every step for each number of objects."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "pipe")}
    sky, config = out / "sky", out / "config"
    shutil.rmtree(out, ignore_errors=True)
    config.mkdir(parents=True)
    (config / "settings.py").write_text(SETTINGS.format(work=str(out / "work"), sky=str(sky)))
    for words in (["skymaker/3_draw_mosaic.py", "small", "--out", str(sky)],
                  ["pipe/run_all.py", str(config), "--route", "shapes", "--to",
                   "fac_shapes/4b_psf_multiepoch"]):
        subprocess.run([sys.executable, str(ROOT / words[0]), *words[1:]], env=environment,
                       check=True, capture_output=True)
    for n in numbers:
        for name in STEPS:
            subprocess.run([sys.executable, __file__, str(config), str(n), name],
                           env=environment, check=True)
        shutil.rmtree(out / "work" / "shapes" / "vignets")
        shutil.rmtree(out / "work" / "shapes" / "shapes")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[3] in STEPS:
        measured(sys.argv[3], Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main(Path(sys.argv[1]).resolve(), [int(n) for n in sys.argv[2:]] or [10_000, 100_000])
