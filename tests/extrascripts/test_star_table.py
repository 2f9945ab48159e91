from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns

import numpy as np
import pytest

SCRIPT = "extrascripts/star_table"
READY = "8_renorm/1a_renormalize"


def test_every_star_has_a_magnitude_each_night(lens_after):
    lens = lens_after(READY)

    lens.run(SCRIPT)

    table = read_ecsv_columns(lens.work / "export" / "TINY_stars_by_night.ecsv")
    mine = table["star"] == "a"
    flux_e, coeff = lens.values("star_flux_e__psf1__a"), lens.values("renorm__renorm1")
    assert table["mag"][mine] == pytest.approx(-2.5 * np.log10(flux_e * coeff))
    assert table["mhjd"][mine] == pytest.approx(lens.values("mhjd"))
    relative = np.hypot(lens.values("star_sigma_e__psf1__a") / flux_e,
                        lens.values("renorm_sigma__renorm1") / coeff)
    assert table["magerr"][mine] == pytest.approx(2.5 * np.log10(1 + relative))


def test_an_image_out_of_use_is_not_in_the_table(lens_after):
    lens = lens_after(READY)
    lens.update(lens.truth.good[1], gogogo=False, whynot="by hand: cloud")
    out = lens.values("mhjd", [lens.truth.good[1]])

    lens.run(SCRIPT)

    table = read_ecsv_columns(lens.work / "export" / "TINY_stars_by_night.ecsv")
    assert len(np.unique(table["mhjd"])) == len(lens.truth.good) - 1
    assert not np.isclose(table["mhjd"], out).any()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 7_deconv/0_star_photometry\.py and 8_renorm"):
        lens_before(READY).run(SCRIPT)


def test_the_table_is_joined_by_the_settings(lens_after):
    """Four images of one night: three within an hour, one five hours later."""
    lens = lens_after(READY)
    rng, names = np.random.default_rng(1), lens.truth.good
    flux_e = rng.uniform(900, 1100, 4)
    coeff = rng.uniform(0.7, 1.4, 4)
    times = 58543.98 + np.array([0, 40, 45, 300]) / 1440
    for name in lens.truth.names:
        lens.update(name, renorm__renorm1=None)
    for name, flux, c, time in zip(names, flux_e, coeff, times, strict=False):
        lens.update(name, mjd=time, mhjd=time + 0.004, renorm__r2=c, renorm_sigma__r2=0.01,
                    star_flux_e__p2__q=flux, star_sigma_e__p2__q=3.0)
    lens.set("psf_name = 'p2'\nrenorm_name = 'r2'\njoin_by = 'minutes'\njoin_minutes = 60.0\n"
             "join_center = 'median'\n")

    lens.run(SCRIPT)

    table = read_ecsv_columns(lens.work / "export" / "TINY_stars_by_minutes.ecsv")
    assert list(table["star"]) == ["q", "q"]
    assert list(table["images"]) == [3, 1]
    expected = [np.median((flux_e * coeff)[:3]), (flux_e * coeff)[3]]
    assert table["mag"] == pytest.approx(-2.5 * np.log10(expected))
    assert table["mhjd"] == pytest.approx([times[:3].mean() + 0.004, times[3] + 0.004], abs=1e-9)
