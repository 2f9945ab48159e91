from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.pages import drawing

import numpy as np
import pytest

SCRIPT = "lcmanip/2_plot"


@pytest.fixture
def beside(pages, monkeypatch):
    """Give the `Pages` that are saved beside the tables; nothing is written."""
    monkeypatch.setattr(drawing, "save_as",
                        lambda page, path, *_: pages.update({path.name: page}))
    return pages


def test_the_curves_are_drawn_apart(lens_before, beside):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    assert set(beside) == {"TINY_lens_by_night.png", "TINY_lens_by_night.pdf",
                           "TINY_lens_by_night_errors.png", "TINY_lens_by_night_images.png"}
    page = "TINY_lens_by_night.png"
    curve = read_rdb(paths.light_curve(lens.settings()))
    heights = np.concatenate(beside.heights(page))
    assert len(heights) == 12
    for source in "AB":
        shifts = heights[:, None] - curve[f"mag_{source}"]
        # one shift for all points of a source
        assert any(np.isclose(shifts, shift, atol=1e-6).any(0).all() for shift in shifts[:, 0])
    assert "lens, 6 points by night, 0 flagged" in " ".join(beside.texts(page))


def test_the_page_of_errors_has_the_six_bars_and_ours(lens_before, beside):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    page = "TINY_lens_by_night_errors.png"
    curve = read_rdb(paths.light_curve(lens.settings()))
    kinds = (0, 1, 2, 3, 4, 5, "cov")
    for bar, heights in zip(kinds, beside.heights(page), strict=True):
        shown = np.concatenate([curve[f"magerr_{source}_{bar}"] for source in "AB"])
        known = shown[np.isfinite(shown)]
        assert sorted(heights[np.isfinite(heights)]) == pytest.approx(sorted(1e3 * known))
    assert {"0 photons", "1 + coefficient", "5 max(1, 4)", "cov"} <= set(beside.texts(page))
    assert "seeing (arcsec)" in beside.texts("TINY_lens_by_night_images.png")


@pytest.mark.parametrize("panels", ["one", "each"])
def test_shifts_and_ends_of_the_picture_are_those_of_the_settings(lens_before, beside, panels):
    lens = lens_before(SCRIPT)
    lens.set(f"curve_panels = {panels!r}\ncurve_shifts_mag = {{'B': -0.75}}\n"
             "curve_mags = (-14.0, -11.0)\ncurve_dates = ('2023-01-01', '2023-12-31')\n")

    lens.run(SCRIPT)

    page = "TINY_lens_by_night.png"
    curve = read_rdb(paths.light_curve(lens.settings()))
    shift = {"one": -0.75, "each": 0.0}[panels]  # panels of their own need none
    shown = np.concatenate(beside.heights(page))
    assert shown == pytest.approx(np.concatenate([curve["mag_A"], curve["mag_B"] + shift]))
    for ax in beside[page].axes:
        assert ax.get_ylim() == (-11.0, -14.0)
        assert ax.get_xlim() == (59945.0, 60310.0)  # 2023-01-01 to the end of 2023-12-31


def test_a_flagged_point_is_an_open_circle(lens_before, beside):
    lens = lens_before(SCRIPT)
    lens.set("night_fwhm_max_arcsec = 1.05\n")
    lens.run("lcmanip/1_join")

    lens.run(SCRIPT)

    flag = read_rdb(paths.light_curve(lens.settings()))["flag"]
    ax, = beside["TINY_lens_by_night.png"].axes
    fills = ax.collections[0].get_facecolors()
    assert ((fills == 1.0).all(1) == ~flag).all()
    assert 0 < flag.sum() < 6


def test_the_picture_lies_beside_the_table(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    path = paths.light_curve(lens.settings())
    assert path.with_suffix(".png").stat().st_size > 10000
    assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert path.is_file()
    assert caplog.messages[-1].endswith("TINY_lens_by_night.png")


def test_one_night_of_several_images_has_a_hint(lens_before, beside, caplog):
    lens = lens_before(SCRIPT)
    first = lens.rows[lens.truth.good[0]]
    for k, name in enumerate(lens.truth.good):
        for field in ("mjd", "mhjd"):
            lens.update(name, **{field: first[field] + k * 8 / 1440})
    lens.run("lcmanip/1_join")
    caplog.clear()

    lens.run(SCRIPT)

    assert '6 images in 1 points: join_by = "image" shows each' in caplog.messages


def test_the_script_before_is_named(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("join_by = 'image'\n")

    with pytest.raises(UserError, match=r"there is no .*TINY_lens_by_image\.rdb\. Run "
                                        r"lcmanip/1_join\.py first"):
        lens.run(SCRIPT)
