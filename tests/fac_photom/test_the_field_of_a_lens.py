"""The scripts of fac_photom on the small lens, against what it was drawn from."""

from cosmouline.astrometry import io_local_catalogue
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_table
from cosmouline.files.io_fits import read_image_header
from cosmouline.skymaker.io_campaign import catalogue

import numpy as np
import pytest

LOOSE = (("", 2e-3), ("RESIDUAL", 2e-2))  # it moves so much under other processors
SCRIPTS = ("1_reject_by_zero_point", "2_stack", "3_detect", "4_measure", "5_report")


@pytest.fixture
def lens(lens_after):
    """Give the small lens with coefficients and resampled images."""
    lens = lens_after("8_renorm/1a_renormalize")
    lens.run("3_align/2a_opt_align")
    return lens


@pytest.fixture
def calibrated(lens, pages):
    """Give the same lens with zero points."""
    io_local_catalogue.write(lens.config / "catalogue.ecsv", catalogue(lens.truth.campaign))
    lens.run("8_renorm/5_zero_points")
    return lens


def test_magnitudes_are_those_of_the_stars_that_were_drawn(calibrated, pages, caplog, recorded,
                                                           script):
    lens = calibrated
    lens.set('lens_name = "OTHER"\nphotom_name = "mine"\nphotom_apertures = ["2fwhm"]\n'
             'zero_point_band = "R"\n')
    lens.run("8_renorm/5_zero_points")

    for name in SCRIPTS:
        lens.run(f"fac_photom/{name}")

    settings = lens.settings()
    folder = paths.photometry(settings)
    # that all of it is right is shown below, for what comes last of it
    tool = script("tests/recorded")
    recorded("fac_photom/products", tool.products_of(folder, ()), LOOSE)
    recorded("fac_photom/reports", tool.reports_of(lens.work), LOOSE)
    assert folder.name == "photom_mine"
    header = read_image_header(folder / "R" / "OTHER_R_all.fits")
    frames = [lens.truth.frame(name) for name in lens.truth.good]
    assert header["NSTACK"] == len(frames) == 6
    assert header["TOTALEXP"] == sum(frame.exptime_s for frame in frames)
    assert (header["ABSZPT"], header["MAGBAND"]) == (25.0, "R")
    assert 0.9 < header["SEEING"] < 1.4  # of the frames that were drawn
    assert len(list(folder.glob("R/OTHER_R_2*.fits"))) == 6  # each frame is a night
    # the stars, by their places; the lens's images and faint noise are other sources
    rows = io_table.read_ecsv(folder / "photom.ecsv")
    known = [row for row in rows if "catalogue_name" in row and not row["flags"] & ~2]
    assert len(known) >= 9
    true = {star.name: star.mag for star in lens.truth.campaign.stars}
    off = np.array([row["mag_psf_R"] - true[row["catalogue_name"]] for row in known])
    sigma = np.array([row["magerr_psf_R"] for row in known])
    assert np.abs(off / np.hypot(sigma, 0.01)).max() < 4  # 10 mmag: PSF and zero point
    assert all(row["catalogue_arcsec"] < 0.2 for row in known)
    assert all("flux_2fwhm_R" in row for row in known)
    check, = io_table.read_ecsv(folder / "stacks.ecsv")
    assert abs(check["catalogue_offset_mag"]) < 5 * check["catalogue_offset_sigma_mag"] + 0.005
    # aperture magnitudes differ from those by the PSF by what the stack's stars tell
    apertures = np.array([row["mag_psf_R"] - row["mag_2fwhm_R"] for row in known])
    assert np.median(apertures) == pytest.approx(check["aperture_mag_2fwhm"], abs=0.03)
    # the page, the picture and the regions
    page = (folder / "index.html").read_text()
    assert "OTHER: photometry of the field" in page
    assert f'"{known[0]["catalogue_name"]}"' in page
    assert (folder / "colour.png").stat().st_size > 10_000
    assert (folder / "photom.reg").read_text().count("circle(") == len(rows)
    assert "OTHER: photometry of the field" in pages.texts("photom_mine")
    assert (lens.work / "report_photom_mine.txt").read_text().startswith("OTHER: images of the")

    # what is made is kept; another scale of one image makes its two stacks again
    caplog.clear()
    lens.run("fac_photom/2_stack")
    assert "7 stacks, 7 of them kept" in caplog.text
    name = lens.truth.good[0]
    value = lens.rows[name]["photom_zero_point_mag__mine"] + 0.01
    lens.update(name, photom_zero_point_mag__mine=value, zero_point_mag__renorm1=value)
    lens.run("fac_photom/2_stack")
    assert "7 stacks, 5 of them kept" in caplog.text
    assert (folder / "R" / "psf.fits").is_file()  # what is no stack is left alone
    # another night: the stack that is no more goes
    lens.update(name, mjd=lens.rows[lens.truth.good[1]]["mjd"] + 0.01)
    lens.run("fac_photom/2_stack")
    assert caplog.text.count("no such stack any more") == 1
    assert len(list(folder.glob("R/OTHER_R_2*.fits"))) == 5


def test_an_image_far_from_the_others_is_in_no_stack_and_stays_in_use(calibrated, caplog):
    lens, (faint, bright) = calibrated, calibrated.truth.good[:2]
    for name, step in ((faint, -3.0), (bright, 2.5)):
        lens.update(name, zero_point_mag__renorm1=lens.rows[name]["zero_point_mag__renorm1"]
                    + step)

    lens.run("fac_photom/1_reject_by_zero_point")

    notes = {name: lens.rows[name].get("photom_note__photom1") for name in lens.truth.good}
    assert "mag below the median of filter R" in notes[faint]
    assert "mag above the median of filter R" in notes[bright]
    assert all(note is None for name, note in notes.items() if name not in (faint, bright))
    assert all(lens.rows[name]["gogogo"] for name in lens.truth.good)
    assert "filter R: 4 of 6 images" in caplog.text
    lens.set("photom_zero_point_range_mag = None\n")
    lens.run("fac_photom/1_reject_by_zero_point")
    assert "filter R: 6 of 6 images" in caplog.text


def test_without_a_catalogue_magnitudes_are_instrumental(lens, pages, caplog):
    lens.set("photom_threshold_sigma = 50.0\n")

    for script in SCRIPTS:
        lens.run(f"fac_photom/{script}")

    assert "(instrumental)" in caplog.text
    rows = io_table.read_ecsv(paths.photom_table(lens.settings()))
    assert 5 <= len(rows) <= 20
    assert all("mag_psf_R" in row for row in rows)
    assert not any("catalogue_name" in row for row in rows)
    assert "instrumental" in (paths.photometry(lens.settings()) / "index.html").read_text()


@pytest.mark.parametrize(("script", "before"), [
    ("2_stack", "1_reject_by_zero_point"), ("3_detect", "2_stack"), ("4_measure", "3_detect"),
    ("5_report", "4_measure")])
def test_each_script_names_the_one_before(lens_after, script, before):
    with pytest.raises(UserError, match=rf"Run fac_photom/{before}\.py|Run 3_align/2a_opt_align"):
        lens_after("3_align/1b_identify_stars").run(f"fac_photom/{script}")
