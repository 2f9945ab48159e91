"""Every script on every kind of bad input: what it says, how it ends, how long it takes.

Run as  : python tests/crash/every_script.py OUT [--groups words database ...] [--part 1/8]
          [--scripts 4_norm ...] [--kinds NaN ...] [--each] [--list]

A small lens is reduced once; each run gets a copy of it in which one thing is bad. All libraries
are loaded once: each script runs as a copy of this process, so that a run costs what the script
does. OUT/table.tsv has a line for each run; faults are printed. With --each every kind comes to
one script, the next kind to another one; with --part 1/8 every eighth run.
"""

import argparse
import contextlib
import importlib.util
import json
import math
import os
import re
import resource
import runpy
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from cosmouline.database import script_header
from cosmouline.database.settings import SAMPLE, load_settings
from cosmouline.errors import UserError
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.model import change_frame

HERE, ROOT = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2]
LONGEST_S, LONGEST_CPU_S = 300, 10  # of a run: by the clock, which others share, and of the CPU
FOLDERS = "pipe/[0-9]*", "pipe/fac_*", "pipe/all_*", "lcmanip", "extrascripts", "skymaker"
NOBODY = 65534
LIBRARIES = ("astropy.coordinates", "astropy.io.fits", "astropy.table", "astropy.time",
             "astropy.wcs", "encodings.utf_8_sig", "h5py", "matplotlib.backends.backend_agg",
             "matplotlib.figure", "regions", "scipy.ndimage", "scipy.optimize", "scipy.signal",
             "scipy.spatial", "scipy.stats", "sep", "tqdm", "yaml")
SETTINGS = (ROOT / "tests/small_lens.txt").read_text(encoding="utf-8")
BAD_TEXT = {"empty": b"", "binary": bytes(range(256)) * 20, "words": b"this is\nno list, is it?\n",
            "numbers": b"1 2 3\n4 5\nnan inf -1\n", "html": b"<html><body>404</body></html>",
            "json": b'{"a": [1, NaN]}', "utf16": "R_tiny_0001 bad\n".encode("utf-16")}
SIDE_FILES = ("kicklist.txt", "testlist.txt", "normstars.cat", "psf_psf1.cat", "photomstars.cat",
              "psf_psf1_skiplist.txt", "dec_lens_skiplist.txt", "join_skiplist.txt",
              "excluded_nights.txt", "calibrations.txt", "catalogue.ecsv", "dec_lens_sources.cat",
              "psf_psf1_mask_a.reg", "obj_lens_mask.reg")
STARS = {"twice": "a 100 120\na 20 30\n", "outside": "a 9999 50\nb -5 5\nc 1e308 2\n",
         "comma": "a 10,5 10\n", "nan": "a nan 10\n", "one": "a 90 80\n",
         "nothing there": "a 7 7\n", "sky words": "a 12:61:00 -95:00:00\n", "path": "../a 10 10\n",
         "many": "".join(f"s{i} {i % 170} {i // 170 * 3}\n" for i in range(5000))}


class Ended(NamedTuple):
    """How a run ended."""

    status: int
    out: str
    errors: str
    cpu_s: float


class Kind(NamedTuple):
    """One kind of bad input.

    `damage` changes a copy of the lens; `words` are those behind the script's name, instead of
    the folder of the lens; `stops` tells that no script may come to a good end.
    """

    group: str
    name: str
    damage: object = None
    words: tuple | None = None
    stops: bool = False
    scripts: object = None  # those it is for; None: all of a lens
    redo: bool = False
    as_nobody: bool = False


OUT = {script: ["--out", "new"] for script in (
    "extrascripts/new_lens", "extrascripts/import_cosmouline", "extrascripts/import_lightcurver",
    "extrascripts/fits_to_png", "extrascripts/edit_header")} | {"all_update/2_watch": ["--once"]}
GOOD = {("frame for a folder", "extrascripts/fits_to_png"),  # what is no mistake there
        ("empty word", "extrascripts/new_lens"), ("folder of frames", "extrascripts/new_lens"),
        ("settings.py is empty of a lens", "extrascripts/campaign"),
        ("settings.py fails", "extrascripts/campaign"),
        ("settings.py stops", "extrascripts/campaign"),
        ("settings.py has an unknown name", "extrascripts/campaign"),
        ("settings.py has an unknown name", "extrascripts/import_cosmouline")}


MAKERS = ("1_character/1a_add_to_database", "0_preparation/0a_import_raw")  # of rows


def all_scripts():
    """Return the names of all scripts."""
    return ["run_all", *(script_header.script_name(path) for folder in FOLDERS
                         for path in sorted(ROOT.glob(f"{folder}/*.py"))
                         if path.stem != "write_docs")]


def is_of_a_lens(script):
    """Return whether a script works on the folder of a lens, and may be run without the world."""
    text = script_header.script_path(script).read_text(encoding="utf-8")
    return "run(main, __doc__" in text and "run_tool" not in text


def own_words(script, lens):
    """Return the words that a script needs besides the folder of the lens."""
    return {"extrascripts/inspect_image": ["ref"],
            "extrascripts/zero_point": ["--catalogue", str(lens.folder / "mags.txt")],
            "extrascripts/compare_with_truth": ["--truth", str(lens.sky)],
            "extrascripts/query": ["select img_name from images"],
            "fac_combi/5_opt_new_config": ["--to", str(lens.folder / "new")],
            "fac_astrometry/1_fetch_catalogue": ["--from-file", str(lens.sky / "catalogue.ecsv")],
            "all_update/2_watch": ["--once"], "run_all": ["--status"]}.get(script, [])


class Lens:
    """A copy of the reduced lens: the frames and the products are links to those of the first."""

    def __init__(self, first, folder):
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.config, self.work = folder, folder / "config", folder / "work"
        self.sky, self.raw = folder / "sky", folder / "sky" / "frames" / "TINY"
        shutil.copytree(first, folder, copy_function=os.link)
        for path in (*self.config.iterdir(), *self.work.glob("*.json*")):
            self.write(path, path.read_bytes())  # what is written in place
        self.set()

    def set(self, text=""):
        """Write the settings, then what a kind wants."""
        lens = tiny_campaign(1)
        self.write(self.config / "settings.py", (SETTINGS.format(
            ra_deg=lens.ra_deg, dec_deg=lens.dec_deg, work=str(self.work), raw=str(self.raw))
            + text).encode())

    @staticmethod
    def write(path, content):
        """Put a file in the place of whatever is there."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def change_database(self, change, name="database.json"):
        """Change the text of the database."""
        path = self.work / name
        if path.exists():
            self.write(path, change(path.read_bytes()))
        self.work.joinpath(f"{name}.journal").unlink(missing_ok=True)


def reduce_first(folder):
    """Draw the small lens and run everything on it: the order, stacks and injected sources."""
    campaign = tiny_campaign(6, seed=1, n_hot_pixels=12, defect_seed=3)
    campaign = change_frame(campaign, 4, transparency=4.5e-3, defect="thick cloud")
    draw_campaign(campaign, folder / "sky")
    (folder / "config").mkdir()
    (folder / "work").mkdir()
    (folder / "mags.txt").write_text("a 15.1 0.01\nb 15.6 0.01\nc 16.1 0.01\nd 16.6 0.01\n")
    lens = Lens.__new__(Lens)
    lens.folder, lens.config, lens.work = folder, folder / "config", folder / "work"
    lens.sky, lens.raw = folder / "sky", folder / "sky" / "frames" / "TINY"
    lens.set()
    routes = runpy.run_path(str(ROOT / "pipe" / "order.py"))
    for script in (*routes["QUASAR"], *routes["COMBI"], "8_renorm/4_opt_star_light_curves",
                   "9_export/2_opt_hdf5"):
        ended = call(script, [str(lens.config)], folder, 300)
        if ended.status not in (0, 3):
            sys.stdout.write(f"not made: {script}: {ended.errors}\n")
    return folder


def call(script, words, folder, cpu_s=LONGEST_CPU_S, as_nobody=False, environment=()):
    """Run a script in a copy of this process, in a folder; return how it `Ended`."""
    path = script_header.script_path(script)
    texts = [Path(folder) / name for name in (".out", ".errors")]
    for text in texts:
        text.unlink(missing_ok=True)  # a copy of the lens has links to those of the first one
        text.write_bytes(b"")
        text.chmod(0o666)
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    pid = os.fork()
    if pid == 0:
        _become(path, words, folder, texts, cpu_s, as_nobody, environment)
    until = time.monotonic() + max(LONGEST_S, cpu_s)
    while not (found := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > until:
            os.killpg(pid, signal.SIGKILL)
            found = os.waitpid(pid, 0)
            break
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # what it has left
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    out, errors = (text.read_text(encoding="utf-8", errors="replace") for text in texts)
    return Ended(os.waitstatus_to_exitcode(found[1]), out, errors, sum(
        getattr(end, name) - getattr(start, name) for name in ("ru_utime", "ru_stime")))


def _become(path, words, folder, texts, cpu_s, as_nobody, environment):
    """Turn this copy of the process into the script."""
    status = 99
    try:
        os.setpgid(0, 0)
        for number, text in zip((1, 2), texts, strict=True):
            os.dup2(os.open(text, os.O_WRONLY | os.O_APPEND), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w", buffering=1) for n in (1, 2))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
        os.chdir(folder)
        os.environ.update(environment)
        if as_nobody:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        sys.argv, sys.path[0] = [str(path), *words], str(path.parent)
        runpy.run_path(str(path), run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


# --- the kinds ----------------------------------------------------------------------------------

def listed(tests):
    """Return the lists of bad files of a module of the tests."""
    spec = importlib.util.spec_from_file_location(tests, ROOT / "tests" / f"{tests}.py")
    module = sys.modules.setdefault(tests, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


def kinds_of_words():
    """Return what may be wrong with a command line."""
    def in_folder(name, make):
        return lambda lens: make(lens.folder / name)

    def name(kind, words, damage=None, **more):
        return Kind("words", kind, damage, tuple(words), stops=True, **more)

    return [
        name("none", []), name("no such folder", ["nowhere"]),
        name("empty folder", ["void"], in_folder("void", Path.mkdir)),
        name("file for a folder", ["text"], in_folder("text", lambda path: path.write_text("x"))),
        name("frame for a folder", ["frame.fits"], lambda lens: shutil.copy(
            next(lens.raw.glob("*.fits")), lens.folder / "frame.fits")),
        name("folder of frames", ["sky"]), name("empty word", [""]),
        name("unknown option", ["config", "--nonsense"]),
        name("word too many", ["config", "surplus", "more"]),
        name("words for a number", ["config", "--cpus", "many"]),
        name("no value", ["config", "--only"]),
        name("settings.py is a folder", ["config"], lambda lens: [
            (lens.config / "settings.py").unlink(), (lens.config / "settings.py").mkdir()]),
        name("settings.py is empty of a lens", ["config"], lambda lens: lens.write(
            lens.config / "settings.py", b"")),
        name("settings.py is binary", ["config"], lambda lens: lens.write(
            lens.config / "settings.py", bytes(range(256)))),
        name("settings.py stops", ["config"], lambda lens: lens.set("raise SystemExit(0)\n")),
        name("settings.py fails", ["config"], lambda lens: lens.set("1 / 0\n")),
        name("settings.py has an unknown name", ["config"], lambda lens: lens.set("foo = 1\n")),
    ]


def kinds_of_images():
    """Return what may be wrong with the images that a command line names."""
    return [Kind("words", f"--only {word}", None, ("config", "--only", word))
            for word in ("nobody", "../../etc", "", "R_tiny_0004")]


def kinds_of_databases():
    """Return what may be wrong with the database."""
    def put(content):
        return lambda lens: [lens.change_database(
            lambda good: content(good) if callable(content) else content, name)
            for name in ("database.json", "raw_frames.json")]

    def edited(change):
        def new(good):
            text = json.loads(good)
            return json.dumps(change(text) or text).encode()
        return put(new)

    def rows(change):
        def edit(text):
            for key in ("images", "rows"):
                for row in (text[key].values() if isinstance(text.get(key), dict)
                            else text.get(key) or ()):
                    change(row)
        return edited(edit)

    one = {
        "empty": (put(b""), True), "cut": (put(lambda good: good[:len(good) // 2]), True),
        "cut by a byte": (put(lambda good: good[:-3]), True),
        "a list": (put(b"[]"), True), "a number": (put(b"5"), True),
        "null": (put(b"null"), True), "of nothing": (put(b"{}"), True),
        "NaN": (put(b"NaN"), True), "words": (put(b"hello"), True),
        "binary": (put(bytes(range(256)) * 9), True), "deep": (put(b"[" * 100_000), True),
        "utf16": (put(lambda good: good.decode().encode("utf-16")), True),
        "newer": (put(lambda good: good.replace(b'"version": 1', b'"version": 99')), True),
        "bad bytes": (put(lambda good: good[:300] + b"\xff\xfe" + good[300:]), True),
        "a folder": (lambda lens: [lens.change_database(lambda good: b""),
                                   (lens.work / "database.json").unlink(),
                                   (lens.work / "database.json").mkdir()], True),
        "missing": (lambda lens: (lens.work / "database.json").unlink(), False),
        "no image": (rows(dict.clear), True),
        "all out of use": (rows(lambda row: row.update(gogogo=False, whynot="bad")), False),
        "text for numbers": (rows(lambda row: row.update(mjd="soon")), True),
        "null for numbers": (rows(lambda row: row.update(mjd=None)), False),
        "list for numbers": (rows(lambda row: row.update(mjd=[1])), True),
        "NaN for numbers": (rows(lambda row: row.update(mjd=math.nan)), False),
        "inf for numbers": (rows(lambda row: row.update(mjd=math.inf)), False),
        "locked by another machine": (lambda lens: lens.write(
            lens.work / "database.json.lock", b"garbage"), False),
    }
    found = [Kind("database", name, damage, stops=stops) for name, (damage, stops) in one.items()]
    texts = listed("badtexts")
    for kind in texts.JOURNALS:
        found.append(Kind("database", f"journal: {kind.name}", lambda lens, kind=kind: lens.write(
            lens.work / "database.json.journal", kind.content)))
    return found


def kinds_of_work_folders():
    """Return what may be wrong with the folder of the products."""
    def file_for(name):
        return lambda lens: lens.write(lens.work / name, b"a file\n")

    found = [
        Kind("work folder", "is a file", lambda lens: lens.write(lens.work, b"x"), stops=True),
        Kind("work folder", "below a file", lambda lens: lens.set(
            f"work_dir = {str(lens.folder / 'mags.txt' / 'work')!r}\n"), stops=True),
        Kind("work folder", "a link to nowhere", lambda lens: [
            shutil.rmtree(lens.work), lens.work.symlink_to("/proc/nowhere/at/all")], stops=True),
        Kind("work folder", "is new", lambda lens: shutil.rmtree(lens.work)),
        Kind("work folder", "belongs to another user", lambda lens: open_to_all(lens.folder),
             stops=True, as_nobody=True),
    ]
    return found + [Kind("work folder", f"{name} is a file", file_for(name), redo=True)
                    for name in ("logs", "plots", "export", "ali", "backups", "badpix",
                                 "psf_psf1", "lookback_lens", "dec_lens", "dec_lens_png")]


def open_to_all(folder):
    """Let everybody read what is in a folder, and nobody else write."""
    folder.chmod(0o777)
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


def kinds_of_lists():
    """Return what may be wrong with the lists of a lens."""
    found = []
    for name in SIDE_FILES:
        texts = dict(BAD_TEXT)
        if name.endswith(".cat"):
            texts |= {kind: text.encode() for kind, text in STARS.items()}
        for kind, content in texts.items():
            found.append(Kind("lists", f"{name}: {kind}", lambda lens, name=name, content=content:
                              lens.write(lens.config / name, content), redo=True))
        found.append(Kind("lists", f"{name}: a folder", lambda lens, name=name:
                          (lens.config / name).mkdir(), redo=True))
    return found


def kinds_of_products():
    """Return what may be wrong with the products, all of a kind at once."""
    def each(pattern, change):
        def damage(lens):
            for path in lens.work.rglob(pattern):
                if path.is_file() and ".json" not in path.name:
                    lens.write(path, change(path.read_bytes()))
        return damage

    def missing(pattern):
        return lambda lens: [path.unlink() for path in lens.work.rglob(pattern)
                             if path.is_file() and ".json" not in path.name]

    changes = {"empty": lambda good: b"", "cut": lambda good: good[:len(good) // 2],
               "of text": lambda good: b"hello, no product\n" * 50,
               "of NaN": of_nan}
    found = []
    for pattern in ("*.fits", "*.npz", "*.cat", "*.ecsv", "*.rdb", "*.txt", "*.json?", "*.html",
                    "*.png", "*.h5"):
        damages = {name: each(pattern, change) for name, change in changes.items()
                   if name != "of NaN" or pattern == "*.fits"} | {"missing": missing(pattern)}
        found += [Kind("products", f"{pattern} {name}", damage, redo=True)
                  for name, damage in damages.items()]
    found += [Kind("products", "all missing", missing("*"), redo=True),
              Kind("products", "all empty", each("*", lambda good: b"")),
              Kind("products", "all of text", each("*", lambda good: b"hello\n" * 99))]
    return found


def of_nan(content):
    """Return a FITS file with NaN in all floating pixels."""
    import io

    import numpy as np
    from astropy.io import fits

    with fits.open(io.BytesIO(content)) as hdus:
        for hdu in hdus:
            if hdu.is_image and hdu.data is not None and hdu.data.dtype.kind == "f":
                hdu.data = np.full_like(hdu.data, np.nan)
        new = io.BytesIO()
        hdus.writeto(new, output_verify="ignore")
    return new.getvalue()


FRAME_READERS = ("1_character/1a_add_to_database", "1_character/1b_copy_convert",
                 "all_update/0_list_new", "0_preparation/0a_import_raw")
FRAME_TOOLS = {"extrascripts/new_lens": ["sky/frames/TINY", "--out", "new"],
               "extrascripts/fits_to_png": ["{frame}", "--out", "png"],
               "extrascripts/edit_header": ["{frame}", "--out", "repaired", "--repair"]}


def kinds_of_frames():
    """Return the bad frames of tests/badinputs.py, each for what reads raw frames."""
    inputs = listed("badinputs")
    good = inputs.good_frames(2)[0]
    found = []
    for kind in inputs.FRAMES:
        def damage(lens, kind=kind):
            first = sorted(lens.raw.glob("*.fits"))[1]
            first.unlink()
            lens.write(first.with_name(f"tiny_0001{kind.ending}"), kind.make(good))
        for script in FRAME_READERS:
            found.append(Kind("frames", kind.name, damage, scripts=[script], redo=True))
        frame = f"sky/frames/TINY/tiny_0001{kind.ending}"
        for script, words in FRAME_TOOLS.items():
            found.append(Kind("frames", kind.name, damage, tuple(
                word.format(frame=frame) for word in words), scripts=[script]))
    return found


TABLE_TOOLS = {
    "extrascripts/rdb_statistics": ["{bad}"],
    "lcmanip/3_opt_compare": ["config", "--with", "{bad}"],
    "lcmanip/5_opt_start_delays": ["config", "--rdb", "{bad}"],
    "extrascripts/zero_point": ["config", "--catalogue", "{bad}"],
    "extrascripts/import_cosmouline": ["{bad}", "--out", "new"],
    "extrascripts/import_lightcurver": ["{bad}", "--out", "new"],
    "extrascripts/compare_with_truth": ["config", "--truth", "{bad}"],
    "extrascripts/variables": ["config", "--lists", "{bad}"],
    "extrascripts/fits_to_png": ["{bad}", "--out", "png"],
    "extrascripts/edit_header": ["{bad}", "--out", "repaired", "--repair"],
    "extrascripts/new_lens": ["{bad}", "--out", "new"],
    "extrascripts/campaign": ["{bad}"],
    "extrascripts/query": ["config", "{bad}"],
    "fac_astrometry/1_fetch_catalogue": ["config", "--redo", "--from-file", "{bad}"],
    "fac_combi/5_opt_new_config": ["config", "--to", "{bad}"],
    "9_export/2_opt_hdf5": ["config", "--redo"],
    "extrascripts/start_worker": ["{bad}"], "extrascripts/start_cluster": ["{bad}"],
    "skymaker/1_draw_campaign": ["tiny", "--frames", "1", "--out", "{bad}"],
    "skymaker/2_draw_seeing_ramp": ["--frames", "1", "--out", "{bad}"],
}


def kinds_of_files():
    """Return bad files for what reads a file that the command line names."""
    texts = listed("badtexts")
    contents = BAD_TEXT | {f"curve {kind.name}": kind.content if isinstance(kind.content, bytes)
                           else kind.content.encode() for kind in texts.CURVES}
    found = []
    for script, words in TABLE_TOOLS.items():
        for kind, content in (*contents.items(), ("missing", None), ("folder", ...),
                              ("full folder", 5)):
            for ending in ("rdb", "ecsv", "csv", "fits", "xml", "txt", "yaml", "json"):
                if ending != "rdb" and (kind.startswith("curve") or script.split("/")[-1] not in (
                        "1_fetch_catalogue", "import_lightcurver", "fits_to_png", "variables")):
                    continue

                def damage(lens, content=content, ending=ending):
                    path = lens.folder / f"bad.{ending}"
                    if content is ... or content == 5:
                        path.mkdir()
                        for i in range(content == 5 and 5):
                            (path / f"{i}.csv").write_bytes(BAD_TEXT["binary"])
                            (path / f"{i}.fits").write_bytes(BAD_TEXT["words"])
                            (path / "settings.py").write_bytes(BAD_TEXT["words"])
                    elif content is not None:
                        lens.write(path, content)
                found.append(Kind("files", f".{ending} {kind}", damage, tuple(
                    word.format(bad=f"bad.{ending}") for word in words), scripts=[script]))
    return found


VALUES = {"negative": -1, "zero": 0, "huge": 10**9, "NaN": math.nan, "inf": math.inf,
          "text": "nonsense", "empty": "", "path": "../../nowhere", "list": [1, "a"],
          "no list": [], "dict": {"a": 1}, "None": None, "True": True, "tuple": (1, 2),
          "small": 1e-6, "texts": ["nobody"], "long": "x" * 300, "bytes": b"a"}


def kinds_of_values():
    """Return a value of the wrong kind for every setting: all are loaded, each is told or used.

    A value that the settings accept is given to every script that uses the setting.
    """
    names = [line.split(":")[0] for line in SAMPLE.read_text(encoding="utf-8").splitlines()
             if re.match(r"[a-z]\w*: ", line)]
    users = {name: [script for script in all_scripts() if is_of_a_lens(script)
                    and name in script_header.read_header(script).settings] for name in names}
    found = []
    for name in names:
        for word, value in VALUES.items():
            text = f"{name} = {value!r}\n".replace("= nan", "= float('nan')").replace(
                "= inf", "= float('inf')")
            found.append(Kind("values", f"{name}: {word}", lambda lens, text=text: lens.set(text),
                              scripts=users[name], redo=True))
    return found


def kinds_of_fields(rows):
    """Return fields of the database that are absent or absurd, for the scripts that need them."""
    needs = {script: script_header.read_header(script).needs for script in all_scripts()
             if is_of_a_lens(script)}
    values = {"absent": None, "zero": 0, "negative": -1, "huge": 1e30, "text": "x", "false": False}
    names = sorted({name for row in rows for name in row if not name.startswith(
        ("ran__", "made__", "img_name", "gogogo", "treatme"))})
    found = []
    for name in names:
        users = [script for script, patterns in needs.items()
                 if any(re.fullmatch(re.sub(r"\\\{\w+\\\}", ".*", re.escape(one)), name)
                        for one in patterns)]
        known = next(row[name] for row in rows if name in row)
        for word, value in values.items():
            if not (value is None or (isinstance(value, type(known)) and isinstance(
                    value, bool) == isinstance(known, bool)) or (isinstance(known, float)
                    and type(value) in (int, float))):
                continue
            value = float(value) if isinstance(known, float) and value is not None else value
            for extent in ("all", "one"):
                def damage(lens, name=name, value=value, extent=extent):
                    def edit(good):
                        text = json.loads(good)
                        rows = [row for row in text["images"] if name in row]
                        for row in rows[:None if extent == "all" else 1]:
                            row.update({name: value}) if value is not None else row.pop(name)
                        return json.dumps(text).encode()
                    lens.change_database(edit)
                found.append(Kind("fields", f"{name}: {word} in {extent}", damage, scripts=users,
                                  redo=True))
    return found


def faults(kind, script, ended):
    """Return what is wrong with how a script ended, in words."""
    said = ended.out + ended.errors
    lines = ended.errors.splitlines()
    is_usage = ended.status == 2 and lines and "error: " in lines[-1]
    found = []
    if "Traceback" in said or 'File "/' in said:
        found.append("traceback")
    if unexpected := re.search(r"unexpected \w+(Error|Exception|Warning)?: .*|failed: \w+(Error|"
                               r"Exception): .*", said):
        found.append(unexpected[0][:150])
    if ended.status not in (0, 1, 2, 3):
        found.append(f"status {ended.status}")
    if kind.stops and not ended.status and (kind.name, script) not in GOOD and not (
            kind.group == "database" and script in MAKERS):
        found.append("came to a good end")
    if ended.status == 1 and len(lines) != 1:
        found.append(f"{len(lines)} lines of errors: {ended.errors[:200]!r}")
    if ended.status in (0, 3) and lines:
        found.append(f"errors without a stop: {ended.errors[:200]!r}")
    if ended.status == 2 and not is_usage:
        found.append(f"status 2: {ended.errors[-200:]!r}")
    if warned := re.search(r"\w+Warning: .*", said):
        found.append(warned[0][:150])
    if ended.cpu_s > LONGEST_CPU_S:
        found.append(f"{ended.cpu_s:.0f} CPU s")
    return found


GROUPS = {"words": lambda rows: kinds_of_words() + kinds_of_images(),
          "database": lambda rows: kinds_of_databases(),
          "work folder": lambda rows: kinds_of_work_folders(),
          "lists": lambda rows: kinds_of_lists(), "products": lambda rows: kinds_of_products(),
          "frames": lambda rows: kinds_of_frames(), "files": lambda rows: kinds_of_files(),
          "values": lambda rows: kinds_of_values(), "fields": kinds_of_fields}


def runs(groups, rows):
    """Yield (kind, script) of groups, in an order that has every kind early on."""
    every = [one for one in all_scripts() if one not in (
        "extrascripts/start_cluster", "extrascripts/start_worker")]
    of_a_lens = [one for one in every if is_of_a_lens(one)]
    for group in groups:
        for kind in GROUPS[group](rows):
            yield from ((kind, script) for script in (
                kind.scripts if kind.scripts is not None else
                all_scripts() if group == "words" and "--only" not in kind.name else of_a_lens))


def one_each(found):
    """Return one of the runs of every kind: of the n-th kind the n-th seventh of its scripts."""
    of_kind = {}
    for kind, script in found:
        of_kind.setdefault((kind.group, kind.name), []).append((kind, script))
    return [those[7 * n % len(those)] for n, those in enumerate(of_kind.values())]


def run_one(kind, script, first, folder):
    """Run a script on a copy of the lens with one kind of damage; return how it ended."""
    lens = Lens(first, folder)
    if kind.damage is not None:
        kind.damage(lens)
    if kind.group == "values":
        try:
            load_settings(lens.config)
        except UserError as problem:
            return Ended(1, "", f"{problem}\n", 0.0)
    words = [str(lens.config) if word == "config" else word for word in kind.words or ()]
    if kind.words is None:
        words = [str(lens.config), *own_words(script, lens)]
        words += ["--redo"] if kind.redo and is_of_a_lens(script) else []
    elif kind.group == "words" and words:
        words += own_words(script, lens) if is_of_a_lens(script) else OUT.get(script, [])
    return call(script, words, lens.folder, as_nobody=kind.as_nobody)


def prepare(out):
    """Load what all scripts load, and make the first lens; return its folder and its rows."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for path in sorted((ROOT / "pipe" / "cosmouline").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "pipe").with_suffix("").parts)
        if "starred" not in name and "cluster" not in name and path.stem != "__init__":
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    os.environ.pop("COSMOULINE_CONFIG", None)
    first = out / "first"
    if not (first / "done").exists():
        shutil.rmtree(first, ignore_errors=True)
        reduce_first(first)
        (first / "done").touch()
    return first, json.loads((first / "work" / "database.json").read_bytes())["images"]


def main():
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--scripts", nargs="+", default=[""])
    parser.add_argument("--kinds", nargs="+", default=[""])
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    first, rows = prepare(out)
    part, n_parts = map(int, options.part.split("/"))
    found = list(runs(options.groups, rows))
    if options.each:
        found = one_each(found)
    todo = [(kind, script) for n, (kind, script) in enumerate(found)
            if n % n_parts == part - 1 and any(one in script for one in options.scripts)
            and any(one in kind.name for one in options.kinds)]
    if options.list:
        sys.stdout.write(f"{len(todo)} runs\n")
        return
    wrong, loaded, cpu_s = [], {}, 0.0
    with (out / "table.tsv").open("a", encoding="utf-8") as table:
        for kind, script in todo:
            if kind.group == "values" and kind.name in loaded:
                continue  # refused before any script is asked
            ended = run_one(kind, script, first, out / "copy")
            cpu_s += ended.cpu_s
            if kind.group == "values" and not ended.cpu_s:
                loaded[kind.name] = True
            found = faults(kind, script, ended)
            last = (ended.errors or ended.out).strip().splitlines()[-1:] or [""]
            table.write("\t".join((kind.group, kind.name, script, str(ended.status),
                                   f"{ended.cpu_s:.2f}", "; ".join(found), last[0])) + "\n")
            table.flush()
            if found:
                wrong.append(f"{kind.group} | {kind.name} | {script} | {'; '.join(found)}")
                sys.stdout.write(wrong[-1] + "\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(todo)} runs, {len(wrong)} with faults, {cpu_s:.0f} CPU s\n")


if __name__ == "__main__":
    main()
