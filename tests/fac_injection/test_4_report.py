from cosmouline.database import paths
from cosmouline.deconv import db_products
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.injection.io_certificate import read_certificate
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np
import pytest

pytestmark = pytest.mark.long  # the order of the small lens, and fits of sites

LOOSE = (("", 5e-3),)  # draws of the PSF move so much under other processors
SCRIPT = "fac_injection/4_report"


def test_tables_report_and_page_agree(injected):
    settings = injected.settings()
    folder = paths.injection(settings)
    sources, checks = read_certificate(folder)
    fluxes = read_ecsv_columns(folder / "injection.ecsv")
    report = paths.report(settings, "injection_quad").read_text()
    page = (folder / "index.html").read_text()

    assert sources["source"].tolist() == ["A", "B"]
    assert set(fluxes["source"]) == {"A", "B"}
    one = fluxes["site"] == "M1"
    assert one.sum() == 12
    pulls = (fluxes["found"] - fluxes["injected"])[one] / fluxes["sigma"][one]
    assert np.abs(pulls).max() < 6
    for check in checks["check"]:
        assert check in report
        assert check.replace("'", "&#x27;") in page
    assert paths.plot(settings, "injection_quad").is_file()
    assert "../plots/injection_quad.png" in page


def test_all_numbers_of_the_injection_are_what_they_were(injected_once, recorded, script):
    """That they are right is shown by the other tests: see tests/recorded.py."""
    tool, lens = script("tests/recorded"), injected_once
    folder = paths.injection(lens.settings())
    recorded("fac_injection/products", tool.products_of(folder, lens.rows), LOOSE)
    recorded("fac_injection/reports", tool.reports_of(lens.work, "report_injection*"), LOOSE)


def test_the_curve_says_what_was_proved_and_takes_the_factors_only_when_asked(injected):
    injected.run("lcmanip/1_join")
    path = paths.light_curve(injected.settings())
    quoted, lines = read_rdb(path), path.read_text().splitlines()
    factors = read_certificate(paths.injection(injected.settings()))[0]
    injected.run("lcmanip/1_join", errors="injected")
    times = read_rdb(path)

    assert lines[2].startswith("# injection: ")
    assert not lines[3].startswith("#")
    assert "its factors" not in lines[2]
    assert path.read_text().splitlines()[2].endswith("; errors times its factors")
    for source, random, systematic in zip(factors["source"], factors["factor_random"],
                                          factors["factor_systematic"], strict=True):
        assert times[f"magerr_{source}_cov"] == pytest.approx(
            random * quoted[f"magerr_{source}_cov"], rel=1e-3)  # written with few digits
        assert times[f"magsys_{source}"] == pytest.approx(
            systematic * quoted[f"magsys_{source}"], rel=1e-3)
        assert (times[f"magerr_{source}_1"] == quoted[f"magerr_{source}_1"]).all()


def test_images_without_injected_light_are_left_out(trunk, new_lens, settings_of_sites, tmp_path):
    """What was injected is the fit of the lens, epoch by epoch; nights are complete."""
    lens = new_lens(tmp_path, trunk, trunk.after("7_deconv/6_readout"))
    lens.set(settings_of_sites.replace('dec_name = "quad"', ""))
    lens.run("fac_injection/1_choose_sites")
    lens.run("fac_injection/2_inject", images=5)
    for name in ("3_fit", "4_report"):
        lens.run(f"fac_injection/{name}")
    settings = lens.settings()
    found = read_ecsv_columns(paths.injection(settings) / "injection.ecsv")
    epochs = list(db_products.gathered_epochs(settings).names)
    flux = db_products.joint_fit(settings)[0].flux

    used = [name for name in epochs if name in set(found["img_name"])]
    assert 5 <= len(used) < len(epochs)
    mjd = np.array([lens.rows[name]["mjd"] for name in epochs])
    is_used = np.isin(epochs, used)
    assert not (np.abs(mjd[is_used][:, None] - mjd[~is_used]) < 0.3).any()
    by_psf = (found["series"] == "lens") & (found["star"] == "")
    assert by_psf.any()
    for name, source, injected in zip(*(found[key][by_psf] for key in (
            "img_name", "source", "injected")), strict=True):
        assert injected == pytest.approx(flux[epochs.index(name), "AB".index(source)])
    assert read_certificate(paths.injection(settings))[1]["passed"].dtype == bool


def test_factors_without_a_certificate_are_refused(injected):
    (paths.injection(injected.settings()) / "checks.ecsv").unlink()

    with pytest.raises(UserError, match=r"--errors injected: nothing was injected to test the "
                                        r"deconvolution 'quad'. Run fac_injection/4_report.py"):
        injected.run("lcmanip/1_join", errors="injected")


def test_fits_of_another_fit_of_the_lens_are_refused(injected):
    for name, row in injected.rows.items():
        if "dec_fit__quad" in row:
            injected.update(name, dec_fit__quad="123456789abc")

    with pytest.raises(UserError, match=r"is of another fit of the lens. Run fac_injection from"):
        injected.run(SCRIPT)
