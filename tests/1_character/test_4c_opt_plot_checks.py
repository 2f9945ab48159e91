from matplotlib.image import imread

SCRIPT = "1_character/4c_opt_plot_checks"


def test_a_page_per_image(lens_after):
    lens = lens_after("1_character/4a_sky_stats")

    assert lens.run(SCRIPT, only=["R_tiny_0002"])["done"] == 1

    assert imread(lens.work / "check_png" / "R_tiny_0002.png").std() > 0.05  # not one colour
    assert lens.run(SCRIPT, only=["R_tiny_0002"])["kept"] == 1
