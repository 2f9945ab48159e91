import json

from cosmouline.deconv.io_fit import read_fit, write_fit
from cosmouline.errors import UserError
from cosmouline.files import io_catalog, io_fits

import numpy as np
import pytest

SCRIPT = "7_deconv/5b_show_sources"
REFERENCE = "R_tiny_0001"


def report(lens):
    text = (lens.work / "report_dec_lens_sources.txt").read_text()
    head, *rows = (line.split("|") for line in text.splitlines() if "|" in line)
    names = [cell.strip() for cell in head]
    return text, {row[0].strip(): {name: float(cell) for name, cell
                                   in zip(names[1:], row[1:], strict=True)} for row in rows}


def test_positions_and_fluxes_are_those_that_were_drawn(lens_after, caplog):
    """Of S/N 250 and 150: to .02 px, and .05 px of the reference image itself."""
    lens = lens_after("7_deconv/4_deconv")
    lens.run(SCRIPT)
    text, rows = report(lens)
    fit, _ = read_fit(lens.work / "dec_lens" / "fit.npz")

    assert text.startswith("TINY: sources of lens")
    assert list(rows) == ["A", "B"]
    true_px = lens.truth.xy(REFERENCE, "image") + 1
    for k, name in enumerate("AB"):
        row = rows[name]
        assert [row["x_px"], row["y_px"]] == pytest.approx(true_px[k], abs=0.1)
        assert row["flux_e"] == pytest.approx(fit.flux[:, k].mean(), abs=1)
        assert row["mag"] == pytest.approx(-2.5 * np.log10(fit.flux[:, k].mean()), abs=0.001)
        assert row["ra_deg"] == pytest.approx(lens.truth.campaign.ra_deg, abs=1 / 3600)
    assert [rows["A"]["east_arcsec"], rows["A"]["north_arcsec"]] == pytest.approx(
        [0.65, 0.30], abs=0.02)
    places = json.loads((lens.work / "dec_lens" / "astrometry.json").read_text())
    assert list(places) == ["A", "B"]
    for name, place in places.items():  # the report's, with all digits
        assert set(place) == {"ra_deg", "dec_deg", "east_arcsec", "north_arcsec", "x_px", "y_px"}
        assert all(rows[name][key] == pytest.approx(value, abs=6e-4)
                   for key, value in place.items())
    pasted = text.splitlines()[-1]
    assert pasted.startswith('point_sources = {"A": (0.6')
    assert any(m.startswith("A at (") and " arcsec east, +0." in m for m in caplog.messages)
    assert any(m.startswith("2 sources: ") for m in caplog.messages)


def test_the_list_of_sources_starts_another_fit_from_the_same_places(lens_after):
    lens = lens_after("7_deconv/4_deconv")
    lens.run(SCRIPT)
    stars = io_catalog.read_cat(lens.work / "dec_lens" / "sources.cat")
    fit, _ = read_fit(lens.work / "dec_lens" / "fit.npz")
    assert stars[0].flux_e == pytest.approx(fit.flux[:, 0].mean(), rel=1e-3)

    (lens.config / "again.cat").write_bytes((lens.work / "dec_lens" / "sources.cat").read_bytes())
    lens.set("point_sources = 'again.cat'\n")
    lens.run("7_deconv/3_write_start")

    start = io_catalog.read_cat(lens.work / "dec_lens" / "start.cat")
    places, again = (np.array([(s.x_px, s.y_px) for s in these]) for these in (stars, start))
    assert again == pytest.approx(places, abs=0.01)


def test_the_deconvolved_image_holds_the_light_and_the_background_none(lens_after):
    """Without galaxy and field: all light is that of the sources."""
    lens = lens_after("7_deconv/4_deconv")
    lens.run(SCRIPT)
    fit, _ = read_fit(lens.work / "dec_lens" / "fit.npz")

    image, header = (io_fits.read_image(lens.work / "dec_lens" / "deconvolved.fits"),
                     io_fits.read_header(lens.work / "dec_lens" / "deconvolved.fits"))

    assert np.sum(image) == pytest.approx(fit.flux.mean(0).sum(), rel=0.01)
    assert header["SUBSAMP"] > 1
    background = io_fits.read_image(lens.work / "dec_lens" / "background.fits")
    assert np.abs(background).max() == 0


def test_a_source_without_light_has_no_magnitude(lens_after, caplog):
    lens = lens_after("7_deconv/4_deconv")
    path = lens.work / "dec_lens" / "fit.npz"
    fit, psf_error = read_fit(path)
    fit.flux[:, 1] = -10.0
    write_fit(path, fit, psf_error)

    lens.run(SCRIPT)

    line = next(line for line in report_lines(lens) if line.startswith("B"))
    assert line.split("|")[9].strip() in ("", "-")
    assert any(m.startswith("B at (") and m.endswith("mag nan") for m in caplog.messages)


def report_lines(lens):
    return (lens.work / "report_dec_lens_sources.txt").read_text().splitlines()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"there is no fit yet\. Run 7_deconv/4_deconv\.py first"):
        lens_before("7_deconv/4_deconv").run(SCRIPT)
