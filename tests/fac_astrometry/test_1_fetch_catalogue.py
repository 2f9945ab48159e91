from types import SimpleNamespace

from cosmouline.astrometry import io_gaia
from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.table import Table

STARS = {"ra_deg": np.array([10.0, 10.01]), "dec_deg": np.array([5.0, 5.01]),
         "mag_G": np.array([15.0, 16.0])}


@pytest.fixture
def fetch(script, tmp_path, monkeypatch, caplog):
    """Run the script with options; the services answer, or err."""
    caplog.set_level("INFO", "cosmouline")
    asked = []

    def answer(*arguments):
        asked.append(arguments)
        if answer.problem:
            raise UserError(answer.problem)
        return STARS, {"service": "ESA", "adql": "SELECT ..."}

    answer.problem = None
    module = script("pipe/fac_astrometry/1_fetch_catalogue")
    monkeypatch.setattr(module.io_gaia, "fetch", answer)

    def run(catalogue="catalogue.ecsv", redo=False, from_file=None, add=None, add_file=None,
            service=None, lens=(10.0, 5.0)):
        options = SimpleNamespace(redo=redo, from_file=from_file, add=add, add_file=add_file,
                                  service=service, timeout=60.0)
        module.main(SimpleNamespace(
            config_dir=tmp_path, catalogue=catalogue, catalogue_radius_arcmin=7.0,
            pointing_error_arcmin=3.0, lens_ra_deg=lens[0], lens_dec_deg=lens[1],
            options=options), None)
        return (tmp_path / catalogue).read_text()

    run.answer, run.asked, run.folder = answer, asked, tmp_path
    return run


def test_the_catalogue_is_asked_for_once_and_kept(fetch, caplog):
    text = fetch("mine.ecsv")
    assert "service: ESA" in text
    assert fetch.asked == [(10.0, 5.0, 7.0, io_gaia.SERVICES, 60.0)]
    fetch("mine.ecsv")
    assert len(fetch.asked) == 1
    assert "is there: kept (--redo fetches it again)" in caplog.text
    fetch("mine.ecsv", redo=True, service="http://x/tap")
    assert fetch.asked[1][3][0][1] == "http://x/tap"


def test_where_no_service_answers_an_old_catalogue_stays(fetch, caplog):
    fetch.answer.problem = "no service gave a catalogue: ESA: timed out"
    with pytest.raises(UserError, match="no service gave a catalogue"):
        fetch()
    fetch.answer.problem = None
    before = fetch()
    fetch.answer.problem = "no service gave a catalogue: ESA: timed out"
    assert fetch(redo=True) == before
    assert "catalogue.ecsv stays as it was: no service gave" in caplog.text


def test_a_file_is_taken_and_magnitudes_are_joined(fetch, caplog):
    own = fetch.folder / "topcat.csv"
    Table({"ra": [10.0, 10.02], "dec": [5.0, 5.0], "mag_V": [14.0, 15.0]}).write(own)
    more = fetch.folder / "more.csv"
    Table({"ra": [10.0], "dec": [5.0], "mag_r_ps1": [13.5]}).write(more)
    text = fetch(from_file=str(own), add_file=str(more))
    assert "file: topcat.csv" in text
    assert "joined: more.csv" in text
    assert "13.5" in text
    assert "2 stars, magnitudes in V, r_ps1" in caplog.text
    assert fetch.asked == []


def test_what_is_wrong_is_one_line(fetch):
    with pytest.raises(UserError, match=r"catalogue = 'stars\.fits' in the settings: name"):
        fetch("stars.fits")
    with pytest.raises(UserError, match="set lens_ra_deg and lens_dec_deg"):
        fetch(lens=(None, None))
    with pytest.raises(UserError, match="is of another field"):
        fetch(lens=(200.0, 5.0))
    assert not (fetch.folder / "catalogue.ecsv").exists()
