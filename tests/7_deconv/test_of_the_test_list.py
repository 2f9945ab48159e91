"""--test: a deconvolution of its own of the images of testlist.txt, next to that of all images."""

from cosmouline.deconv.io_fit import read_epochs, read_fit

SCRIPTS = ("7_deconv/1_prepare", "7_deconv/2_apply_norm", "7_deconv/3_write_start",
           "7_deconv/4_deconv", "7_deconv/5a_png_check", "7_deconv/5b_show_sources",
           "7_deconv/6_readout", "7_deconv/7_check_plots", "9_quicklook/1_quicklook")


def test_the_fit_of_the_test_list_leaves_that_of_all_images_as_it_is(lens_after, pages, caplog):
    lens = lens_after("7_deconv/6_readout")
    chosen = lens.truth.good[::2]
    for name in chosen:
        lens.update(name, testlist=True)
    rows, files = lens.snapshot()

    for script in SCRIPTS:
        lens.run(script, test=True)

    folder = lens.work / "dec_lens_test"
    assert read_epochs(folder / "epochs.npz").names == chosen
    assert len(read_fit(folder / "fit.npz")[0].flux) == len(chosen)
    assert [name for name, row in lens.rows.items() if "flux_e__lens_test__A" in row] == chosen
    assert {"dec_lens_test", "dec_lens_test_checks", "lens_test_by_image"} <= set(pages)
    # what was there: the same values, records and files
    for name, before in rows.items():
        assert before.items() <= lens.rows[name].items()
    now = lens.snapshot()[1]
    assert {path: now[path] for path in files} == files
    # and the fit of all images is up to date
    caplog.clear()
    lens.run("7_deconv/4_deconv")
    assert any("nothing has changed: the stored fit stays" in m for m in caplog.messages)
