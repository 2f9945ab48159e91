"""Point sources: flux, centre, width and shape against the analytic Moffat and Gaussian."""

from cosmouline.skymaker.model import Frame, Telescope
from cosmouline.skymaker.pointspread import (
    PointSpread,
    add_line,
    add_point,
    local_point_spread,
    pixel_integrals,
    window,
)

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

FULL = PointSpread(5.0, 3.0, e1=0.06, e2=-0.04, lobe_fraction=0.08, lobe_angle_deg=70.0)


def star(psf, x_px=100.3, y_px=99.8, shape=(201, 203)):
    """Image of a star of unit flux."""
    image = np.zeros(shape)
    add_point(image, x_px, y_px, 1.0, psf)
    return image


def moments(image):
    """Centre and second moments (xx, yy, xy) of an image."""
    y, x = np.indices(image.shape)
    total = image.sum()
    cx, cy = (x * image).sum() / total, (y * image).sum() / total
    second = [((x - cx) * (x - cx)), ((y - cy) * (y - cy)), ((x - cx) * (y - cy))]
    return cx, cy, *((term * image).sum() / total for term in second)


@pytest.mark.parametrize("fwhm_px", [1.4, 2.4, 2.6, 5.0, 7.6])
@pytest.mark.parametrize("beta", [3.0, 4.5])
def test_total_flux_is_kept_to_a_tenth_of_a_permille(fwhm_px, beta):
    psf = PointSpread(fwhm_px, beta, 0.05, 0.05, 0.06, 30.0)

    assert star(psf).sum() == pytest.approx(1.0, abs=1.5e-4)  # 1e-4 is beyond the square


@pytest.mark.parametrize("psf", [FULL, PointSpread(2.2, 4.0, lobe_fraction=0.1)])
def test_light_centre_is_the_position(psf):
    cx, cy, *_ = moments(star(psf)[50:151, 50:151])

    # the wings beyond the 101 px window are cut 0.3 px off centre
    assert cx + 50 == pytest.approx(100.3, abs=2e-3)
    assert cy + 50 == pytest.approx(99.8, abs=2e-3)


def test_half_of_the_peak_is_at_half_of_the_width():
    psf = PointSpread(5.0, 3.3, e1=0.2)  # major axis along x, b/a = 0.8

    half_major, half_minor = 2.5 / np.sqrt(0.8), 2.5 * np.sqrt(0.8)

    peak = psf.density(0.0, 0.0)
    assert psf.density(half_major, 0.0) / peak == pytest.approx(0.5)
    assert psf.density(0.0, half_minor) / peak == pytest.approx(0.5)


def test_major_axis_points_along_its_angle():
    angle = np.radians(2 * 30.0)
    psf = PointSpread(5.0, 4.0, e1=0.2 * np.cos(angle), e2=0.2 * np.sin(angle))

    _, _, xx, yy, xy = moments(star(psf, 100.0, 100.0)[70:131, 70:131])

    # the square window trims the two axes differently, by a little
    assert np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)) == pytest.approx(30.0, abs=1.0)


def test_width_of_a_drawn_star_read_off_its_pixels():
    image = star(PointSpread(7.0, 3.5), 100.0, 100.0)
    along = np.linspace(0, 8, 801)

    profile = map_coordinates(image, [np.full(801, 100.0), 100.0 + along], order=3)

    half = along[np.argmin(np.abs(profile - 0.5 * image[100, 100]))]
    # the pixel adds a variance of 1/12: about 8 ln 2 / 12 / 7^2 / 2 = 0.6 % of the width
    assert 2 * half == pytest.approx(7.0 * 1.006, rel=0.01)


@pytest.mark.parametrize(("fwhm_px", "n_fine"), [(2.0, 60), (2.6, 60), (5.0, 30)])
def test_pixels_are_integrals_by_a_slow_sum(fwhm_px, n_fine):
    psf = PointSpread(fwhm_px, 3.0, 0.08, 0.02, 0.08, 200.0)
    fine = (np.arange(n_fine) + 0.5) / n_fine - 0.5
    columns, rows = np.arange(98, 103) - 100.3, np.arange(98, 102) - 99.8
    x, y = (columns[:, None] + fine).ravel(), (rows[:, None] + fine).ravel()

    slow = psf.density(x[None, :], y[:, None]).reshape(4, n_fine, 5, n_fine).mean(axis=(1, 3))

    # the midpoint sum itself is wrong by a fraction 1 / (24 n^2 sigma^2), 3e-5
    np.testing.assert_allclose(star(psf)[98:102, 98:103], slow, atol=1e-4 * slow.max())


def test_wings_continue_the_core_without_a_step():
    image = star(PointSpread(4.0, 3.0), 100.0, 100.0)
    row = np.log(image[100, 105:130])

    assert np.all(np.diff(row) < 0)
    assert np.abs(np.diff(row, 3)).max() < 0.1  # smooth where the integration changes, at 12 px


def test_lobe_makes_the_star_lopsided():
    image = star(PointSpread(6.0, 4.0, lobe_fraction=0.1, lobe_angle_deg=0.0), 100.0, 100.0)
    even = star(PointSpread(6.0, 4.0), 100.0, 100.0)

    # the lobe lies at +2.16 px; the Moffat moves by -0.24 px, which the wings show
    assert image[100, 102] > 1.1 * image[100, 98]
    assert image[100, 90] > 1.1 * image[100, 110]
    assert even[100, 98] == pytest.approx(even[100, 102])


def test_trail_adds_the_variance_of_a_line_and_keeps_centre_and_flux():
    still, trailed = PointSpread(4.0, 5.0), PointSpread(4.0, 5.0, trail_px=(12.0, -6.0))

    before, after = moments(star(still)), moments(star(trailed))

    # a line of length L has the variance L^2 / 12; the steps stand for it to 1 - 1 / n^2, n = 17
    assert after[2] - before[2] == pytest.approx(12.0**2 / 12, rel=0.01)
    assert after[4] - before[4] == pytest.approx(-12.0 * 6.0 / 12, rel=0.01)
    assert after[0] == pytest.approx(before[0], abs=1e-3)
    assert star(trailed).sum() == pytest.approx(1.0, abs=1.5e-4)


def test_star_outside_leaves_only_its_wings_and_far_ones_nothing():
    inside = star(FULL, shape=(201, 203))

    part = star(FULL, x_px=100.3 - 120, shape=(201, 83))

    assert part[:, 0:5].max() > 0
    np.testing.assert_allclose(part, star(FULL, -19.7, shape=(201, 203))[:, :83])
    assert star(FULL, x_px=-500.0).sum() == 0
    assert inside[:, 120:].sum() == pytest.approx(part.sum(), rel=1e-6)


def test_window_is_cut_at_the_edges():
    columns, rows = window((50, 60), 58.2, 1.4, 3.0)

    assert columns.tolist() == [55, 56, 57, 58, 59]
    assert rows.tolist() == [0, 1, 2, 3, 4]


def test_radius_leaves_out_what_is_asked_for():
    psf = PointSpread(3.0, 3.0)
    radius = psf.radius_px(0.01)
    steps = (np.arange(4000) + 0.5) * radius / 4000

    inside = np.sum(2 * np.pi * steps * psf.density(steps, 0.0)) * radius / 4000

    assert inside == pytest.approx(0.99, abs=1e-5)


def test_psf_changes_linearly_over_the_field():
    telescope = Telescope(nx=101, ny=51, pixel_scale_arcsec=0.25)
    frame = Frame(
        "SIM",
        60000.0,
        fwhm_arcsec=1.0,
        ellipticity=0.1,
        pa_deg=45.0,
        fwhm_gradient=(0.02, -0.01),
        ellipticity_gradient=((0.03, 0.0), (0.0, 0.01)),
    )

    centre = local_point_spread(telescope, frame, 50, 25)
    corner = local_point_spread(telescope, frame, 100, 50)

    assert centre.fwhm_px == pytest.approx(4.0)
    assert (centre.e1, centre.e2) == pytest.approx((0.0, 0.1))
    assert corner.fwhm_px == pytest.approx(4.0 * 1.01)
    assert (corner.e1, corner.e2) == pytest.approx((0.03, 0.11))


def test_unit_integral_of_coarse_and_fine_nodes_agree_in_the_wings():
    columns = np.arange(15.0, 40.0)

    coarse = pixel_integrals(FULL, columns, columns, 2)

    np.testing.assert_allclose(coarse, pixel_integrals(FULL, columns, columns, 6), rtol=1e-5)


def test_a_jump_of_the_guiding_keeps_centre_and_flux_and_adds_its_variance():
    single = PointSpread(4.0, 5.0)
    double = PointSpread(4.0, 5.0, double_px=(3.0, -2.0), double_fraction=0.3)

    before, after = moments(star(single)), moments(star(double))

    # two points with the fractions f and 1 - f at a distance d: f (1 - f) d^2
    assert star(double).sum() == pytest.approx(1.0, abs=1.5e-4)
    assert after[:2] == pytest.approx(before[:2], abs=1e-3)
    assert after[2] - before[2] == pytest.approx(0.3 * 0.7 * 9, rel=0.01)
    assert after[4] - before[4] == pytest.approx(-0.3 * 0.7 * 6, rel=0.01)
    parts = 0.7 * single.density(0.9 + 1.0, -0.6) + 0.3 * single.density(-2.1 + 1.0, 1.4)
    assert double.density(1.0, 0.0) == pytest.approx(parts)


def test_a_line_is_the_integral_of_its_points():
    psf, along = PointSpread(2.2, 3.2), np.linspace(-4000, 4000, 400001)

    for distance in (0.0, 0.7, 5.0):
        slow = psf.density(distance, along).sum() * (along[1] - along[0])
        assert psf.line_density(distance) == pytest.approx(slow, rel=1e-4)


def test_a_line_crosses_the_image_with_its_flux_per_pixel():
    image = np.zeros((80, 90))

    add_line(image, 40.2, 39.6, 1000.0, PointSpread(2.0, 4.0, trail_px=(300.0, 400.0)))

    # 2 e- per pixel of length, 1.25 of which are in a row; beyond the edges lies 1e-4 of it
    np.testing.assert_allclose(image[30:50].sum(axis=1), 2 * 1.25, rtol=1e-3)
    x, y = 40.2 + 12 * 0.6, 39.6 + 12 * 0.8
    columns = np.arange(90)
    centre = np.average(columns, weights=image[49])
    assert centre == pytest.approx(x + (49 - y) * 0.75, abs=0.02)


def test_width_follows_a_parabola_and_the_colour():
    telescope = Telescope(nx=101, ny=51, pixel_scale_arcsec=0.25, width_per_colour=0.02)
    frame = Frame("SIM", 60000.0, fwhm_arcsec=1.0, fwhm_quadratic=(0.1, 0.04, 0.12))

    def width(*where):
        return local_point_spread(telescope, frame, *where).fwhm_px

    assert width(50, 25) == pytest.approx(4.0)
    assert width(100, 25) == width(0, 25) == pytest.approx(4.4)
    assert width(100, 50) == pytest.approx(4.0 * 1.26)
    assert width(100, 0) == pytest.approx(4.0 * 1.18)
    # no colour, or the colour of the pivot: no change
    assert width(50, 25, 0.9) == pytest.approx(4.0)
    assert width(50, 25, -0.1) == pytest.approx(4.0 * 0.98)
