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


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 7_deconv/0_star_photometry\.py and 8_renorm"):
        lens_before(READY).run(SCRIPT)
