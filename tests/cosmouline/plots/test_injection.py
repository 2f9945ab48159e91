from cosmouline.plots.injection import injection_page

import numpy as np


def test_bias_scatter_deviations_and_correlations_are_drawn(assert_whole, texts):
    """Three sites of two sources, one a copy of a star, and deviations of a right Gaussian."""
    random = np.random.default_rng(1)
    bias = np.array([[0.01, -0.02], [0.005, 0.0], [-0.03, 0.015]])
    away = np.append(random.normal(size=300), [np.nan, 9.0])

    page = injection_page(
        ["A", "B"], bias, np.array([0.02, 0.03]), np.array([False, False, True]),
        {"PSF": (np.array([1.1, 0.9]), np.array([0.1, 0.2])),
         "stars": (np.array([1.3, 1.2]), np.array([0.2, 0.1]))},
        away, {"seeing (arcsec)": (random.uniform(0.6, 1.6, 302), away)},
        (np.array([0.1, 0.4]), np.array([0.15, 0.3]), np.array([0.05, 0.1])), "LENS", "3 sites")

    assert_whole(page)
    static, scatter, all_of_them, *_, related = page.axes[:6]
    assert sorted((bar.get_y(), bar.get_height()) for bar in static.patches) == [
        (-3.0, 6.0), (-2.0, 4.0)]
    shown = np.array([line.get_ydata() for line in static.lines if len(line.get_ydata()) == 2])
    assert np.isin(100 * bias, shown).all()
    assert len(scatter.containers) == 2
    assert "301 fluxes; line: right errors" in texts(page)
    assert sum(bar.get_height() * bar.get_width() for bar in all_of_them.patches) > 0.999
    assert related.get_ylabel() == "found"
    empty = injection_page(["A"], bias[:, :1], np.array([0.02]), np.array([False] * 3),
                           {"PSF": (np.ones(1), np.ones(1))}, np.array([np.nan]), {},
                           ((), (), ()))
    assert "0 fluxes; line: right errors" in texts(empty)
