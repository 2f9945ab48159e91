"""io_exchange.py: tables read back by astropy, and checked by its validator and by votlint."""

import csv
import io
import shutil
import subprocess

from cosmouline.lightcurve.io_exchange import rounded, ucd, write_cds, write_exchange

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse, validate
from astropy.table import Table

COLUMNS = {
    "mhjd": np.array([59467.115, 59470.125]), "telescope": np.array(["EulerCAM", "é2"]),
    "nbimg": np.array([4, 3]), "relskylevel": np.array([500.25, 610.5]),
    "flag": np.array([True, False]), "mag_A": np.array([-11.94, np.nan]),
    "magerr_A_4": np.array([np.nan, np.nan]), "magerr_A_cov": np.array([0.004321, 0.0125]),
    "magcov_A_B": np.array([-1.5e-6, 2e-7])}
FIELDS = {
    "mhjd": ("d", "heliocentric date"), "telescope": ("", "telescope"), "nbimg": ("1", "images"),
    "relskylevel": ("e-", "sky"), "flag": ("", "good"), "mag_A": ("mag", "magnitude of A"),
    "magerr_A_4": ("mag", "scatter"), "magerr_A_cov": ("mag", "error of A"),
    "magcov_A_B": ("mag2", "covariance")}
TARGET = "HE 0435", 69.5619, -12.2874


@pytest.fixture
def stem(tmp_path):
    """Write the tables of a light curve; give their path without the ending."""
    write_exchange(tmp_path / "a.b", COLUMNS, FIELDS, TARGET, "R")
    return tmp_path / "a.b"


def end(stem, ending):
    """Return the path of a table; the stem may hold a point."""
    return stem.with_name(stem.name + ending)


def test_astropys_validator_finds_nothing(stem):
    said = io.StringIO()

    assert validate(end(stem, ".vot"), output=said), said.getvalue()


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
@pytest.mark.parametrize("target", [TARGET, ("", None, None)])
def test_votlint_finds_nothing(tmp_path, target):
    write_exchange(tmp_path / "a", COLUMNS, FIELDS, target, "r'")

    done = subprocess.run(["stilts", "votlint", tmp_path / "a.vot"], text=True, check=False,
                          capture_output=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_votable_says_what_its_numbers_are(stem):
    whole = parse(end(stem, ".vot"), verify="exception")
    resource, = whole.resources
    time, = resource.time_systems
    table = resource.tables[0]
    fields = {field.name: field for field in table.fields}

    assert (time.timeorigin, time.timescale, time.refposition) == (2400000.5, "UTC",
                                                                   "HELIOCENTER")
    assert fields["mhjd"].ref == time.ID
    assert [(one.ucd, str(one.unit)) for one in (
        fields["mhjd"], fields["mag_A"], fields["magerr_A_cov"], fields["magcov_A_B"])] == [
        ("time.epoch;meta.main", "d"), ("phot.mag;em.opt.R", "mag"),
        ("stat.error;phot.mag;em.opt.R", "mag"), ("stat.covariance;phot.mag", "mag2")]
    system = {entry.name: entry.value for entry in table.groups[0].entries}
    assert system == {"filterIdentifier": "R", "magnitudeSystem": "instrumental"}
    assert fields["mag_A"].ref == table.groups[0].ID
    assert {param.name: param.value for param in table.params} == {"ra": 69.5619, "dec": -12.2874}


@pytest.mark.parametrize("ending", [".vot", ".fits"])
def test_all_values_are_read_back_bit_for_bit(tmp_path, ending):
    columns = COLUMNS | {"telescope": np.array(["EulerCAM", "2"])}  # FITS is of ASCII
    write_exchange(tmp_path / "a", columns, FIELDS, TARGET)

    back = Table.read(tmp_path / f"a{ending}")

    assert back.colnames == list(columns)
    for name, values in columns.items():
        got = back[name].filled(np.nan) if values.dtype.kind == "f" and hasattr(
            back[name], "filled") else back[name]
        np.testing.assert_array_equal(np.asarray(got).astype(values.dtype), values)


def test_a_letter_that_fits_lacks_is_kept_where_it_can_be(stem):
    assert list(Table.read(end(stem, ".vot"))["telescope"]) == ["EulerCAM", "é2"]
    assert list(Table.read(end(stem, ".fits"))["telescope"]) == ["EulerCAM", "?2"]


def test_the_fits_table_has_cards_of_time_and_columns(stem):
    header = fits.getheader(end(stem, ".fits"), 1)

    assert {key: header[key] for key in ("TIMESYS", "TREFPOS", "MJDREF", "FILTER", "RA", "TUNIT1",
                                         "TUCD1", "TUNIT6")} == {
        "TIMESYS": "UTC", "TREFPOS": "HELIOCENTER", "MJDREF": 0, "FILTER": "R", "RA": 69.5619,
        "TUNIT1": "d", "TUCD1": "time.epoch;meta.main", "TUNIT6": "mag"}
    assert "TUNIT4" not in header  # the standard has no unit for electrons
    assert header["TCOMM4"] == "sky (e-)"


def test_a_csv_leaves_cells_empty_and_formulas_are_reported(tmp_path, caplog):
    odd = COLUMNS | {"telescope": np.array(["=1+2", "T"])}
    write_exchange(tmp_path / "a", odd, FIELDS, TARGET)

    rows = list(csv.DictReader((tmp_path / "a.csv").read_text("utf-8").splitlines()))
    assert rows[1] == {"mhjd": "59470.125", "telescope": "T", "nbimg": "3", "relskylevel": "610.5",
                       "flag": "False", "mag_A": "", "magerr_A_4": "", "magerr_A_cov": "0.0125",
                       "magcov_A_B": "2e-07"}
    assert rows[0]["telescope"] == "=1+2"
    assert any(m.startswith("a.csv: 1 texts begin with '='") for m in caplog.messages)


def test_the_table_for_the_cds_is_read_by_its_description(tmp_path):
    write_cds(tmp_path / "cds.txt", COLUMNS, FIELDS)

    back = Table.read(tmp_path / "cds.txt", format="ascii.cds")
    assert back.colnames == ["mhjd", "telescope", "nbimg", "flag", "mag_A", "magerr_A_cov"]
    assert back["mhjd"].tolist() == [59467.115, 59470.125]
    assert back["mag_A"].tolist() == [-11.94, None]
    assert str(back["mag_A"].unit) == "mag"
    only = write_cds(tmp_path / "old.txt", {"mhjd": COLUMNS["mhjd"], "magerr_A_5": np.ones(2)},
                     FIELDS | {"magerr_A_5": ("mag", "error")})
    assert only is None
    assert Table.read(tmp_path / "old.txt", format="ascii.cds").colnames == ["mhjd", "magerr_A_5"]


def test_bands_that_ucds_know_are_named():
    assert ucd("mag_A", "V") == "phot.mag;em.opt.V"
    assert ucd("mag_A", "K") == "phot.mag;em.IR.K"
    assert ucd("mag_A", "r'") == "phot.mag;em.opt"
    assert ucd("airmass", "V") == "obs.airMass"


def test_digits_stay_far_below_the_errors():
    rng = np.random.default_rng(1)
    columns = {"mhjd": 60000 + rng.random(100), "mag_A": rng.normal(-12, 1, 100),
               "magerr_A_cov": 10 ** rng.uniform(-5, 0, 100), "nbimg": np.arange(100),
               "magcov_A_B": np.array([np.nan] * 100)}

    found = rounded(columns)

    assert np.abs(found["mhjd"] - columns["mhjd"]).max() <= 0.1 / 86400
    assert np.abs(found["mag_A"] - columns["mag_A"]).max() <= 5.1e-6
    np.testing.assert_allclose(found["magerr_A_cov"], columns["magerr_A_cov"], rtol=5.1e-4)
    assert max(len(repr(value)) for value in found["mhjd"].tolist()) <= 12
    assert max(len(repr(value)) for value in found["mag_A"].tolist()) <= 9
    assert found["nbimg"] is columns["nbimg"]
    assert np.isnan(found["magcov_A_B"]).all()
