from cosmouline.plots.one_star import one_star_page

import numpy as np
import pytest


def test_a_star_in_per_cent_with_its_pulls(texts, assert_whole):
    flux, sigma = np.array([99.0, 100.0, 101.0, 100.0]), np.array([0.8, 1.0, 0.8, 0.8])
    mhjd, chi2 = np.array([5.0, 7.0, 9.0, 20.0]), np.array([1.0, 2.0, 1.5, 1.0])
    panels = [(k + np.arange(4.0), label, "u") for k, label in enumerate(("seeing", "sky", "x"))]

    page = one_star_page(mhjd, flux, sigma, chi2, panels, np.arange(4.0), "airmass", title="a")

    assert_whole(page)
    found = " ".join(texts(page))
    # deviations -1, 0, 1, 0 per cent: rms sqrt(1/2); errors of .8: pulls of 1.25
    assert "4 images, rms 0.707 %, error 0.800 %" in found
    assert "rms 0.884" in found
    curve, *below = page.axes[:6]
    deviation = [-1.0, 0.0, 1.0, 0.0]
    np.testing.assert_allclose(curve.collections[0].get_offsets(),
                               np.column_stack([mhjd, deviation]))
    bars = np.array(curve.collections[1].get_segments())
    np.testing.assert_allclose(np.ptp(bars[:, :, 1], axis=1), 2 * sigma)  # of 100: per cent
    for ax, values in zip(below, [values for values, *_ in panels] + [chi2], strict=False):
        np.testing.assert_allclose(ax.collections[0].get_offsets(),
                                   np.column_stack([values, deviation]))
    assert [ax.get_xlabel() for ax in below] == ["seeing (u)", "sky (u)", "x (u)", "chi2",
                                                 "deviation / error"]
    assert below[0].get_ylabel() == "deviation (%)"
    counts = below[4].patches[0].get_data()
    assert counts.values.sum() == 4
    assert np.repeat(counts.edges[:-1], counts.values.astype(int)) == pytest.approx(
        [-1.5, 0, 0, 1])  # bins of a half
    assert curve.get_ylabel() == "deviation from the median (%)"


def test_a_star_that_was_never_measured_draws(texts):
    nothing = np.full(2, np.nan)

    page = one_star_page(np.arange(2.0), nothing, nothing, nothing,
                         [(nothing, "seeing", "")] * 3, nothing, "airmass", title="a")
    assert "not measured" in " ".join(texts(page))
