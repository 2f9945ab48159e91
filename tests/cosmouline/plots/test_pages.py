"""pages.py: contact sheets."""

from cosmouline.plots import pages

import numpy as np
import pytest
from matplotlib import colors

IMAGE = np.random.default_rng(1).normal(100, 10, (300, 400))


def test_every_picture_has_its_place_name_and_colour(assert_whole, texts):
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
    edge = page.axes[1].spines["left"].get_edgecolor()
    assert edge == colors.to_rgba(pages.STATUS_COLOURS["rejected"])


def test_frames_are_binned_and_stamps_are_not():
    page = pages.contact_sheet([IMAGE, IMAGE[:40, :40]], ["a", "b"])

    assert page.axes[0].images[0].get_array().shape == (150, 200)
    np.testing.assert_array_equal(page.axes[1].images[0].get_array(), IMAGE[:40, :40])


def test_long_names_keep_their_ends_and_their_cell(texts):
    names = ["ECAM_20121105T032144_HE0435_0001_long.fits", "ECAM_20121105T032144_0002"]

    page = pages.contact_sheet([IMAGE, IMAGE], names)

    shown = [text for text in texts(page) if "…" in text]
    assert shown[0].startswith("ECAM_2012")
    assert shown[0].endswith("_long.fits")
    left, right = page.axes[0].get_window_extent(), page.axes[1].get_window_extent()
    assert page.axes[0].texts[0].get_window_extent().x1 < right.x0
    assert left.x1 < right.x0


@pytest.mark.parametrize("n_images", [0, 1, 7, 8])
def test_rows_are_filled_one_after_the_other(n_images, assert_whole):
    page = pages.contact_sheet([IMAGE[:9, :9]] * n_images, ["x"] * n_images, per_row=4)

    assert_whole(page)
    assert len({round(ax.get_position().y0, 6) for ax in page.axes}) == -(-n_images // 4)


@pytest.mark.parametrize("image", [np.zeros((0, 0)), np.full((500, 500), np.nan), np.ones((1, 1))])
def test_pictures_of_nothing_are_drawn(image, assert_whole):
    assert_whole(pages.contact_sheet([image], ["a"], ["unknown status"]))
