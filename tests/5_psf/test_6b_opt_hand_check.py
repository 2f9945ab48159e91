SCRIPT = "5_psf/6b_opt_hand_check"


def test_the_page_is_for_the_skiplist_of_the_psf(lens_after):
    lens = lens_after("5_psf/4_build_psf")
    (lens.work / "psf_psf1_png").mkdir()
    (lens.work / "psf_psf1_png" / "R_tiny_0000.png").write_bytes(b"png")
    (lens.config / "psf_psf1_skiplist.txt").write_text("R_tiny_0002 ring\n")

    lens.run(SCRIPT)

    page = (lens.work / "choose_psf_psf1.html").read_text()
    assert '"psf_psf1_png/R_tiny_0000.png"' in page
    assert '"list":"psf_psf1_skiplist.txt"' in page
    assert '"R_tiny_0002":"ring"' in page  # it stays, though it has no picture
    fwhm = lens.rows["R_tiny_0000"]["psf_fwhm_arcsec__psf1"]
    assert f"FWHM {fwhm:.2f} arcsec" in page
