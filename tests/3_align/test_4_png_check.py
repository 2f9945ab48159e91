from cosmouline.database import paths
from cosmouline.errors import UserError

import numpy as np
import pytest
from matplotlib.image import imread

SCRIPT = "3_align/4_png_check"


def test_the_map_and_the_sheet_are_drawn(lens_before, caplog):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    for name in ("alignment", "alignment_sheet"):
        picture = imread(paths.plot(lens.settings(), name))
        assert picture.shape[0] > 300
        assert picture.std() > 0.05  # not one colour
    assert "6 of 6 images on the sheet" in caplog.messages


def test_the_sheet_bears_the_name_of_the_lens(lens_before, pages):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    assert "TINY: all images on the reference" in pages.texts("alignment_sheet")


def likeness(one, other):
    """Correlation of two pictures where both are inside of their images."""
    inside = np.isfinite(one) & np.isfinite(other)
    return np.corrcoef(one[inside], other[inside])[0, 1]


def test_a_turned_image_shows_the_same_stars_in_the_same_places(lens_before, script):
    lens = lens_before(SCRIPT)
    thumbnail = script(f"pipe/{SCRIPT}").thumbnail
    reference, settings = lens.rows["R_tiny_0001"], lens.settings()

    turned = thumbnail(lens.rows["R_tiny_0002"], reference, settings)

    straight = thumbnail(reference, reference, settings)
    assert turned.shape == straight.shape == (160, 180)
    # 8 % of a frame turned by 10 degrees fall outside; hot pixels spoil the likeness a little
    assert np.isfinite(turned).mean() > 0.85
    assert likeness(turned, straight) > 0.9
    assert likeness(np.roll(turned, 4, axis=1), straight) < 0.6


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 3_align/1b_identify_stars\.py first"):
        lens_before("3_align/1b_identify_stars").run(SCRIPT)
