"""plots/deconvolution.py: one epoch, and all of them."""

from cosmouline.plots import deconvolution, style
from cosmouline.plots.scaling import stretch_norm

import numpy as np
import pytest
from matplotlib import colors

NAMES = ["A", "B$1$"]
XY_PX = np.array([(10.0, 12.0), (20.5, 18.0)])


def epoch(seed=1, shape=(30, 32)):
    """Make data, model and noise of a stamp; deconvolved and background twice as fine."""
    y, x = np.indices(shape)
    model = sum(5000 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 10) for cx, cy in XY_PX)
    sigma = np.sqrt(model + 100)
    data = np.random.default_rng(seed).normal(model, sigma)
    fine = np.kron(model, np.ones((2, 2)))
    return data, model, sigma, fine, 0.1 * fine


def epoch_page(*args, **kwargs):
    return deconvolution.epoch_page(deconvolution.EpochPage(*args, **kwargs))


def test_the_panels_are_what_they_say(assert_whole):
    data, model, sigma, deconvolved, background = epoch()

    page = epoch_page(data, model, sigma, deconvolved, background, NAMES, XY_PX)

    assert_whole(page)
    panels = {ax.get_title(loc="left"): ax for ax in page.axes}
    expected = {
        "data": data,
        "model": model,
        "residual": (data - model) / sigma,
        "deconvolved": deconvolved,
        "background": background,
    }
    for title, image in expected.items():
        np.testing.assert_allclose(panels[title].images[0].get_array(), image)
    assert panels["data"].images[0].norm is panels["model"].images[0].norm


def test_the_fine_images_share_the_pixels_of_the_stamp():
    page = epoch_page(*epoch(), NAMES, XY_PX)

    panels = {ax.get_title(loc="left"): ax for ax in page.axes}
    for title in ("deconvolved", "background"):
        assert panels[title].get_xlim() == panels["data"].get_xlim() == (-0.5, 31.5)
        assert panels[title].get_ylim() == (-0.5, 29.5)
    np.testing.assert_array_equal(panels["deconvolved"].collections[0].get_offsets(), XY_PX)


def test_the_numbers_are_written(texts, assert_whole):
    page = epoch_page(
        *epoch(), NAMES, XY_PX, None, 0.2, [("seeing", "0.92″"), ("$x$", "$y$")],
        [52000.4, np.nan], [319.0, np.nan], "lens $1$", "epoch 2",
    )  # fmt: skip

    assert_whole(page)
    shown = set(texts(page))
    assert {"0.92″", r"\$x\$", r"\$y\$", "52 000", "319", "–", r"B\$1\$", "epoch 2", "1″"} <= shown


def test_pixels_that_were_not_used_are_grey_and_do_not_set_the_scale():
    data, model, sigma, deconvolved, background = epoch()
    good = np.ones(data.shape, dtype=bool)
    good[3, 4], data[3, 4] = False, 1e7

    page = epoch_page(
        data, model, sigma, deconvolved, background, NAMES, XY_PX, good
    )

    panels = {ax.get_title(loc="left"): ax for ax in page.axes}
    masked = np.ma.getmaskarray(panels["residual"].images[0].get_array())
    np.testing.assert_array_equal(masked, ~good)
    assert panels["data"].images[0].norm.vmax < 1e5


@pytest.mark.parametrize("limits", [(-90.0, 4300.0), (0.0, 80.0), (-1.0, 3e5)])
def test_ticks_are_round_and_spread(limits):
    norm = stretch_norm(*limits, "asinh")

    ticks = deconvolution.round_ticks(norm)

    assert ticks[0] == 0
    assert 4 <= ticks.size <= 6
    assert all(f"{tick:.0e}" == f"{tick:.6e}"[:1] + f"{tick:.6e}"[8:] for tick in ticks[1:])
    assert np.diff(np.asarray(norm(ticks))).min() > 0.05
    assert norm.vmin <= ticks.min() <= ticks.max() <= norm.vmax


def test_residual_maps_of_pure_noise_are_one():
    residuals = np.random.default_rng(2).normal(size=(400, 20, 20))
    residuals[:, 0, 0] = np.nan
    residuals[:300, 1, 1] = np.nan

    mean, rms = deconvolution.residual_maps(residuals)

    assert np.isnan([mean[0, 0], rms[0, 0]]).all()
    assert np.isfinite(mean).sum() == 399
    # the mean times root n is a unit Gaussian, whose rms over 399 pixels scatters by 1/sqrt(798)
    assert np.nanstd(mean) == pytest.approx(1, abs=5 / np.sqrt(798))
    assert np.nanmean(rms) == pytest.approx(1, abs=5 / np.sqrt(2 * 400 * 399) + 1 / (4 * 400))
    assert mean[1, 1] == pytest.approx(residuals[300:, 1, 1].sum() / 10)


def test_a_steady_residual_stands_out_of_the_mean():
    residuals = np.zeros((100, 4, 4))
    residuals[:, 2, 3] = 0.5

    mean, rms = deconvolution.residual_maps(residuals)

    assert mean[2, 3] == pytest.approx(5.0)
    assert rms[2, 3] == pytest.approx(0.5)


def test_no_bad_epoch_is_left_outside_and_the_worst_are_named(texts):
    mhjd = np.linspace(53000, 54000, 100)
    chi2 = np.random.default_rng(3).normal(1, 0.02, 100)
    chi2[[10, 60]] = 4.0, 9.0
    page, ax = style.figure()

    deconvolution.chi2_curve(ax, mhjd, chi2, [f"e$_{i}$" for i in range(100)])

    np.testing.assert_allclose(ax.collections[0].get_offsets(), np.column_stack([mhjd, chi2]))
    assert ax.get_ylim()[1] > 9
    named = [text for text in texts(page) if text.startswith("e")]
    assert sorted(named) == [r"e\$_10\$", r"e\$_60\$"]


def test_good_epochs_are_not_named():
    chi2 = 1 + 0.01 * np.sin(np.arange(50.0))
    _, ax = style.figure()

    deconvolution.chi2_curve(ax, np.arange(53000.0, 53050.0), chi2, ["e"] * 50)

    assert not ax.texts


def test_shifts_are_symmetric_about_zero():
    shifts = np.array([(0.3, -0.1), (np.nan, 1.0), (-0.2, 0.5)])
    _, ax = style.figure()

    deconvolution.shift_plot(ax, shifts)

    np.testing.assert_array_equal(ax.collections[0].get_offsets(), shifts[[0, 2]])
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx((-0.55, 0.55))


def test_the_residual_histogram_follows_the_gaussian():
    values = np.random.default_rng(4).normal(size=50_000)
    _, ax = style.figure()

    deconvolution.residual_histogram(ax, np.append(values, [np.nan, 99.0]))

    counts = ax.patches[0].get_data().values
    middles, gauss = ax.lines[0].get_data()
    core = np.abs(middles) < 3
    assert counts.sum() == 50_001
    assert np.all(np.abs(counts - gauss)[core] < 5 * np.sqrt(gauss[core]) + 1)


def test_the_overview_is_whole(assert_whole, texts):
    rng = np.random.default_rng(5)
    *_, background = epoch()

    page = deconvolution.overview_page(
        np.linspace(53000, 56000, 40), rng.normal(1, 0.1, 40), rng.normal(0, 1, (40, 2)),
        background, rng.normal(size=(40, 30, 32)), [f"e{i}" for i in range(40)], NAMES, XY_PX,
        0.2, "lens", "40 epochs",
    )  # fmt: skip

    assert_whole(page)
    assert {"mean residual × √n", "reduced χ²", r"B\$1\$", "40 epochs"} <= set(texts(page))


@pytest.mark.parametrize(
    ("image", "n_epochs"),
    [(np.full((6, 8), np.nan), 1), (np.zeros((0, 0)), 0), (np.ones((1, 1)), 1)],
)
def test_pages_of_little_are_drawn(image, n_epochs, assert_whole):
    nothing, residuals = [np.nan] * n_epochs, np.zeros((n_epochs, *image.shape))
    shifts = np.zeros((n_epochs, 2))

    assert_whole(epoch_page(*[image] * 5, ["A"], [(np.nan, 0)], None, 0.2))
    assert_whole(deconvolution.overview_page(nothing, nothing, shifts, image, residuals))


def test_one_epoch_has_an_overview(assert_whole):
    *_, background = epoch()

    page = deconvolution.overview_page(
        [55000.0], [2.0], [(0, 0)], background, np.zeros((1, 30, 32)), ["e1"], NAMES, XY_PX, 0.2
    )

    assert_whole(page)


def test_the_checks_stand_below_and_chi2_beside_the_fluxes(texts, assert_whole):
    data, model, sigma, deconvolved, background = epoch()
    circles = (XY_PX, 3.0, [0.987, np.nan])
    page = epoch_page(data, model, sigma, deconvolved, background, NAMES, XY_PX,
                      flux_e=[5e4, 4e4], flux_sigma_e=[300, 300], circles=circles)
    assert_whole(page)
    assert {"χ²", "0.987"} <= set(texts(page))

    checks = ((["flat 0.35", "PSF"], [1.0, 30.0]), (NAMES, [0.2, -0.5, 0.1], 0.6),
              (np.linspace(-2, 2, 30),))
    residuals = np.random.default_rng(1).normal(size=(4, 30, 32))
    page = deconvolution.overview_page(np.arange(4.0), np.ones(4), np.zeros((4, 2)), background,
                                       residuals, checks=checks)
    assert_whole(page)
    assert {"galaxy", "flat 0.35"} <= set(texts(page))


def test_the_overview_shows_the_maps_and_the_epochs(texts):
    rng = np.random.default_rng(6)
    *_, background = epoch()
    residuals, shifts = rng.normal(size=(9, 30, 32)), rng.normal(0, 0.1, (9, 2))
    residuals[:, 3, 4] = np.nan
    chi2 = rng.normal(1, 0.01, 9)

    page = deconvolution.overview_page(
        np.arange(53000.0, 53009.0), chi2, shifts, background, residuals, None, NAMES, XY_PX, 0.2)

    curve, shift, histogram, galaxy, mean, rms, *_ = page.axes
    np.testing.assert_allclose(curve.collections[0].get_offsets()[:, 1], chi2)
    assert list(curve.lines[0].get_ydata()) == [1.0, 1.0]
    np.testing.assert_array_equal(shift.collections[0].get_offsets(), shifts)
    assert histogram.patches[0].get_data().values.sum() == np.isfinite(residuals).sum()
    np.testing.assert_allclose(galaxy.images[0].get_array(), background)
    assert galaxy.get_xlim() == (-0.5, 31.5)
    np.testing.assert_array_equal(galaxy.collections[0].get_offsets(), XY_PX)
    for ax, wanted in zip((mean, rms), deconvolution.residual_maps(residuals), strict=True):
        np.testing.assert_allclose(ax.images[0].get_array().filled(np.nan), wanted)
    assert mean.images[0].get_clim() == (-5.0, 5.0)
    low, high = np.nanpercentile(deconvolution.residual_maps(residuals)[1], (1, 99))
    assert rms.images[0].get_clim() == pytest.approx((min(low, 0.5), max(high, 1.5)))
    assert (mean.images[0].cmap, rms.images[0].cmap) == (style.RESIDUAL_MAP, style.FIELD_MAP)
    assert "1″" in texts(page)


def test_residuals_of_an_epoch_go_from_minus_to_plus_five_sigma():
    page = epoch_page(*epoch(), circles=(XY_PX, 2.0, [1.0, 9.0]))

    panels = {ax.get_title(loc="left"): ax for ax in page.axes}
    assert panels["residual"].images[0].get_clim() == (-5.0, 5.0)
    first, second = panels["residual"].lines
    x, y = second.get_data()
    assert np.hypot(x - 20.5, y - 18.0) == pytest.approx(2.0)
    assert first.get_linewidth() < second.get_linewidth()


@pytest.mark.parametrize("errors", [None, [10.0, 20.0]])
def test_fluxes_are_written_with_the_errors_that_are_known(texts, errors):
    page = epoch_page(*epoch(), NAMES, XY_PX, flux_e=[1234567.0, 7.0], flux_sigma_e=errors)

    found = texts(page)
    assert {"1 234 567", "7", "flux (e⁻)", "error (e⁻)"} <= set(found)
    assert ("10.0" in found) == (errors is not None)
    assert found.count("–") == (2 if errors is None else 0)
    assert "χ²" not in found


def test_names_of_bad_epochs_stand_on_the_side_with_room():
    mhjd, chi2 = np.arange(53000.0, 53100.0), 1 + 0.01 * np.sin(np.arange(100.0))
    chi2[[2, 50, 70, 97]] = 6.0, 5.0, 1.03, 7.0
    _, ax = style.figure()

    deconvolution.chi2_curve(ax, mhjd, chi2, [f"e{i}" for i in range(100)])

    # the scatter is 0.01: 1.03 stays below five of it; three at most are named, the worst first
    assert [text.get_text() for text in ax.texts] == ["e97", "e2", "e50"]
    assert [text.get_ha() for text in ax.texts[:2]] == ["right", "left"]
    assert [tuple(text.xy) for text in ax.texts[:2]] == [(53097.0, 7.0), (53002.0, 6.0)]
    assert ax.get_ylabel() == "reduced χ²"


def test_without_epochs_there_is_nothing_to_draw(texts):
    page, ax = style.figure()
    deconvolution.chi2_curve(ax, [np.nan], [1.0])
    deconvolution.shift_plot(ax, np.zeros((0, 2)))
    deconvolution.residual_histogram(ax, [np.nan])

    assert texts(page).count("no data") == 3
    assert not ax.lines


def test_the_residual_histogram_has_a_logarithmic_axis(texts):
    page, ax = style.figure()

    deconvolution.residual_histogram(ax, np.array([-1.05, 1.05, 3.05, 99.0]))

    steps = ax.patches[0].get_data()
    assert steps.values.sum() == 4
    assert steps.values[-1] == 1
    assert np.diff(steps.edges) == pytest.approx(0.2)
    assert ax.get_xlim() == (-6, 6)
    assert ax.get_ylim() == pytest.approx((0.5, 3))
    assert ax.get_yscale() == "log"
    assert f"rms {style.short(np.sqrt((2 * 1.05**2 + 3.05**2 + 99**2) / 4))}" in texts(page)


def test_panels_of_both_pages_are_apart(assert_apart):
    *_, background = epoch()
    checks = ((["a"], [1.0]), (NAMES, [0.2, -0.5, 0.1]), (np.linspace(-2, 2, 30),))

    assert_apart(epoch_page(*epoch(), NAMES, XY_PX, circles=(XY_PX, 2.0, [1.0, 1.0])))
    assert_apart(deconvolution.overview_page(
        np.arange(4.0), np.ones(4), np.zeros((4, 2)), background, np.ones((4, 30, 32)),
        checks=checks))


def test_colour_bars_of_an_epoch_have_their_units():
    page = epoch_page(*epoch())

    panels = {ax.get_title(loc="left"): ax for ax in page.axes}
    bars = {name: ax.child_axes[0] for name, ax in panels.items() if ax.child_axes}
    assert set(bars) == {"model", "residual", "deconvolved", "background"}
    assert [bars[name].get_title(loc="left") for name in ("model", "residual")] == ["e⁻", "σ"]
    assert list(bars["residual"].get_yticks()) == [-4, -2, 0, 2, 4]


@pytest.mark.parametrize("unit", [1.0, 1e-5])
def test_ticks_of_even_shades_in_any_unit(unit):
    """Fifths of 2.7 are .54, 1.08, 1.62, 2.16 and 2.7, of one digit .5, 1 and 2."""
    ticks = deconvolution.round_ticks(colors.Normalize(-0.3 * unit, 2.7 * unit))

    np.testing.assert_allclose(ticks / unit, [0, 0.5, 1, 2], rtol=1e-9)
