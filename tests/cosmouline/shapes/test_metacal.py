"""Metacalibration: against GalSim where it is there, and the shear of drawn galaxies."""

from cosmouline.shapes import metacal
from cosmouline.shapes.response import mean_shear
from cosmouline.skymaker.mosaic import shear_matrix, stamp
from cosmouline.sources.ccds.elliptical_moments import elliptical_moments

import numpy as np
import pytest

SCALE, PSF = 0.187, (0.65, 0.02, -0.01)
TARGET = 0.345  # arcsec: 1.16 x the sigma of adaptive moments of that PSF
TURNS = (0.0, 1.2, 2.0, 4.0)


def jacobian(turn=0.0):
    """Give a pixel that is turned, mirrored and a little sheared, as a distortion does."""
    cos, sin = np.cos(turn), np.sin(turn)
    return SCALE * np.array([[-cos, sin], [sin, cos]]) @ shear_matrix(0.004, -0.003)


def drawn(flux, galaxy, turns, noise, rng):
    """Give the epochs of one object (a star for galaxy None)."""
    epochs = []
    for turn in turns:
        offset, matrix = rng.uniform(-0.5, 0.5, 2), jacobian(turn)
        image = flux * stamp(64, offset, matrix, [PSF], galaxy)[7:58, 7:58]
        epochs.append(metacal.Epoch(image + rng.normal(0, noise, image.shape),
                                    stamp(64, (0, 0), matrix, [PSF])[7:58, 7:58], matrix, offset,
                                    noise))
    return epochs


def test_a_shape_is_the_same_in_every_orientation_of_the_pixels():
    # without noise: one galaxy seen upright and turned by 69 degrees has the same moments on sky
    rng, galaxy = np.random.default_rng(1), (0.5, shear_matrix(0.2, -0.1))
    shapes = [metacal.metacalibrate(drawn(1e4, galaxy, [turn], 1e-3, rng), TARGET, rng)["NOSHEAR"]
              for turn in TURNS[:2]]
    assert shapes[0].e1 == pytest.approx(shapes[1].e1, abs=2e-4)
    assert shapes[0].e2 == pytest.approx(shapes[1].e2, abs=2e-4)
    assert shapes[0].e1 > 0.2
    assert shapes[0].e2 < -0.1


def test_a_star_has_the_target_psf_and_no_response():
    rng = np.random.default_rng(2)
    found = metacal.metacalibrate(drawn(1e4, None, TURNS[:1], 1e-3, rng), TARGET, rng)
    for shape in found.values():
        assert abs(shape.e1) < 1e-4
        assert abs(shape.e2) < 1e-4
        assert shape.size == pytest.approx(2 * TARGET**2, rel=1e-3)
        assert shape.flux == pytest.approx(1e4, rel=1e-3)


def test_errors_are_the_scatter_of_many_draws():
    # 80 draws of noise: the scatter is known to 8 %; added noise makes it sqrt(2) larger
    rng = np.random.default_rng(3)
    shapes = [metacal.metacalibrate(drawn(6000, None, TURNS[:1], 10.0, rng), TARGET, rng)[
        "NOSHEAR"] for _ in range(80)]
    e1, flux = np.array([(one.e1, one.flux) for one in shapes]).T
    assert e1.std() == pytest.approx(np.sqrt(2) * np.mean([one.e_error for one in shapes]),
                                     rel=0.3)
    # the flux of the Gaussian that fits varies with its size too: its error is that at given size
    assert flux.std() > np.mean([one.flux_error for one in shapes])


def test_the_psf_has_its_shape_on_the_sky_whatever_the_pixels():
    rng = np.random.default_rng(4)
    for turn in TURNS[:3]:
        e1, e2, size = metacal.psf_moments(drawn(1.0, None, [turn], 1e-3, rng))
        # truth: moments in pixels of the same PSF upright; a shear of (.02, -.01) is a distortion
        # of twice that, which the pixels make rounder
        upright = elliptical_moments(stamp(64, (0, 0), SCALE * np.eye(2), [PSF])[None, 1:, 1:])
        assert np.sqrt(size / 2) == pytest.approx(SCALE * upright.sigma_px[0], rel=2e-3)
        assert (e1, e2) == pytest.approx((upright.e1[0], upright.e2[0]), abs=1e-3)
        assert 0.035 < e1 < 0.04


def test_what_cannot_be_measured_is_nan():
    rng = np.random.default_rng(5)
    (epoch,) = drawn(1e4, None, TURNS[:1], 1.0, rng)
    found = metacal.metacalibrate([epoch._replace(stamp=-epoch.stamp)], TARGET, rng)
    assert all(np.isnan(one.e1) for one in found.values())


def pairs_of(g, n_pairs, turns, noise, seed, is_masked=False):
    """Measure pairs of opposite ellipticity under a shear.

    Returns the mean ellipticity of each pair, shape (n, 2), and its response, shape (n, 2, 2); NaN
    where one of the two fails. Galaxies and noise depend on the seed alone.
    """
    mean, slope = np.empty((n_pairs, 2)), np.empty((n_pairs, 2, 2))
    for k in range(n_pairs):
        rng = np.random.default_rng([seed, k])
        size, flux = rng.uniform(0.3, 0.6), 10 ** rng.uniform(3.4, 4.2)
        length, angle = 0.4 * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
        found = []
        for sign in (1, -1):
            shape = shear_matrix(*g) @ shear_matrix(sign * length * np.cos(angle),
                                                    sign * length * np.sin(angle))
            epochs = drawn(flux, (size, shape), turns, noise, rng)
            if is_masked:  # a row of bad pixels takes the values of the opposite one
                row = int(rng.integers(27, 32))
                for epoch in epochs:
                    epoch.stamp[row] = epoch.stamp[50 - row, ::-1]
            shapes = metacal.metacalibrate(epochs, TARGET, rng)
            found.append([(one.e1, one.e2) for one in shapes.values()])
        e = dict(zip(metacal.SHEARS, np.mean(found, 0), strict=True))
        mean[k] = e["NOSHEAR"]
        slope[k] = np.stack([e[f"{j}P"] - e[f"{j}M"] for j in (1, 2)], -1) / (
            2 * metacal.SHEAR_STEP)
    return mean, slope


def ratio(values, slope):
    """Mean of `values` over the mean response, and its error from the scatter of the pairs."""
    response = slope.mean(0)
    found = np.linalg.solve(response, values.mean(0))
    rest = np.linalg.solve(response, (values - slope @ found).T)
    return found, rest.std(1) / np.sqrt(len(values))


def test_a_shear_is_found_by_its_response():
    # 12 pairs almost without noise: the pairs cancel the ellipticities to first order, what is
    # left scatters by 1.2e-3 per pair
    mean, slope = pairs_of((0.02, -0.01), 12, TURNS[:1], 1e-3, 6)
    g, error = ratio(mean, slope)
    assert np.all(error < 2e-3)
    assert np.all(np.abs(g - (0.02, -0.01)) < 5 * error + 2e-4)
    # the same by mean_shear, which leaves groups out for its errors
    e = dict.fromkeys(metacal.SHEARS, mean)
    for j in (0, 1):
        e |= {f"{j + 1}{side}": mean + sign * metacal.SHEAR_STEP * slope[:, :, j]
              for side, sign in (("P", 1), ("M", -1))}
    shear = mean_shear(e, dict.fromkeys(e, np.ones(len(mean), dtype=bool)))
    assert shear.g == pytest.approx(g, abs=1e-12)
    assert shear.error == pytest.approx(error, rel=0.3)


@pytest.mark.long
@pytest.mark.parametrize(("turns", "noise", "is_masked"), [
    ((0.0,), 1e-3, False), (TURNS, 10.0, False), (TURNS[:2], 5.0, True)],
    ids=["no noise", "4 turned epochs with noise", "masked rows"])
def test_multiplicative_and_additive_bias_of_two_thousand_pairs(turns, noise, is_masked):
    # the same galaxies and the same noise under both shears: most of the scatter cancels in m
    true = np.array([0.02, 0.01])
    plus, slope = pairs_of(true, 1000, turns, noise, 7, is_masked)
    minus, other = pairs_of(-true, 1000, turns, noise, 7, is_masked)
    good = np.isfinite(plus + minus).all(1) & np.isfinite(slope + other).all((1, 2))
    assert good.mean() > 0.98
    slope = (slope + other)[good] / 2
    g, g_error = ratio((plus - minus)[good] / 2, slope)
    c, c_error = ratio((plus + minus)[good] / 2, slope)
    m, m_error = g / true - 1, g_error / true
    print(f"m {m} +- {m_error}, c {c} +- {c_error}")
    assert np.all(np.abs(m) < 0.005 + 2 * m_error)
    assert np.all(np.abs(c) < 1e-3 + 2 * c_error)


def image_of(modes, g1, g2, side):
    """Image of one version on a grid of the sky, x to the east, by the sum over its modes."""
    k, value, _ = metacal.version([modes], [], np.ones(1), g1, g2, TARGET)
    axis = (np.arange(side) - side // 2) * SCALE
    columns, rows = np.exp(1j * np.outer(axis, k[0])), np.exp(1j * np.outer(axis, k[1]))
    return ((rows * value) @ columns.T).real * SCALE**2


def test_images_are_those_of_galsim():
    galsim = pytest.importorskip("galsim")
    side, psf = 51, galsim.Kolmogorov(fwhm=0.65).shear(g1=0.02, g2=-0.01)
    spread = psf.drawImage(nx=side, ny=side, scale=SCALE, dtype=float).array
    galaxy = galsim.Convolve(galsim.Exponential(half_light_radius=0.45, flux=5000).shear(
        g1=0.2, g2=-0.1), psf).drawImage(nx=side, ny=side, scale=SCALE, offset=(0.3, -0.2),
                                         dtype=float).array
    # GalSim's images end at their edges; modes repeat, so both get a dark frame
    epoch = metacal.Epoch(np.pad(galaxy, 25), np.pad(spread, 25), SCALE * np.eye(2), np.zeros(2),
                          1.0)
    modes = metacal.modes_of(epoch, TARGET, largest_k=5.8)
    thin, lanczos = {"scale": SCALE}, {"x_interpolant": "lanczos15"}
    alone = galsim.Convolve(
        galsim.InterpolatedImage(galsim.Image(galaxy.copy(), **thin), **lanczos),
        galsim.Deconvolve(galsim.InterpolatedImage(galsim.Image(spread.copy(), **thin),
                                                   **lanczos)))
    for g1, g2 in metacal.SHEARS.values():
        expected = galsim.Convolve(alone.shear(g1=g1, g2=g2), galsim.Gaussian(
            sigma=TARGET)).drawImage(nx=side, ny=side, scale=SCALE, method="no_pixel").array
        found = image_of(modes, g1, g2, side)
        assert np.abs(found - expected).max() < 1e-5 * expected.max()
        hsm = galsim.hsm.FindAdaptiveMom(galsim.Image(found.copy()))
        shape, _ = metacal.adaptive(*metacal.version([modes], [], np.ones(1), g1, g2, TARGET),
                                    (np.zeros(2), TARGET**2 * np.eye(2)), 0.5 * TARGET**2)
        assert shape.e1 == pytest.approx(hsm.observed_e1, abs=1e-5)
        assert shape.e2 == pytest.approx(hsm.observed_e2, abs=1e-5)
