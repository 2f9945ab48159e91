"""The light that a source loses which is wider than its PSF, against fits of such sources."""

from cosmouline.psf.peak_width import lost_by_width
from cosmouline.psf.photometry import star_fluxes

import numpy as np
import pytest
from scipy.special import erf

SIDE, UP, SIGMA_PX, SKY_E2 = 32, 2, 1.8, 400.0
POINT_SIGMA = 2 / (2 * np.sqrt(2 * np.log(2)))  # small pixels, of the Gaussian of every star


def gaussian(n, sigma):
    """Integrals of a Gaussian of flux 1 over pixels."""
    one = np.diff(erf((np.arange(n + 1) - n / 2) / (np.sqrt(2) * sigma))) / 2
    return np.outer(one, one)


NARROW = gaussian(SIDE * UP, np.sqrt((SIGMA_PX * UP) ** 2 - POINT_SIGMA**2))


@pytest.mark.parametrize("flux_e", [1e3, 3e4, 1e6])
def test_the_loss_is_that_of_a_fit_to_a_wider_star(flux_e):
    """By .5 % wider and narrower, without noise: half of the difference.

    The pixel, of variance 1/12, is part of the width as `star_shapes` has it too.
    """
    found = []
    for wider in (0.005, -0.005):
        data = flux_e * gaussian(SIDE, SIGMA_PX * (1 + wider))[None]
        found.append(star_fluxes(data, np.full(data.shape, SKY_E2), np.ones(data.shape, bool),
                                 NARROW, UP, np.zeros((1, 2)), fit_sky=True).flux_e[0])

    lost, _ = lost_by_width(NARROW, UP, SIDE, flux_e, SKY_E2)

    of_pixel = 1 + 1 / 12 / SIGMA_PX**2
    assert lost[0] == pytest.approx(of_pixel * (found[1] - found[0]) / 0.01 / flux_e, rel=0.003)


def test_under_the_sky_all_of_the_width_is_lost_and_of_bright_sources_less():
    """1 / (1 + w) of a Gaussian under even noise; nothing where it makes the noise itself."""
    lost, peak_e = lost_by_width(NARROW, UP, SIDE, [1.0, 1e5, 1e8, np.nan], SKY_E2)

    # what the pixel and the free sky add
    assert lost[0] == pytest.approx(1 + 1 / 12 / SIGMA_PX**2, abs=0.03)
    assert lost[0] > lost[1] > lost[2]
    assert abs(lost[2]) < 0.05
    assert np.isnan(lost[3])
    centre = (erf(0.5 / (np.sqrt(2) * SIGMA_PX))) ** 2
    assert peak_e[:2] == pytest.approx(centre * np.array([1.0, 1e5]), rel=1e-3)
