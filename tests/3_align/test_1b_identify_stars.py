from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.sources.io_sources import read_sources, write_sources

import numpy as np
import pytest

SCRIPT = "3_align/1b_identify_stars"
# The lobe of a PSF moves its centroid by up to 8 % of 0.4 FWHM (0.2 px) from the light centre.
LOBE_PX = 0.25
CORNERS = np.array([[20.0, 20], [160, 20], [160, 140], [20, 140]])


def reference_of(lens):
    return next(row for row in lens.rows.values() if row["ref_img_name"] == row["img_name"])


def test_the_transform_is_the_true_one(lens_after):
    lens = lens_after(SCRIPT)
    reference = reference_of(lens)["img_name"]

    for name in lens.truth.good:
        row = lens.rows[name]
        true = apply(lens.truth.matrix(reference, name), CORNERS)
        off_px = apply(db_transform.matrix(row), CORNERS) - true
        assert row["is_aligned"] is True
        assert np.abs(off_px.mean(0)).max() < LOBE_PX
        # 13 stars of 0.05 px each hold rotation and scale to 0.03 px at the corners
        assert np.abs(off_px - off_px.mean(0)).max() < 5 * 0.03
        angle_deg = (lens.truth.frame(name).rotation_deg
                     - lens.truth.frame(reference).rotation_deg)
        assert row["align_angle_deg"] == pytest.approx(angle_deg, abs=5 * np.degrees(0.03 / 90))
        assert row["align_scale"] == pytest.approx(1, abs=5 * 0.03 / 90)
        assert row["align_parity"] == 1
        assert row["n_align_stars"] >= 12
        assert row["align_rms_px"] < 0.2


def test_the_lens_is_placed_on_every_image(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row = lens.rows[name]
        assert (row["lens_x_px"], row["lens_y_px"]) == pytest.approx(
            tuple(lens.truth.centre(name)), abs=2 * LOBE_PX)


def test_an_image_without_stars_is_not_aligned_and_says_why(lens_after, caplog):
    lens = lens_after(SCRIPT)
    clouded, = lens.truth.spoilt
    row = lens.rows[clouded]

    assert row["is_aligned"] is False
    assert row["gogogo"] is True  # 3_update_flags takes it out
    assert row["align_note"].endswith("a match by chance cannot be ruled out")
    assert not {"align_m11", "lens_x_px", "n_align_stars"} & row.keys()
    lens.run(SCRIPT)
    assert caplog.messages[-1] == "6 of 7 images are aligned to R_tiny_0001"


def test_a_mirror_image_is_aligned_where_that_is_allowed(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.catalog(lens.settings(), "R_tiny_0003")
    catalog = read_sources(path)
    catalog["x_px"] = 179 - catalog["x_px"]
    write_sources(path, catalog)

    lens.run(SCRIPT)
    assert lens.rows["R_tiny_0003"]["is_aligned"] is False

    lens.set("allow_mirror_images = True\n")
    lens.run(SCRIPT)
    assert lens.rows["R_tiny_0003"]["align_parity"] == -1
    assert lens.rows["R_tiny_0000"]["align_parity"] == 1


def test_stars_that_scatter_too_much_are_no_match(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("align_rms_max_px = 0.01\n")

    lens.run(SCRIPT, only=["R_tiny_0000"])

    assert lens.rows["R_tiny_0000"]["is_aligned"] is False
    assert lens.rows["R_tiny_0000"]["align_note"].endswith(
        "px around the transform, more than 0.01 px")


def test_a_position_in_pixels_of_the_reference_image_does_as_well(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("lens_position_px = (93.0, 81.5)\n")
    with pytest.raises(UserError, match="lens_position_px holds for one image: set ref_img_name "
                                        r"too \(the reference image chosen now is R_tiny_0001"):
        lens.run(SCRIPT)

    lens.set("lens_position_px = (93.0, 81.5)\nref_img_name = 'R_tiny_0001'\n")
    lens.run(SCRIPT)

    row = reference_of(lens)  # ds9 counts from 1
    assert (row["lens_x_px"], row["lens_y_px"]) == pytest.approx((92.0, 80.5))


def test_a_lens_outside_of_the_image_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("lens_ra_deg = 69.9\n")

    with pytest.raises(UserError, match=r"the lens would lie at \(.*\), outside of R_tiny_0001 "
                                        r"\(180 x 160 pixels\)\. Check its position"):
        lens.run(SCRIPT)


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 7
    assert lens.snapshot() == before


def test_a_lost_catalogue_fails_alone_and_keeps_no_old_value(lens_after):
    row = lens_after(SCRIPT).redo_without(SCRIPT, paths.catalog, "R_tiny_0003")

    assert not {"is_aligned", "align_m11", "lens_x_px", "align_note"} & row.keys()


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"have no 'ref_img_name' .*\. Run "
                                        r"3_align/1a_pick_reference\.py first"):
        lens_before("3_align/1a_pick_reference").run(SCRIPT)
