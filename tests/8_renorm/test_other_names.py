"""All of 8_renorm, and the tools on stars, under other names of PSF and coefficient."""

from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np
import pytest

RENORMALISE, PHOTOMETRY = "8_renorm/1a_renormalize", "7_deconv/0_star_photometry"
NAMED = 'psf_name = "sharp"\nrenorm_name = "r2"\n'


@pytest.fixture
def lens(lens_after):
    """Give a lens whose stars were measured with the PSF 'sharp' alone, and better with that."""
    lens = lens_after(PHOTOMETRY)
    for name, row in lens.rows.items():
        old = {field: None for field in row if "psf1" in field}
        lens.update(name, **old, **{field.replace("psf1", "sharp"): row[field] for field in old})
    lens.set(NAMED)
    return lens


def sharp(lens, star, kind="flux"):
    return lens.values(f"star_{kind}_e__sharp__{star}")


def test_coefficient_report_and_pages(lens, pages):
    lens.set(f"{NAMED}renorm_reference_star = 'c'\n")
    for script in (RENORMALISE, "8_renorm/1b_report", "8_renorm/2_plot_star_curves"):
        lens.run(script)
    lens.run("8_renorm/3_opt_inspect_star", star=["b"])

    coeff = lens.values("renorm__r2")
    assert not [f for row in lens.rows.values() for f in row if "psf1" in f or "renorm1" in f]
    lines = (lens.work / "report_r2.txt").read_text().splitlines()
    assert lines[0] == "TINY: r2"
    assert "star: c" in lines
    own, = [line.split("|") for line in lines if line.startswith("R   | TINY")]
    flux = sharp(lens, "c") * coeff
    assert float(own[8]) == 1
    assert float(own[9]) == pytest.approx(100 * np.std(flux) / np.median(flux), abs=0.006)
    assert set(pages) == {"stars_r2", "r2", "checks_r2", "r2_star_b", "peaks_r2"}
    assert pages.heights("r2")[0] == pytest.approx(coeff)
    flux = sharp(lens, "b") * coeff
    percent = 100 * (flux / np.median(flux) - 1)
    assert pages.heights("stars_r2")[1::2][1] == pytest.approx(percent)
    assert pages.heights("r2_star_b")[0] == pytest.approx(percent)
    assert {"TINY: stars with r2", "TINY: star b with r2"} <= {
        text for page in pages for text in pages.texts(page)}
    assert any("checks of r2" in text for text in pages.texts("checks_r2"))
    assert "r2" in pages.texts("checks_r2")
    with pytest.raises(UserError, match="--star q: sharp has a, b, c"):
        lens.run("8_renorm/3_opt_inspect_star", star=["q"])


def test_curves_of_stars_and_what_is_found_from_them(lens, pages, caplog):
    lens.set(f"{NAMED}join_by = 'image'\n")
    lens.run(RENORMALISE)
    with pytest.raises(UserError, match="--star q: sharp has a, b, c"):
        lens.run("8_renorm/4_opt_star_light_curves", star=["q"])

    lens.run("8_renorm/4_opt_star_light_curves", star=["b", "c"])
    lens.run("extrascripts/variables")
    (lens.folder / "mags.txt").write_text("b 15.0\nc 16.0\n")
    lens.run("extrascripts/zero_point", catalogue=lens.folder / "mags.txt")

    curve = read_rdb(lens.work / "export" / "TINY_b_r2_by_image.rdb")
    mag = -2.5 * np.log10(sharp(lens, "b") * lens.values("renorm__r2"))
    assert np.sort(curve["mag_b"]) == pytest.approx(np.sort(mag), abs=1e-4)
    text = (lens.work / "report_star_curves_r2.txt").read_text()
    assert text.startswith("TINY: stars with r2\n")
    assert "TINY_b_r2_by_image.rdb" in text
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    chi2 = [float(row[5]) for row in cells if row[0] in ("b", "c")]
    assert chi2[0] >= chi2[1]  # the most variable star comes first
    assert (lens.work / "export" / "TINY_variables_sharp.ecsv").is_file()
    assert (lens.work / "report_variables_sharp.txt").read_text().startswith("TINY: 8 stars on 6")
    table = read_ecsv_columns(lens.work / "export" / "TINY_zero_points.ecsv")
    names = table["img_name"].tolist()
    zero = table["zero_point"] + 2.5 * np.log10(
        lens.values("renorm__r2", names) * lens.values("exptime_s", names))
    assert zero == pytest.approx(np.full(6, zero[0]), abs=1e-6)
    assert (lens.work / "report_zero_point.txt").read_text().startswith("TINY: zero point\n")
    assert not list(lens.work.rglob("*renorm1*"))
    assert "variables_sharp" in pages


def test_the_zero_point_takes_images_that_have_the_coefficient(lens):
    lens.run(RENORMALISE)
    lens.update("R_tiny_0003", renorm__r2=None)
    (lens.folder / "mags.txt").write_text("b 15.0\n")

    lens.run("extrascripts/zero_point", catalogue=lens.folder / "mags.txt")

    table = read_ecsv_columns(lens.work / "export" / "TINY_zero_points.ecsv")
    assert sorted(table["img_name"]) == sorted(set(lens.truth.good) - {"R_tiny_0003"})


def test_more_draws_are_trusted_more(lens_before):
    """With many draws an image keeps the error of its own PSF, with few it gets that of all."""
    lens = lens_before(RENORMALISE)
    for k, name in enumerate(lens.truth.good):
        lens.update(name, psf_sum_error__psf1=0.03 if k == 2 else 0.003)
    ratio = []
    for text in ("n_psf_draws = 1\n", "n_psf_draws = 400\n"):
        lens.set(text)
        lens.run(RENORMALISE, redo=True)
        relative = lens.values("renorm_abs_sigma__renorm1") / lens.values("renorm__renorm1")
        ratio.append(relative[2] / relative[1])

    assert ratio[1] > 5 > 3 > ratio[0]


def test_the_method_is_that_of_apertures_and_of_checks_as_well(lens_before, monkeypatch, pages):
    """The same formula for all: what is compared differs in its fluxes alone."""
    lens = lens_before(RENORMALISE)
    lens.set("renorm_method = 'median'\n")
    from cosmouline.photometry import coefficients
    methods, solve = [], coefficients.solve

    def noted(flux_e, flux_sigma_e, reference, method, set_names=None):
        methods.append(method)
        return solve(flux_e, flux_sigma_e, reference, method, set_names)

    monkeypatch.setattr(coefficients, "solve", noted)
    lens.run(RENORMALISE)
    lens.run("8_renorm/2_plot_star_curves")

    assert methods == ["median", "median"]


def test_the_reference_star_ties_the_zero_points_of_the_sets(lens_before):
    """Star c is 8 % brighter in the second set: its normalised flux is not, once it is named."""
    lens, steps = lens_before(RENORMALISE), []
    second = lens.truth.good[3:]
    for name in second:
        lens.update(name, set_name="V",
                    star_flux_e__psf1__c=1.08 * lens.rows[name]["star_flux_e__psf1__c"])
    sets = ", ".join(f'{{"name": "{name}", "telescope": "generic", "raw_dir": "/raw_{name}"}}'
                     for name in "RV")

    for text in ("", "renorm_reference_star = 'c'\n"):
        lens.set(f"sets = [{sets}]\n{text}")
        lens.run(RENORMALISE, redo=True)
        flux = lens.values("renorm__renorm1") * lens.values("star_flux_e__psf1__c")
        steps.append(np.median(flux[3:]) / np.median(flux[:3]))

    assert steps[0] == pytest.approx(1.08, abs=0.02)
    assert steps[1] == pytest.approx(1, abs=1e-9)
