"""The drawn mosaic: against astropy's WCS, and GalSim where it is there."""

from cosmouline.skymaker import mosaic

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS


def test_the_pixels_are_those_of_tpv():
    ccds, tile = mosaic.chips(mosaic.DEMO)
    assert len(ccds) == 16
    for chip in (*ccds[::5], tile):
        header = fits.Header()
        header.update(chip.cards)
        xy = np.array([[0.0, 0.0], [799.0, 300.0]])
        sky = WCS(header).all_pix2world(xy, 0)
        assert np.allclose(np.column_stack(chip.pixels(*sky.T)), xy, atol=1e-6)
        jacobian = chip.jacobian(*sky[0])
        assert np.sqrt(abs(np.linalg.det(jacobian))) == pytest.approx(0.187, rel=0.01)


def test_galaxies_come_in_pairs_that_cancel_and_one_star_has_no_magnitude():
    found = mosaic.objects(mosaic.DEMO)
    galaxies = found[found["kind"] == "galaxy"]
    assert len(galaxies) == 800
    assert np.allclose(galaxies["e1"][::2], -galaxies["e1"][1::2])
    assert np.array_equal(galaxies["mag"][::2], galaxies["mag"][1::2])
    assert (~found["has_mag"]).sum() == 1
    assert found["mag"][~found["has_mag"]] < 13


def test_a_stamp_has_its_flux_and_centre():
    image = mosaic.stamp(64, (0.3, -0.2), 0.187 * np.diag([-1.0, 1.0]), [(0.65, 0.0, 0.0)])
    axis = np.arange(64) - 32
    assert image.sum() == pytest.approx(1, abs=1e-12)
    core = image[20:45, 20:45]
    assert (core.sum(0) * axis[20:45]).sum() / core.sum() == pytest.approx(0.3, abs=0.01)
    assert (core.sum(1) * axis[20:45]).sum() / core.sum() == pytest.approx(-0.2, abs=0.01)


def test_the_seed_is_all_that_changes_the_sky():
    one, two = (mosaic.objects(mosaic.SMALL) for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, mosaic.objects(mosaic.Mosaic(seed=2, n_stars=70,
                                                                n_galaxies=50)))


def test_a_galaxy_is_that_of_galsim():
    galsim = pytest.importorskip("galsim")
    jacobian = 0.187 * mosaic.shear_matrix(0.05, 0.02)
    found = mosaic.stamp(64, (0.3, -0.2), jacobian, [(0.65, 0.02, -0.03)],
                         (0.5, mosaic.shear_matrix(0.3, 0.1)))
    expected = galsim.Convolve(
        galsim.Exponential(half_light_radius=0.5).shear(g1=0.3, g2=0.1),
        galsim.Kolmogorov(fwhm=0.65).shear(g1=0.02, g2=-0.03)).drawImage(
            nx=65, ny=65, wcs=galsim.JacobianWCS(*jacobian.ravel()), offset=(0.3, -0.2),
            dtype=float).array[:64, :64]
    assert np.abs(found - expected).max() < 1e-4 * expected.max()
