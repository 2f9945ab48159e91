import cosmouline.images.resample
from cosmouline.astrometry.align import apply
from cosmouline.images.resample import footprint, moved, pixel_noise, resample, shrunk

import numpy as np
import pytest
from scipy.interpolate import CubicSpline, RectBivariateSpline

SHAPE = (100, 120)


def spot(shape, x, y, sigma=3.0):
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))


def centroid(image):
    rows, cols = np.indices(image.shape)
    light = np.nan_to_num(image)
    return (light * cols).sum() / light.sum(), (light * rows).sum() / light.sum()


def turned(angle_deg=0.0, scale=1.0, parity=1, middle=(60.0, 50.0), to=(61.3, 54.8)):
    """Transform that brings the middle of the reference to a place of the image."""
    c, s = scale * np.cos(np.deg2rad(angle_deg)), scale * np.sin(np.deg2rad(angle_deg))
    turn = np.array([[parity * c, -s], [parity * s, c]])
    return np.column_stack([turn, np.array(to) - turn @ middle])


@pytest.mark.parametrize(("angle_deg", "scale", "parity"), [
    (0.0, 1.0, 1), (30.0, 1.0, 1), (180.0, 1.0, 1), (12.0, 0.8, -1), (-70.0, 1.3, 1),
    (5.0, 1.62, -1)])
def test_a_star_keeps_its_flux_and_lands_where_the_transform_says(angle_deg, scale, parity):
    matrix = turned(angle_deg, scale, parity)
    image = spot((130, 140), 61.3, 54.8, sigma=1.5 * scale)
    image *= 1000 / image.sum()

    found = resample(image, matrix, SHAPE)

    # a Gaussian of sigma 1.5 px (FWHM 3.5) has no power left beyond the Nyquist frequency (3e-5),
    # so a good kernel keeps sum and centroid to that part
    assert np.nansum(found) == pytest.approx(1000, rel=2e-4)
    assert centroid(found) == pytest.approx((60.0, 50.0), abs=2e-3)


def test_the_pixels_are_those_of_the_interpolating_spline():
    rng = np.random.default_rng(2)
    image = rng.normal(size=(60, 70))
    matrix = turned(8.0, 0.9, middle=(25, 20), to=(35.2, 30.7))

    found = resample(image, matrix, (40, 50))

    # scipy.interpolate, another code; its ends differ ("not a knot"), which is forgotten by a
    # factor 0.27 per pixel
    spline = RectBivariateSpline(np.arange(60), np.arange(70), image)
    x, y = apply(matrix, np.stack(np.meshgrid(np.arange(50), np.arange(40)), -1)).transpose(
        2, 0, 1)
    inner = (x > 9) & (x < 60) & (y > 9) & (y < 50)
    assert inner.sum() > 1000
    expected = 0.81 * spline(y.ravel(), x.ravel(), grid=False).reshape(x.shape)
    assert found[inner] == pytest.approx(expected[inner], abs=2e-4)


def test_an_untouched_grid_gives_the_image_itself():
    image = np.random.default_rng(1).normal(size=(30, 40)).astype(np.float32)

    assert resample(image, np.eye(2, 3), (30, 40)) == pytest.approx(image, abs=1e-5)


def test_what_lies_outside_is_nan_and_bad_pixels_are_left_out_with_their_neighbours():
    image = spot((60, 60), 30, 30)
    image[5, 5] = np.nan
    bad = np.zeros((60, 60), bool)
    bad[40, 20] = True
    image[40, 20] = 1e6

    found = resample(image, np.array([[1.0, 0, 10.5], [0, 1, 0]]), (60, 60), bad)

    assert np.isnan(found[:, 49:]).all()
    holes = {(int(y), int(x)) for y, x in np.argwhere(np.isnan(found[:, :48]))}
    assert holes == {(40, 9), (40, 10)}  # half a pixel from the bad one; x 5 is outside
    assert np.nanmax(found) < 1.1  # nothing of the 1e6 leaks beyond the hole


def test_a_grid_beside_the_image_is_empty():
    found = resample(np.ones((50, 50)), np.array([[1.0, 0, 500], [0, 1, 0]]), (20, 30))

    assert found.shape == (20, 30)
    assert np.isnan(found).all()


def test_a_cut_out_is_a_part_of_the_whole():
    image = np.random.default_rng(4).normal(size=(90, 90))
    matrix = turned(20.0, middle=(40, 40), to=(45, 45))

    whole = resample(image, matrix, (80, 80))
    part = resample(image, moved(matrix, 30, 25), (20, 16))

    assert part == pytest.approx(whole[25:45, 30:46], abs=1e-5)


def test_the_bands_in_which_it_is_made_leave_no_trace(monkeypatch):
    image = np.random.default_rng(4).normal(size=(90, 90))
    bad = np.random.default_rng(5).random((90, 90)) < 0.01
    matrix = turned(-35.0, 1.2, middle=(40, 40), to=(45, 45))
    whole = cosmouline.images.resample.resample(image, matrix, (80, 80), bad)

    monkeypatch.setattr(cosmouline.images.resample, "BAND_ROWS", 11)
    bands = cosmouline.images.resample.resample(image, matrix, (80, 80), bad)

    assert 0.1 < np.isnan(whole).mean() < 0.5
    assert bands == pytest.approx(whole, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
def test_the_noise_of_a_pixel_depends_on_its_phase(shift):
    # the weights of a cubic spline at that phase, from scipy.interpolate; in x and y
    at_zero = CubicSpline(np.arange(-20, 21), np.arange(-20, 21) == 0)
    share = np.sum(at_zero(np.arange(-10, 11) + shift) ** 2)

    found = pixel_noise(np.array([[1.0, 0, 3 + shift], [0, 1, shift]]), (300, 200))

    # 5 sigma of 16 tiles of 48 x 48 pixels, half of which are correlated
    assert found == pytest.approx(share, rel=5 / np.sqrt(16 * 48**2))


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.5])
def test_an_aperture_sees_the_noise_of_the_area_whatever_the_kernel(scale):
    rng = np.random.default_rng(7)
    side = 330
    matrix = turned(17.0, scale, middle=(165, 165), to=(350, 350))
    found = resample(rng.normal(size=(700, 700)), matrix, (side, side))

    boxes = found[5:-5, 5:-5].reshape(16, 20, 16, 20).sum(axis=(1, 3))

    # 16 x 16 boxes of 20 x 20 pixels: 5 sigma is 5 / sqrt(2 x 256); what the kernel does at
    # their edges takes 2 % more off
    assert boxes.std() / 20 == pytest.approx(scale, rel=5 / np.sqrt(512) + 0.02)
    assert found.std() / scale == pytest.approx(pixel_noise(matrix, (side, side)), rel=0.03)


def test_the_footprint_of_a_shift_by_a_quarter():
    found = footprint(np.array([[1.0, 0, 25], [0, 1, 0]]), (50, 100), (50, 100))

    assert found == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 180.0])
@pytest.mark.parametrize("step", [1, 3])
def test_a_small_picture_shows_the_star_where_the_transform_says(angle_deg, step):
    at_reference = np.array([70.0, 50.0])
    matrix = turned(angle_deg, middle=at_reference, to=(61.3, 44.8))

    small = shrunk(spot((110, 130), 61.3, 44.8), matrix, SHAPE, step)

    x, y = centroid(small)
    expected = (at_reference - (step - 1) / 2) / step
    # 0.02 px: a spline of order 3 keeps the centroid of a spot of sigma 3 px to better than that
    assert (x, y) == pytest.approx(tuple(expected), abs=0.02)


def test_nan_pixels_of_a_small_picture_are_filled():
    image = spot((60, 60), 30, 30)
    image[5, 5] = np.nan
    shifted = shrunk(image, np.array([[1.0, 0, 40], [0, 1, 0]]), (60, 60), 1)

    assert np.isnan(shifted[:, 25:]).all()
    assert np.isfinite(shifted[:, :15]).all()


@pytest.mark.parametrize("scale", [1.2, 1.62, 3.4])
def test_an_image_of_finer_pixels_is_averaged_in_both_directions(scale):
    """The variance of a spot of unequal widths, in x and in y, grows by that of the box.

    A box of w px has the variance w^2 / 12. The edges of its kernel are pixels: with a rim of r on
    each side of 2 h - 1 pixels it is 2 sum(k^2, k < h) + 2 r h^2, over w.
    """
    image = np.zeros((240, 260))
    rows, cols = np.indices(image.shape)
    sigma_x, sigma_y = 3.0 * scale, 5.0 * scale
    image += np.exp(-((cols - 130) / sigma_x) ** 2 / 2 - ((rows - 121) / sigma_y) ** 2 / 2)
    grid = (60, 64)
    matrix = turned(0.0, scale, middle=(32.0, 30.0), to=(130.0, 121.0))

    found = np.nan_to_num(resample(image, matrix, grid))

    y, x = np.indices(grid)
    widths = [np.sum(found * (axis - middle) ** 2) / found.sum()
              for axis, middle in ((x, 32.0), (y, 30.0))]
    half = int(np.ceil((scale - 1) / 2))
    rim = (scale - (2 * half - 1)) / 2
    box = (2 * np.sum(np.arange(1, half) ** 2) + 2 * rim * half**2) / scale
    expected = [(sigma**2 + box) / scale**2 for sigma in (sigma_x, sigma_y)]
    # spots of 3 and 5 px are sampled and interpolated to 1e-4; the grid ends at 6 sigma
    assert widths == pytest.approx(expected, rel=1e-3)
    assert found.sum() == pytest.approx(image.sum(), rel=2e-4)
