"""style.py: text is shown as written, files are whole, the user's matplotlib stays as it is."""

import datetime
import gc

from cosmouline.plots import style

import matplotlib
import numpy as np
import pytest
from matplotlib import image as mpl_image

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"  # the first 8 bytes of every PNG (ISO 15948, 5.2)


def drawn_as_written(text):
    """Whether matplotlib takes a text for plain, and what it then shows."""
    _, ax = style.figure()
    artist = ax.text(0, 0, style.safe_text(text))
    shown, is_math = artist._preprocess_math(artist.get_text())
    return shown, is_math


@pytest.mark.parametrize("text", ["a$b$c", "$", "$$", r"5\$ and $x^2$", "plain", r"back\slash"])
def test_user_text_is_never_a_formula(text):
    assert drawn_as_written(text) == (text, False)


def test_without_the_escape_two_dollars_would_be_a_formula():
    _, ax = style.figure()
    artist = ax.text(0, 0, "a$b$c")

    assert artist._preprocess_math(artist.get_text())[1] is True


def test_none_is_an_empty_text():
    assert style.safe_text(None) == ""
    assert style.safe_text(5) == "5"


def test_an_axis_label_carries_its_unit_unless_it_is_a_ratio():
    assert style.axis_label("seeing", "arcsec") == "seeing (arcsec)"
    assert style.axis_label("sky level", "e-") == "sky level (e⁻)"
    assert style.axis_label("coefficient", "1") == "coefficient"
    assert style.axis_label("coefficient") == "coefficient"
    assert style.axis_label("p$", "c$") == r"p\$ (c\$)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.00"), (0.08044, "0.0804"), (1138.4, "1138"), (-2.5, "−2.50"), (np.nan, "–"),
     (None, "–"), (np.inf, "–")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert style.short(value) == text


def test_sources_have_the_same_colours_everywhere_and_never_run_out():
    first = [style.source_colour(i) for i in range(7)]

    assert len(set(first)) == 7
    assert len({style.source_colour(i) for i in range(21)}) == 21
    assert style.source_colour(21) == first[0]
    # mixed with as much white: (255 + 0x72) / 2, (255 + 0xB2) / 2
    assert style.source_colour(7) in ("#7fb8d8", "#80b8d8")


def test_one_panel_is_an_axes_and_more_are_an_array():
    page, ax = style.figure()
    _, axes = style.figure(ncols=2, nrows=3)

    assert ax.figure is page
    assert axes.shape == (3, 2)


def test_a_place_is_where_it_was_said_to_be():
    page = style.blank(10.0, 5.0)

    ax = style.place(page, left_in=1.0, top_in=0.5, width_in=4.0, height_in=2.0)

    # inches from the top left corner -> fractions from the bottom left one
    assert ax.get_position().bounds == pytest.approx((0.1, (5 - 0.5 - 2) / 5, 0.4, 0.4))


def test_text_is_written_where_it_was_said_to_be(place_of):
    page = style.blank(10.03, 5.07)

    style.write(page, 4.0, 2.0, "$right$", ha="right", va="top")

    box = place_of(page, r"\$right\$")
    assert (box.right, box.top) == pytest.approx((4.0, 2.0), abs=2 / 120)


def test_the_settings_of_matplotlib_stay_those_of_the_user():
    before = matplotlib.rcParams.copy()

    page, ax = style.figure()
    style.title_page(page, "title")

    assert matplotlib.rcParams.copy() == before
    assert ax.spines["left"].get_linewidth() == style.RC["axes.linewidth"]
    assert matplotlib.rcParams["axes.linewidth"] != style.RC["axes.linewidth"]


def test_the_settings_are_entered_once_and_left_after_a_failure(monkeypatch):
    entered, rc_context = [], matplotlib.rc_context
    monkeypatch.setattr(matplotlib, "rc_context", lambda rc: entered.append(rc) or rc_context(rc))
    before = matplotlib.rcParams.copy()

    @style.styled
    def inner():
        assert matplotlib.rcParams["axes.linewidth"] == style.RC["axes.linewidth"]
        raise ZeroDivisionError

    @style.styled
    def outer():
        inner()

    with pytest.raises(ZeroDivisionError):
        outer()

    assert entered == [style.RC]
    assert matplotlib.rcParams.copy() == before


@pytest.mark.parametrize("was_on", [True, False])
def test_no_garbage_is_looked_for_while_a_page_is_drawn(was_on):
    @style.styled
    def draw():
        assert not gc.isenabled()
        raise ZeroDivisionError

    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError):
            draw()
        assert gc.isenabled() == was_on
    finally:
        gc.enable()


def test_a_saved_page_is_a_png_of_the_size_in_inches_times_the_dpi(tmp_path):
    page, ax = style.figure(size=(4.0, 3.0))
    ax.plot([1, 2], [3, 4])
    path = tmp_path / "new folder" / "picture.png"

    style.save(page, path, "HE0435$1$")

    assert path.read_bytes()[:8] == PNG_MAGIC
    assert mpl_image.imread(path).shape[:2] == (3 * style.DPI, 4 * style.DPI)
    assert [p.name for p in path.parent.iterdir()] == ["picture.png"]


def test_saving_leaves_the_page_as_it_was(tmp_path):
    page, _ = style.figure(size=(3.0, 3.0))

    style.save(page, tmp_path / "a.png", "stamp")
    style.save(page, tmp_path / "b.png", "stamp")

    assert page.texts == []
    first, second = (mpl_image.imread(tmp_path / name) for name in ("a.png", "b.png"))
    np.testing.assert_array_equal(first, second)


def test_the_stamp_is_drawn_in_the_lower_right_corner(tmp_path):
    page, _ = style.figure(size=(4.0, 3.0))
    style.save(page, tmp_path / "without.png")
    style.save(page, tmp_path / "with.png", "lens · script · 2026")

    without, stamped = (mpl_image.imread(tmp_path / f"{n}.png") for n in ("without", "with"))
    rows, columns = np.nonzero((without != stamped).any(axis=2))
    assert rows.min() > 0.93 * without.shape[0]
    assert columns.min() > 0.5 * without.shape[1]


def test_a_failure_leaves_the_old_picture_and_no_other_file(tmp_path):
    page, ax = style.figure(size=(3.0, 3.0))
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    ax.set_title("$broken formula_{$")

    with pytest.raises(ValueError, match="broken"):
        style.save(page, path)

    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_png_and_pdf_are_written_and_nothing_else(tmp_path):
    page, _ = style.figure(size=(3.0, 3.0))

    style.save(page, tmp_path / "a.pdf")

    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(ValueError, match=r"path must end in \.png or \.pdf, not"):
        style.save(page, tmp_path / "a.jpg")


def test_the_stamp_text_joins_lens_script_and_time():
    when = datetime.datetime(2026, 1, 31, 12, 5, tzinfo=datetime.UTC)

    assert (
        style.stamp_text("HE0435", "4_norm/x", when)
        == "HE0435  ·  4_norm/x  ·  2026-01-31 12:05 UT"
    )
    assert style.stamp_text("", "", when) == "2026-01-31 12:05 UT"


def test_the_title_stands_above_everything_and_the_subtitle_behind_it(assert_whole):
    page, ax = style.figure(size=(8.0, 4.0))
    style.title_page(page, "Title $1$", "subtitle")
    ax.set_title("of the panel")

    assert_whole(page)
    title, subtitle = (text.get_window_extent() for text in page.texts)
    assert subtitle.x0 > title.x1
    assert title.y0 > ax.title.get_window_extent().y1


def test_a_page_without_a_title_has_no_text():
    page, _ = style.figure()

    style.title_page(page, "")

    assert page.texts == []


def test_numbers_are_written_in_columns_row_below_row(place_of):
    page = style.blank(5.0, 3.0)

    style.numbers(page, 1.0, 0.5, [("FWHM", "4 px"), "a line", ("a$", "b")], (0.0, 2.0), 0.2)

    first, second, line, third = (
        place_of(page, text) for text in ("FWHM", "4 px", "a line", r"a\$")
    )
    assert first.left == line.left == third.left == pytest.approx(1.0, abs=0.02)
    assert second.left == pytest.approx(3.0, abs=0.02)
    assert (first.top, line.top, third.top) == pytest.approx((0.5, 0.7, 0.9), abs=0.03)
    assert place_of(page, "b").top == pytest.approx(third.top, abs=0.02)


def test_powers_of_ten_are_written_as_such():
    assert [style.power_of_ten(value) for value in (1e-12, 0.1, 1.0, 1e5)] == [
        "10⁻¹²", "10⁻¹", "10⁰", "10⁵",
    ]  # fmt: skip


def test_the_title_of_a_panel_stands_above_it_on_the_left(place_of):
    page = style.blank(4.0, 3.0)
    ax = style.place(page, 1.0, 1.0, 2.0, 1.0)

    style.title_panel(ax, "$x$")

    page.draw_without_rendering()
    box = place_of(page, r"\$x\$")
    assert box.left == pytest.approx(1.0, abs=0.02)
    assert 0.9 < box.bottom < 1.0


def test_no_data_says_so_and_shows_no_ticks(texts):
    page, ax = style.figure()

    style.no_data(ax)

    assert texts(page) == ["no data"]


def test_that_there_are_no_data_stands_in_the_middle_whatever_the_limits():
    _, ax = style.figure()
    ax.set(xlim=(100, 200), ylim=(-3, -1))

    style.no_data(ax, "nothing")

    (text,) = ax.texts
    assert ax.transData.inverted().transform(text.get_transform().transform(
        text.get_position())) == pytest.approx([150, -2])


def test_text_in_an_axes_is_aligned_by_the_half_it_stands_in(place_of):
    page = style.blank(4.0, 3.0)
    ax = style.place(page, 1.0, 1.0, 2.0, 1.0)

    style.write_in(ax, 0.95, 0.9, "right", color="red")
    style.write_in(ax, 0.1, 0.5, "left", 12.0, va="bottom")

    right, left = place_of(page, "right"), place_of(page, "left")
    assert (right.right, right.top) == pytest.approx((1 + 0.95 * 2, 1 + 0.1), abs=0.02)
    assert (left.left, left.bottom) == pytest.approx((1 + 0.1 * 2, 1 + 0.5), abs=0.03)
    first, second = ax.texts
    assert (first.get_fontsize(), second.get_fontsize()) == (8.0, 12.0)
    assert first.get_color() == "red"


def test_an_axes_is_split_row_by_row_into_columns_of_relative_widths():
    page, axes = style.figure(1, 2, (8.0, 6.0), squeeze=False)

    parts = style.split(page, axes[1, 0], 2, 3, (1, 2, 1))

    assert page.axes == [axes[0, 0], *parts]
    page.draw_without_rendering()
    boxes = np.array([ax.get_position().bounds for ax in parts]).reshape(2, 3, 4)
    assert np.ptp(boxes[:, :, 0], axis=0) == pytest.approx(0)  # columns
    assert np.ptp(boxes[:, :, 1], axis=1) == pytest.approx(0)  # rows, the first on top
    assert boxes[0, 0, 1] > boxes[1, 0, 1]
    assert boxes[0, 1, 2] > 1.5 * boxes[0, 0, 2]
    assert axes[0, 0].get_position().y0 > boxes[0, 0, 1] + boxes[0, 0, 3]


def test_a_figure_leaves_room_for_stamp_and_title():
    page, _ = style.figure(size=(8.0, 4.0))
    assert page.get_layout_engine().get()["rect"] == pytest.approx(
        (0, style.STAMP_IN / 4, 1, 1 - style.STAMP_IN / 4))

    style.title_page(page, "title")

    above = (style.TITLE_IN - 0.08) / 4
    assert page.get_layout_engine().get()["rect"] == pytest.approx(
        (0, style.STAMP_IN / 4, 1, 1 - style.STAMP_IN / 4 - above))
    assert style.figure()[0].get_size_inches() == pytest.approx((12, 5))
    assert style.figure(1, 3)[0].get_size_inches() == pytest.approx((12, 3 * 3.2 + 0.8))


@pytest.mark.parametrize(("label", "on_top"), [("e⁻", True), ("sky (e⁻)", False)])
def test_a_colour_bar_stands_at_the_right_as_tall_as_the_axes(label, on_top):
    page = style.blank(6.0, 4.0)
    ax = style.place(page, 1.0, 1.0, 2.0, 1.5)

    bar = style.colour_bar(ax, ax.imshow(np.eye(2), aspect="auto"), label, ticks=[0, 1])

    page.draw_without_rendering()
    box = bar.ax.get_window_extent().extents / page.dpi
    assert box == pytest.approx((3.06, 1.5, 3.15, 3.0), abs=1e-6)
    assert (bar.ax.get_title(loc="left"), bar.ax.get_ylabel()) == (
        (label, "") if on_top else ("", label))
    assert list(bar.get_ticks()) == [0, 1]


def test_a_subtitle_may_stand_alone():
    page, _ = style.figure()

    style.title_page(page, "", "sub$")

    assert [text.get_text() for text in page.texts] == ["", r"sub\$"]
