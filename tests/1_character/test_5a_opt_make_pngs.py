from cosmouline.database import paths

from matplotlib.image import imread

SCRIPT = "1_character/5a_opt_make_pngs"
TWO = ["R_tiny_0001", "R_tiny_0000"]


def test_pictures_their_order_and_a_sheet(lens_after):
    lens = lens_after("1_character/4a_sky_stats")

    assert lens.run(SCRIPT, only=TWO)["done"] == 2

    folder = lens.work / "img_png"
    assert imread(folder / "R_tiny_0000.png").std() > 0.05  # not one colour
    assert (folder / "order.txt").read_text() == "file 'R_tiny_0000.png'\nfile 'R_tiny_0001.png'\n"
    assert imread(paths.plot(lens.settings(), "images_1")).std() > 0.05
    assert lens.run(SCRIPT, only=TWO)["kept"] == 2


def test_what_is_known_is_told(lens_after, script):
    lens = lens_after("1_character/4a_sky_stats")
    image = lens.rows["R_tiny_0000"] | {"fwhm_arcsec": 1.234, "pixel_notes": "3 rows are constant",
                                        "airmass": 1.5}

    lines = script(f"pipe/{SCRIPT}").info(image)

    assert any("seeing 1.23 arcsec" in line for line in lines)
    assert {"TINY, set R", "airmass 1.50", "3 rows are constant"} <= set(lines)
    del image["airmass"]
    assert not any("airmass" in line for line in script(f"pipe/{SCRIPT}").info(image))
