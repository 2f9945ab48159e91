from cosmouline.astrometry import db_transform
from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT, INSTEAD = "3_align/1b_alt_no_align", "3_align/1b_identify_stars"


def test_every_image_gets_the_identity_and_what_follows_runs(lens_before, script):
    lens = lens_before(INSTEAD)

    lens.run(SCRIPT)
    lens.run("3_align/1c_report")
    lens.run("3_align/3_update_flags")

    for row in lens.rows.values():
        assert (db_transform.matrix(row) == np.eye(2, 3)).all()
        assert (row["lens_x_px"], row["lens_y_px"]) == pytest.approx(
            tuple(lens.truth.centre("R_tiny_0001")), abs=0.2)
    written = script(f"pipe/{SCRIPT}").WRITES
    assert written == script(f"pipe/{INSTEAD}").WRITES


def test_an_image_of_another_size_is_not_aligned(lens_before):
    lens = lens_before(INSTEAD)
    lens.update("R_tiny_0003", nx_px=200)

    lens.run(SCRIPT)

    row = lens.rows["R_tiny_0003"]
    assert row["is_aligned"] is False
    assert row["align_note"] == "200 x 160 pixels, the reference image 180 x 160"
    lens.run("3_align/3_update_flags")  # and is passed over, not asked for
    assert "200 x 160" in lens.rows["R_tiny_0003"]["whynot"]


def test_the_two_take_each_others_place(lens_after):
    lens = lens_after(INSTEAD)
    angle = lens.rows["R_tiny_0002"]["align_angle_deg"]
    assert abs(angle) > 9

    lens.run(SCRIPT)
    assert lens.rows["R_tiny_0002"]["align_angle_deg"] == 0
    assert lens.run(INSTEAD)["kept"] == 7  # what the user chose stays

    assert lens.run(INSTEAD, redo=True)["done"] == 7
    assert lens.rows["R_tiny_0002"]["align_angle_deg"] == angle


def test_the_reference_is_asked_for(lens_before):
    with pytest.raises(UserError, match=r"Run 3_align/1a_pick_reference\.py first"):
        lens_before("3_align/1a_pick_reference").run(SCRIPT)
