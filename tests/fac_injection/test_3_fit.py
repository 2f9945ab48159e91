import subprocess
import sys

from cosmouline.database.script_header import ROOT
from cosmouline.deconv import db_products
from cosmouline.deconv.io_fit import read_epochs, read_fit
from cosmouline.injection import db_sites
from cosmouline.injection.db_site_fit import in_order, site_epochs, site_path

import numpy as np
import pytest

pytestmark = pytest.mark.long  # the order of the small lens, and fits of sites

SCRIPT = "fac_injection/3_fit"


def rows_of(lens):
    return in_order([row for row in lens.rows.values() if "n_injected__quad" in row],
                    lens.settings())


def test_a_site_gives_back_what_was_injected(injected):
    settings = injected.settings()
    site = db_sites.read(settings)[0]
    found, psf_error = read_fit(site_path(site, settings))
    fit, _ = db_products.joint_fit(settings)
    sigma = np.sqrt(np.einsum("ekk->ek", found.covariance_total) + (psf_error * found.flux) ** 2)
    away = (found.flux - fit.flux) / np.hypot(sigma, found.flux_systematic)

    assert site["series"] == "lens"
    # twelve fluxes: none beyond 4.5 errors
    assert np.abs(away).max() < 4.5
    moved = np.diff(found.position_px, axis=0) - np.diff(fit.position_px, axis=0)
    assert np.abs(moved).max() < 5 * 0.012  # as in the test of 4_deconv


def test_the_true_psf_is_not_among_the_draws_of_the_fit(injected):
    settings = injected.settings()
    content, usable, start = site_epochs(db_sites.read(settings)[0], rows_of(injected), settings)
    lens = db_products.gathered_epochs(settings)

    assert len(content.draws) == len(lens.draws) - 1
    assert [row["img_name"] for row in usable] == content.names
    # the start is as far from the site as that of the lens is from the lens
    offset = np.array([(star.x_px, star.y_px) for star in start]) - content.centre_px
    given = np.array([(star.x_px, star.y_px) for star in db_products.start_sources(settings)])
    assert offset == pytest.approx(given - lens.centre_px)


def test_what_is_finished_stays(injected, caplog):
    settings = injected.settings()
    before = {path: path.read_bytes() for path in site_path(
        {"name": "M1"}, settings).parent.glob("*_fit.npz")}
    site_path({"name": "M1"}, settings).write_bytes(b"half of a file")  # as a crash leaves none
    injected.run(SCRIPT)

    assert sum("nothing has changed" in one for one in caplog.messages) == len(before) - 1
    assert {path: path.read_bytes() for path in before} == before  # the same bits again


def test_stamps_of_the_lens_are_not_touched(injected):
    settings = injected.settings()
    path = site_path({"name": "M1"}, settings).parents[1] / "dec_quad" / "epochs.npz"

    assert read_epochs(path).names == [row["img_name"] for row in rows_of(injected)]


@pytest.mark.parametrize("lines", [
    'engine = "local"\nmax_cpus = 2\n',
    'engine = "dask"\ncluster = {"cluster": "local", "jobs": 1, "cores": 2, "memory": "2GB"}\n'])
def test_sites_have_the_same_bits_on_every_engine(injected, settings_of_sites, lines):
    """Fitted here one after the other, and by two workers elsewhere, each in a process."""
    if "dask" in lines:
        pytest.importorskip("distributed")
    folder = site_path({"name": "M1"}, injected.settings()).parent
    before = {path.name: path.read_bytes() for path in folder.glob("*_fit.npz")}
    for path in folder.glob("*_fit.npz"):
        path.unlink()
    injected.set(settings_of_sites + lines)

    done = subprocess.run(
        [sys.executable, str(ROOT / "pipe" / f"{SCRIPT}.py"), str(injected.config), "--redo"],
        capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(before) >= 2
    assert {path.name: path.read_bytes() for path in folder.glob("*_fit.npz")} == before
