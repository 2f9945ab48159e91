from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image, write_image

import numpy as np
import pytest

SCRIPT = "1_character/4a_sky_stats"
N_PIXELS = 180 * 160


def true_sigma(sky_e):
    """Scatter of a sky pixel: photons, read noise, and the digits of a gain of 2."""
    return np.sqrt(sky_e + 5.0**2 + 2.0**2 / 12)


def test_the_sky_of_an_empty_frame(lens_after):
    lens = lens_after(SCRIPT)
    clouded, = lens.truth.spoilt
    sky_e = lens.truth.row(clouded)["sky_e"]
    sigma = true_sigma(sky_e)

    # a median of digits 2 e- apart is known to 1 e-; 1.25 sigma / sqrt(n) is its noise
    assert lens.rows[clouded]["sky_level_e"] == pytest.approx(
        sky_e, abs=1 + 5 * 1.25 * sigma / np.sqrt(N_PIXELS))
    assert lens.rows[clouded]["sky_sigma_e"] == pytest.approx(
        sigma, rel=5 / np.sqrt(2 * N_PIXELS))


def test_stars_hardly_raise_the_sky(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row, sky_e = lens.rows[name], lens.truth.row(name)["sky_e"]
        # the wings of 13 stars on so small a frame: 3 e- or less (0.2 sigma)
        assert -1.5 < row["sky_level_e"] - sky_e < 0.4 * true_sigma(sky_e)
        assert 0.98 * true_sigma(sky_e) < row["sky_sigma_e"] < 1.4 * true_sigma(sky_e)


def test_bad_pixels_do_not_count(lens_before):
    lens = lens_before(SCRIPT)
    clouded, = lens.truth.spoilt
    lens.run(SCRIPT, only=[clouded])
    before = lens.rows[clouded]
    bad = read_image(paths.bad_pixels(lens.settings(), "R"))
    bad[:, :90] = 1
    write_image(paths.bad_pixels(lens.settings(), "R"), bad, {})
    path = paths.image(lens.settings(), clouded)
    image_e = read_image(path)
    image_e[:, :90] += 500
    write_image(path, image_e, {})

    lens.run(SCRIPT, only=[clouded], redo=True)

    sigma = true_sigma(lens.truth.row(clouded)["sky_e"])
    assert lens.rows[clouded]["sky_level_e"] == pytest.approx(
        before["sky_level_e"], abs=2 + 5 * 1.25 * sigma / np.sqrt(N_PIXELS / 2))


def test_what_is_up_to_date_is_kept(lens_after):
    assert lens_after(SCRIPT).run(SCRIPT)["kept"] == 7


def test_a_lost_image_fails_alone_and_keeps_no_old_value(lens_after):
    row = lens_after(SCRIPT).redo_without(SCRIPT, paths.image, "R_tiny_0003")

    assert not {"sky_level_e", "sky_sigma_e"} & row.keys()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 1_character/1b_copy_convert\.py first"):
        lens_before("1_character/1b_copy_convert").run(SCRIPT)
