"""normalisation.py: the coefficient against the weather, and the pulls of the stars."""

from cosmouline.plots import normalisation, style

import numpy as np
import pytest

N_IMAGES, NAMES = 40, "abc"
COEFF = np.linspace(0.9, 1.1, N_IMAGES)


def quantities():
    """Seeing, sky and airmass; the airmass is not known."""
    return [(np.linspace(1, 2, N_IMAGES), "seeing", "arcsec"),
            (np.linspace(300, 900, N_IMAGES), "sky level", "e-"),
            (np.full(N_IMAGES, np.nan), "airmass", "")]


def pulls(seed):
    return np.random.default_rng(seed).standard_normal((len(NAMES), N_IMAGES))


def panels(page):
    """Axes of the page by their titles or the labels below."""
    return {ax.get_title("left") or ax.get_xlabel(): ax for ax in page.axes}


def test_the_page_has_the_coefficient_and_every_star(texts):
    page = normalisation.normalisation_page(quantities(), COEFF, pulls(1), NAMES, title="LENS",
                                            label="renorm1")

    found = panels(page)
    assert {"seeing (arcsec)", "sky level (e⁻)", "airmass", "all stars", *NAMES} <= set(found)
    drawn = found["seeing (arcsec)"].collections[0].get_offsets()
    np.testing.assert_allclose(drawn[:, 1], COEFF)
    assert {"LENS", "no data", "residual / error"} <= set(texts(page))


def test_a_variable_star_does_not_spoil_the_panel_of_the_others():
    values = pulls(4)
    values[1] *= 50

    page = normalisation.normalisation_page(quantities(), COEFF, values, NAMES,
                                            is_variable=np.array([False, True, False]))

    found = panels(page)
    assert {"constant stars", "a", "b (varies)", "c"} <= set(found)
    assert found["constant stars"].patches[0].get_data().values.sum() == 2 * N_IMAGES


def test_the_ticks_of_the_pulls_are_the_same_on_both_sides():
    page = normalisation.normalisation_page(quantities(), COEFF, pulls(4), NAMES)

    ax = panels(page)["all stars"]
    assert ax.get_xticks().tolist() == [-4, -2, 0, 2, 4]
    assert ax.get_xlim() == (-5, 5)
    assert ax.get_yticks().size == 0


def test_points_outside_are_counted(texts):
    clouded = COEFF.copy()
    clouded[3] = 40.0

    page = normalisation.normalisation_page(quantities(), clouded, pulls(2), NAMES)

    assert texts(page).count("1 outside") == 2


def test_the_gaussian_has_the_number_of_the_pulls(texts):
    page, ax = style.figure()
    values = np.append(pulls(3).ravel(), [np.nan, 9.0, -7.0])

    normalisation.pull_histogram(ax, values, "x")

    _, gaussian = ax.lines[0].get_data()
    x = ax.lines[0].get_xdata()
    counts = ax.patches[0].get_data().values
    assert np.trapezoid(gaussian, x) / normalisation.BIN == pytest.approx(122, rel=1e-3)
    assert counts.sum() == 122
    assert (counts[0], counts[-1]) == (1, 1)
    rms = np.sqrt(np.nanmean(values**2))
    assert f"rms {rms:.2f}\n2 beyond" in texts(page)


def test_a_star_without_pulls_says_so(texts):
    page, ax = style.figure()

    normalisation.pull_histogram(ax, np.full(5, np.nan))

    assert "no data" in texts(page)


def test_more_stars_than_the_page_holds(monkeypatch):
    monkeypatch.setattr(normalisation, "MAX_STARS", 2)

    page = normalisation.normalisation_page(quantities(), COEFF, pulls(4), NAMES)

    assert "b" in panels(page)
    assert "c" not in panels(page)


def test_panels_are_in_rows_and_their_axes_hold_five_sigma():
    values = pulls(5)

    page = normalisation.normalisation_page(quantities(), COEFF, values, NAMES,
                                            np.where(np.arange(N_IMAGES) < 20, "C2", "E$"))

    found = panels(page)
    for k, name in enumerate(NAMES):
        steps = found[name].patches[0].get_data()
        inside = np.clip(values[k], -5, 5)
        np.testing.assert_array_equal(steps.values, np.histogram(inside, steps.edges)[0])
        assert np.diff(steps.edges) == pytest.approx(0.5)
        gaussian = found[name].lines[0].get_ydata()
        assert found[name].get_ylim() == pytest.approx(
            (0, 1.3 * max(steps.values.max(), gaussian.max())))
        assert found[name].get_xlim() == (-5, 5)
    assert found["all stars"].patches[0].get_data().values.sum() == 3 * N_IMAGES
    seeing = found["seeing (arcsec)"]
    assert seeing.get_ylabel() == "coefficient"
    assert len(np.unique(seeing.collections[0].get_facecolors(), axis=0)) == 2
    legend = found["airmass"].get_legend()  # at the right of the last one
    assert [text.get_text() for text in legend.get_texts()] == ["C2", r"E\$"]
    # four panels in a row of seven; the other three are empty
    assert [ax.axison for ax in page.axes[-7:]] == [True] * 4 + [False] * 3
    assert [ax.get_title("left") for ax in page.axes[-7:]] == ["all stars", *NAMES, "", "", ""]


def test_far_pulls_are_told_in_colour(texts):
    page, axes = style.figure(2)

    normalisation.pull_histogram(axes[0], [0.0, 5.1, -6.0], "a")
    normalisation.pull_histogram(axes[1], [0.0, 5.0, -1.0], "b")

    assert f"rms {style.short(np.sqrt((5.1**2 + 36) / 3))}\n2 beyond" in texts(page)
    assert f"rms {style.short(np.sqrt(26 / 3))}" in texts(page)
    assert [ax.texts[0].get_color() for ax in axes] == [style.ACCENT, style.INK]


def test_points_on_the_border_are_inside(texts):
    x = np.array([0.0, 1.0, np.nan, 0.5])

    page = normalisation.normalisation_page([(x, "x", "")], [1.0, 2.0, 1.5, np.nan],
                                            np.zeros((1, 4)), ["a"])

    assert not any("outside" in text for text in texts(page))


def test_the_quantities_stand_above_the_stars():
    page = normalisation.normalisation_page(quantities(), COEFF, pulls(1), NAMES)

    found = {name: ax.get_position() for name, ax in panels(page).items() if ax.axison}
    assert min(found[name].y0 for name in ("sky level (e⁻)", "airmass")) > max(
        found[name].y1 for name in ("all stars", *NAMES))
