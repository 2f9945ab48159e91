import numpy as np

SCRIPT = "6_extract/4_opt_stamp_gallery"


def test_nights_by_seeing(lens_after, pages):
    lens = lens_after("6_extract/2_find_cosmics")

    lens.run(SCRIPT)

    texts = [text for text in pages.texts("stamp_gallery_1") if text.startswith("R_tiny")]
    rows = lens.rows
    expected = sorted(lens.truth.good, key=lambda name: rows[name]["field_fwhm_arcsec"])
    assert texts == expected  # one image a night
    texts = pages.texts("stamp_gallery_1")
    assert "TINY: lens by night, best seeing first" in texts
    assert f"{rows[expected[0]]['field_fwhm_arcsec']:.2f}\" n = 1" in texts


def test_a_night_is_one_row_with_all_its_images(lens_after, script):
    lens = lens_after("6_extract/2_find_cosmics")
    rows = [lens.rows[name] for name in lens.truth.good]
    same = [row | {"mjd": rows[0]["mjd"] + 0.001 * k, "field_fwhm_arcsec": 1.0 + k,
                   "align_angle_deg": 0.1 * k}
            for k, row in enumerate(rows[:3])]
    same[1] |= {"align_angle_deg": 170.0}
    module = script(f"pipe/{SCRIPT}")

    night, = module.nights_of(same)

    assert [image["img_name"] for image in night["night"]] == [
        same[0]["img_name"], same[2]["img_name"]]  # the turned one would blur it
    assert night["night_fwhm_arcsec"] == 2.0
    assert len(module.nights_of([same[0], same[2] | {"set_name": "V"}])) == 2
    picture = module.picture(night, lens.settings())
    assert picture.dtype == np.uint8
    middle = picture[picture.shape[0] // 2 - 4:, :][:8, picture.shape[1] // 2 - 4:][:, :8, 0]
    assert middle.mean() < picture[:4, :, 0].mean() - 50  # dark where the lens is
