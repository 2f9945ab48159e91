SCRIPT = "7_deconv/5c_opt_hand_check"


def test_the_page_is_for_the_skiplist_of_the_deconvolution(lens_after):
    lens = lens_after("7_deconv/6_readout")
    (lens.work / "dec_lens_png").mkdir()
    (lens.work / "dec_lens_png" / "R_tiny_0000.png").write_bytes(b"png")

    lens.run(SCRIPT)

    page = (lens.work / "choose_dec_lens.html").read_text()
    assert '"dec_lens_png/R_tiny_0000.png"' in page
    assert '"list":"dec_lens_skiplist.txt"' in page
    assert f"chi2 {lens.rows['R_tiny_0000']['dec_chi2__lens']:.2f}" in page
