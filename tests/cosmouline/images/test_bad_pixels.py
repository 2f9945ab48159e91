"""badpix.py: hot pixels put in and found again, and stars that must not be taken for them."""

from cosmouline.images.bad_pixels import hot_pixels, mend_pixels, sharp_pixels, temporal_median

import numpy as np
import pytest
from scipy.special import erf

SHAPE = (120, 150)


def star(shape, x, y, fwhm_px):
    """Gaussian of flux 1, integrated over the pixels: the sharpest star of its FWHM."""
    width = np.sqrt(2) * fwhm_px / 2.3548
    edges_y, edges_x = (np.arange(side + 1) - 0.5 for side in shape)
    in_x = np.diff(erf((edges_x - x) / width)) / 2
    return np.diff(erf((edges_y - y) / width))[:, None] / 2 * in_x


def field(fwhm_px, seed, n=25, margin=6):
    """Positions and fluxes of stars, and their image, up to a million electrons."""
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(margin, side - margin, n) for side in SHAPE[::-1])
    flux = 10 ** rng.uniform(3, 6, n)
    parts = zip(x, y, flux, strict=True)
    return sum(f * star(SHAPE, a, b, fwhm_px) for a, b, f in parts)


def frames(scene_e, n_frames, seed, hot_e=0.0, sky_e=300.0, cosmics=0, drift=0):
    """Frames of a scene, with the light of hot pixels, cosmics, and a drift in x per frame."""
    rng = np.random.default_rng(seed)
    images = []
    for k in range(n_frames):
        moved = np.roll(scene_e, k * drift, axis=1) + hot_e
        image = rng.poisson(moved + sky_e) + rng.normal(0, 5, SHAPE)
        rows, cols = (rng.integers(0, side, cosmics) for side in SHAPE)
        image[rows, cols] += rng.uniform(500, 5000, cosmics)
        images.append(image.astype(np.float32))
    return images


def scattered(n, seed):
    """Single pixels, no two of which are near each other."""
    places = np.random.default_rng(seed).permutation(14 * 18)[:n]
    mask = np.zeros(SHAPE, dtype=bool)
    mask[(places // 18) * 8 + 5, (places % 18) * 8 + 5] = True
    return mask


@pytest.mark.parametrize("fwhm_px", [1.6, 2.0, 3.0, 6.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_stars_that_do_not_move_are_never_hot(fwhm_px, seed):
    images = frames(field(fwhm_px, seed), 15, seed + 10)
    assert hot_pixels(images).sum() == 0


def test_hot_pixels_among_stars_that_do_not_move_are_found():
    hot = scattered(60, seed=3)
    scene_e = field(1.6, seed=4, n=15)
    dark = scene_e < 20  # a pixel under a star is no sharper than it
    images = frames(scene_e, 15, seed=5, hot_e=400.0 * hot, cosmics=30)

    found = hot_pixels(images)

    assert found[hot & dark].all()
    assert not (found & ~hot).any()


@pytest.mark.parametrize("drift", [0, 3])
def test_pairs_rows_columns_and_dead_pixels_are_found(drift):
    bad_e = np.zeros(SHAPE)
    bad_e[20, 30:32] = 500.0  # a pair in the row
    bad_e[40:42, 60] = 500.0  # and in the column
    bad_e[:, 100] = 300.0  # a hot column, as far as the edge
    bad_e[80] = -250.0  # a dead row
    bad_e[60, 40] = -280.0
    scene_e = field(2.5, seed=6, n=8)
    images = frames(scene_e, 15, seed=7, drift=drift)

    found = hot_pixels([image + bad_e for image in images])

    unclear = np.zeros(SHAPE, dtype=bool)
    unclear[78:83, 98:103] = True  # where row and column cross
    if drift == 0:
        unclear |= scene_e > 20  # a column is not sharp on a star
    np.testing.assert_array_equal(found | unclear, (bad_e != 0) | unclear)


def test_cosmics_and_moving_stars_are_not_hot():
    images = frames(field(2.0, seed=8), 12, seed=9, cosmics=120, drift=4)
    assert hot_pixels(images).sum() <= 1  # two cosmics of six frames on one pixel


def test_a_varying_sky_does_not_bring_one_frame_through():
    images = frames(field(2.0, seed=10), 9, seed=11, cosmics=120, drift=5)
    images = [image + 200 * k for k, image in enumerate(images)]
    # without levelling the median is frame 4 nearly everywhere, with its 120 cosmics
    assert np.mean(np.median(images, axis=0) == images[4]) > 0.8
    assert hot_pixels(images).sum() <= 1


def test_reading_rows_gives_the_same_as_frames_in_memory():
    hot = scattered(40, seed=12)
    images = frames(field(2.0, seed=13), 8, seed=14, hot_e=300.0 * hot, drift=3)
    read = []

    def read_rows(k, rows):
        read.append(rows)
        return images[k][rows]

    found = hot_pixels(read_rows, len(images), SHAPE)

    np.testing.assert_array_equal(found, hot_pixels(images))
    assert found[hot].all()
    assert max(rows.stop - rows.start for rows in read) <= 64


def test_frame_scatter_is_that_of_the_noise():
    images = frames(np.zeros(SHAPE), 20, seed=15)
    _, sigma_e = temporal_median(lambda k, rows: images[k][rows], 20, SHAPE)
    # against a median of 20 frames: variance 1 + pi / 2 / 20 - a part they share
    assert sigma_e == pytest.approx(np.sqrt(325 * (1 + 0.08 - 0.05)), rel=0.08)


def test_pixels_that_are_never_finite_are_bad_and_others_wait_for_their_finite_frames():
    images = frames(np.zeros(SHAPE), 5, seed=16)
    for k, image in enumerate(images):
        image[3, 4] = np.nan
        image[50, 60 + k] = np.nan
    found = hot_pixels(images)
    assert np.argwhere(found).tolist() == [[3, 4]]
    assert hot_pixels([np.full((9, 9), np.nan)] * 3).all()


def test_coarsely_digitised_frames():
    hot = scattered(50, seed=17)
    images = frames(np.zeros(SHAPE), 15, seed=18, hot_e=60.0 * hot, sky_e=4.0)
    images = [np.rint(image / 8) * 8 for image in images]  # most pixels of the median are equal
    found = hot_pixels(images)
    assert found[hot].all()
    assert not (found & ~hot).any()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_frames_are_refused(n):
    with pytest.raises(ValueError, match=f"at least 3 frames, not {n}"):
        hot_pixels([np.zeros(SHAPE)] * n)


def test_sharp_pixels_obeys_its_least_excess():
    image = np.random.default_rng(19).normal(100, 1, SHAPE).astype(np.float32)
    image[50, 50] += 30
    assert sharp_pixels(image)[50, 50]
    assert not sharp_pixels(image, excess_min_e=40.0)[50, 50]


def test_hatp32_has_its_thousand_hot_pixels(shared_data):
    fits = pytest.importorskip("astropy.io.fits")
    paths = sorted(shared_data("hatp32").glob("*.fz"))[::3]
    images = [fits.getdata(path, 1).astype(np.float32) for path in paths]
    found = hot_pixels(images)
    # about 1100 hot pixels are known; the first row and the first column are dark besides
    assert found[:, 0].mean() > 0.9
    assert 900 < found[1:, 1:].sum() < 1700


def test_mended_pixels_are_the_median_of_their_good_neighbours():
    image = np.arange(30, dtype=float).reshape(5, 6)
    bad = np.zeros(image.shape, dtype=bool)
    bad[2, 2] = bad[2, 3] = bad[0, 0] = True
    image[bad] = 1e9

    mended = mend_pixels(image, bad)

    assert mended[2, 2] == np.median([7, 8, 9, 13, 19, 20, 21])
    assert mended[2, 3] == np.median([8, 9, 10, 16, 20, 21, 22])
    assert mended[0, 0] == np.median([1, 6, 7])
    np.testing.assert_array_equal(mended[~bad], image[~bad])
    assert image[2, 2] == 1e9


def test_a_bad_pixel_without_good_neighbours_is_nan():
    bad = np.zeros((7, 7), dtype=bool)
    bad[1:6, 1:6] = True
    mended = mend_pixels(np.ones((7, 7)), bad)
    assert np.isnan(mended[2:5, 2:5]).all()
    assert np.isfinite(mended).sum() == 49 - 9
