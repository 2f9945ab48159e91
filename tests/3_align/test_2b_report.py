from cosmouline.astrometry import db_transform
from cosmouline.database import paths

import pytest

SCRIPT = "3_align/2b_report"


def test_images_without_a_transform_come_first_then_the_worst(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", align_rms_px=1.25)

    lens.run(SCRIPT)

    text = paths.report(lens.settings(), "transforms").read_text()
    assert text.startswith("TINY: transforms\n")
    lost, found = text.split("set R: 6 images with a transform")
    assert "1 images without a transform" in lost
    clouded, = lens.truth.spoilt
    assert clouded in lost
    rows = [line for line in found.splitlines() if line.startswith("R_tiny")]
    assert len(rows) == 6
    assert rows[0].startswith("R_tiny_0003")
    assert "1 of 7 images have no transform" in caplog.messages[-1]


def test_scale_angle_and_shift_are_those_that_were_drawn(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    text = paths.report(lens.settings(), "transforms").read_text()
    line, = (line for line in text.splitlines() if line.startswith("R_tiny_0002"))
    cells = [cell.strip() for cell in line.split("|")]
    scale, angle_deg, shift_x, shift_y = (float(cells[i]) for i in (2, 3, 5, 6))
    truth = lens.truth.matrix("R_tiny_0001", "R_tiny_0002")
    middle = (89.5, 79.5)
    expected = truth @ (*middle, 1) - middle
    assert scale == pytest.approx(1, abs=2e-3)
    assert abs(angle_deg) == pytest.approx(10, abs=0.1)
    # 13 stars, each good to 0.1 px or so
    assert (shift_x, shift_y) == pytest.approx(tuple(expected), abs=0.15)


def test_the_shift_is_that_of_the_middle_of_an_image_that_is_turned(script):
    """By hand: x' = 3 - y, y' = 5 + x; the middles are (50, 20) and (30, 10)."""
    reference = {"nx_px": 101, "ny_px": 41}
    image = {"nx_px": 61, "ny_px": 21, "is_aligned": True} | db_transform.matrix_fields(
        [[0.0, -1.0, 3.0], [1.0, 0.0, 5.0]])

    found = script("pipe/3_align/2b_report").with_shift(image, reference)

    assert (found["shift_x_px"], found["shift_y_px"]) == (3 - 20 - 30, 5 + 50 - 10)
