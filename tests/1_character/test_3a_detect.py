from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.skymaker import draw
from cosmouline.sources.io_sources import read_sources

import numpy as np
import pytest
from scipy.spatial import cKDTree

SCRIPT = "1_character/3a_detect"
EDGE_PX = 12  # sources nearer to the edge are left out, see `detect_sources`


def found_on(lens, name):
    catalog = read_sources(paths.catalog(lens.settings(), name))
    return catalog, np.column_stack([catalog["x_px"], catalog["y_px"]])


def clean_stars(lens, name):
    """Stars on a frame that are away from its edge and not hit by a cosmic."""
    truth = lens.truth
    _, _, drawn = draw.draw_frame(truth.campaign, truth.names.index(name))
    hits = np.argwhere(drawn["cosmic"])[:, ::-1]
    xy = truth.xy(name)
    inside = ((xy > EDGE_PX) & (xy < np.array([180, 160]) - EDGE_PX)).all(1)
    return xy[inside & (cKDTree(hits).query(xy)[0] > 6)]


def test_every_star_is_found_where_it_is_and_no_cosmic_is(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        catalog, xy = found_on(lens, name)
        stars = clean_stars(lens, name)
        assert len(stars) >= 9
        # the lobe of the PSF moves a centroid by up to 8 % of 0.4 FWHM: 0.2 px; noise adds 0.05
        assert cKDTree(xy).query(stars)[0].max() < 0.25
        real = np.vstack([lens.truth.xy(name), lens.truth.xy(name, "image")])
        assert cKDTree(real).query(xy)[0].max() < 4  # a blend of the images, no cosmic
        assert lens.rows[name]["n_sources"] == len(catalog)


def test_hot_pixels_are_no_sources(lens_after):
    lens = lens_after(SCRIPT)
    clouded, = lens.truth.spoilt

    # of the 12 hot pixels none is left, nor a cosmic ray: both sources are stars
    found, stars = found_on(lens, clouded)[1], lens.truth.xy(clouded)
    assert len(found) == lens.rows[clouded]["n_sources"] == 2
    assert np.hypot(*(found[:, None] - stars).transpose(2, 0, 1)).min(1).max() < 2


def test_a_higher_threshold_finds_less(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.values("n_sources")
    lens.set("detect_threshold_sigma = 200.0\n")

    counts = lens.run(SCRIPT, only=lens.truth.good)

    assert counts["done"] == 6
    assert (lens.values("n_sources") < before).all()


def test_a_larger_area_finds_less(lens_after):
    """300 connected pixels are a circle of 20 pixels: more than most stars have."""
    lens = lens_after(SCRIPT)
    before = lens.values("n_sources")
    lens.set("detect_min_area_px = 300\n")

    lens.run(SCRIPT, only=lens.truth.good)

    assert (lens.values("n_sources") < before).all()


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 7
    assert lens.snapshot() == before


def test_a_lost_image_fails_alone_and_keeps_no_old_value(lens_after, caplog):
    lens = lens_after(SCRIPT)

    row = lens.redo_without(SCRIPT, paths.image, "R_tiny_0003")

    assert "n_sources" not in row
    assert row["gogogo"] is True
    told = ("R_tiny_0003.fits is missing. Run 1_character/1b_copy_convert.py --redo --only "
            "R_tiny_0003")
    assert any(told in message for message in caplog.messages)


def test_a_cut_off_image_fails_alone(lens_after, caplog):
    lens = lens_after(SCRIPT)
    path = paths.image(lens.settings(), "R_tiny_0003")
    path.write_bytes(path.read_bytes()[:60000])

    counts = lens.run(SCRIPT, redo=True)

    assert (counts["done"], counts["failed"]) == (6, 1)
    assert lens.rows["R_tiny_0003"]["gogogo"] is True
    assert (
        "what 1_character/1b_copy_convert has written for R_tiny_0003 is damaged: truncated: the "
        "header announces 115200 bytes of data, the file has 57120. Run "
        "1_character/1b_copy_convert.py --redo --only R_tiny_0003."
    ) in " ".join(caplog.messages)
    assert "n_sources" not in lens.rows["R_tiny_0003"]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"7 of 7 images have no 'n_hot_px' .* Run "
                                        r"1_character/2c_hot_pixels\.py first"):
        lens_before("1_character/2c_hot_pixels").run(SCRIPT)
