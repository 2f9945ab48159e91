"""pages.py: contact sheets."""

from cosmouline.plots import pages, style
from cosmouline.plots.scaling import frame_limits, shrink, stretch_norm
from cosmouline.plots.stamps import stamp_colours

import numpy as np
import pytest
from matplotlib import colors

IMAGE = np.random.default_rng(1).normal(100, 10, (300, 400))


def test_every_picture_has_its_name_and_colour(boxes, assert_whole, texts, screen, place_of):
    names = ["a$1$", "b", "c"]

    page = pages.contact_sheet(
        [IMAGE, IMAGE[:40, :40], None], names, ["used", "rejected", "failed"], ["n1", "$n2$", ""],
        "title", "3 images",
    )  # fmt: skip

    assert_whole(page)
    shown = texts(page)
    assert {r"a\$1\$", "b", "c", "n1", r"\$n2\$", "no data", "title", "3 images"} <= set(shown)
    assert shown.count("rejected") == shown.count("failed") == 1
    assert "reference" not in shown
    pixels = screen(page)
    for box, word in zip(boxes, ("used", "rejected", "failed"), strict=True):
        row, col = round(120 * (box.top + box.bottom) / 2), round(120 * box.left) - 1
        edge = 255 * np.array(colors.to_rgb(pages.STATUS_COLOURS[word]))
        np.testing.assert_allclose(pixels[row, col], edge, atol=0.5)
        # only those that need a look have a thick frame
        assert (pixels[row, col - 3] == pixels[row, col]).all() == (word != "used")
    for box, name in zip(boxes, (r"a\$1\$", "b", "c"), strict=True):
        assert place_of(page, name).left == pytest.approx(box.left, abs=0.02)
        assert 0.1 < box.top - place_of(page, name).bottom < 0.3


def test_frames_are_binned_and_stamps_are_not(boxes, screen, look):
    shown = screen(pages.contact_sheet([IMAGE, IMAGE[:40, :40]], ["a", "b"]))

    binned, factor = shrink(IMAGE, 200)
    assert factor == 2
    norm = stretch_norm(*frame_limits(binned))
    expected = style.IMAGE_MAP(norm(binned), bytes=True)[..., :3]
    np.testing.assert_array_equal(look(shown, boxes[0], (150, 200)), expected)
    expected = stamp_colours(IMAGE[:40, :40])[..., :3]
    np.testing.assert_array_equal(look(shown, boxes[1], (40, 40)), expected)


def test_long_names_keep_their_ends_and_their_cell(boxes, texts, place_of):
    names = ["ECAM_20121105T032144_HE0435_0001_long.fits", "ECAM_20121105T032144_0002"]

    page = pages.contact_sheet([IMAGE, IMAGE], names)

    shown = [text for text in texts(page) if "…" in text]
    assert shown[0].startswith("ECAM_2012")
    assert shown[0].endswith("_long.fits")
    assert place_of(page, shown[0]).right < boxes[1].left


@pytest.mark.parametrize("n_images", [0, 1, 7, 8])
def test_rows_are_filled_one_after_the_other(n_images, boxes, assert_whole):
    page = pages.contact_sheet([IMAGE[:9, :9]] * n_images, ["x"] * n_images, per_row=4)

    assert_whole(page)
    tops, lefts = sorted({box.top for box in boxes}), sorted({box.left for box in boxes})
    assert [(tops.index(box.top), lefts.index(box.left)) for box in boxes] == [
        divmod(index, 4) for index in range(n_images)
    ]


@pytest.mark.parametrize("image", [np.zeros((0, 0)), np.full((500, 500), np.nan), np.ones((1, 1))])
def test_pictures_of_nothing_are_drawn(image, assert_whole):
    assert_whole(pages.contact_sheet([image], ["a"], ["unknown status"]))


def test_long_notes_go_over_several_lines(boxes, texts, assert_whole):
    note = "not aligned: only 5 stars match the reference image, of 21 and 30"

    page = pages.contact_sheet([IMAGE], ["a"], notes=[note], note_lines=3, per_row=3)

    assert_whole(page)
    lines = [text for text in texts(page) if text != "a"]
    assert " ".join(lines) == note
    assert len(lines) == 3


def test_painted_pictures_are_shown_as_they_are(boxes, screen, look):
    colours = pages.painted(IMAGE[:40, :40])

    shown = screen(pages.contact_sheet([colours], ["a"]))

    np.testing.assert_array_equal(look(shown, boxes[0], (40, 40)), colours[..., :3])
    low, high = np.percentile(IMAGE[:40, :40], (1, 99))
    assert (colours[IMAGE[:40, :40] < low][:, 0] == 255).all()  # white below, black above
    assert (colours[IMAGE[:40, :40] > high][:, 0] == 0).all()


def test_the_page_is_as_large_as_its_rows_and_cells(boxes):
    pages.contact_sheet([IMAGE[:9, :9]] * 5, list("abcde"), note_lines=3, per_row=3)
    page = pages.contact_sheet([IMAGE[:9, :9]] * 5, list("abcde"), note_lines=3, per_row=3)

    # cells of 1.72 inches with gaps of .13, texts of .36 and two more lines of .14
    step = 1.72 + 0.36 + 0.28 + 0.13
    assert page.get_size_inches() == pytest.approx((0.3 + 3 * 1.85 - 0.13, 0.45 + 2 * step + 0.25))
    assert boxes[1].left - boxes[0].left == pytest.approx(1.85, abs=1 / 120)
    assert boxes[3].top - boxes[0].top == pytest.approx(step, abs=1 / 120)
    assert boxes[0].left == pytest.approx(0.15, abs=0.1)


def test_the_rest_of_a_long_note_is_cut_in_its_last_line(texts):
    note = "first line\n" + "word " * 60 + "end"

    page = pages.contact_sheet([IMAGE], ["a"], notes=[note], note_lines=2, per_row=3)

    first, second = (text for text in texts(page) if text not in ("a", ""))
    assert first == "first line"
    assert second.endswith(" …")
    assert set(second.split()) == {"word", "…"}  # no word is cut


def test_a_note_of_one_long_word_is_cut_in_its_middle(texts):
    page = pages.contact_sheet([IMAGE], ["a"], notes=["x" * 100 + "end"])

    note, = (text for text in texts(page) if text not in ("a", ""))
    assert note.startswith("xx")
    assert "…" in note
    assert note.endswith("xend")


@pytest.mark.parametrize(("n_px", "is_binned"), [(206, False), (207, True)])
def test_pictures_larger_than_a_cell_are_binned(n_px, is_binned, boxes, screen, look):
    image = IMAGE[:n_px, :n_px]

    shown = screen(pages.contact_sheet([image], ["a"]))

    if is_binned:
        small, factor = shrink(image, pages.THUMBNAIL_PX)
        assert factor == 2
        expected = style.IMAGE_MAP(stretch_norm(*frame_limits(small))(small), bytes=True)[..., :3]
    else:
        expected = stamp_colours(image)[..., :3]
    np.testing.assert_array_equal(look(shown, boxes[0], expected.shape[:2]), expected)
