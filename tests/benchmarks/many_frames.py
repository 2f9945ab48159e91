"""Take in thousands of tiny frames, one in ten of them bad: right counts, flat memory, no handle.

Run as: python tests/benchmarks/many_frames.py [frames, default 2000]

Frames of 64 x 64 pixels are written to a temporary folder; one in ten is bad in one of 20 ways.
The scripts from 1_character/1a_add_to_database to 4a_sky_stats run on them in this process, with
the memory and the open files looked at every 50 images, after a run on the first N_FIRST frames
that loads the libraries. Each good frame must be done by each script, each bad one refused by one
of the first two, the memory must stay within 20 %, and no file may be left open.
"""

import gc
import importlib.util
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.dates import mjd_to_iso
from cosmouline.engine import engine
from cosmouline.run import make_options

import numpy as np
from astropy.io import fits

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("1a_add_to_database", "1b_copy_convert", "2a_astrocalc", "2c_hot_pixels", "3a_detect",
           "3b_measure_seeing", "4a_sky_stats")
SIDE, EVERY, N_FIRST = 64, 50, 60
MOST_GROWTH = 1.2
SETTINGS = """
lens_name = "MANY"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = {work!r}
engine = "serial"
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r},
         "overrides": {{"pixel_scale_arcsec": 0.2, "site_lon_deg": -70.7,
                       "site_lat_deg": -29.3, "site_height_m": 2400.0, "filter": "R"}}}}]
"""
CARDS = {"EXPTIME": 300.0, "GAIN": 2.0, "RDNOISE": 5.0, "SATURATE": 60000.0, "OBJECT": "J0438"}


def header(**changes):
    """Return a change of the header of a frame; None removes a card."""
    def spoil(raw, data, cards):
        return _bytes(data, {key: value for key, value in (cards | changes).items()
                             if value is not None})
    return spoil


def pixels(change):
    """Return a change of the pixels of a frame."""
    return lambda raw, data, cards: _bytes(change(data.astype(np.float32)), cards)


WAYS = {
    "empty": lambda raw, data, cards: b"",
    "text": lambda raw, data, cards: b"not a frame\n" * 50,
    "zeros": lambda raw, data, cards: bytes(len(raw)),
    "cut": lambda raw, data, cards: raw[:len(raw) // 2],
    "header cut": lambda raw, data, cards: raw[:400],
    "half of the pixels": lambda raw, data, cards: raw[:2880 + SIDE * SIDE],
    "no pixels": lambda raw, data, cards: _bytes(None, cards),
    "line": pixels(lambda data: data[0]),
    "cube": pixels(lambda data: np.stack([data] * 3)),
    "window": pixels(lambda data: data[:10]),
    "NaN": pixels(lambda data: data * np.nan),
    "constant": pixels(lambda data: data * 0 + 7),
    "saturated": pixels(lambda data: data + 65000),
    "byte order": pixels(lambda data: data.byteswap()),
    "no date": header(**{"DATE-OBS": None}),
    "wrong date": header(**{"DATE-OBS": "2023-13-45T99:00:00"}),
    "no exposure time": header(EXPTIME=None),
    "negative exposure time": header(EXPTIME=-300.0),
    "no gain": header(GAIN=None),
    "gain is text": header(GAIN="low"),
}


def _bytes(data, cards):
    hdu = fits.PrimaryHDU(data)
    hdu.header.update(cards)
    with tempfile.TemporaryFile() as file:
        hdu.writeto(file)
        file.seek(0)
        return file.read()


def write_frames(folder, n):
    """Write the frames; return the way in which each bad one is bad, by its name."""
    random, bad = np.random.default_rng(1), {}
    y, x = np.mgrid[:SIDE, :SIDE]
    for number in range(n):
        data = random.normal(500, 15, (SIDE, SIDE))
        for k in range(9):  # one star in each ninth of the frame
            at_x, at_y = (np.array([k % 3, k // 3]) + 0.5) * SIDE / 3 + random.uniform(-4, 4, 2)
            data += 4000 * np.exp(-((x - at_x)**2 + (y - at_y)**2) / 6)
        cards = CARDS | {"DATE-OBS": mjd_to_iso(60280 + 0.01 * number)}
        raw = _bytes(data.astype(np.int16), cards)
        if number % 10 == 7:
            way = list(WAYS)[number // 10 % len(WAYS)]
            bad[f"R_{number:05d}"] = way
            raw = WAYS[way](raw, data, cards)
        (folder / f"{number:05d}.fits").write_bytes(raw)
    return bad


class Watch:
    """Memory in MB and open files, looked at while images are worked on."""

    def __init__(self):
        self.memory_mb, self.files = [], []
        self.outcomes, engine.outcomes = engine.outcomes, self._watched

    def look(self):
        """Look once."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.memory_mb.append(pages * 4096 / 1e6)
        self.files.append(len(list(Path("/proc/self/fd").iterdir())))

    def _watched(self, function, images, settings):
        for number, outcome in enumerate(self.outcomes(function, images, settings)):
            yield outcome
            if number % EVERY == EVERY - 1:
                self.look()


def run(script, settings):
    """Run a script in this process; return its counts."""
    path = ROOT / "pipe" / "1_character" / f"{script}.py"
    spec = importlib.util.spec_from_file_location(f"script_{script}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    settings.options = make_options(script=f"1_character/{script}")
    db = Database(settings.work_dir / "database.json")
    try:
        return module.main(settings, db)
    finally:
        db.save()
        db.close()


def follow(script, settings, watch, n_files):
    """Run a script and tell what it did, and what it used."""
    watch.memory_mb, watch.files, start = [], [], time.process_time()
    counts = run(script, settings)
    watch.look()
    told = ", ".join(f"{n} {word}" for word, n in (counts or {}).items() if n)
    print(f"{script:20} {told:35} {time.process_time() - start:4.0f} s CPU, "
          f"{watch.memory_mb[0]:.0f}-{watch.memory_mb[-1]:.0f} MB, open files "
          f"{watch.files[-1] - n_files:+d}", flush=True)
    return watch.memory_mb, watch.files[-1]


def tell_refused(rows, bad):
    """Tell what became of the bad frames; return whether it was right."""
    told = Counter((bad[name], row.get("whynot", "in use").partition(" (")[0])
                   for name, row in sorted(rows.items()) if name in bad)
    for (way, why), number in sorted(told.items()):
        print(f"{number:5d} {way:24} {why[:90]}")
    refused = {name for name, row in rows.items() if not row["gogogo"]}
    passed = sorted({bad[name] for name in set(bad) - refused})
    print(f"{len(bad)} bad frames of {len(rows)}, those that passed: {passed}, "
          f"good ones refused: {len(refused - set(bad))}")
    return refused == set(bad)


def prepare(folder, n):
    """Write frames and settings; return the settings, and the bad frames."""
    config, work, raw = (folder / name for name in ("config", "work", "raw"))
    for one in (config, work, raw):
        one.mkdir(parents=True)
    (config / "settings.py").write_text(SETTINGS.format(work=str(work), raw=str(raw)))
    return load_settings(config), write_frames(raw, n)


def main(n=2000):
    """Write, run, tell; exit with 1 if a count is wrong, memory grows, or a file is left open."""
    logging.getLogger("cosmouline").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as place:
        first, _ = prepare(Path(place) / "first", N_FIRST)
        settings, bad = prepare(Path(place) / "all", n)
        for script in SCRIPTS:
            run(script, first)
        watch, memory_mb = Watch(), []
        watch.look()
        before_mb, n_files = watch.memory_mb[0], watch.files[0]
        for script in SCRIPTS:
            mine_mb, n_open = follow(script, settings, watch, n_files)
            memory_mb += mine_mb
        print(f"memory {before_mb:.0f} MB before, then {min(memory_mb):.0f}-{max(memory_mb):.0f}")
        db = Database(settings.work_dir / "database.json")
        db.close()
        is_right = tell_refused(db.rows, bad)
        is_flat = max(memory_mb) <= MOST_GROWTH * before_mb
        sys.exit(not (is_right and is_flat and n_open == n_files))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
