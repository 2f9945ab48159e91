"""1_join on COSMOULINE's own input, from the database to the file: its own output is met."""

import json
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.run import make_options

import numpy as np
import pytest

THEIR_DEC = "dec_844_back1_lens_renorm_1_abijlt"
SETTINGS = """
lens_name, work_dir = "GOLDEN", {work!r}
sets = [{{"name": "844", "telescope": "WFI", "raw_dir": {raw!r}}}]
join_center, renorm_name = "median", "renorm_1"
night_fwhm_max_arcsec, night_ellipticity_max = 5.0, 0.95   # COSMOULINE's sample settings
night_sky_max_e, night_coeff_max, night_min_images = 50000.0, 20.0, 3
"""


def fields(row):
    """Return the fields of a row of ours that say what COSMOULINE's row says."""
    found = {
        "gogogo": row["gogogo"], "treatme": True, "telescope": row["telescopename"],
        "set_name": row["setname"], "mjd": row["mjd"], "mhjd": row["mhjd"],
        "field_fwhm_arcsec": row["seeing"], "field_ellipticity": row["ell"],
        "airmass": row["airmass"], "sky_level_e": row["skylevel"],
        "dec_coeff__lens": row["renorm_1"], "dec_chi2__lens": 1.0,
        "dec_coeff_sigma__lens": row["renorm_1_err"] / np.sqrt(float(row["renorm_1_comment"])),
        "n_renorm_stars__renorm_1": int(row["renorm_1_comment"])}
    for source in "AB":
        flux, sigma = (row[f"out_{THEIR_DEC}_{source}_{what}"] for what in ("flux", "shotnoise"))
        found |= {f"flux_e__lens__{source}": flux, f"flux_sigma_e__lens__{source}": sigma,
                  f"flux_cov_e2__lens__{source}__{source}": sigma**2}
    return found | {"flux_cov_e2__lens__A__B": 0.0}


@pytest.fixture
def golden(shared_data, tmp_path, script):
    """Give the settings after 1_join has run on COSMOULINE's input, and its own output."""
    folder = shared_data("cosmouline_golden")
    (tmp_path / "raw").mkdir()
    (tmp_path / "settings.py").write_text(
        SETTINGS.format(work=str(tmp_path / "work"), raw=str(tmp_path / "raw")))
    settings = load_settings(tmp_path)
    settings.options = make_options(sum=[])
    db = Database(paths.database(settings))
    for row in json.loads((folder / "join_input.json").read_text()):
        db.update(row["imgname"], fields(row))
    script("lcmanip/1_join").main(settings, db)
    db.close()
    return SimpleNamespace(settings=settings, theirs=folder / "join_output_renorm_1.rdb")


def test_every_column_of_cosmoulines_file_is_met(golden):
    """All digits are in the .ecsv; the .rdb has those that mean something."""
    published = read_rdb(paths.light_curve(golden.settings))
    ours = read_ecsv_columns(paths.light_curve(golden.settings).with_suffix(".ecsv"))
    theirs = read_rdb(golden.theirs)

    assert list(published)[:len(theirs)] == list(theirs)
    for name, values in theirs.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(ours[name], values, rtol=0, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(ours[name], values, err_msg=name)


def test_pycs3_reads_the_file_as_it_reads_cosmoulines(golden):
    pytest.importorskip("pycs3")
    from pycs3.gen.lc_func import rdbimport

    ours, theirs = (rdbimport(str(path), object="A", magcolname="mag_A", flagcolname="flag",
                              magerrcolname="magerr_A_5", telescopename="WFI", verbose=False)
                    for path in (paths.light_curve(golden.settings), golden.theirs))

    # To the digits of our .rdb: 0.1 s, five decimals, four figures
    for name, rtol, atol in (("jds", 0, 5.1e-7), ("mags", 0, 5.1e-6), ("magerrs", 5.1e-4, 0)):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol, atol)
    assert ours.mask.tolist() == theirs.mask.tolist()
    assert [p["nbimg"] for p in ours.properties] == [p["nbimg"] for p in theirs.properties]


def test_the_report_counts_images_and_stars(golden):
    """Nights of 4, 3, 1, 5 and 2 images; 9 stars behind every coefficient."""
    text = (golden.settings.work_dir / "report_join_lens_by_night.txt").read_text()

    counts = [line.split()[:3] for line in text.splitlines() if "#" in line]
    assert counts == [[str(n), "images", "1"] for n in (1, 2, 3, 4, 5)] + [["9", "stars", "15"]]
    assert "15 images in 5 points, 2 of them flagged" in text
