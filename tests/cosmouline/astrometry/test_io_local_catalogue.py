from cosmouline.astrometry import io_local_catalogue
from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.table import Table

TABLE = Table({"ra": [10.0, 10.1, 10.2], "dec": [-5.0, -5.1, -5.2],
               "phot_g_mean_mag": [17.0, 15.0, 16.0], "pmra": [1.0, 2.0, 3.0],
               "pmdec": [0.0, 0.0, 0.0], "ref_epoch": [2016.0] * 3})
FORMATS = {".ecsv": "ascii.ecsv", ".fits": "fits", ".vot": "votable", ".csv": "ascii.csv"}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_the_same_stars_brightest_first(tmp_path, ending):
    path = tmp_path / f"stars{ending}"
    TABLE.write(path, format=FORMATS[ending])
    found = io_local_catalogue.read(path)
    np.testing.assert_array_equal(found["mag_G"], [15.0, 16.0, 17.0])
    np.testing.assert_array_equal(found["ra_deg"], [10.1, 10.2, 10.0])
    np.testing.assert_array_equal(found["pmra_mas_yr"], [2.0, 3.0, 1.0])


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "catalogue.ecsv"
    first = io_local_catalogue.from_table(TABLE, "it")
    io_local_catalogue.write(path, first, {"service": "ESA"})
    again = io_local_catalogue.read(path)
    assert first.keys() == again.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert "service: ESA" in path.read_text()
    assert len(io_local_catalogue.digest(path)) == 12


def test_names_of_vizier_and_ucds_are_known():
    table = Table({"RA_ICRS": [10.0], "RAJ2000": [11.0], "DE_ICRS": [-5.0], "Gmag": [15.0],
                   "e_Gmag": [0.01], "RUWE": [1.1], "Dup": [1]})
    found = io_local_catalogue.from_table(table, "it")
    assert (found["ra_deg"][0], found["mag_G"][0], found["magerr_G"][0]) == (10.0, 15.0, 0.01)
    assert (found["ruwe"][0], found["is_duplicated"][0]) == (1.1, 1.0)
    named = Table({"one": [10.0], "two": [-5.0]})
    named["one"].meta["ucd"], named["two"].meta["ucd"] = (
        "pos.eq.ra;meta.main", "pos.eq.dec;meta.main")
    assert io_local_catalogue.from_table(named, "it")["dec_deg"][0] == -5.0


def test_stars_without_place_twins_and_no_magnitudes_are_left_out(caplog):
    table = Table({"ra": [10.0, 10.0, np.nan, 400.0], "dec": [1.0, 1.0, 1.0, 1.0],
                   "mag_V": [12.0, 12.0, 13.0, 14.0], "mag_R": [99.0, 99.0, -99.0, 1.0]})
    found = io_local_catalogue.from_table(table, "it")
    assert len(found["ra_deg"]) == 1
    assert np.isnan(found["mag_R"][0])
    assert "1 of 4 rows have positions that are no degrees" in caplog.text


def test_motions_without_an_epoch_are_reported(caplog):
    io_local_catalogue.from_table(TABLE["ra", "dec", "pmra", "pmdec"], "it")
    assert "it has proper motions but no epoch" in caplog.text
    assert "it has no magnitudes" in caplog.text
    caplog.clear()
    table = TABLE["ra", "dec", "pmra", "pmdec", "phot_g_mean_mag"]
    table.meta["EPOCH"] = 2015.5
    assert io_local_catalogue.from_table(table, "it")["epoch_year"][0] == 2015.5
    assert caplog.text == ""


@pytest.mark.parametrize(("name", "text", "message"), [
    ("a.csv", "x,y\n1,2\n", "no column 'ra_deg'"), ("a.csv", "ra,dec\n", "no star"),
    ("a.csv", "ra,dec\n04:38:14,-12:17:14\n", "is sexagesimal; give degrees"),
    ("a.csv", "ra,dec\n500,-12\n", "no star with RA"),
    ("a.fits", "no fits", "cannot be read as fits"), ("a.vot", "<html>", "cannot be read"),
    ("a.ecsv", "garbage", "cannot be read as ecsv"), ("a.txt", "x", "must end with .ecsv")])
def test_what_is_no_catalogue_is_one_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message) as problem:
        io_local_catalogue.read(tmp_path / name)
    assert "\n" not in str(problem.value)


def test_a_missing_file_names_the_script_that_makes_one(tmp_path):
    with pytest.raises(UserError, match="Make one with fac_astrometry/1_fetch_catalogue"):
        io_local_catalogue.read(tmp_path / "no.ecsv")
