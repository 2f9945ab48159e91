from cosmouline.errors import UserError

import pytest
from matplotlib.image import imread

SCRIPT = "2_skysub/2_sky_pngs"


def test_a_page_per_image_of_the_test_list(lens_after):
    lens = lens_after("2_skysub/1_skysub")
    lens.update("R_tiny_0004", testlist=True)

    assert lens.run(SCRIPT, test=True)["done"] == 1

    page, = (lens.work / "sky_png").iterdir()
    assert page.name == "R_tiny_0004.png"
    assert imread(page).std() > 0.05  # not one colour
    lens.run("2_skysub/1_skysub", redo=True, test=True)
    assert lens.run(SCRIPT, test=True)["kept"] == 1  # the same sky came out


def test_fringes_are_told(script):
    image = {"sky_level_e": 500.0, "sky_range_e": 20.0, "sky_noise_e": 23.0, "sky_box_px": 64}
    info = script(f"pipe/{SCRIPT}").info

    assert info(image) == ["sky 500 e-, range of the map 20 e-", "noise 23.0 e-, mesh 64 px"]
    assert info(image | {"fringe_frame": "R_2019-03-01", "fringe_rms_e": 31.0})[-1] == (
        "fringes 31.0 e- rms (R_2019-03-01)")


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 2_skysub/1_skysub\.py first"):
        lens_before("2_skysub/1_skysub").run(SCRIPT)
