import numpy as np

SCRIPT = "5_psf/5b_opt_contact_sheet"


def test_all_psfs_are_on_the_sheet_and_those_of_the_skiplist_stand_out(lens_after, pages):
    lens = lens_after("5_psf/4_build_psf")
    (lens.config / "psf_psf1_skiplist.txt").write_text("R_tiny_0002 ring\n")

    lens.run(SCRIPT)

    texts = pages.texts("psf_psf1_1")
    assert set(lens.truth.good) <= set(texts)
    assert texts.count("set aside") == 1  # in the legend
    row = lens.rows["R_tiny_0001"]  # its second line
    assert f"chi2 {row['psf_chi2__psf1']:.2f}, {row['n_psf_used__psf1']} stars" in texts
    assert "TINY: PSFs psf1" in texts


def test_arrays_keep_their_middle(script):
    centred = script(f"pipe/{SCRIPT}").centred
    values = np.zeros((8, 8))
    values[4, 4] = 1

    for side in (4, 8, 12):
        cut = centred(values, side)
        assert cut.shape == (side, side)
        assert cut[side // 2, side // 2] == cut.sum() == 1
