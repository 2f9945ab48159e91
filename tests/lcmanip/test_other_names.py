"""Deconvolution, PSF and renormalisation of other names than the defaults, in all scripts here."""

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np
import pytest

JOIN = "lcmanip/1_join"
NAMES = {"lens": "own", "psf1": "sharp", "renorm1": "mine"}
SETTINGS = "dec_name, psf_name, renorm_name = 'own', 'sharp', 'mine'\n"


@pytest.fixture
def lens(lens_before):
    """Give the small lens before 1_join, all its fields renamed."""
    lens = lens_before(JOIN)
    db = Database(lens.work / "database.json")
    for name, row in db.rows.items():
        old = [field for field in row if set(field.split("__")) & set(NAMES)]
        new = ["__".join(NAMES.get(part, part) for part in field.split("__")) for field in old]
        db.update(name, dict.fromkeys(old) | {n: row[o] for n, o in zip(new, old, strict=True)})
    db.save()
    db.close()
    lens.set(SETTINGS)
    return lens


def flux(lens, source):
    return lens.values(f"flux_e__own__{source}")


@pytest.mark.parametrize(("more", "n"), [("", 55), ("dec_coefficient = 'medcoeff'\n", 77)])
def test_the_report_counts_the_stars_of_the_coefficient(lens, more, n):
    for name in lens.truth.good:
        lens.update(name, n_renorm_stars__mine=55, n_coeff_stars=77)
    lens.set(SETTINGS + more)

    lens.run(JOIN)

    curve = read_rdb(lens.work / "export" / "TINY_own_by_night.rdb")
    assert curve["mag_A"] == pytest.approx(-2.5 * np.log10(
        flux(lens, "A") * lens.values("dec_coeff__own")))
    report = (lens.work / "report_join_own_by_night.txt").read_text()
    assert [line.split()[:2] for line in report.splitlines() if " stars " in line and "#" in line
            ] == [[str(n), "stars"]]


def test_sums_are_those_of_the_deconvolution(lens, caplog):
    lens.run("lcmanip/0_opt_add_fluxes", sum=["S=A+B"])

    table = read_ecsv_columns(lens.work / "export" / "TINY_own_sums.ecsv")
    assert table["flux_e"] == pytest.approx(flux(lens, "A") + flux(lens, "B"))
    assert (lens.work / "report_sums_own.txt").read_text().startswith("TINY: sums")


def test_the_page_of_the_curve_names_it(lens, monkeypatch):
    from cosmouline.pages import drawing

    pages = {}
    monkeypatch.setattr(drawing, "save_as", lambda page, path, *_: pages.update({path.name: page}))
    lens.set(SETTINGS + "join_by = 'image'\n")
    lens.run(JOIN)

    lens.run("lcmanip/2_plot")

    assert set(pages) == {f"TINY_own_by_image{end}" for end in (
        ".png", ".pdf", "_errors.png", "_images.png")}
    texts = [text.get_text() for text in pages["TINY_own_by_image.png"].findobj(
        lambda artist: hasattr(artist, "get_text"))]
    assert "own, 6 points by image, 0 flagged" in texts


def test_the_bundle_is_that_of_the_names(lens):
    lens.run(JOIN)
    lens.run("lcmanip/4_opt_export_final")

    folder, = paths.final(lens.settings()).iterdir()
    assert folder.name[10:] == "_TINY_own"
    readme = (folder / "readme.txt").read_text()
    assert readme.startswith("TINY: deconvolution own, PSF sharp, renormalisation mine\n")
    assert "curves/TINY_own_by_night.rdb" in readme
    assert "reference/dec_own_png_" in readme
    assert "reference/psf_sharp_png_" in readme


def test_the_readme_of_the_database_has_the_names(lens):
    lens.run("9_export/export")

    readme = (lens.work / "export" / "TINY_readme.txt").read_text()
    assert "deconvolution own, PSF sharp, renormalisation mine" in readme
    lens_of = lens.truth.campaign
    assert f"target: RA {lens_of.ra_deg}, Dec {lens_of.dec_deg} deg\n" in readme


def test_the_quicklook_draws_that_deconvolution(lens, pages):
    lens.run("9_quicklook/1_quicklook", by=["image", "night", "set"])

    # one image a night, and one set: the same points and the same colours
    assert set(pages) == {"own_by_image"}
    assert "TINY: own by image" in pages.texts("own_by_image")
    assert pages.heights("own_by_image")[1] == pytest.approx(-2.5 * np.log10(
        flux(lens, "B") * lens.values("dec_coeff__own")))


def test_the_scatter_inside_the_nights_is_that_of_these_stars_and_sources(lens):
    for first, second in zip(lens.truth.good[::2], lens.truth.good[1::2], strict=True):
        lens.update(second, mjd=lens.rows[first]["mjd"] + 0.01)

    lens.run("extrascripts/night_scatter")

    report = (lens.work / "report_night_scatter.txt").read_text()
    assert report.startswith("TINY: scatter inside the nights")
    lines = [line for line in report.splitlines() if line.startswith(("star ", "source "))]
    numbers = {line.split("|")[0].strip(): line.split("|")[1:3] for line in lines}
    assert {"source A", "source B"} < set(numbers)
    assert all([int(n) for n in counts] == [3, 6] for counts in numbers.values())
