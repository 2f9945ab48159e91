"""6 and 7: images without a PSF, and stars near saturation."""

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_catalog

import pytest


def listed(path):
    return {line.split(" | ")[0].strip(): line.split(" | ")[1].strip()
            for line in path.read_text().splitlines() if line.startswith("R_tiny")}


def test_images_without_a_psf_are_listed_with_the_reason(lens_after, caplog):
    lens = lens_after("5_psf/4_build_psf")
    lens.run("5_psf/6_opt_check_files")
    assert "0 of 6 images have no PSF" in caplog.messages[-1]
    for name in ("R_tiny_0002", "R_tiny_0003"):
        paths.psf(lens.settings(), name).unlink()
    lens.update("R_tiny_0002", treatme=False)  # not asked for
    paths.psf(lens.settings(), "R_tiny_0005").write_bytes(b"SIMPLE")
    lens.update("R_tiny_0006", gogogo=False, whynot="only 2 stars (5_psf/4_build_psf)",
                n_psf_used__psf1=None)

    lens.run("5_psf/6_opt_check_files")

    found = listed(lens.work / "report_psf_psf1_missing.txt")
    assert set(found) == {"R_tiny_0003", "R_tiny_0005", "R_tiny_0006"}
    assert found["R_tiny_0003"].endswith("R_tiny_0003_psf.fits is missing")
    assert found["R_tiny_0005"].startswith("the PSF cannot be read")
    assert found["R_tiny_0006"] == "only 2 stars (5_psf/4_build_psf)"


def test_stars_near_saturation_are_listed(lens_after, caplog):
    lens = lens_after("5_psf/2a_extract")
    row = lens.rows["R_tiny_0003"]
    lens.run("4_norm/2c_opt_peak_db")
    peak_e = lens.rows["R_tiny_0003"]["peak_adu__a"] * row["gain_e_per_adu"]
    lens.update("R_tiny_0003", saturation_e=peak_e / 0.8)  # the peak is at 0.8 of it

    lens.run("5_psf/7_opt_list_saturated")

    assert "most often a" in caplog.messages[-1]
    text = (lens.work / "report_psf_psf1_saturated.txt").read_text()
    line, = [one for one in text.splitlines() if one.startswith("R_tiny_0003 | a ")]
    assert float(line.split("|")[2]) == pytest.approx(0.8, abs=0.01)  # the sky under it is smooth
    assert "R_tiny_0003" in io_catalog.read_image_list(lens.work / "psf_psf1" / "saturated.txt")
    lens.set("psf_peak_max = 0.9\n")
    lens.run("5_psf/7_opt_list_saturated")
    assert caplog.messages[-1].startswith("0 of 6 images have stars above 0.9")
    text = (lens.work / "report_psf_psf1_saturated.txt").read_text()
    assert text.startswith("TINY: stars of psf1 above 0.9 of the saturation level\n")
    assert "none" in text


def test_the_star_that_is_listed_most_often_comes_first(lens_after, script, monkeypatch, caplog):
    lens = lens_after("5_psf/2a_extract")
    monkeypatch.setattr(script("pipe/5_psf/7_opt_list_saturated"), "measure", lambda image, _: [
        ("b", 0.9), *[("a", 0.8)] * (image["img_name"] == "R_tiny_0003")])

    lens.run("5_psf/7_opt_list_saturated")

    assert "6 of 6 images" in caplog.messages[-1]
    assert "(most often b)" in caplog.messages[-1]
    text = (lens.work / "report_psf_psf1_saturated.txt").read_text()
    assert [line.split("|")[1].strip() for line in text.splitlines()
            if line.split("|")[0].strip() in ("a", "b")] == ["6", "1"]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 5_psf/2a_extract\.py first"):
        lens_before("5_psf/2a_extract").run("5_psf/7_opt_list_saturated")
