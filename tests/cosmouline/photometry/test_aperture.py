"""aperture.py: sums that geometry gives, stars of known flux, and noise of known size."""

from cosmouline.errors import ImageRejected
from cosmouline.images.sky import sky_map
from cosmouline.photometry.aperture import aperture_fluxes

import numpy as np
import pytest

SHAPE = (200, 240)


def moffat(x, y, fwhm_px, shape=SHAPE, beta=3.5, parts=5):
    """Star of flux 1 integrated over the pixels."""
    core = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    along = [(np.arange(n * parts) + 0.5) / parts - 0.5 for n in shape]
    radius2 = ((along[0] - y) ** 2)[:, None] + (along[1] - x) ** 2
    star = (beta - 1) / np.pi / core**2 * (1 + radius2 / core**2) ** -beta
    return star.reshape(shape[0], parts, shape[1], parts).mean(axis=(1, 3))


def enclosed(radius_px, fwhm_px, beta=3.5):
    """Part of a Moffat's light within a radius, by theory."""
    core = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return 1 - (1 + (radius_px / core) ** 2) ** (1 - beta)


def places(seed, n=12):
    """Sub-pixel positions 50 px apart and away from the edge."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[40:190:50, 40:210:50]
    return x.ravel()[:n] + rng.uniform(-5, 5, n), y.ravel()[:n] + rng.uniform(-5, 5, n)


@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5, 7.3])
def test_area_is_exact_at_any_sub_pixel_position(radius):
    x, y = np.random.default_rng(1).uniform(20, 180, (2, 50))
    fluxes = aperture_fluxes(np.ones(SHAPE), 0.0, 0.0, x, y, [radius]).flux_e
    np.testing.assert_allclose(fluxes, np.pi * radius**2, rtol=1e-5)


def test_stars_of_known_flux_in_several_apertures():
    x, y = places(2)
    flux_e = np.linspace(1e4, 2e5, x.size)
    image_e = sum(f * moffat(a, b, 4.0) for a, b, f in zip(x, y, flux_e, strict=True)) + 50.0
    radii = [6.0, 8.0, 12.0]
    got = aperture_fluxes(image_e, 50.0, 7.0, x, y, radii)
    assert got.flux_e.shape == got.sigma_e.shape == (12, 3)
    others = 0.004 * flux_e.max()  # wings of the neighbours
    for k, radius in enumerate(radii):
        # the pixels spread the light a little: below a thousandth from 1.5 FWHM on
        expected = enclosed(radius, 4.0) * flux_e
        np.testing.assert_allclose(got.flux_e[:, k], expected, rtol=2e-3, atol=others)


@pytest.mark.parametrize(("fwhm_px", "most"), [(2.2, 1e-3), (3.0, 3e-4), (4.0, 2e-4)])
def test_pixel_phase_hardly_matters(fwhm_px, most):
    offsets = np.random.default_rng(3).uniform(-0.5, 0.5, (12, 2))
    fluxes = [
        aperture_fluxes(
            moffat(30 + a, 30 + b, fwhm_px, (61, 61)), 0.0, 0.0, [30 + a], [30 + b], [2 * fwhm_px]
        ).flux_e[0, 0]
        for a, b in offsets
    ]
    assert np.std(fluxes) / np.mean(fluxes) < most


def test_quoted_noise_is_the_scatter():
    rng = np.random.default_rng(4)
    x, y = places(5)
    flux_e = np.repeat([500.0, 5e3, 5e4], 4)
    scene_e = sum(f * moffat(a, b, 3.0) for a, b, f in zip(x, y, flux_e, strict=True)) + 200.0
    draws = [
        aperture_fluxes(rng.poisson(scene_e), 200.0, np.sqrt(200), x, y, [4.0, 7.0])
        for _ in range(150)
    ]
    scatter = np.std([d.flux_e for d in draws], axis=0)
    quoted = np.mean([d.sigma_e for d in draws], axis=0)
    # 150 draws: 1 / sqrt(300) each
    np.testing.assert_allclose(scatter / quoted, 1, atol=5 / np.sqrt(300))
    assert np.mean(scatter / quoted) == pytest.approx(1, abs=5 / np.sqrt(300 * 24))


def test_a_ring_takes_out_a_local_sky_and_its_neighbours_do_not_matter():
    rng = np.random.default_rng(6)
    slope = np.add.outer(np.arange(SHAPE[0]), np.arange(SHAPE[1])) * 0.2
    x, y = np.array([100.3]), np.array([90.7])
    scene_e = 2e4 * moffat(100.3, 90.7, 3.0) + 1e5 * moffat(122.0, 95.0, 3.0) + 300 + slope
    local = 300 + 0.2 * (100.3 + 90.7)
    draws = [
        aperture_fluxes(
            rng.poisson(scene_e), 0.0, np.sqrt(local), x, y, [6.0], annulus_px=(15, 28)
        )
        for _ in range(60)
    ]
    flux_e = np.array([d.flux_e[0, 0] for d in draws])
    sky_e = np.array([d.local_sky_e[0] for d in draws])
    assert sky_e.mean() == pytest.approx(local, abs=1.0)  # the wings of the neighbour
    assert flux_e.mean() == pytest.approx(2e4 * enclosed(6.0, 3.0), rel=0.01)
    plain = aperture_fluxes(scene_e, local, np.sqrt(local), x, y, [6.0])
    quoted = draws[0].sigma_e[0, 0]
    area, n_ring = np.pi * 36, np.pi * (28**2 - 15**2)
    extra = area**2 * np.pi / 2 * local / n_ring
    assert quoted**2 - plain.sigma_e[0, 0] ** 2 == pytest.approx(extra, rel=0.5)
    assert flux_e.std() / quoted == pytest.approx(1, abs=5 / np.sqrt(120))


def test_apertures_that_leave_the_frame_are_nan():
    x, y = [3.4, 3.6, 120.0, 236.0, 120.0, np.nan, 500.0], [100.0, 100.0, 2.0, 100.0, 197.0, 5, 5]
    got = aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, x, y, [1.0, 4.0])
    assert np.isfinite(got.flux_e[:5, 0]).all()
    assert np.isnan(got.flux_e[[0, 2, 3, 4, 5, 6], 1]).all()
    assert got.flux_e[1, 1] == pytest.approx(np.pi * 16, rel=1e-5)  # just inside
    assert np.isnan(got.sigma_e[np.isnan(got.flux_e)]).all()
    # half a pixel beyond the outermost centres the frame ends, on all four sides
    ny, nx = SHAPE
    inner = np.array([(3.5, 50), (50, 3.5), (nx - 4.5, 50), (50, ny - 4.5)])
    for away, is_whole in ((0.0, True), (0.01, False)):
        outer = inner + away * np.array([(-1, 0), (0, -1), (1, 0), (0, 1)])
        flux_e = aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, *outer.T, [4.0]).flux_e
        assert (np.isfinite(flux_e) == is_whole).all()
    ring = aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, x, y, [1.0], annulus_px=(3, 6))
    assert np.isfinite(ring.flux_e[:5]).all()  # what there is of a ring serves
    assert np.isnan(ring.flux_e[5:]).all()


def test_a_bad_pixel_in_the_core_is_nan_and_one_farther_out_is_mended():
    x, y = places(7)
    image_e = sum(1e5 * moffat(a, b, 4.0) for a, b in zip(x, y, strict=True))
    clean = aperture_fluxes(image_e, 0.0, 1.0, x, y, [4.0, 9.0]).flux_e
    bad = np.zeros(SHAPE, dtype=bool)
    bad[int(y[0]), int(x[0]) + 1] = True  # core
    bad[int(y[1]) + 6, int(x[1])] = True  # wing
    image_e[bad] = 1e6
    image_e[int(y[2]) - 6, int(x[2]) + 1] = np.nan  # wing, not finite

    got = aperture_fluxes(image_e, 0.0, 1.0, x, y, [4.0, 9.0], bad=bad).flux_e

    assert np.isnan(got[0]).all()
    np.testing.assert_allclose(got[1:], clean[1:], rtol=1e-3)


def test_bad_pixels_that_cannot_be_mended_are_nan_only_where_they_are():
    image_e = 1e4 * moffat(100.0, 100.0, 4.0)
    bad = np.zeros(SHAPE, dtype=bool)
    bad[106:112, 96:104] = True
    got = aperture_fluxes(image_e, 0.0, 1.0, [100.0], [100.0], [4.0, 12.0], bad=bad).flux_e
    assert np.isfinite(got[0, 0])
    assert np.isnan(got[0, 1])


def test_saturated_cores_are_nan():
    x, y = places(8)
    image_e = sum(1e5 * moffat(a, b, 4.0) for a, b in zip(x, y, strict=True)) + 300
    image_e += 1e6 * moffat(x[4], y[4], 4.0)
    got = aperture_fluxes(image_e, 300.0, 1.0, x, y, [4.0, 6.0], saturation_e=40_000)
    assert np.isnan(got.flux_e[4]).all()
    assert np.isfinite(np.delete(got.flux_e, 4, axis=0)).all()


def test_sky_is_a_map_a_number_or_an_array():
    image_e = np.random.default_rng(9).poisson(500.0, SHAPE) + 3e4 * moffat(100.2, 90.1, 4.0)
    sky = sky_map(image_e)
    x, y = np.array([100.2]), np.array([90.1])
    sigma_e = sky.sigma_at(x, y)
    called = aperture_fluxes(image_e, sky.level, sigma_e, x, y, [8.0])
    given = aperture_fluxes(image_e, sky.level(), sigma_e, x, y, [8.0])
    assert called.flux_e == given.flux_e
    assert called.flux_e[0, 0] == pytest.approx(
        3e4 * enclosed(8.0, 4.0), abs=5 * called.sigma_e[0, 0]
    )
    assert called.local_sky_e[0] == 0


def test_no_star_gives_empty_tables():
    assert aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, [], [], [3.0, 5.0]).flux_e.shape == (0, 2)
    empty = aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, [], [], [3.0], annulus_px=(4, 6))
    assert empty.flux_e.shape == (0, 1)


@pytest.mark.parametrize("radii", [[], [0.0, 3.0], [np.nan], [[3.0]]])
def test_radii_must_be_positive(radii):
    with pytest.raises(ValueError, match="radii_px must be a list of positive numbers"):
        aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, [50.0], [50.0], radii)


def test_the_ring_must_be_wider_than_it_is_narrow():
    with pytest.raises(ValueError, match=r"annulus_px must be \(inner, outer\)"):
        aperture_fluxes(np.ones(SHAPE), 0.0, 1.0, [50.0], [50.0], [3.0], annulus_px=(9, 5))


def test_a_frame_without_a_good_pixel_is_rejected():
    with pytest.raises(ImageRejected, match="none of the 48000 pixels is good"):
        aperture_fluxes(np.full(SHAPE, np.nan), 0.0, 1.0, [50.0], [50.0], [3.0])
