from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "7_deconv/8_inspect_flux"
READOUT = "7_deconv/6_readout"
ODD = "R_tiny_0003"


def rows_of(lens, dec="lens"):
    text = (lens.work / f"report_dec_{dec}_fluxes.txt").read_text()
    head, *rows = (line.split("|") for line in text.splitlines() if "|" in line)
    names = [cell.strip() for cell in head]
    return [dict(zip(names, (cell.strip() for cell in row), strict=True)) for row in rows]


def test_a_good_fit_has_nothing_to_look_at(lens_after, caplog):
    lens = lens_after(READOUT)

    lens.run(SCRIPT)

    text = (lens.work / "report_dec_lens_fluxes.txt").read_text()
    assert text.startswith("TINY: fluxes of lens to look at")
    assert text.split()[-1] == "none"
    assert any(m.startswith("0 of 12 fluxes deserve a look: ") for m in caplog.messages)


def test_a_negative_flux_and_a_bad_chi2_are_listed_with_their_reasons(lens_after):
    lens = lens_after(READOUT)
    lens.update(ODD, flux_e__lens__B=-500.0)
    lens.update("R_tiny_0005", dec_chi2__lens=1.8)

    lens.run(SCRIPT)

    rows = rows_of(lens)
    found = {(row["img_name"], row["source"]): row for row in rows}
    assert [(row["img_name"], row["source"]) for row in rows] == sorted(found)
    assert "negative" in found[ODD, "B"]["why"]
    assert {("R_tiny_0005", "A"), ("R_tiny_0005", "B")} <= set(found)
    assert "chi2" in found["R_tiny_0005", "A"]["why"]
    row, shown = lens.rows[ODD], found[ODD, "B"]
    assert float(shown["flux_e"]) == pytest.approx(-500 * row["dec_coeff__lens"], abs=1)
    assert float(shown["coefficient"]) == pytest.approx(row["dec_coeff__lens"], abs=1e-3)
    assert float(shown["seeing"]) == pytest.approx(row["field_fwhm_arcsec"], abs=0.01)
    sigma = np.hypot(row["flux_sigma_e__lens__B"] * row["dec_coeff__lens"],
                     500 * row["dec_coeff_sigma__lens"])
    assert float(shown["sigma_e"]) == pytest.approx(sigma, abs=1)


def test_one_source_is_drawn_over_time(lens_after, pages):
    lens = lens_after(READOUT)

    lens.run(SCRIPT, source="B")

    assert set(pages) == {"lens_B"}
    flux = pages.heights("lens_B")[0]
    rows = [lens.rows[name] for name in lens.truth.good]
    expected = [row["flux_e__lens__B"] * row["dec_coeff__lens"] for row in rows]
    assert np.sort(flux) == pytest.approx(np.sort(expected))
    assert any("TINY: B of lens" in text for text in pages.texts("lens_B"))


def test_an_unknown_source_is_refused(lens_after):
    with pytest.raises(UserError, match="--source C: lens has A, B"):
        lens_after(READOUT).run(SCRIPT, source="C")


def test_the_fluxes_are_those_of_the_deconvolution_that_the_settings_name(
        lens_after, pages, caplog):
    """Another one of all images but the first, of twice the flux and a quarter of the coefficient.

    One image has a chi2 to look at.
    """
    lens = lens_after(READOUT)
    names = lens.truth.good[1:]
    for name in names:
        lens.update(name, **{
            field.replace("__lens", "__second"): value * (
                2 if "flux" in field else 0.25 if field == "dec_coeff__lens" else 1)
            for field, value in lens.rows[name].items()
            if "__lens" in field and isinstance(value, float)})
    lens.update(ODD, dec_chi2__second=1.8)
    lens.set("dec_name = 'second'\n")

    lens.run(SCRIPT, source="B")

    flux = pages.heights("second_B")[0]
    expected = lens.values("flux_e__lens__B", names) * lens.values("dec_coeff__lens", names) / 2
    assert np.sort(flux) == pytest.approx(np.sort(expected))
    assert "2 of 10 fluxes deserve a look" in caplog.text
    shown = [row for row in rows_of(lens, "second") if row["img_name"] == ODD]
    assert [float(row["coefficient"]) for row in shown] == pytest.approx(
        [lens.rows[ODD]["dec_coeff__lens"] / 4] * 2, abs=1e-3)
