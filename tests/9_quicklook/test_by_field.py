from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "9_quicklook/by_field"


def magnitudes(lens, source):
    flux_e = lens.values(f"flux_e__lens__{source}") * lens.values("dec_coeff__lens")
    return -2.5 * np.log10(flux_e)


def test_both_curves_are_drawn_over_time(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    page = "lens_by_field_fwhm_arcsec"
    assert set(pages) == {page}
    panels = pages.heights(page)
    assert panels[0] == pytest.approx(magnitudes(lens, "A"))
    assert panels[1] == pytest.approx(magnitudes(lens, "B"))
    texts = pages.texts(page)
    assert "TINY: lens by field_fwhm_arcsec" in texts
    assert "field_fwhm_arcsec (arcsec)" in texts
    assert sum("scatter about neighbours / error" in text for text in texts) == 2


def test_the_errors_hold_those_of_the_coefficients(lens_before, script):
    lens = lens_before(SCRIPT)
    rows = [lens.rows[name] for name in lens.truth.good]

    _, sigma = script(f"pipe/{SCRIPT}").curves(rows, ["A"], lens.settings())

    relative = np.hypot(lens.values("flux_sigma_e__lens__A") / lens.values("flux_e__lens__A"),
                        lens.values("dec_coeff_sigma__lens") / lens.values("dec_coeff__lens"))
    assert sigma[0] == pytest.approx(1.0857362 * relative)


@pytest.mark.parametrize("field", ["airmass", "set_name", "psf_varies__psf1"])
def test_any_field_gives_the_colour(lens_before, pages, field):
    lens_before(SCRIPT).run(SCRIPT, field=field)

    assert set(pages) == {f"lens_by_{field}"}
    assert field in pages.texts(f"lens_by_{field}")


def test_the_picture_lies_in_plots(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT, field="sky_level_e")

    assert (lens.work / "plots" / "lens_by_sky_level_e.png").stat().st_size > 10000


def test_a_field_that_is_not_declared_or_not_there_is_told(lens_before):
    lens = lens_before(SCRIPT)
    with pytest.raises(UserError, match=r"'seeing' is not declared.*; see doc/fields\.md"):
        lens.run(SCRIPT, field="seeing")
    with pytest.raises(UserError, match="no image has 'astro_note'. Run "
                                        r"1_character/2a_astrocalc\.py first"):
        lens.run(SCRIPT, field="astro_note")


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match="no image has fluxes of the deconvolution 'lens'. Run "
                                        r"7_deconv/6_readout\.py first"):
        lens_before("7_deconv/6_readout").run(SCRIPT)
