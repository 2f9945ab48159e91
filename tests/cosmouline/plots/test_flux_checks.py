from cosmouline.plots import style
from cosmouline.plots.flux_checks import flux_by_number, flux_checks_page, flux_histograms

import numpy as np
import pytest
from matplotlib.colors import to_rgb

BLUE = to_rgb(style.source_colour(0))


def test_histograms_count_all_and_write_the_extremes(texts):
    flux, coeff = np.array([50.0, 100.0, 110.0, 80.0, np.nan]), np.array([2.0, 1, 1, 1.25, 1])
    page, ax = style.figure()

    flux_histograms(ax, flux, coeff)

    assert [patch.get_data().values.sum() for patch in ax.patches] == [4, 4]
    assert "least +0.0 %\nmost +10.0 %" in texts(page)  # normalised: 100, 100, 110, 100
    raw, scaled = (patch.get_data() for patch in ax.patches)
    assert to_rgb(ax.patches[1].get_facecolor()) == pytest.approx(BLUE)
    # three of the normalised ones in the bin of 1, one in that of 1.1
    filled = np.flatnonzero(scaled.values)
    assert scaled.values[filled].tolist() == [3, 1]
    for k, value in zip(filled, (1.0, 1.1), strict=True):
        assert scaled.edges[k] <= value <= scaled.edges[k + 1]
    # the raw ones over their median, 90
    for value in np.array([50, 80, 100, 110]) / 90:
        assert raw.values[np.searchsorted(raw.edges, value) - 1] >= 1
    assert ax.get_xlim() == (raw.edges[0], raw.edges[-1])
    assert len(raw.edges) == 26


def test_a_flux_within_the_width_of_all_others_is_on_the_axis():
    """99 fluxes within 10 % of their median, and one .15 above them: .8 of their range."""
    flux = np.append(100 * (1 + np.linspace(-0.1, 0.1, 99)), 125.0)
    _, ax = style.figure()

    flux_histograms(ax, flux, np.ones(100))

    assert ax.get_xlim()[1] > 1.25


def test_negative_medians_keep_their_signs_apart(texts):
    page, ax = style.figure()

    flux_histograms(ax, np.array([-100.0, -100.0, -90.0]), np.ones(3))

    assert "least -200.0 %\nmost -190.0 %" in texts(page)


def test_a_flux_that_is_not_positive_is_marked_at_its_number():
    _, ax = style.figure()
    flux = np.array([10.0, -4.0, 12.0, 0.0])

    flux_by_number(ax, np.array([1, 2, 3, 5]), flux, np.full(4, 2.0))

    raw, scaled, *marks = ax.lines
    assert raw.get_ydata().tolist() == flux.tolist()
    assert scaled.get_ydata().tolist() == (2 * flux).tolist()
    assert scaled.get_xdata().tolist() == [1, 2, 3, 5]
    assert [line.get_xdata()[0] for line in marks] == [2, 5]
    assert [line.get_label() for line in (raw, scaled)] == ["raw", "normalised"]
    assert ax.get_ylim()[0] < -8
    assert ax.get_ylim()[1] > 24


def test_the_page_has_the_checks_and_a_row_for_each_source(texts, assert_whole):
    rng = np.random.default_rng(1)
    number, mhjd = np.arange(1, 31), np.linspace(53000, 53300, 30)
    sky, chi2 = rng.normal(0, 1, 30), rng.normal(1, 0.02, 30)
    chi2[7] = 4.0
    shifts, flux = rng.normal(0, 0.2, (30, 2)), rng.normal([[1e4], [3e4]], 100, (2, 30))

    page = flux_checks_page(number, mhjd, shifts, sky, chi2, flux, np.full(30, 1.1),
                            ["A", "B$1$"], "t", [f"e{i}" for i in range(30)])

    assert_whole(page)
    shift, left, curve, *rows = page.axes
    np.testing.assert_array_equal(shift.collections[0].get_offsets(), shifts)
    zero, drawn = left.lines
    assert list(zero.get_ydata()) == [0.0, 0.0]
    np.testing.assert_array_equal(drawn.get_xydata(), np.column_stack([number, sky]))
    assert left.get_ylabel() == "sky left (e⁻)"
    np.testing.assert_allclose(curve.collections[0].get_offsets(), np.column_stack([mhjd, chi2]))
    assert "e7" in texts(page)
    np.testing.assert_allclose(rows[3].lines[1].get_ydata(), 1.1 * flux[1])
    assert [ax.get_ylabel() for ax in rows] == ["A", "flux (e⁻)", r"B\$1\$", "flux (e⁻)"]
    assert [ax.get_xlabel() for ax in rows] == ["", "", "flux / median",
                                                "number in the deconvolution"]
    assert [text.get_text() for text in page.legends[0].get_texts()] == ["raw", "normalised"]


def test_sources_that_were_never_measured_draw(texts):
    nothing = np.full(2, np.nan)

    page = flux_checks_page(np.array([1, 2]), np.array([5.0, 6.0]), np.full((2, 2), np.nan),
                            nothing, nothing, nothing[None], np.ones(2), ["A"])
    assert len(page.axes) == 5
    assert texts(page).count("no data") == 5
