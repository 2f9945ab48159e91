"""Pages of the shape route: what is drawn is what was given; pages are compared by conftest.py."""

from types import SimpleNamespace

from cosmouline.plots.survey.shapes import psf_page, shapes_page, spread_page

import numpy as np
import pytest


def test_the_page_of_the_psf_has_residuals_and_rho_statistics():
    rng = np.random.default_rng(1)
    stars = {name: rng.normal(0, 0.03, 20) for name in ("star_e1", "star_e2", "psf_e1", "psf_e2")}
    stars["peak"] = rng.uniform(1e3, 4e4, 20)
    residuals = {name: rng.normal(0, 0.01, 20) for name in ("e1", "e2", "size")}
    plane = rng.uniform(-300, 300, (20, 2))
    rho = SimpleNamespace(distance=np.array([10.0, 50.0]), rho=rng.normal(0, 1e-5, (5, 2)))

    page = psf_page(plane, stars, residuals, rho, "it grows")

    maps, (same, size, pairs) = page.axes[:3], page.axes[3:6]
    for ax, name in zip(maps, ("e1", "e2", "size"), strict=True):
        points, = ax.collections
        np.testing.assert_array_equal(points.get_offsets(), plane)
        np.testing.assert_array_equal(points.get_array(), residuals[name])
        assert points.get_clim()[1] == pytest.approx(np.percentile(abs(residuals[name]), 95))
    np.testing.assert_array_equal(same.lines[1].get_ydata(), stars["star_e2"])
    # 2.25 times the scatter on both sides
    assert size.get_ylim() == pytest.approx(
        np.array([-1, 1]) * (2.25 * np.std(residuals["size"]) + 3e-6))
    assert size.get_title(loc="left") == "it grows"
    np.testing.assert_allclose(pairs.lines[3].get_ydata(), abs(rho.rho[3]))


def test_the_page_of_the_spread_model_counts_its_classes():
    mag, spread = np.array([18.0, 19, 20, 99]), np.array([0.0, 0.02, np.nan, 0.01])
    limits = {"spread_star_max": 0.003, "spread_galaxy_min": 0.005}

    page = spread_page(mag, spread, np.array([0, 1, 2, 1]), limits)

    ax = page.axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "star (1)", "galaxy (1)", "neither (1)"]  # 99: no magnitude
    assert [line.get_ydata()[0] for line in ax.lines[3:]] == [-0.003, 0.003, 0.005]
    low, high = np.percentile([0, 0.02, 0.01], [1, 99])
    assert ax.get_ylim() == pytest.approx((-0.015, high + 0.01))
    assert low > -0.01


def test_the_page_of_shapes_shows_the_failures_of_each_ccd_in_per_cent():
    rng = np.random.default_rng(2)
    e, psf_e = rng.normal(0, 0.2, (2, 12, 2))
    galaxies = np.arange(12) < 8

    page = shapes_page(rng.uniform(0, 9, (12, 2)), rng.uniform(18, 22, 12), e, psf_e, galaxies,
                       ~galaxies, rng.uniform(5, 50, 12), {"b": (40, 10), "a": (0, 0)})

    bars = page.axes[5].patches
    assert [bar.get_height() for bar in bars] == [0, 25]
    np.testing.assert_array_equal(page.axes[3].lines[1].get_xdata(), psf_e[:8, 1])
    np.testing.assert_allclose(page.axes[2].lines[1].get_ydata(), np.hypot(*e[8:].T))
