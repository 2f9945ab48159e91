"""5b, 7 and 8: what became of the sources, checks, and fluxes to look at."""

from cosmouline.errors import UserError
from cosmouline.files import io_catalog

import numpy as np
import pytest
from astropy.io import fits

AFTER = "7_deconv/6_readout"


def test_the_sources_are_listed_where_they_are(lens_after, caplog):
    lens = lens_after(AFTER)

    lens.run("7_deconv/5b_show_sources")

    truth = lens.truth.objects("R_tiny_0001", "image")
    stars = io_catalog.read_cat(lens.work / "dec_lens" / "sources.cat")
    lines = (lens.work / "report_dec_lens_sources.txt").read_text().splitlines()
    head = [cell.strip() for cell in lines[3].split("|")]
    rows = [dict(zip(head, (cell.strip() for cell in line.split("|")), strict=True))
            for line in lines[5:7]]
    for star, row, true in zip(stars, rows, truth, strict=True):
        # places of bright sources in 6 frames: better than a tenth of a pixel
        assert (star.x_px, star.y_px) == pytest.approx((true["x_px"], true["y_px"]), abs=0.1)
        assert (float(row["x_px"]), float(row["y_px"])) == pytest.approx(
            (star.x_px + 1, star.y_px + 1), abs=1e-3)
        assert float(row["mag"]) == pytest.approx(-2.5 * np.log10(star.flux_e), abs=1e-3)
    # the places that the frames were drawn from, arcsec east and north of the lens
    given = {"A": (0.65, 0.30), "B": (-0.62, -0.35)}
    for row in rows:
        assert (float(row["east_arcsec"]), float(row["north_arcsec"])) == pytest.approx(
            given[row["source"]], abs=0.03)
    assert lines[-1].startswith('point_sources = {"A": (0.6')
    background = fits.getdata(lens.work / "dec_lens" / "background.fits")
    assert background.shape == (4 * lens.rows["R_tiny_0001"]["lens_side_px"],) * 2


def test_the_checks_show_the_fluxes_of_the_database(lens_after, pages):
    lens = lens_after(AFTER)

    lens.run("7_deconv/7_check_plots")

    page = pages["dec_lens_checks"]
    curves = [line.get_ydata() for ax in page.axes for line in ax.lines
              if len(line.get_ydata()) == 6]
    scaled = lens.values("flux_e__lens__A") * lens.values("dec_coeff__lens")
    assert any(np.allclose(curve, scaled) for curve in curves)
    assert any(np.allclose(curve, lens.values("dec_sky_e__lens")) for curve in curves)


def test_an_image_without_its_number_is_told(lens_after, pages):
    lens = lens_after(AFTER)
    lens.update("R_tiny_0003", dec_number__lens=None)

    with pytest.raises(UserError, match=r"1 of 6 images have no 'dec_number__lens' \(first: "
                                        r"R_tiny_0003\)\. Run \w+/\w+\.py first"):
        lens.run("7_deconv/7_check_plots")


def test_an_image_whose_chi2_stands_out_is_named_on_the_page(lens_after, pages):
    lens = lens_after(AFTER)
    lens.update("R_tiny_0003", dec_chi2__lens=9.0)

    lens.run("7_deconv/7_check_plots")

    assert [text for text in pages.texts("dec_lens_checks") if text in lens.rows] == [
        "R_tiny_0003"]


def test_fluxes_that_deserve_a_look_are_listed_and_drawn(lens_after, pages, caplog):
    lens = lens_after(AFTER)
    lens.run("7_deconv/8_inspect_flux")
    assert caplog.messages[-1].startswith("0 of 12 fluxes deserve a look")
    lens.update("R_tiny_0003", flux_e__lens__B=-50.0)
    lens.update("R_tiny_0005", dec_chi2__lens=2.5)

    lens.run("7_deconv/8_inspect_flux", source="A")

    text = (lens.work / "report_dec_lens_fluxes.txt").read_text()
    listed = [tuple(cell.strip() for cell in line.split("|")[:2])
              for line in text.splitlines() if line.startswith("R_tiny")]
    assert listed == [("R_tiny_0003", "B"), ("R_tiny_0005", "A"), ("R_tiny_0005", "B")]
    assert "negative" in text
    scaled = lens.values("flux_e__lens__A") * lens.values("dec_coeff__lens")
    assert pages.heights("lens_A")[0] == pytest.approx(scaled)
    with pytest.raises(UserError, match="--source Q: lens has A, B"):
        lens.run("7_deconv/8_inspect_flux", source="Q")


def test_the_limits_tell_what_they_leave_out(lens_after, caplog):
    lens = lens_after("8_renorm/1a_renormalize")
    sky = {name: lens.rows[name]["sky_level_e"] for name in lens.truth.good}
    brightest, second = sorted(sky, key=lambda name: -sky[name])[:2]
    limit = (sky[brightest] + sky[second]) / 2
    lens.set(f"dec_sky_max_e = {limit}\n")
    (lens.config / "dec_lens_skiplist.txt").write_text(f"{second} trailed\n")

    lens.run("7_deconv/0_opt_auto_skiplist")

    path = lens.work / "dec_lens" / "skiplist.txt"
    assert io_catalog.read_image_list(path) == {
        brightest: f"sky above {limit:g}", second: "skiplist: trailed"}
    assert caplog.messages[-1].startswith("4 of 6 images stay")
    lens.run("7_deconv/1_prepare")
    chosen = {name for name, row in lens.rows.items() if "dec_number__lens" in row}
    assert chosen == set(lens.truth.good) - {brightest, second}
