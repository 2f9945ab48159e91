"""A TAP service on the loop-back address that answers, errs, cuts, hangs and lies."""

import http.server
import io
import threading
import time

from cosmouline.astrometry import catalogues, io_gaia, io_panstarrs, io_tap
from cosmouline.errors import UserError

import numpy as np
import pytest
from astropy.io.votable import from_table
from astropy.table import Table

CENTRE = (69.56, -12.29)


def stars(n=30, away_deg=0.0):
    random = np.random.default_rng(1)
    return Table({"source_id": np.arange(n), "ra": CENTRE[0] + away_deg + random.uniform(
        -0.05, 0.05, n), "dec": CENTRE[1] + random.uniform(-0.05, 0.05, n),
        "ref_epoch": np.full(n, 2016.0), "phot_g_mean_mag": np.sort(random.uniform(14, 20, n)),
        "phot_g_mean_flux_over_error": np.full(n, 500.0), "pmra": random.normal(0, 5, n),
        "pmdec": random.normal(0, 5, n), "duplicated_source": np.zeros(n, bool),
        "phot_variable_flag": ["NOT_AVAILABLE"] * (n - 1) + ["VARIABLE"]})


def votable(table, status="OK", text=""):
    """Return the bytes of a VOTable with the QUERY_STATUS of TAP."""
    out = io.BytesIO()
    from_table(table).to_xml(out)
    info = f'<INFO name="QUERY_STATUS" value="{status}">{text}</INFO>'
    return out.getvalue().replace(b"<TABLE", info.encode() + b"<TABLE", 1)


class Service(http.server.BaseHTTPRequestHandler):
    """Does what `mode` of the server says."""

    def do_POST(self):
        self.server.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        mode, data = self.server.mode, votable(stars())
        if mode == "error":
            data = votable(stars(1), "ERROR", "no such table")
            self.send_response(400)
        elif mode == "down":
            self.send_error(503)
            return
        else:
            self.send_response(200)
        if mode == "lies":
            data = votable(stars(away_deg=1.0))
        elif mode == "page":
            data = b"<html><body>Maintenance</body></html>"
        elif mode == "empty":
            data = votable(stars()[:0])
        elif mode == "overflow":
            data = votable(stars(), "OVERFLOW")
        elif mode == "no magnitudes":
            table = stars()
            table.remove_column("phot_g_mean_mag")
            data = votable(table)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            if mode == "hang":
                time.sleep(3)
            elif mode == "drip":
                for k in range(30):
                    self.wfile.write(data[k:k + 1])
                    self.wfile.flush()
                    time.sleep(0.1)
            else:
                self.wfile.write(data[:len(data) // 2] if mode == "cut" else data)
        except OSError:  # the client has left
            pass

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads, server.mode, server.asked = True, "answer", []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}/tap"
    yield server
    server.shutdown()
    server.server_close()


def fetch(server, timeout_s=20.0):
    return io_gaia.fetch(*CENTRE, 10.0, io_gaia.services(server.url), timeout_s)


def test_an_answer_becomes_a_catalogue_with_the_query_beside_it(service):
    found, meta = fetch(service)

    assert catalogues.n_of(found) == 30
    assert (np.diff(found["mag_G"]) >= 0).all()
    np.testing.assert_allclose(found["magerr_G"], 1.0857 / 500, rtol=1e-3)
    assert found["is_variable"].sum() == 1
    assert found["epoch_year"][0] == 2016.0
    assert "CIRCLE('ICRS', 69.5600000, -12.2900000, 0.1666667)" in meta["adql"]
    assert "ORDER+BY+phot_g_mean_mag" in service.asked[0]
    assert meta["address"] == service.url


@pytest.mark.parametrize(("mode", "message"), [
    ("error", "status 400: it refuses the query: no such table"), ("down", "status 503"),
    ("cut", "IncompleteRead|cut after"), ("page", "no complete VOTable .it begins with"),
    ("empty", "no star there"), ("lies", "30 of its 30 stars lie outside of the circle"),
    ("no magnitudes", "have no magnitudes")])
def test_a_service_that_fails_is_one_line(service, mode, message):
    service.mode = mode
    with pytest.raises(UserError, match=message) as problem:
        fetch(service)
    assert "\n" not in str(problem.value)
    assert "Without one everything else works" in str(problem.value)


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_a_service_that_hangs_is_left_when_its_time_is_over(service, mode):
    service.mode, start = mode, time.monotonic()
    with pytest.raises(UserError, match=r"no complete answer within 0\.5 s|timed out"):
        fetch(service, 0.5)
    assert time.monotonic() - start < 2.5  # the drip would last 3 s


def test_a_cut_list_is_the_brightest_stars_and_says_so(service, caplog):
    service.mode = "overflow"
    found, meta = fetch(service)
    assert catalogues.n_of(found) == 30
    assert meta["cut"] == "the brightest stars only"
    assert "the 30 brightest stars and no more" in caplog.text


def test_the_next_service_is_asked_where_one_fails(service, caplog):
    nobody = ("nobody", "http://127.0.0.1:9/tap", *io_gaia.SERVICES[0][2:])
    found, meta = io_gaia.fetch(*CENTRE, 10.0, (nobody, *io_gaia.services(service.url)), 20.0)
    assert catalogues.n_of(found) == 30
    assert meta["service"] == "service"
    assert "nobody (http://127.0.0.1:9/tap): " in caplog.text


def test_an_address_that_is_none_is_one_line():
    with pytest.raises(UserError, match=r"unknown url type|no host"):
        io_tap.query("nothing", "SELECT", 5.0, 10)


def test_every_mirror_is_asked_for_what_the_reader_knows():
    for one in io_gaia.SERVICES:
        text = io_gaia.adql(one, 0.0, 89.9, 10.0)
        assert text.startswith("SELECT TOP 20000 ")
        assert text.endswith(f"ORDER BY {one[4][2]}")


def test_magnitudes_of_another_catalogue_join_the_stars_that_are_the_same():
    own = {"ra_deg": np.array([10.0, 10.01, 10.02]), "dec_deg": np.zeros(3),
           "mag_G": np.arange(3.0)}
    other = {"ra_deg": np.array([10.0 + 0.4 / 3600, 10.02, 10.02 + 0.3 / 3600]),
             "dec_deg": np.zeros(3), "mag_r_ps1": np.array([15.0, 16.0, 18.0]),
             "magerr_r_ps1": np.array([0.1, 0.2, 0.3])}
    found, n = io_panstarrs.joined(own, other)
    assert n == 2
    np.testing.assert_array_equal(found["mag_r_ps1"], [15.0, np.nan, 16.0])
    np.testing.assert_array_equal(found["magerr_r_ps1"], [0.1, np.nan, 0.2])
    assert "mag_r_ps1" not in own
