"""Fixtures of all tests: scripts by their path, the shared data, a small lens half-way through.

The lens is drawn once; the order is run on it once, as far as some test asks for, and its work
folder is kept as it was after every script. A test gets a copy of its own.
"""

import contextlib
import fcntl
import gc
import importlib.util
import os
import re
import shutil
import signal
import sys
from pathlib import Path

from cosmouline.database import manifest
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.frames import db_intake
from cosmouline.pages import drawing
from cosmouline.run import call_main, make_options, with_options
from cosmouline.skymaker import draw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.geometry import frame_to_frame_matrix
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.model import change_frame
from cosmouline.skymaker.pointspread import add_point, local_point_spread
from cosmouline.stamps.io_stamps import read_stamps, write_stamps

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.collections import PathCollection
from matplotlib.text import Text

# A shell's background job ignores these, and its children would; a handler ends with exec, so that
# the scripts that tests start can be interrupted.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
# What takes long; and pictures, which need no small lens, while one process makes that one
SLOW = ("test_demo_in_small", "starred", "/cluster/", "7_deconv/test_8_inspect_flux",
        "engine/test_engine", "cosmouline/plots/", "7_deconv/", "test_environment", "end_to_end/",
        "cosmouline/deconv/", "test_recorded", "8_lookback/")
LONG = ("end_to_end/", "starred", "cluster/", "test_environment", "engine/test_jax_cache",
        "crash/test_kills", "crash/test_signals", "test_pages_in_a_browser",
        "engine/test_command", "7_deconv/test_another_name", "7_deconv/test_of_the_test_list",
        "8_renorm/test_other_names", "5_psf/test_other_psf_name")
MAY_BE_LONG = re.compile(r"mark\.long|parametrize\([^[]*\bseed\b")
COMPILED = "deconv/starred/", "psf/test_starred"  # the descents of STARRED: 15 s, 3 s
NOT_NEEDED_LATER = re.compile("png_check|pngs|plot|report|histograms|quicklook|export|"
                              "show_sources|inspect_flux|build_pages")
TURNED, CLOUDED, MOONLIT = 2, 4, 5  # frames of the small lens that are not like the others
SETTINGS = (ROOT / "tests/small_lens.txt").read_text(encoding="utf-8")


def pytest_configure(config):
    """Let each process begin to read the tests at another file: each is compiled only once."""
    worker = getattr(config, "workerinput", None)
    if worker and config.args == config.getini("testpaths"):
        files = sorted(str(path) for path in (ROOT / "tests").rglob("test_*.py")
                       if not pytest_ignore_collect(path, config))
        first = int(worker["workerid"][2:]) * len(files) // worker["workercount"]
        config.args = files[first:] + files[:first]


def pytest_ignore_collect(collection_path, config):
    """Load no file of long tests alone where none is asked for (jax, dask), and no other for them.

    What a folder holds is asked of its files.
    """
    is_long = any(part in str(collection_path.relative_to(ROOT)) for part in LONG)
    if config.option.markexpr == "not long":
        return is_long or None
    if config.option.markexpr == "long" and not is_long and collection_path.suffix == ".py":
        return not MAY_BE_LONG.search(collection_path.read_text(encoding="utf-8")) or None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Make the tests without looking for garbage; what has come up to here stays for good."""
    gc.disable()
    found = yield
    gc.freeze()
    gc.enable()
    return found


def pytest_collection_modifyitems(items):
    """Put what takes long or waits first: no process is left with it when the others are done.

    Whole orders or rooms, clusters, STARRED, processes that are killed and the browser are marked
    ``long``, and of several drawings of one test (its parameter ``seed``) all but the first.
    """
    for item in items:
        is_drawn_again = "callspec" in vars(item) and item.callspec.indices.get("seed", 0) > 0
        if is_drawn_again or any(part in item.nodeid for part in LONG):
            item.add_marker("long")
    items.sort(key=lambda item: (
        next((place for place, part in enumerate(SLOW) if part in item.nodeid), len(SLOW)),
        item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give a file to one process; files that need the same compiled programs to one."""
    from xdist.scheduler.loadfile import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return next((one for one in COMPILED if one in file), file)

    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


# astropy looks these settings up for every card of every header, which takes 5 % of the tests of
# the scripts; no test changes them
for _name in ("enable_record_valued_keyword_cards", "strip_header_whitespace"):
    setattr(type(fits.conf), _name, getattr(fits.conf, _name))


def load_script(name):
    """Import a script by its path from the project's root, without the ``.py``."""
    path = ROOT / f"{name}.py"
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path):
            return module
    spec = importlib.util.spec_from_file_location("script_" + name.replace("/", "_"), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def script():
    """Import a script by its path from the project's root, without the ``.py``."""
    return load_script


@pytest.fixture
def made_up():
    """Give made_up_lens.py: a made-up script in a made-up checkout, run as a user runs it."""
    return load_script("tests/made_up_lens")


@pytest.fixture(scope="session")
def recorded():
    """Give ``recorded(name, values)``, which compares them with a table: see recorded.py."""
    return load_script("tests/recorded").compare


@pytest.fixture(scope="session")
def read_hdf5():
    """Give a reader of HDF5 files: the datasets by path, and the attributes."""
    import h5py

    def read(path):
        found = {}
        with h5py.File(path, "r", locking=False) as file:
            file.visititems(lambda name, one: found.update(
                {name: one.asstr()[()] if one.dtype.kind == "O" else one[()]})
                if isinstance(one, h5py.Dataset) else None)
            return found, dict(file.attrs)
    return read


@pytest.fixture
def shared_data():
    """Give the path of a folder of ``shared/data`` beside the checkout; skip where it is not."""

    def find(name):
        path = SHARED_DATA / name
        if not path.exists():
            pytest.skip(f"{name} of the shared data is not on this machine")
        return path

    return find


class Truth:
    """What the frames of a campaign were drawn from, by the names of their images."""

    def __init__(self, campaign):
        self.campaign = campaign
        self.names = [f"R_{campaign.name}_{i:04d}" for i in range(len(campaign.frames))]
        self.spoilt = {name for name, frame in zip(self.names, campaign.frames, strict=True)
                       if frame.defect != "none"}
        self.good = [name for name in self.names if name not in self.spoilt]

    def frame(self, name):
        return self.campaign.frames[self.names.index(name)]

    def row(self, name):
        return draw.frame_truth(self.campaign, self.names.index(name))

    def objects(self, name, kind="star"):
        """Give the sources of one kind on a frame: structured array, see `draw.OBJECT_DTYPE`."""
        found = draw.objects_of_frame(self.campaign, self.names.index(name))
        return found[found["kind"] == kind]

    def xy(self, name, kind="star"):
        found = self.objects(name, kind)
        return np.column_stack([found["x_px"], found["y_px"]])

    def matrix(self, reference, name):
        return frame_to_frame_matrix(self.campaign, self.names.index(reference),
                                     self.names.index(name))

    def centre(self, name):
        """Give where the lens's position, the middle of the field, falls on a frame."""
        camera = self.campaign.telescopes[0]
        return np.array([camera.nx - 1, camera.ny - 1]) / 2 + self.frame(name).shift_px

    def star(self, name, x_px, y_px, flux_e=1.0):
        """Draw one star alone, without noise, on a frame of this seeing."""
        camera = self.campaign.telescopes[0]
        image = np.zeros((camera.ny, camera.nx))
        psf = local_point_spread(camera, self.frame(name), x_px, y_px)
        add_point(image, x_px, y_px, flux_e, psf)
        return image

    def light(self, name):
        """Give the electrons that a source of 1 e-/s leaves on a frame."""
        return self.frame(name).transparency * self.frame(name).exptime_s


class DirectWrites:
    """Watch this process open, truncate or rename files; a script may write no final name.

    Allowed are temporary names (``.host.pid.number.tmp.name``), which `atomic_path` renames, the
    journal of the database and its lock.
    """

    OWN = re.compile(r"\.json\.(journal|lock)|\.tmp\.")
    WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

    def __init__(self):
        self.folder, self.found, self.n_temporary = None, [], 0
        sys.addaudithook(self._look)

    def _look(self, event, arguments):
        if self.folder is None or event != "open" or not isinstance(arguments[0], str | bytes):
            return
        path, mode, flags = os.fsdecode(arguments[0]), arguments[1] or "", arguments[2] or 0
        writes = set(mode) & set("wax+") if mode else flags & self.WRITING
        if writes and path.startswith(self.folder):
            if self.OWN.search(path[len(self.folder):]):
                self.n_temporary += 1
            else:
                self.found.append(path)

    @contextlib.contextmanager
    def none_in(self, folder):
        """Check that nothing in a folder is written under its final name."""
        self.folder, self.found = str(folder), []
        try:
            yield
        finally:
            self.folder = None
        assert not self.found, f"written without a temporary name: {self.found[:3]}"


WRITES = DirectWrites()


class Lens:
    """A made-up lens in a folder: settings, frames, products, and the scripts to run on it.

    A test may write products and frames by itself: they count as those of the scripts, unless
    `is_watched` is set.
    """

    is_watched = False

    def __init__(self, folder, campaign, sky, work=None):
        self.folder, self.sky, self.work = folder, sky, folder / "work"
        self.truth, self.config = Truth(campaign), folder / "config"
        self.raw = sky / "frames" / campaign.telescopes[0].name
        self.config.mkdir(parents=True)
        self.set()
        if work is not None:
            shutil.copytree(work, self.work)

    def set(self, text=""):
        """Write settings.py anew: those of the small lens, then what the test wants."""
        lens = self.truth.campaign
        standard = SETTINGS.format(ra_deg=lens.ra_deg, dec_deg=lens.dec_deg, work=str(self.work),
                                   raw=str(self.raw))
        (self.config / "settings.py").write_text(standard + text)

    def own_frames(self):
        """Copy the raw frames, so that the test can damage them; give their folder."""
        shutil.copytree(self.raw, self.folder / "raw")
        self.raw = self.folder / "raw"
        self.set()
        return self.raw

    def settings(self, script="", **options):
        """Load the settings, with the options of a command line."""
        return with_options(load_settings(self.config), make_options(script=script, **options))

    def run(self, script, **options):
        """Run ``main`` of a script in this process; give what it returns."""
        folder = "" if script.startswith(("lcmanip", "extrascripts")) else "pipe/"
        module = load_script(folder + script)
        extra = {argument.get("dest", name.lstrip("-").replace("-", "_")): argument.get("default")
                 for name, argument in getattr(module, "ARGUMENTS", {}).items()}
        settings = self.settings(script, **extra | options)
        db = Database(self.work / "database.json")
        try:
            if not self.is_watched:
                self.accept(db, script)
            with WRITES.none_in(self.work):
                return call_main(module.main, settings, db)
        finally:
            db.save()
            db.close()

    def accept(self, db, script):
        """Note other files as they are now; before the conversion the raw frames too."""
        def now(text):
            maker, files = manifest.read(text)
            found = {file.path: file for file in manifest.look_at(
                [self.work / file.path for file in files], self.work)}
            return manifest.as_text([found.get(file.path, file) for file in files], maker)

        for name, row in db.rows.items():
            changes = {field: now(row[field]) for field in row if field.startswith("made__")
                       and manifest.why_other(row, field[6:], manifest.Look(self.work))}
            raw = Path(row.get("raw_path", ""))
            if script == "1_character/1b_copy_convert" and raw.is_file():
                changes |= {"raw_state": db_intake.state(raw)}
            db.update(name, changes)
        for run in db.runs.values():
            run |= {"made": now(run["made"])} if "made" in run else {}

    @property
    def rows(self):
        db = Database(self.work / "database.json")
        db.close()
        return db.rows

    def update(self, name, **values):
        """Change fields of one image by hand; None removes one."""
        db = Database(self.work / "database.json")
        db.update(name, values)
        db.save()
        db.close()

    def rename(self, old, new):
        """Give what has the name of a PSF, say: fields, records and files, another name."""
        def renamed(values):
            return {key.replace(old, new): renamed(value) if isinstance(value, dict) else
                    value.replace(old, new) if isinstance(value, str) else value
                    for key, value in values.items()}

        db = Database(self.work / "database.json")
        db.runs |= {number: renamed(run) for number, run in db.runs.items()}
        for name, row in db.rows.items():
            found = {key: value for key, value in row.items() if old in f"{key} {value}"}
            db.update(name, dict.fromkeys(found) | renamed(found))
        db.save()
        db.close()
        for path in self.work.glob(f"*{old}*"):
            path.rename(path.with_name(path.name.replace(old, new)))

    def brighten_a_place_of_stars(self, path):
        """Put 2500 e- (140 sigma of the sky) at one place of the cores of four stars of stamps.

        Returns where, as an index of arrays of the stamps.
        """
        stamps, names, header = read_stamps(path)
        x, y = np.round(stamps.position_px - stamps.corner_px).astype(int).T
        stars = [k for k, name in enumerate(names) if name in "cdef"]  # no saturated one
        place = stars, y[stars] + 3, x[stars] + 3
        stamps.data_e[place] += 2500.0
        write_stamps(path, stamps, names, header)
        return place

    def redo_without(self, script, product, name):
        """Lose a product of one image and redo a script on it and another; give its new row."""
        product(self.settings(), name).unlink()
        other = next(one for one in self.truth.good if one != name)
        counts = self.run(script, redo=True, only=[name, other])
        assert (counts["done"], counts["failed"]) == (1, 1)
        return self.rows[name]

    def snapshot(self):
        """Give all rows, and all products with the time of their last change."""
        files = {str(path): path.stat().st_mtime_ns for path in self.work.rglob("*")
                 if path.is_file() and "database.json" not in path.name}
        return self.rows, files

    def values(self, field, names=None):
        """Give a field of images, by default of all good ones, as an array."""
        return np.array([self.rows[name][field] for name in names or self.truth.good])


@contextlib.contextmanager
def made_once(folder):
    """Tell whether a folder is to be made still; processes that want the same one wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = Path(f"{folder}.done")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
        yield not done.exists()
        done.touch()


class Trunk:
    """The order run once on the small lens; its folder is kept as it was after every script.

    All processes of a run of the tests share it.
    """

    def __init__(self, folder, campaign):
        self.folder, self.campaign, self.sky = folder, campaign, folder / "sky"
        with made_once(self.sky) as is_missing:
            if is_missing:
                draw_campaign(campaign, self.sky)
                # its two stars are too few to be aligned, and are not where its WCS has them
                clouded, = (self.sky / "frames").glob(f"*/*{CLOUDED:04d}.fits")
                fits.setval(clouded, "CRPIX1", value=fits.getval(clouded, "CRPIX1") + 25)
        self.order = load_script("pipe/order").QUASAR
        self.needed = [name for name in self.order if not NOT_NEEDED_LATER.search(name)]
        self.kept = {}

    def after(self, script):
        """Give the work folder as it was after a script; do not change it."""
        if script not in self.kept:
            earlier = self.needed[:self.needed.index(script)]
            before = self.after(earlier[-1]) if earlier else None
            folder = self.folder / script
            with made_once(folder) as is_missing:
                if is_missing:
                    Lens(folder, self.campaign, self.sky, before).run(script)
            self.kept[script] = folder / "work"
        return self.kept[script]

    def before(self, script):
        """Give the work folder as a script finds it; None before the first."""
        place = self.order.index(script)
        earlier = [name for name in self.order[:place] if name in self.needed]
        return self.after(earlier[-1]) if earlier else None


@pytest.fixture(scope="session")
def tiny():
    """Give the campaign of the small lens: 7 frames, one of them behind a cloud."""
    campaign = tiny_campaign(7, seed=1, n_hot_pixels=12, defect_seed=3)
    campaign = change_frame(campaign, TURNED, rotation_deg=10.0)
    campaign = change_frame(campaign, CLOUDED, transparency=4.5e-3, defect="thick cloud")
    return change_frame(campaign, MOONLIT, moon_mag=19.9, sky_gradient=(0.015, -0.01))


@pytest.fixture(scope="session")
def trunk(tmp_path_factory, tiny):
    """Give the `Trunk`."""
    base = tmp_path_factory.getbasetemp()
    return Trunk((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trunk", tiny)


@pytest.fixture(scope="session")
def new_lens():
    """Make a `Lens` of the campaign of a trunk in a folder, with the products of another one."""
    return lambda folder, trunk, work=None: Lens(folder, trunk.campaign, trunk.sky, work)


@pytest.fixture
def lens_before(trunk, tmp_path, caplog):
    """Give a small lens of one's own as a script finds it; messages go to ``caplog``."""
    caplog.set_level("INFO", "cosmouline")
    return lambda script: Lens(tmp_path / "lens", trunk.campaign, trunk.sky, trunk.before(script))


@pytest.fixture
def lens_after(trunk, tmp_path, caplog):
    """Give a small lens of one's own as a script leaves it; messages go to ``caplog``."""
    caplog.set_level("INFO", "cosmouline")
    return lambda script: Lens(tmp_path / "lens", trunk.campaign, trunk.sky, trunk.after(script))


class Pages(dict):
    """Pages of pictures by name."""

    def texts(self, name):
        """Give all texts of a page."""
        return [text.get_text() for text in self[name].findobj(Text) if text.get_text()]

    def heights(self, name):
        """Give the heights of the points of every panel that has some, left to right."""
        found = [[np.ma.filled(c.get_offsets()[:, 1], np.nan) for c in ax.collections
                  if type(c) is PathCollection] for ax in self[name].axes]
        return [np.concatenate(panel) for panel in found if panel]


@pytest.fixture
def pages(monkeypatch):
    """Give the `Pages` that scripts save as plots; nothing is written."""
    found = Pages()
    monkeypatch.setattr(drawing, "save_plot", lambda page, name, *_: found.update({name: page}))
    return found
