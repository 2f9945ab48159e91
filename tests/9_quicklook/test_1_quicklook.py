from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.pages import drawing

import numpy as np
import pytest

SCRIPT = "9_quicklook/1_quicklook"


def change(settings, **values):
    return SimpleNamespace(**vars(settings) | values)


def magnitudes(lens, source):
    flux_e = lens.values(f"flux_e__lens__{source}") * lens.values("dec_coeff__lens")
    return -2.5 * np.log10(flux_e)


def test_without_a_word_images_nights_sets_and_seeing_are_drawn(lens_before, pages, caplog):
    lens_before(SCRIPT).run(SCRIPT)

    # one set, and one image in each night: no picture is drawn twice
    assert set(pages) == {"lens_by_image", "lens_by_field_fwhm_arcsec"}
    assert [m for m in caplog.messages if m.startswith("no picture by")] == [
        f"no picture by {word}, it would be that by image: {why}" for word, why in
        (("night", "no night has two"), ("set", "all are of one set"))]
    reports = [m.splitlines()[0] for m in caplog.messages if "distance from neighbours" in m]
    assert reports == ["lens by image"]  # the same curves only once


def test_two_sets_and_a_night_of_two_images_are_drawn(lens_before, pages):
    lens = lens_before(SCRIPT)
    first, second = lens.truth.good[:2]
    for field in ("mjd", "mhjd"):
        lens.update(second, **{field: lens.rows[first][field] + 8 / 1440})
    lens.update(first, set_name="V")

    lens.run(SCRIPT)

    assert set(pages) == {"lens_by_image", "lens_by_night", "lens_by_set",
                          "lens_by_field_fwhm_arcsec"}


def test_set_and_set_name_are_one_picture(lens_before, pages):
    lens_before(SCRIPT).run(SCRIPT, by=["set", "set_name", "seeing", "field_fwhm_arcsec"])

    assert set(pages) == {"lens_by_set", "lens_by_field_fwhm_arcsec"}
    assert "set" in pages.texts("lens_by_set")


def test_every_image_is_drawn_with_its_error(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT, by=["image"])

    page = "lens_by_image"
    flux_e = lens.values("flux_e__lens__A") * lens.values("dec_coeff__lens")
    assert pages.heights(page)[0] == pytest.approx(-2.5 * np.log10(flux_e))
    bars = pages[page].axes[0].collections[1].get_segments()
    sigma = [np.ptp(bar[:, 1]) / 2 for bar in bars]
    relative = np.hypot(lens.values("flux_sigma_e__lens__A") / lens.values("flux_e__lens__A"),
                        lens.values("dec_coeff_sigma__lens") / lens.values("dec_coeff__lens"))
    assert sigma == pytest.approx(1.0857362 * relative)
    assert "6 images" in pages.texts(page)


def test_the_nights_are_those_of_the_joined_curve(lens_before, pages):
    lens = lens_before(SCRIPT)
    first, second = lens.truth.good[:2]
    for field in ("mjd", "mhjd"):
        lens.update(second, **{field: lens.rows[first][field] + 8 / 1440})

    lens.run(SCRIPT, by=["night"])
    lens.run("lcmanip/1_join")

    curve = read_rdb(paths.light_curve(lens.settings()))
    shown = pages.heights("lens_by_night")
    assert len(curve["mhjd"]) == 5
    assert shown[0] == pytest.approx(curve["mag_A"])
    assert shown[1] == pytest.approx(curve["mag_B"])
    assert "6 images, 5 nights" in pages.texts("lens_by_night")


def test_sets_have_colours_and_their_offset_is_told(lens_before, pages, caplog):
    """A set of half the images, 5 % too bright by its coefficient."""
    lens = lens_before(SCRIPT)
    second = lens.truth.good[::2]
    for name in second:
        lens.update(name, set_name="R2", dec_coeff__lens=1.05 * lens.rows[name]["dec_coeff__lens"])
    settings = lens.settings
    lens.settings = lambda *a, **k: with_sets(settings(*a, **k))

    lens.run(SCRIPT, by=["set"])

    assert {"R", "R2", "set"} <= set(pages.texts("lens_by_set"))
    line, = (text for m in caplog.messages for text in m.splitlines()
             if text.startswith("B: median of"))
    offsets = {word.split()[0]: float(word.split()[1])
               for word in line.removeprefix("B: median of ").removesuffix(" mag").split(", ")}
    shown = dict(zip(sorted(lens.truth.good), pages.heights("lens_by_set")[1], strict=True))
    mean = {one: sorted(shown[n] for n in lens.truth.good if (n in second) == (one == "R2"))[1]
            for one in ("R", "R2")}
    assert offsets["R2"] - offsets["R"] == pytest.approx(mean["R2"] - mean["R"], abs=2e-3)


def with_sets(settings):
    settings.sets = [{"name": "R"}, {"name": "R2"}]
    return settings


def test_both_curves_are_drawn_over_time(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT, by=["seeing"])

    page = "lens_by_field_fwhm_arcsec"
    assert set(pages) == {page}
    panels = pages.heights(page)
    assert panels[0] == pytest.approx(magnitudes(lens, "A"))
    assert panels[1] == pytest.approx(magnitudes(lens, "B"))
    texts = pages.texts(page)
    assert "TINY: lens by field_fwhm_arcsec" in texts
    assert "field_fwhm_arcsec (arcsec)" in texts
    assert sum("distance from neighbours" in text for text in texts) == 2


def test_the_estimator_is_told_for_each_source_and_for_all(lens_before, pages, caplog):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT, by=["seeing"])

    told = "\n".join(caplog.messages)
    assert all(f"{source}: distance from neighbours: " in told for source in "AB")
    assert "all: distance from neighbours: " in told


def test_another_coefficient_or_none_can_be_put_to_the_fluxes(lens_before, pages):
    lens = lens_before(SCRIPT)
    flux_e = lens.values("flux_e__lens__A")
    coeff = lens.values("medcoeff")

    lens.run(SCRIPT, by=["seeing"], coefficient="medcoeff")
    lens.run(SCRIPT, by=["seeing"], coefficient="none")

    shown = pages.heights("lens_medcoeff_by_field_fwhm_arcsec")[0]
    assert shown == pytest.approx(-2.5 * np.log10(flux_e * coeff))
    assert pages.heights("lens_none_by_field_fwhm_arcsec")[0] == pytest.approx(
        -2.5 * np.log10(flux_e))
    with pytest.raises(UserError, match=r"no image has 'renorm__bad'\. There is medcoeff, none, "
                                        "and: renorm1"):
        lens.run(SCRIPT, by=["seeing"], coefficient="bad")


def test_a_sum_has_a_panel_of_its_own(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT, by=["seeing"], sum=["S=A+B"])

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

    lens.run(SCRIPT, by=["seeing"])

    assert {name: len(pages.heights(name)[0]) for name in pages} == {
        "lens_by_field_fwhm_arcsec r": 5, "lens_by_field_fwhm_arcsec v": 1}


@pytest.mark.parametrize("field", ["airmass", "set_name", "psf_varies__psf1"])
def test_any_field_gives_the_colour(lens_before, pages, field):
    lens_before(SCRIPT).run(SCRIPT, by=[field])

    assert set(pages) == {f"lens_by_{field}"}
    assert field in pages.texts(f"lens_by_{field}")


def test_several_fields_give_a_picture_each(lens_before, pages):
    """COSMOULINE's 2 to 7: seeing, airmass, sky level, coefficient, set, ellipticity."""
    fields = ["field_fwhm_arcsec", "airmass", "sky_level_e", "medcoeff", "set_name",
              "field_ellipticity"]

    lens_before(SCRIPT).run(SCRIPT, by=fields)

    assert set(pages) == {f"lens_by_{field}" for field in fields}


def test_the_picture_lies_in_plots(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT, by=["sky_level_e"])

    assert (lens.work / "plots" / "lens_by_sky_level_e.png").stat().st_size > 10000


def test_a_field_that_is_not_declared_or_not_there_is_told(lens_before):
    lens = lens_before(SCRIPT)
    with pytest.raises(UserError, match=r"'colour' is not declared.*; see doc/fields\.md"):
        lens.run(SCRIPT, by=["colour"])
    with pytest.raises(UserError, match="no image has 'astro_note'. Run "
                                        r"1_character/2a_astrocalc\.py first"):
        lens.run(SCRIPT, by=["astro_note"])


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match="no image has fluxes of the deconvolution 'lens'. Run "
                                        r"7_deconv/6_readout\.py first"):
        lens_before("7_deconv/6_readout").run(SCRIPT)
