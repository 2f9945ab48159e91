from cosmouline import drawing, paths
from cosmouline.errors import UserError
from cosmouline.io_rdb import read_rdb

import numpy as np
import pytest

SCRIPT = "lcmanip/2_plot"


def test_the_curves_are_drawn_apart(lens_before, pages, monkeypatch):
    lens = lens_before(SCRIPT)
    monkeypatch.setattr(drawing, "save_as",
                        lambda page, path, *_: pages.update({path.name: page}))

    lens.run(SCRIPT)

    page, = pages
    assert page == "TINY_lens_by_night.png"
    curve = read_rdb(paths.light_curve(lens.settings()))
    heights = np.concatenate(pages.heights(page))
    assert len(heights) == 12
    for source in "AB":
        shifts = heights[:, None] - curve[f"mag_{source}"]
        # one shift for all points of a source
        assert any(np.isclose(shifts, shift, atol=1e-6).any(0).all() for shift in shifts[:, 0])
    assert "lens, 6 points by night, 0 flagged" in " ".join(pages.texts(page))


def test_the_picture_lies_beside_the_table(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    path = paths.light_curve(lens.settings())
    assert path.with_suffix(".png").stat().st_size > 10000
    assert path.is_file()
    assert caplog.messages[-1].endswith("TINY_lens_by_night.png")


def test_the_script_before_is_named(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("join_by = 'image'\n")

    with pytest.raises(UserError, match=r"there is no .*TINY_lens_by_image\.rdb\. Run "
                                        r"lcmanip/1_join\.py first"):
        lens.run(SCRIPT)
