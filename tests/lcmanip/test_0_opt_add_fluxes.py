from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np
import pytest

SCRIPT = "lcmanip/0_opt_add_fluxes"
READY = "lcmanip/1_join"  # what comes before it is what comes before this


def test_the_sum_has_the_error_of_its_covariance(lens_before):
    lens = lens_before(READY)

    lens.run(SCRIPT, sum=["S=A+B"])

    table = read_ecsv_columns(lens.work / "export" / "TINY_lens_sums.ecsv")
    value = {what: lens.values(f"flux_{what}") for what in (
        "e__lens__A", "e__lens__B", "cov_e2__lens__A__A", "cov_e2__lens__B__B",
        "cov_e2__lens__A__B", "psf_e__lens__A", "psf_e__lens__B", "sigma_e__lens__A",
        "sigma_e__lens__B")}
    assert table["flux_e"] == pytest.approx(value["e__lens__A"] + value["e__lens__B"])
    variance = (value["cov_e2__lens__A__A"] + value["cov_e2__lens__B__B"]
                + 2 * value["cov_e2__lens__A__B"]
                + value["psf_e__lens__A"] ** 2 + value["psf_e__lens__B"] ** 2)
    assert table["flux_sigma_e"] == pytest.approx(np.sqrt(variance))
    assert table["quadrature_e"] == pytest.approx(
        np.hypot(value["sigma_e__lens__A"], value["sigma_e__lens__B"]))
    assert (table["flux_sigma_e"] < table["quadrature_e"]).all()  # they blend
    assert "S" in (lens.work / "report_sums_lens.txt").read_text()


def test_nothing_to_add_is_told(lens_before):
    with pytest.raises(UserError, match=r"there is no sum to make\. Give sum_sources"):
        lens_before(READY).run(SCRIPT)


def test_the_sum_of_the_settings_is_in_the_joined_curve(lens_before):
    lens = lens_before(READY)
    lens.set('sum_sources = {"S": ("A", "B")}\njoin_sources = ["S", "A"]\n')

    lens.run(READY)

    curve = read_rdb(paths.light_curve(lens.settings()))
    assert [name for name in curve if name.startswith("mag_")] == ["mag_S", "mag_A"]
    both_e = lens.values("flux_e__lens__A") + lens.values("flux_e__lens__B")
    both_e = both_e * lens.values("dec_coeff__lens")
    assert curve["mag_S"] == pytest.approx(-2.5 * np.log10(both_e))
    lens.set('join_sources = ["A", "Q"]\n')
    with pytest.raises(UserError, match="join_sources: there is no source 'Q' among A, B"):
        lens.run(READY)
    lens.set('sum_sources = {"S": ("A",)}\n')
    with pytest.raises(UserError, match=r"sum_sources: S = .* two different sources or more"):
        lens.settings()
