from cosmouline.plots.aperture_curves import aperture_curves_page

import numpy as np
import pytest


def test_stars_are_drawn_in_per_cent_and_the_coefficient_as_it_is():
    mhjd, coeff = np.arange(5.0), np.array([1.0, 1.1, 1.3, 0.9, 1.0])
    flux = np.array([[[100.0, 101, 99, 100, 100]], [[200.0, np.nan, 204, 196, 200]]])

    page = aperture_curves_page(mhjd, flux, ["a"], ["1fwhm", "3fwhm"], coeff)

    star = next(ax for ax in page.axes if ax.get_ylabel() == "a")
    drawn = {line.get_label(): line.get_ydata() for line in star.lines}
    assert drawn["1fwhm"] == pytest.approx([0, 1, -1, 0, 0])
    assert drawn["3fwhm"] == pytest.approx([0, np.nan, 2, -2, 0], nan_ok=True)
    twin = next(ax for ax in page.axes if any(len(line.get_ydata()) == 5 and
                np.allclose(line.get_ydata(), coeff) for line in ax.lines))
    assert twin is not star


def test_no_image_draws():
    assert aperture_curves_page([], np.zeros((1, 1, 0)), ["a"], ["1fwhm"], []).axes
