"""sep_tools.py: what sep cannot read, and where its buffers end."""

from cosmouline.errors import ImageRejected
from cosmouline.images import sep_tools
from cosmouline.images.sep_tools import background, default_box_px, extract, usable_pixels

import numpy as np
import pytest


@pytest.mark.parametrize("dtype", [">f4", "<f8", ">i2", "u2", bool])
def test_any_type_and_byte_order_becomes_native_float32(dtype):
    image, bad = usable_pixels(np.ones((4, 6), dtype=dtype)[:, ::2])
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    assert bad is None
    np.testing.assert_array_equal(image, 1)


def test_pixels_that_are_not_finite_join_the_bad_ones():
    frame = np.full((3, 4), 7.0, dtype=np.float32)
    frame[0, 0], frame[1, 1] = np.nan, np.inf
    given = np.zeros((3, 4), dtype=bool)
    given[2, 2] = True

    image, bad = usable_pixels(frame, given)

    assert sorted(map(tuple, np.argwhere(bad))) == [(0, 0), (1, 1), (2, 2)]
    assert image[0, 0] == image[1, 1] == 0
    assert np.isnan(frame[0, 0])  # the frame itself is not written to


def test_no_good_pixel_is_rejected():
    with pytest.raises(ImageRejected, match="none of the 20 pixels is good"):
        usable_pixels(np.full((4, 5), np.nan))


def test_misuse_names_the_argument():
    with pytest.raises(ValueError, match="image_e must be 2-D"):
        usable_pixels(np.zeros(5))
    with pytest.raises(ValueError, match=r"bad has shape \(2, 2\)"):
        usable_pixels(np.zeros((3, 3)), np.zeros((2, 2), dtype=bool))


@pytest.mark.parametrize(
    ("shape", "box_px"),
    [((800, 1000), 64), ((2048, 3000), 128), ((9000, 9000), 256), ((9, 9), 64)],
)
def test_box_is_a_sixteenth_of_the_shorter_side_within_limits(shape, box_px):
    assert default_box_px(shape) == box_px


def test_background_leaves_bad_pixels_out():
    frame = np.random.default_rng(1).normal(100, 1, (128, 128)).astype(np.float32)
    bad = np.zeros(frame.shape, dtype=bool)
    bad[:, ::3] = True
    frame[bad] = 500
    # 64 x 64 x 2/3 pixels per box: error of a mode below 5 * 2.5 / sqrt(2700)
    np.testing.assert_allclose(background(frame, bad, 64).back(), 100, atol=0.25)


def test_the_buffer_grows_with_what_is_above_the_threshold(monkeypatch):
    monkeypatch.setattr(sep_tools, "FIRST_BUFFER", 100)
    frame = np.zeros((200, 200), dtype=np.float32)
    frame[50:90, 50:90] = 100  # 1600 pixels

    found = extract(frame, 1.0, 3.0, 5)

    assert len(found) == 1
    assert found["x"][0] == pytest.approx(69.5)


def test_a_frame_without_sky_level_is_rejected(monkeypatch):
    monkeypatch.setattr(sep_tools, "FIRST_BUFFER", 100)
    frame = np.zeros((100, 100), dtype=np.float32)
    frame[5:95, 5:95] = 100
    with pytest.raises(ImageRejected, match="more than 25 % of the pixels are above"):
        extract(frame, 1.0, 3.0, 5)


def test_a_blend_of_too_many_parts_is_rejected(monkeypatch):
    monkeypatch.setattr(sep_tools, "FIRST_PARTS", 4)
    monkeypatch.setattr(sep_tools, "PARTS_MAX", 8)
    y, x = np.mgrid[:200, :200]
    frame = 50 + 40 * np.cos(x / 3) * np.cos(y / 3)  # some hundred peaks on one plateau
    frame[:4] = frame[-4:] = frame[:, :4] = frame[:, -4:] = 0
    with pytest.raises(ImageRejected, match="a blend has more than 8 parts"):
        extract(frame.astype(np.float32), 1.0, 3.0, 5)


def test_other_failures_of_sep_are_not_hidden():
    with pytest.raises(ValueError, match="array must be 2-d"):
        extract(np.zeros((2, 2, 2), dtype=np.float32), 1.0, 3.0, 5)
