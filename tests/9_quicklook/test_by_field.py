from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.pages import drawing

import numpy as np
import pytest

SCRIPT = "9_quicklook/by_field"


def change(settings, **values):
    return SimpleNamespace(**vars(settings) | values)


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


def test_the_estimator_is_told_for_each_source_and_for_all(lens_before, pages, caplog):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    told = "\n".join(caplog.messages)
    assert all(f"{source}: scatter about neighbours / error" in told for source in "AB")
    assert "all: scatter about neighbours / error" in told


def test_another_coefficient_or_none_can_be_put_to_the_fluxes(lens_before, pages):
    lens = lens_before(SCRIPT)
    flux_e = lens.values("flux_e__lens__A")
    coeff = lens.values("medcoeff")

    lens.run(SCRIPT, coefficient="medcoeff")
    lens.run(SCRIPT, coefficient="none")

    shown = pages.heights("lens_medcoeff_by_field_fwhm_arcsec")[0]
    assert shown == pytest.approx(-2.5 * np.log10(flux_e * coeff))
    assert pages.heights("lens_none_by_field_fwhm_arcsec")[0] == pytest.approx(
        -2.5 * np.log10(flux_e))
    with pytest.raises(UserError, match=r"no image has 'renorm__bad'\. There is medcoeff, none, "
                                        "and: renorm1"):
        lens.run(SCRIPT, coefficient="bad")


def test_a_sum_has_a_panel_of_its_own(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT, sum=["S=A+B"])

    both_e = lens.values("flux_e__lens__A") + lens.values("flux_e__lens__B")
    shown = pages.heights("lens_by_field_fwhm_arcsec")
    assert len(shown) == 3
    assert shown[2] == pytest.approx(-2.5 * np.log10(both_e * lens.values("dec_coeff__lens")))


def test_each_band_has_a_picture(lens_before, pages, monkeypatch):
    lens = lens_before(SCRIPT)
    lens.update(lens.truth.good[0], set_name="V")
    settings = lens.settings
    bands = [{"name": name, "band": name.lower()} for name in "RV"]
    monkeypatch.setattr(lens, "settings", lambda *a, **k: change(settings(*a, **k), sets=bands))
    monkeypatch.setattr(drawing, "save_plot",
                        lambda page, name, one, _: pages.update({f"{name} {one.band}": page}))

    lens.run(SCRIPT)

    assert {name: len(pages.heights(name)[0]) for name in pages} == {
        "lens_by_field_fwhm_arcsec r": 5, "lens_by_field_fwhm_arcsec v": 1}


@pytest.mark.parametrize("field", ["airmass", "set_name", "psf_varies__psf1"])
def test_any_field_gives_the_colour(lens_before, pages, field):
    lens_before(SCRIPT).run(SCRIPT, field=[field])

    assert set(pages) == {f"lens_by_{field}"}
    assert field in pages.texts(f"lens_by_{field}")


def test_several_fields_give_a_picture_each(lens_before, pages):
    """COSMOULINE's 2 to 7: seeing, airmass, sky level, coefficient, set, ellipticity."""
    fields = ["field_fwhm_arcsec", "airmass", "sky_level_e", "medcoeff", "set_name",
              "field_ellipticity"]

    lens_before(SCRIPT).run(SCRIPT, field=fields)

    assert set(pages) == {f"lens_by_{field}" for field in fields}


def test_the_picture_lies_in_plots(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT, field=["sky_level_e"])

    assert (lens.work / "plots" / "lens_by_sky_level_e.png").stat().st_size > 10000


def test_a_field_that_is_not_declared_or_not_there_is_told(lens_before):
    lens = lens_before(SCRIPT)
    with pytest.raises(UserError, match=r"'seeing' is not declared.*; see doc/fields\.md"):
        lens.run(SCRIPT, field=["seeing"])
    with pytest.raises(UserError, match="no image has 'astro_note'. Run "
                                        r"1_character/2a_astrocalc\.py first"):
        lens.run(SCRIPT, field=["astro_note"])


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match="no image has fluxes of the deconvolution 'lens'. Run "
                                        r"7_deconv/6_readout\.py first"):
        lens_before("7_deconv/6_readout").run(SCRIPT)
