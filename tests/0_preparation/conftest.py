"""A raw night of small frames, brought through all scripts of 0_preparation once."""

import shutil

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.run import call_main, make_options, with_options
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.model import RAW_NIGHT

import pytest

SETTINGS = """
lens_name = "RAW"
lens_ra_deg, lens_dec_deg = {ra_deg}, {dec_deg}
work_dir = {work!r}
engine = "serial"
raw_frames = [{{"name": "TINY", "telescope": "skymaker_raw", "raw_dir": {sky!r},
                "folders": "*/*"}}]
sets = [{{"name": "R", "telescope": "skymaker_raw", "raw_dir": {raw!r}}}]
point_sources = {{"A": (0.65, 0.30), "B": (-0.62, -0.35)}}
"""
SCRIPTS = ("0a_import_raw", "0b_choose_calibrations", "1a_master_bias", "1b_master_dark",
           "1c_master_flat", "1d_report", "2a_calibrate", "2b_bad_pixels")


class Night:
    """The folder of a lens with raw frames, and what runs on it."""

    def __init__(self, folder, script, sky):
        self.folder, self.script, self.sky = folder, script, sky
        self.config, self.work = folder / "config", folder / "work"
        self.config.mkdir(parents=True)
        self.set()

    def set(self, lines=""):
        """Write the settings, with more lines at the end."""
        (self.config / "settings.py").write_text(SETTINGS.format(
            ra_deg=69.5619, dec_deg=-12.2874, work=str(self.work), sky=str(self.sky),
            raw=str(self.work / "calibrated" / "TINY")) + lines)

    def run(self, name, **options):
        """Run a script; return its database and what main returned."""
        module = self.script(f"pipe/{name}")
        settings = load_settings(self.config)
        with_options(settings, make_options(script=name, **options))
        db = Database(paths.database(settings, name))
        try:
            counts = call_main(module.main, settings, db)
            db.save()
        finally:
            db.close()
        return db, counts

    def rows(self):
        """Return the rows of the raw frames by the name of the file."""
        db = Database(self.work / "raw_frames.json")
        db.close()
        return {row["raw_name"].split("/")[-1]: row for row in db.rows.values()}


@pytest.fixture(scope="session")
def raw_sky(tmp_path_factory):
    """Give the folder of a drawn raw night: 3 science frames, 5 biases, darks and flats."""
    folder = tmp_path_factory.mktemp("raw_sky")
    draw_campaign(tiny_campaign(n_frames=3, raw=RAW_NIGHT, n_hot_pixels=5, defect_seed=3), folder)
    return folder


@pytest.fixture
def new_night(tmp_path, script, raw_sky):
    """Give a lens with that night before its first script."""
    return Night(tmp_path / "lens", script, raw_sky)


@pytest.fixture
def night(new_night, done_night):
    """Give a copy of the night after all scripts, to be changed."""
    shutil.copytree(done_night.work, new_night.work)
    return new_night


@pytest.fixture(scope="session")
def done_night(tmp_path_factory, script, raw_sky):
    """Give the same night after all scripts; not to be changed."""
    night = Night(tmp_path_factory.mktemp("night") / "lens", script, raw_sky)
    for name in SCRIPTS:
        night.run(f"0_preparation/{name}")
    return night
