from cosmouline.astrometry import tangent

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

SHAPE, SCALE_ARCSEC = (800, 1000), 0.3
CENTRES = [(69.56, -12.29), (0.01, 45.0), (359.99, -89.3), (120.0, 89.5)]  # RA 0 and both poles


def made_up(centre, angle_deg=25.0, parity=1, bend=0.0):
    """Return a WCS of the FITS standard, by astropy, with a distortion of so many px per px^2."""
    turn, header = np.radians(angle_deg), fits.Header()
    cd = np.array([[-parity * np.cos(turn), np.sin(turn)],
                   [parity * np.sin(turn), np.cos(turn)]]) * SCALE_ARCSEC / 3600
    end = "-SIP" if bend else ""
    header.update(CTYPE1=f"RA---TAN{end}", CTYPE2=f"DEC--TAN{end}", CRVAL1=centre[0],
                  CRVAL2=centre[1], CRPIX1=480.0, CRPIX2=410.0, CD1_1=cd[0, 0], CD1_2=cd[0, 1],
                  CD2_1=cd[1, 0], CD2_2=cd[1, 1])
    if bend:
        header.update(A_ORDER=2, B_ORDER=2, A_2_0=bend, A_1_1=-0.5 * bend, B_0_2=bend, B_2_0=bend)
    return WCS(header)


def stars_of(wcs, n, seed=1):
    xy = np.random.default_rng(seed).uniform(0, 1, (n, 2)) * SHAPE[::-1]
    return tangent.sky_of(wcs, xy), xy


@pytest.mark.parametrize("centre", CENTRES)
def test_projection_is_that_of_the_fits_standard_and_comes_back(centre):
    wcs = made_up(centre, 0.0)
    sky, xy = stars_of(wcs, 20)

    plane = tangent.project(*sky.T, *centre)
    back = tangent.unproject(plane, *centre)

    # by astropy: east is against x, and CRPIX counts from 1
    expected = (xy - (479.0, 409.0)) * (-SCALE_ARCSEC, SCALE_ARCSEC)
    np.testing.assert_allclose(plane, expected, atol=1e-5)
    assert tangent.distance_arcsec(*back.T, *back[0])[1] == pytest.approx(
        tangent.distance_arcsec(*sky.T, *sky[0])[1], abs=1e-6)
    assert SkyCoord(*back.T, unit="deg").separation(SkyCoord(*sky.T, unit="deg")
                                                    ).arcsec.max() < 1e-6


def test_what_is_behind_has_no_place():
    assert np.isnan(tangent.project(180.0, 0.0, 0.0, 0.0)).all()


@pytest.mark.filterwarnings("ignore:ERFA")  # of the distance, which does not matter here
@pytest.mark.parametrize("dec", [0.0, 60.0, -89.99])
def test_proper_motion_is_that_of_astropy(dec):
    star = SkyCoord(359.9999 * u.deg, dec * u.deg, pm_ra_cosdec=800 * u.mas / u.yr,
                    pm_dec=-500 * u.mas / u.yr, obstime=Time(2016.0, format="jyear", scale="tdb"),
                    distance=1 * u.kpc)
    moved = star.apply_space_motion(Time(2036.0, format="jyear", scale="tdb"))

    ra, dec = tangent.at_epoch(np.array([359.9999]), np.array([dec]), np.array([800.0]),
                               np.array([-500.0]), 20.0)

    assert SkyCoord(ra * u.deg, dec * u.deg).separation(
        SkyCoord(moved.ra, moved.dec)).mas[0] < 1.0  # of 19 000


def test_a_star_without_motion_or_epoch_stays():
    ra, dec = tangent.at_epoch(np.array([10.0, 20.0]), np.zeros(2), np.array([np.nan, 100.0]),
                               np.array([np.nan, 0.0]), np.array([5.0, np.nan]))
    np.testing.assert_array_equal([ra, dec], [[10.0, 20.0], [0.0, 0.0]])
    assert tangent.year_of(57388.5) == pytest.approx(2016.0, abs=0.002)


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("parity", [1, -1])
def test_a_fit_gives_the_wcs_back(centre, parity):
    wcs = made_up(centre, 25.0, parity)
    sky, xy = stars_of(wcs, 30)

    fitted = tangent.fit_wcs(sky, xy, np.ones(30), SHAPE)
    found = WCS(tangent.header_of(fitted, SHAPE))

    sky, xy = stars_of(wcs, 50, seed=2)
    np.testing.assert_allclose(tangent.pixels_of(found, sky), xy, atol=2e-3)
    np.testing.assert_allclose(tangent.pixels_by_fit(fitted, sky), xy, atol=2e-3)
    scale, north, sign = tangent.scale_and_north(found, (500, 400))
    assert fitted.sip_degree == 0
    assert scale == pytest.approx(SCALE_ARCSEC, rel=1e-4)
    assert sign == parity
    if abs(centre[1]) < 80:  # north turns with the place near the pole
        assert abs(north) == pytest.approx(25.0, abs=0.1)


def test_few_stars_fix_a_similarity_in_either_parity():
    for parity in (1, -1):
        sky, xy = stars_of(made_up(CENTRES[0], 40.0, parity), 4)
        fitted = tangent.fit_wcs(sky, xy, np.ones(4), SHAPE)
        np.testing.assert_allclose(fitted.residual_px, 0, atol=1e-3)


def test_distortion_is_taken_only_where_the_stars_show_it():
    """The F test at 1 %: 3 of 100 fields of noise alone are a chance of 8 %, 6 of 0.05 %."""
    random, n_taken = np.random.default_rng(3), 0
    sky, xy = stars_of(made_up(CENTRES[0]), 60)
    for _ in range(100):
        noisy = xy + random.normal(0, 0.05, xy.shape)
        n_taken += tangent.fit_wcs(sky, noisy, np.ones(60), SHAPE).sip_degree > 0
    assert n_taken < 7  # two tests a field: 2 are expected

    wcs = made_up(CENTRES[0], bend=2e-6)  # half a pixel in the corners
    sky, xy = stars_of(wcs, 60)
    noisy = xy + random.normal(0, 0.05, xy.shape)
    fitted = tangent.fit_wcs(sky, noisy, np.ones(60), SHAPE)
    found = WCS(tangent.header_of(fitted, SHAPE))
    assert fitted.sip_degree >= 2
    assert np.abs(tangent.pixels_of(found, sky) - xy).max() < 0.1  # of 10 terms from 60 stars
    assert tangent.fit_wcs(sky, noisy, np.ones(60), SHAPE, 0).sip_degree == 0
    # the inverse terms, for programs that use them
    sky2, xy2 = stars_of(found, 40, seed=5)
    by_terms = found.sip_foc2pix(found.wcs_world2pix(sky2, 1) - found.wcs.crpix, 1) - 1
    np.testing.assert_allclose(by_terms, xy2, atol=0.01)


def test_of_few_stars_no_distortion_is_looked_for():
    sky, xy = stars_of(made_up(CENTRES[0], bend=2e-6), tangent.SIP_STARS - 1)
    assert tangent.fit_wcs(sky, xy, np.ones(len(xy)), SHAPE).sip_degree == 0
    assert tangent.fit_wcs(sky, xy, np.ones(len(xy)), SHAPE, 2).sip_degree == 2
