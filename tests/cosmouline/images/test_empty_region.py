"""empty_region.py: boxes counted by hand, and COSMOULINE's own numbers."""

import csv

from cosmouline.astrometry.align import apply
from cosmouline.images import empty_region

import numpy as np
import pytest


def test_the_box_avoids_sources_and_what_few_images_cover():
    """The right half is on one image of two; a source covers the lower left."""
    same = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    xy, reach = np.array([(40.0, 30.0)]), np.array([35.0])

    x1, x2, y1, y2 = empty_region.find_empty_box((200, 240), xy, reach, [same, same],
                                                 [(200, 240), (200, 120)])

    assert x1 > 0
    assert x2 < 120
    assert np.hypot(max(x1, 40) - 40, y1 - 30) >= 35
    assert x2 - x1 == y2 - y1 == 81  # the largest that it looks for
    assert np.isclose([x1 % 1, y1 % 1], 0.5).all()


def test_a_crowded_field_has_no_empty_box():
    xy = np.array([(x, y) for x in range(0, 100, 12) for y in range(0, 100, 12)], float)

    with pytest.raises(ValueError, match="no square of 13 px is free of sources"):
        empty_region.find_empty_box((100, 100), xy, np.full(len(xy), 4.0))


def test_the_pixels_of_a_turned_image_are_those_inside():
    cos, sin = np.cos(np.radians(25)), np.sin(np.radians(25))
    matrix = np.array([[cos, -sin, 30.0], [sin, cos, 5.0]])

    rows, cols, inside = empty_region.pixels_inside(matrix, (9.5, 49.5, 19.5, 39.5), (100, 90))

    # slow and obvious: every pixel of the image, turned back
    y, x = np.mgrid[:100, :90]
    back_x, back_y = cos * (x - 30) + sin * (y - 5), cos * (y - 5) - sin * (x - 30)
    truth = (back_x > 9.5) & (back_x < 49.5) & (back_y > 19.5) & (back_y < 39.5)
    mask = np.zeros((100, 90), bool)
    mask[rows, cols] = inside
    assert truth.sum() > 700
    assert (mask == truth).all()
    (x0, y0), = apply(matrix, np.array([[29.5, 29.5]])).round().astype(int)
    assert mask[y0, x0]


def test_a_box_beyond_the_image_holds_nothing():
    _, _, inside = empty_region.pixels_inside(np.eye(3)[:2], (200, 220, 0, 10), (100, 90))

    assert inside.sum() == 0


def test_noise_and_mean_are_those_of_cosmouline(shared_data):
    """1a_imstat on [20:60, 20:60] of frames without their median; it works in single precision."""
    folder = shared_data("cosmouline_golden")
    with (folder / "catalog_output.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))

    for row in rows:
        frame = np.load(folder / f"{row['imgname']}_frame.npy").astype(float)
        mean, sigma, _ = empty_region.clipped_mean_and_sigma(
            (frame - np.median(frame))[20:60, 20:60])
        assert sigma == pytest.approx(float(row["stddev"]), rel=1e-6)
        assert mean == pytest.approx(float(row["emptymean"]), abs=1e-4)  # 900 e- in 24 bits
    assert len(rows) == 3


def test_the_box_lies_as_near_to_the_middle_as_it_can():
    """Only the middle column is taken: the box of 81 px lies beside it, at the middle row."""
    x = np.arange(200.0)
    x1, x2, y1, y2 = empty_region.find_empty_box(
        (200, 240), np.column_stack([np.full(200, 120.0), x]), np.full(200, 3.0))

    assert (y1 + y2) / 2 == pytest.approx(99.5, abs=1)
    assert min(abs(x1 - 123.5), abs(x2 - 116.5)) <= 1


def test_how_far_the_light_of_sources_reaches_by_hand():
    """100 pi pixels are a disc of 10 px: 1.8 times as far, and a FWHM more."""
    assert empty_region.reach_px([100 * np.pi, 0.0], 3.0) == pytest.approx([21.0, 3.0])


@pytest.mark.parametrize(("shape", "covered"), [
    # blocks of 8 px whose middles, 3.5 px from their first pixel, lie 8 px within the edges
    ((200, 117), (8, 112, 8, 192)), ((200, 115), (8, 104, 8, 192)), ((93, 300), (8, 240, 8, 88)),
    ((91, 300), (8, 240, 8, 80))])
def test_what_an_image_covers_is_counted_in_the_middle_of_blocks_of_eight_pixels(shape, covered):
    same = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    x_low, x_high, y_low, y_high = covered

    x1, x2, y1, y2 = empty_region.find_empty_box((200, 240), [], [], [same], [shape])

    side = min(81, x_high - x_low, y_high - y_low)
    side -= (side + 1) % 2
    assert x2 - x1 == y2 - y1 == side
    # as near to (119.5, 99.5) as can be
    assert x2 == (x_high - 0.5 if x_high < 160 else pytest.approx(119.5 + side / 2, abs=0.51))
    assert y2 <= y_high - 0.5
    assert y1 >= y_low - 0.5


@pytest.mark.parametrize(("n_images", "n_missing", "is_free"), [(10, 1, True), (10, 2, False)])
def test_nine_images_of_ten_must_cover_the_box(n_images, n_missing, is_free):
    same = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    shapes = [(200, 240)] * (n_images - n_missing) + [(200, 100)] * n_missing

    _, x2, _, _ = empty_region.find_empty_box((200, 240), [], [], [same] * n_images, shapes)

    assert (x2 > 120) == is_free


@pytest.mark.parametrize(("gap", "is_free"), [(13, True), (12, False)])
def test_the_smallest_box_has_thirteen_pixels(gap, is_free):
    """Rows of sources of half a pixel leave so many rows free."""
    x = np.arange(60.0)
    rows = np.concatenate([np.arange(0, 20.0), np.arange(20.0 + gap, 60.0)])
    xy = np.array([(a, b) for a in x for b in rows])
    if not is_free:
        with pytest.raises(ValueError, match="no square of 13 px"):
            empty_region.find_empty_box((60, 60), xy, np.full(len(xy), 0.5))
        return
    _, _, y1, y2 = empty_region.find_empty_box((60, 60), xy, np.full(len(xy), 0.5))
    assert (y1, y2) == (19.5, 32.5)
