"""The PSF of a drawn stack."""

from cosmouline.errors import ImageRejected
from cosmouline.psf.stacks.stack_psf import fit_stack_psf, psf_stars
from cosmouline.sources.detect import CATALOG_DTYPE

import numpy as np
import pytest


def catalogue(x, y, flux, width=4.0):
    found = np.zeros(len(x), CATALOG_DTYPE)
    found["x_px"], found["y_px"], found["flux_e"], found["fwhm_px"] = x, y, flux, width
    found["n_pix"] = 50
    return found


def test_stars_are_bright_single_of_the_seeing_and_not_saturated():
    found = catalogue([50, 100, 150, 200, 250, 262], [50, 60, 70, 80, 90, 90],
                      [1e5, 5e4, 4e4, 300.0, 3e4, 2e4])
    found["is_saturated"][0] = True
    found["fwhm_px"][2] = 7.0  # a galaxy

    # the brightest is saturated, the third wide, the fourth faint, the last two near each other
    assert psf_stars(found, 4.0, 10.0).tolist() == [1]
    assert psf_stars(found, 2.9, 10.0).tolist() == []


def test_the_psf_has_the_width_that_was_drawn(script):
    field = script("tests/benchmarks/stack_photometry")
    rng = np.random.default_rng(1)
    image = rng.normal(0, 10, (200, 220))
    xy = np.array([(40.3, 40.1), (160.2, 50.6), (60.7, 150.2), (170.0, 160.9)])
    y, x = np.indices(image.shape)
    for x0, y0 in xy:
        image += 6e4 * field.moffat(x - x0, y - y0, 4.0)
    sources = catalogue(*xy.T, [6e4] * 4)

    fit, rows = fit_stack_psf(image, np.full(image.shape, 100.0), sources, np.inf, 2)

    assert sorted(rows) == [0, 1, 2, 3]
    assert fit.psf.star_fwhm_px == pytest.approx(4.05, rel=0.03)  # the pixel widens it a little
    with pytest.raises(ImageRejected, match="no PSF"):
        fit_stack_psf(image, np.full(image.shape, 100.0), catalogue(*xy.T, [100.0] * 4), np.inf, 2)
