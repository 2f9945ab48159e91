from cosmouline.astrometry import plate_solve, tangent
from cosmouline.errors import ImageRejected

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

SHAPE, SCALE_ARCSEC = (900, 1000), 0.25


def frame(centre, angle_deg, parity=1, n_stars=120, seed=1, scatter_px=0.05, area=1.5):
    """Return catalogue, sources and WCS: the brighter stars are found, and some that are none."""
    random, turn, header = np.random.default_rng(seed), np.radians(angle_deg), fits.Header()
    cd = np.array([[-parity * np.cos(turn), np.sin(turn)],
                   [parity * np.sin(turn), np.cos(turn)]]) * SCALE_ARCSEC / 3600
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=centre[0], CRVAL2=centre[1],
                  CRPIX1=501.0, CRPIX2=451.0, CD1_1=cd[0, 0], CD1_2=cd[0, 1], CD2_1=cd[1, 0],
                  CD2_2=cd[1, 1])
    wcs = WCS(header)
    half = area * 500
    xy = np.array([500, 450]) + random.uniform(-half, half, (n_stars, 2))
    sky = tangent.sky_of(wcs, xy)
    inside = ((xy > 5) & (xy < np.array(SHAPE[::-1]) - 5)).all(1)
    found = xy[inside & (np.arange(n_stars) < 0.7 * n_stars)]
    found = found + random.normal(0, scatter_px, found.shape)
    wrong = random.uniform(0, 1, (12, 2)) * SHAPE[::-1]
    # cosmic rays and hot pixels among the brightest
    order = random.permutation(len(wrong) + 10)[:len(wrong)]
    sources = np.insert(found, np.minimum(order, len(found)), wrong, axis=0)
    return sky, sources, wcs


def off_px(solution, wcs):
    """Largest distance of the solution from the true WCS on the frame."""
    points = np.array([(50, 50), (950, 50), (950, 850), (50, 850), (500, 450)], float)
    there = tangent.pixels_of(WCS(solution.header), tangent.sky_of(wcs, points))
    return np.hypot(*(there - points).T).max()


@pytest.mark.parametrize(("centre", "angle", "parity"), [
    ((69.56, -12.29), 0.0, 1), ((0.003, 30.0), 77.0, -1), ((359.998, -60.0), 180.0, 1),
    ((40.0, 89.4), 200.0, -1), ((250.0, -88.0), 300.0, 1)])
def test_any_turn_and_both_parities_are_solved_at_ra_0_and_at_the_poles(centre, angle, parity):
    sky, sources, wcs = frame(centre, angle, parity)
    looks_at = tangent.unproject([(30.0, -30.0)], *centre)[0]  # wrong by 42"

    found = plate_solve.solve(sky, sources, SHAPE, 1.15 * SCALE_ARCSEC, looks_at, 60.0)

    # .05 px of each star per axis, 30 stars or more, 6 terms: corners are good to .05 px
    assert off_px(found, wcs) < 0.15
    assert found.rms_px == pytest.approx(0.05, abs=0.02)
    assert found.chance < -20
    assert tangent.scale_and_north(WCS(found.header), (500, 450))[2] == parity
    # the pairs are those of the truth
    away = tangent.pixels_of(wcs, sky[found.star]) - sources[found.source]
    assert np.abs(away).max() < 0.3


def test_errors_of_the_positions_that_are_far_too_small_do_not_decide_the_fit(recorded):
    """Eight sources claim 1e-4 px; all scatter by .05, which the fit finds: corners to .05 px.

    The others claim .02 px, or .04: of the scatter beyond them there is more, or less.
    """
    numbers = {}
    for seed in range(4):
        sky, sources, wcs = frame((69.56, -12.29), 20.0, seed=seed)
        sigma_px = np.full(len(sources), 0.02 if seed < 2 else 0.04)
        sigma_px[5:60:7] = 1e-4
        found = plate_solve.solve(sky, sources, SHAPE, SCALE_ARCSEC, (69.56, -12.29), 60.0,
                                  sigma_px)
        assert off_px(found, wcs) < 0.15
        numbers[str(seed)] = {"rms_px": found.rms_px, "star": found.star, "source": found.source,
                              "off_px": tangent.pixels_of(WCS(found.header), sky)
                              - tangent.pixels_of(wcs, sky)}
    recorded("astrometry/plate_solve", numbers)


def test_only_the_parities_that_are_asked_for_are_found():
    sky, sources, _ = frame((69.56, -12.29), 10.0, -1)
    with pytest.raises(ImageRejected, match="can be chance"):
        plate_solve.solve(sky, sources, SHAPE, SCALE_ARCSEC, (69.56, -12.29), 60.0, parities=(1,))


def test_a_pointing_that_is_wrong_by_frames_is_found_in_a_large_catalogue():
    sky, sources, wcs = frame((69.56, -12.29), 30.0, n_stars=900, area=5)
    # only the sources of the frame; it looks 4' from where it should
    looks_at = tangent.unproject([(200.0, 150.0)], 69.56, -12.29)[0]

    found = plate_solve.solve(sky, sources, SHAPE, SCALE_ARCSEC, looks_at, 900.0)

    assert off_px(found, wcs) < 0.2


@pytest.mark.parametrize("seed", range(2))
def test_catalogues_of_other_fields_are_refused(seed):
    _, sources, _ = frame((69.56, -12.29), 30.0, seed=seed)
    other, _, _ = frame((69.56, -12.29), 30.0, seed=seed + 100)
    with pytest.raises(ImageRejected, match=r"fit no part of the catalogue \(120 stars"):
        plate_solve.solve(other, sources, SHAPE, SCALE_ARCSEC, (69.56, -12.29), 60.0)


def test_few_sources_are_refused_not_guessed():
    sky, sources, _ = frame((69.56, -12.29), 30.0)
    for n in range(plate_solve.LEAST_PAIRS):
        with pytest.raises(ImageRejected, match="fewer than 6 a solution can be chance"):
            plate_solve.solve(sky, sources[:n], SHAPE, SCALE_ARCSEC, (69.56, -12.29), 60.0)


def test_the_wcs_of_a_header_is_checked_and_a_good_start():
    sky, sources, wcs = frame((69.56, -12.29), 30.0)
    moved = wcs.deepcopy()
    moved.wcs.crpix += (12.0, -7.0)

    right = plate_solve.residual_of(sky, sources, SHAPE, wcs)
    wrong = plate_solve.residual_of(sky, sources, SHAPE, moved)
    found = plate_solve.solve(sky, sources, SHAPE, SCALE_ARCSEC, (0.0, 0.0), 60.0, start=moved)

    assert right[0] < 0.15
    assert wrong[0] == pytest.approx(np.hypot(12, 7), abs=0.1)
    np.testing.assert_allclose(wrong[2], (-12, 7), atol=0.1)
    assert right[1] == wrong[1] > 25
    assert off_px(found, wcs) < 0.15


def test_a_header_of_another_field_says_nothing():
    sky, sources, wcs = frame((69.56, -12.29), 30.0)
    other, _, _ = frame((69.56, -12.29), 30.0, seed=7)
    for stars in (other, sky + 5.0):
        median, n, shift = plate_solve.residual_of(stars, sources, SHAPE, wcs)
        assert (np.isnan(median), n) == (True, 0)
        assert np.isnan(shift).all()


def test_a_cluster_in_a_corner_does_not_take_all_places():
    cluster = np.random.default_rng(1).uniform(0, 100, (50, 2))
    others = np.array([(x, y) for x in (125.0, 375.0, 625.0, 875.0) for y in (300.0, 700.0)])
    order = plate_solve.spread(np.vstack([cluster, others]), (900, 1000), 20)
    assert set(range(50, 58)) <= set(order.tolist())
    assert order[0] == 0  # the brightest of a cell comes before its others


def test_the_error_of_a_centroid_is_that_of_photons_and_sky():
    """For bright stars FWHM / 2.35 / sqrt(N): the error of the mean of N photons."""
    sigma = plate_solve.centroid_sigma(np.array([10_000.0]), np.array([1]), 4.0, 0.0)
    assert sigma[0] == pytest.approx(4.0 / 2.3548 / 100, rel=1e-3)
