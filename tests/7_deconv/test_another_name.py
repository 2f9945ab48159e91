"""A second deconvolution, with a PSF and coefficients of its own, next to the first: every script.

The images that the two skip lists name are left out, and nothing bears the names of the first.
"""

from cosmouline.database import paths
from cosmouline.deconv.io_fit import read_epochs, read_fit

import pytest

NAMES = 'psf_name = "psf2"\nrenorm_name = "renorm2"\ndec_name = "second"\n'
BEFORE = ("7_deconv/0_star_photometry", "8_renorm/1a_renormalize")
SCRIPTS = ("7_deconv/0_opt_auto_skiplist", "7_deconv/1_prepare", "7_deconv/2_apply_norm",
           "7_deconv/3_write_start", "7_deconv/4_deconv", "7_deconv/5a_png_check",
           "7_deconv/5b_show_sources", "7_deconv/6_readout", "7_deconv/7_check_plots")
LEFT_OUT = "R_tiny_0003", "R_tiny_0005"


@pytest.fixture
def second(lens_before):
    """The lens with a second PSF and second coefficients, before their deconvolution."""
    lens = lens_before(BEFORE[0])
    lens.rename("psf1", "psf2")
    lens.set(NAMES)
    for script in BEFORE:
        lens.run(script)
    return lens


def check(script, lens, pages):
    """Look at what a script has made, under the names of the settings and no others."""
    names = [name for name in lens.truth.good if name not in LEFT_OUT]
    row, folder = lens.rows[names[0]], lens.work / "dec_second"
    if script == "7_deconv/0_opt_auto_skiplist":
        text = (lens.work / "report_dec_second_left_out.txt").read_text()
        assert text.startswith("TINY: left out of second")
        assert LEFT_OUT[1] in text
        assert LEFT_OUT[1] in (folder / "skiplist.txt").read_text()
    elif script == "7_deconv/1_prepare":
        assert [name for name, one in lens.rows.items() if "dec_number__second" in one] == names
        assert row["dec_psf__second"] == "psf2"
        assert row["dec_coeff__second"] == row["renorm__renorm2"]
    elif script == "7_deconv/2_apply_norm":
        content = read_epochs(folder / "epochs.npz")
        assert content.names == names
        assert (content.epochs.shift_sigma_px < 0.1).all()  # from the stars of this PSF
        assert "dec_epochs__second" in row
    elif script == "7_deconv/3_write_start":
        assert "dec_start__second" in row
    elif script == "7_deconv/4_deconv":
        assert len(read_fit(folder / "fit.npz")[0].flux) == len(names)
        assert {"dec_fit__second", "dec_ended__second"} <= row.keys()
    elif script == "7_deconv/5a_png_check":
        assert "TINY: second" in pages.texts("dec_second")
        pictures = paths.pictures(lens.settings(), "dec_second")
        assert sorted(path.stem for path in pictures.iterdir()) == names
    elif script == "7_deconv/5b_show_sources":
        text = (lens.work / "report_dec_second_sources.txt").read_text()
        assert text.startswith("TINY: sources of second")
    elif script == "7_deconv/6_readout":
        assert [name for name, one in lens.rows.items() if "flux_e__second__A" in one] == names
        assert {"dec_chi2__second", "dec_sky_e__second"} <= row.keys()
    elif script == "7_deconv/7_check_plots":
        assert any("TINY: checks of second" in text for text in pages.texts("dec_second_checks"))
    assert not [field for field in row if field.endswith("__psf1") or "__psf1__" in field
                or "__lens" in field]
    assert not (lens.work / "dec_lens").exists()


def test_all_scripts_work_under_the_names_of_the_settings(second, pages, caplog):
    lens = second
    (lens.config / "psf_psf2_skiplist.txt").write_text(f"{LEFT_OUT[0]} ring\nR_psf\n")
    (lens.config / "dec_second_skiplist.txt").write_text(f"{LEFT_OUT[1]} moon\nR_dec\n")

    for script in SCRIPTS:
        caplog.clear()
        lens.run(script)
        # names in the lists that no image has
        said = " ".join(caplog.messages)
        assert ("R_dec" in said) == (script in SCRIPTS[:2])
        assert ("R_psf" in said) == (script == SCRIPTS[1])
        check(script, lens, pages)
    lens.run("7_deconv/8_inspect_flux", source="B")
    lens.run("7_deconv/5c_opt_hand_check")

    row = lens.rows["R_tiny_0001"]
    assert {"n_psf_phot__psf2", "n_core_hits__psf2", "psf_sum_error__psf2"} <= row.keys()
    assert any(field.startswith("star_flux_e__psf2__") for field in row)
    assert set(pages) == {"dec_second", "dec_second_checks", "second_B"}
    assert any("TINY: B of second" in text for text in pages.texts("second_B"))
    text = (lens.work / "report_dec_second_fluxes.txt").read_text()
    assert text.startswith("TINY: fluxes of second to look at")
    page = (lens.work / "choose_dec_second.html").read_text()
    assert '"list":"dec_second_skiplist.txt"' in page
    assert f"chi2 {row['dec_chi2__second']:.2f}" in page


@pytest.mark.parametrize("kind", ["stars", "alignment"])
def test_the_number_of_images_whose_stars_predict_the_lens_is_logged(lens_before, caplog, kind):
    lens = lens_before("7_deconv/2_apply_norm")
    lens.set(f"shift_prior = {kind!r}\n")

    lens.run("7_deconv/2_apply_norm")

    told = [m for m in caplog.messages if m.startswith("position of the lens from the stars of 6")]
    assert len(told) == (kind == "stars")
