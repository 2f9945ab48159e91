"""2b and 3: coefficients beside each other, and any star under one."""

from cosmouline.errors import UserError

import numpy as np
import pytest

AFTER = "8_renorm/1a_renormalize"


def test_coefficients_are_divided_by_the_first(lens_after, pages):
    lens = lens_after(AFTER)

    lens.run("8_renorm/2b_opt_compare_coefficients")

    assert "TINY: coefficients" in pages.texts("compare_coefficients")
    panels = pages.heights("compare_coefficients")
    medcoeff, renorm = lens.values("medcoeff"), lens.values("renorm__renorm1")
    assert panels[0] == pytest.approx(medcoeff)
    assert panels[2] == pytest.approx(renorm / medcoeff)
    lens.run("8_renorm/2b_opt_compare_coefficients", names=["renorm1"])
    assert pages.heights("compare_coefficients")[0] == pytest.approx(renorm)
    with pytest.raises(UserError, match=r"--names r9: the database has medcoeff, renorm1"):
        lens.run("8_renorm/2b_opt_compare_coefficients", names=["r9"])


def test_one_star_is_drawn_in_per_cent_of_its_median(lens_after, pages):
    lens = lens_after(AFTER)

    lens.run("8_renorm/3_opt_inspect_star", star=["b"])

    assert set(pages) == {"renorm1_star_b"}
    flux = lens.values("star_flux_e__psf1__b") * lens.values("renorm__renorm1")
    assert pages.heights("renorm1_star_b")[0] == pytest.approx(100 * (flux / np.median(flux) - 1))
    with pytest.raises(UserError, match="--star q: psf1 has a, b, c"):
        lens.run("8_renorm/3_opt_inspect_star", star=["q"])
