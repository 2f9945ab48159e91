"""A small mosaic, brought through all scripts of fac_shapes once."""

import shutil

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.files.io_fits_tables import read_table
from cosmouline.run import call_main, make_options, with_options
from cosmouline.skymaker.io_mosaic import draw_mosaic
from cosmouline.skymaker.mosaic import Mosaic

import pytest

TINY = Mosaic(ccd_px=280, n_ccds=1, n_exposures=2, n_stars=42, n_galaxies=18,
              angles_deg=(0.0, 90.0))
SETTINGS = """
lens_name = "FIELD"
work_dir = {work!r}
engine = "serial"
catalogue = {sky!r} + "/catalogue.ecsv"
shape_images = {{"dir": {sky!r}}}
star_selection = "stars.setools"
shape_masks = {{"border_px": 4}}
"""
SELECTION = """
[MASK:star_selection]
MAG_AUTO > 16
MAG_AUTO < 21.5
FWHM_IMAGE < mode(FWHM_IMAGE) + 0.3
FWHM_IMAGE > mode(FWHM_IMAGE) - 0.3
FLAGS == 0
IMAFLAGS_ISO == 0
[RAND_SPLIT:star_split]
RATIO = 20
MASK = star_selection
[STAT:star_stat]
"Nb stars" = len(FWHM_IMAGE{star_selection})
"""
SCRIPTS = ("1a_split_exposures", "1b_merge_headers", "2a_star_catalogue", "2b_masks",
           "3a_detect_exposures", "3b_select_stars", "3c_psf_model", "3d_psf_validate",
           "4a_detect_tiles", "4b_psf_multiepoch", "5a_vignets", "5b_spread_model", "6_shapes",
           "7a_make_catalogue", "7b_merge", "7c_random_points", "7d_report")


class Field:
    """The folder of a field, and what runs on it."""

    def __init__(self, folder, script, sky):
        self.folder, self.script, self.sky = folder, script, sky
        self.config, self.work = folder / "config", folder / "work"

    def make(self):
        """Make the folder of the settings."""
        self.config.mkdir(parents=True)
        (self.config / "stars.setools").write_text(SELECTION)
        self.set()
        return self

    def set(self, lines=""):
        """Write the settings, with more lines at the end."""
        (self.config / "settings.py").write_text(SETTINGS.format(
            work=str(self.work), sky=str(self.sky)) + lines)

    def settings(self, name="7d_report", **options):
        """Return the settings as a script has them."""
        return with_options(load_settings(self.config),
                            make_options(script=f"fac_shapes/{name}", **options))

    def run(self, name, **options):
        """Run a script; return its rows by name."""
        module = self.script(f"pipe/fac_shapes/{name}")
        settings = self.settings(name, **options)
        db = Database(paths.database(settings, settings.options.script))
        try:
            self.counts = call_main(module.main, settings, db)
            db.save()
            return db.rows
        finally:
            db.close()

    def rows(self):
        """Return the rows as they are in the file."""
        db = Database(self.work / "shapes.json")
        db.close()
        return db.rows

    def table(self, kind, name, extension):
        """Return one table of a product."""
        return read_table(self.work / "shapes" / kind / f"{name}.fits", extension)


@pytest.fixture(scope="session")
def tiny_sky(tmp_path_factory):
    """Draw the mosaic once."""
    folder = tmp_path_factory.mktemp("mosaic") / "sky"
    draw_mosaic(TINY, folder)
    return folder


@pytest.fixture(scope="session")
def done(tmp_path_factory, script, tiny_sky):
    """Give a field on which all scripts have run; tests only look at it."""
    field = Field(tmp_path_factory.mktemp("shapes") / "field", script, tiny_sky).make()
    for name in SCRIPTS:
        options = {"truth": tiny_sky / "truth.ecsv"} if name == "7d_report" else {}
        field.run(name, **options)
    return field


@pytest.fixture
def field(tmp_path, script, tiny_sky, done):
    """Give a copy of the field that is done, to change and run again."""
    copy = Field(tmp_path / "field", script, tiny_sky)
    shutil.copytree(done.folder, copy.folder)
    copy.set()
    return copy
