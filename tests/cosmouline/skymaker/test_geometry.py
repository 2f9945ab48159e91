"""Sky to pixels: against astropy's WCS and coordinates, and against turns done by hand."""

from cosmouline.skymaker import geometry
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.draw import frame_header
from cosmouline.skymaker.model import Frame, Lens, LensImage, Star, Telescope, change_frame
from cosmouline.skymaker.two_telescopes import two_telescope_campaign

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

ROUNDING_PX = 1e-6  # 1e-16 of 360 degrees is 1e-7 px


def places(campaign, index):
    """Pixels of all stars of a frame by our own geometry, shape (n, 2)."""
    ra_deg = [star.ra_deg for star in campaign.stars]
    dec_deg = [star.dec_deg for star in campaign.stars]
    return geometry.sky_to_pixel(campaign, index, ra_deg, dec_deg)


@pytest.mark.parametrize("dec0_deg", [-80.0, -12.3, 0.0, 65.0])
def test_projection_and_its_inverse_are_those_of_astropy(dec0_deg):
    plane_arcsec = np.random.default_rng(1).uniform(-600, 600, (20, 2))
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [359.99, dec0_deg]
    wcs.wcs.crpix, wcs.wcs.cdelt = [1, 1], [1 / 3600, 1 / 3600]

    ra_deg, dec_deg = geometry.from_plane(plane_arcsec, 359.99, dec0_deg)

    expected = wcs.all_pix2world(plane_arcsec, 0)
    assert np.all((ra_deg >= 0) & (ra_deg < 360))
    np.testing.assert_allclose(np.column_stack([ra_deg, dec_deg]), expected, atol=1e-10)
    back = geometry.to_plane(ra_deg, dec_deg, 359.99, dec0_deg)
    np.testing.assert_allclose(back, plane_arcsec, atol=ROUNDING_PX)


@pytest.mark.parametrize("index", [0, 1])  # 1: another scale, turned by 90 degrees, a mirror image
def test_header_gives_the_pixels_that_are_drawn(index):
    campaign = change_frame(two_telescope_campaign(n_frames=2), index, rotation_deg=23.0)
    wcs = WCS(fits.Header(frame_header(campaign, index)))
    ra_deg = [star.ra_deg for star in campaign.stars]
    dec_deg = [star.dec_deg for star in campaign.stars]

    by_astropy = np.column_stack(wcs.all_world2pix(ra_deg, dec_deg, 0))

    np.testing.assert_allclose(places(campaign, index), by_astropy, atol=ROUNDING_PX)
    assert (np.linalg.det(wcs.pixel_scale_matrix) > 0) == (index == 1)


def test_east_is_left_of_north_and_right_in_a_mirror():
    plane_arcsec = np.array([[10.0, 0.0], [0.0, 10.0]])  # east, north
    frame = Frame("T", 60000.0)
    straight = geometry.plane_to_pixel_matrix(Telescope(pixel_scale_arcsec=0.5), frame)
    mirrored = geometry.plane_to_pixel_matrix(
        Telescope(pixel_scale_arcsec=0.5, is_mirrored=True), frame
    )

    np.testing.assert_allclose(plane_arcsec @ straight[:, :2].T, [[-20, 0], [0, 20]], atol=1e-12)
    np.testing.assert_allclose(plane_arcsec @ mirrored[:, :2].T, [[20, 0], [0, 20]], atol=1e-12)


def test_flip_shift_and_rotation_move_the_stars_as_they_say():
    campaign = change_frame(tiny_campaign(1), 0, shift_px=(0.0, 0.0))
    centre = np.array([89.5, 79.5])
    offset = places(campaign, 0) - centre

    flipped = places(change_frame(campaign, 0, rotation_deg=180.0), 0)
    shifted = places(change_frame(campaign, 0, shift_px=(7.25, -3.5)), 0)
    turned = places(change_frame(campaign, 0, rotation_deg=90.0), 0)

    np.testing.assert_allclose(flipped, centre - offset, atol=ROUNDING_PX)
    np.testing.assert_allclose(shifted, centre + offset + [7.25, -3.5], atol=ROUNDING_PX)
    counter_clockwise = np.column_stack([-offset[:, 1], offset[:, 0]])
    np.testing.assert_allclose(turned, centre + counter_clockwise, atol=ROUNDING_PX)


def test_matrix_between_frames_of_two_telescopes():
    campaign = two_telescope_campaign(n_frames=2)

    matrix = geometry.frame_to_frame_matrix(campaign, 0, 1)

    moved = places(campaign, 0) @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(moved, places(campaign, 1), atol=ROUNDING_PX)
    assert np.linalg.det(matrix[:, :2]) == pytest.approx(-((0.21 / 0.30) ** 2))


def test_proper_motion_is_that_of_astropy():
    star = Star("S", 69.5, -62.0, 15.0, pm_ra_mas_yr=900.0, pm_dec_mas_yr=-700.0)
    at_epoch = SkyCoord(
        star.ra_deg * u.deg,
        star.dec_deg * u.deg,
        pm_ra_cosdec=star.pm_ra_mas_yr * u.mas / u.yr,
        pm_dec=star.pm_dec_mas_yr * u.mas / u.yr,
        distance=100 * u.pc,
        obstime=Time(2016.0, format="jyear", scale="tcb"),
    )

    moved = SkyCoord(*geometry.star_position(star, 60280.0), unit="deg")

    expected = at_epoch.apply_space_motion(new_obstime=Time(60280.0, format="mjd", scale="tcb"))
    # 9 arcsec in 8 years; the straight line in (ra, dec) bends by (mu t)^2 tan(dec) / 2 = 0.3 mas
    assert moved.separation(expected).mas < 1.0
    assert moved.separation(SkyCoord(star.ra_deg, star.dec_deg, unit="deg")).arcsec > 8.9


def test_lens_images_lie_at_their_offsets():
    lens = Lens("L", 69.5, -12.0, (LensImage("A", 1.5, -0.25, 18.0), LensImage("B", 0, 2, 19.0)))

    ra_deg, dec_deg = geometry.lens_positions(lens)

    centre = SkyCoord(lens.ra_deg, lens.dec_deg, unit="deg")
    east, north = centre.spherical_offsets_to(SkyCoord(ra_deg, dec_deg, unit="deg"))
    np.testing.assert_allclose(east.arcsec, [1.5, 0.0], atol=ROUNDING_PX)
    np.testing.assert_allclose(north.arcsec, [-0.25, 2.0], atol=ROUNDING_PX)


def test_matrix_between_frames_that_differ_by_a_shift():
    campaign = tiny_campaign(2)

    matrix = geometry.frame_to_frame_matrix(campaign, 0, 1)

    shift = np.subtract(campaign.frames[1].shift_px, campaign.frames[0].shift_px)
    np.testing.assert_allclose(matrix, np.column_stack([np.eye(2), shift]), atol=1e-12)
