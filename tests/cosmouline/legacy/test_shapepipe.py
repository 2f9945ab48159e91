"""Configuration files of ShapePipe: what becomes of their options."""

from cosmouline.errors import UserError
from cosmouline.legacy import shapepipe

import pytest

EXPOSURES = """
[DEFAULT]
VERBOSE = True
[EXECUTION]
MODULE = split_exp_runner, mask_runner, sextractor_runner, setools_runner,
\t psfex_runner, psfex_interp_runner, mccd_fit_val_runner
[FILE]
OUTPUT_DIR = $SP_RUN/output
[JOB]
SMP_BATCH_SIZE = 40   # of 48
TIMEOUT = 1:30:00
[SPLIT_EXP_RUNNER]
NUMBERING_SCHEME = -0000000
OUTPUT_SUFFIX = image, weight, flag
N_HDU = 40
[MASK_RUNNER]
FILE_PATTERN = image, weight, flag
MASK_CONFIG_PATH = $SP_CONFIG/config.mask
[SEXTRACTOR_RUNNER]
NUMBERING_SCHEME = -0000000-0
EXEC_PATH = sex
DOT_SEX_FILE = $SP_CONFIG/default_exp.sex
ZP_FROM_HEADER = True
[SETOOLS_RUNNER]
SETOOLS_CONFIG_PATH = $SP_CONFIG/stars.setools
[PSFEX_RUNNER]
DOT_PSFEX_FILE = $SP_CONFIG/default.psfex
[PSFEX_INTERP_RUNNER]
MODE = VALIDATION
STAR_THRESH = 22
CHI2_THRESH = 1.8
"""
TILES = """
[EXECUTION]
MODULE = mask_runner, sextractor_runner, psfexinterp_runner, make_catalog_runner
[MASK_RUNNER]
FILE_PATTERN = CFIS_image, CFIS_weight
NUMBERING_SCHEME = -000-000
MASK_CONFIG_PATH = $SP_CONFIG/config.mask
[SEXTRACTOR_RUNNER]
DOT_SEX_FILE = $SP_CONFIG/default_tile.sex
[PSFEXINTERP_RUNNER]
STAR_THRESH = 20
[VIGNETMAKER_RUNNER2]
STAMP_SIZE = 41
[MAKE_CATALOG_RUNNER]
SM_STAR_STRESH = 0.004
SM_GAL_THRESH = 0.02
"""
MASK = """
[PROGRAM_PATH]
WW_PATH = ww
[BORDER_PARAMETERS]
BORDER_MAKE = True
BORDER_WIDTH = 50
[HALO_PARAMETERS]
HALO_MAKE = True
HALO_MAG_LIM = 13.
HALO_MASKMODEL_PATH = $SP_CONFIG/halo.reg
[SPIKE_PARAMETERS]
SPIKE_MAKE = False
SPIKE_FLAG_VALUE = 128
[MD_PARAMETERS]
MD_REMOVE = False
"""
SEX = """DETECT_THRESH  1.5,22 # above the sky
DETECT_MINAREA 10
BACK_SIZE 64
# BACK_TYPE MANUAL
"""
PSFEX = "PSF_SIZE 51,51\nPSFVAR_DEGREES 2\nPSF_SAMPLING 0.7\n"


@pytest.fixture
def old(tmp_path):
    """Give the files of both runs, read."""
    for name, text in {"exp.ini": EXPOSURES, "tile.ini": TILES, "config.mask": MASK,
                       "default_exp.sex": SEX, "default.psfex": PSFEX,
                       "default_tile.sex": "BACK_TYPE  MANUAL\n"
                       "BACK_SIZE 64\nDEBLEND_MINCONT 0.0005\nMAG_ZEROPOINT 30\n"}.items():
        (tmp_path / name).write_text(text)
    return lambda *names: shapepipe.read_old([tmp_path / name for name in names],
                                             {"SP_CONFIG": str(tmp_path)})


def test_every_option_with_a_place_becomes_a_setting(old):
    values, notes = shapepipe.settings_of(old("exp.ini", "tile.ini"))
    assert values == {
        "max_cpus": 40, "image_timeout_s": 5400.0, "star_selection": "stars.setools",
        "shape_masks": {"border_px": 50, "halo_mag_max": 13.0, "spike_flag": 0,
                        "missing_remove": 1.0},
        "shape_detection": {"sigma": 1.5, "min_area_px": 10, "sky_box_px": 64,
                            "tile_sky_box_px": 0, "tile_deblend": 0.0005},
        "shape_psf": {"min_stars": 20, "max_chi2": 1.8, "max_degree": 2, "side_px": 41},
        "shape_catalogue": {"spread_star_max": 0.004, "spread_galaxy_min": 0.02}}
    assert notes == {"PSF_SAMPLING": "the PSF has the pixels of the image",
                     "mccd_fit_val_runner": "no script of fac_shapes does it"}


def test_what_has_no_place_is_told(old):
    found = old("exp.ini", "tile.ini")
    said = shapepipe.left_out(found, {})
    assert said["[DEFAULT] VERBOSE"].startswith("lines on the terminal")
    assert said["[FILE] OUTPUT_DIR"] == "work_dir"
    assert said["[PROGRAM_PATH] WW_PATH"] == "no other program is run"
    assert said["[HALO_PARAMETERS] HALO_MASKMODEL_PATH"] == "halo_radius_arcsec"
    taken = {f"[{section}] {option}" for section, option in shapepipe.TAKEN}
    assert not taken & set(said)


def test_patterns_of_exposures_and_tiles(old):
    assert shapepipe.names_of_images(old("exp.ini", "tile.ini")) == {
        "exposures": "image-*.fits*", "weights": "weight-*.fits*", "flags": "flag-*.fits*",
        "tiles": "CFIS_image-*.fits*", "tile_weights": "CFIS_weight-*.fits*"}


def test_the_zero_point_is_that_of_the_file_where_the_header_has_none(tmp_path, old):
    old("exp.ini")
    (tmp_path / "one.ini").write_text("[NGMIX_RUNNER]\nMAG_ZP = 30.0\n")
    values, _ = shapepipe.settings_of(old("one.ini"))
    assert values == {"shape_images": {"zero_point_mag": 30.0}}


@pytest.mark.parametrize(("text", "message"), [
    ("VERBOSE = True\n", "is no configuration of ShapePipe"),
    ("[MASK_RUNNER]\nMASK_CONFIG_PATH = other.mask\n", "there is no such file"),
    ("[JOB]\nTIMEOUT = long\n", "must be like 96:00:00"),
    ("[JOB]\nSMP_BATCH_SIZE = many\n", r"\[JOB\] SMP_BATCH_SIZE = many: it must be a number"),
    ("[FILE]\nNUMBERING_SCHEME = RE:(\n", r"\[FILE\] numbering scheme 'RE:\('")])
def test_what_cannot_be_read_is_told(tmp_path, text, message):
    (tmp_path / "bad.ini").write_text(text)
    def read():
        found = shapepipe.read_old([tmp_path / "bad.ini"], {})
        return shapepipe.settings_of(found), shapepipe.names_of_images(found)

    with pytest.raises(UserError, match=message):
        read()
