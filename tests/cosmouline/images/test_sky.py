"""sky.py against skies whose level, scatter and gradient are known, and against sep itself."""

import json

from cosmouline.errors import ImageRejected
from cosmouline.images.sky import SkyMap, _mesh_of, sky_level_and_sigma, sky_map

import numpy as np
import pytest
import sep


def gradient(shape, level_e, slope):
    """Sky of a mean level that rises by the part `slope` across the frame, both ways."""
    ny, nx = shape
    y, x = np.mgrid[:ny, :nx]
    return level_e * (1 + slope * (x / (nx - 1) - 0.5) + slope * (y / (ny - 1) - 0.5))


def moffats(shape, n, flux_e, fwhm_px, seed, beta=3.0):
    """Stars of one flux at random places, sampled at the pixel centres."""
    core = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    frame = np.zeros(shape)
    for x, y in np.random.default_rng(seed).uniform(0, 1, (n, 2)) * shape[::-1]:
        radius2 = (np.arange(shape[1]) - x) ** 2 + ((np.arange(shape[0]) - y) ** 2)[:, None]
        frame += flux_e * (beta - 1) / np.pi / core**2 * (1 + radius2 / core**2) ** -beta
    return frame


@pytest.mark.parametrize("level_e", [25.0, 1000.0, 30000.0])
def test_poisson_sky_is_recovered(level_e):
    image_e = np.random.default_rng(1).poisson(level_e, size=(200, 300))

    level, sigma = sky_level_and_sigma(image_e)

    n = image_e.size
    assert level == pytest.approx(level_e, abs=5 * 1.2533 * np.sqrt(level_e / n) + 0.5)
    assert sigma == pytest.approx(np.sqrt(level_e), rel=5 / np.sqrt(2 * n))


def test_stars_and_nan_do_not_move_the_sky():
    image_e = np.random.default_rng(2).normal(1000.0, 30.0, size=(200, 200))
    clean = sky_level_and_sigma(image_e)
    image_e[:20, :20] += 5e4  # 1 % of the pixels are star
    image_e[50, :] = np.nan  # a dead row

    level, sigma = sky_level_and_sigma(image_e)

    assert level == pytest.approx(clean[0], abs=1.0)
    assert sigma == pytest.approx(clean[1], rel=0.02)


def test_faint_stars_under_the_clip_move_the_sky_by_less_than_their_mean():
    image_e = np.random.default_rng(3).normal(1000.0, 30.0, size=(400, 400))
    image_e[::10, ::3] += 75.0  # 3.35 % of the pixels, 2.5 sigma: mean +2.5, median +1.3

    level, _ = sky_level_and_sigma(image_e)

    assert 1000.5 < level < 1002.0


def test_no_finite_pixel_is_an_error():
    with pytest.raises(ValueError, match="no finite pixel"):
        sky_level_and_sigma(np.full((5, 5), np.nan))


def test_a_frame_digitised_more_coarsely_than_its_noise_has_a_scatter():
    image = np.rint(np.random.default_rng(4).normal(100.0, 0.35, size=(300, 300)))
    assert np.median(np.abs(image - 100)) == 0  # the median deviation sees nothing
    _, sigma = sky_level_and_sigma(image)
    assert sigma == pytest.approx(image.std(), rel=0.02)


def test_a_large_frame_is_sampled_over_all_its_columns():
    image_e = np.random.default_rng(5).normal(1000.0, 5.0, size=(1400, 1000))
    image_e[:, ::2] += 100.0  # two amplifiers read in turn
    level, sigma = sky_level_and_sigma(image_e)
    assert level == pytest.approx(1050.0, abs=50.0)
    # half and half at +-50: sqrt(50^2 + 5^2); the share of a column errs by .5 / sqrt(700000)
    assert sigma == pytest.approx(np.hypot(50, 5), rel=1e-3)


def test_level_and_scatter_agree_with_cosmouline(shared_data):
    folder = shared_data("cosmouline_golden")
    lines = (folder / "catalog_output.tsv").read_text().splitlines()
    names = lines[0].split("\t")
    for line in lines[1:]:
        theirs = dict(zip(names, line.split("\t"), strict=True))
        level, sigma = sky_level_and_sigma(np.load(folder / f"{theirs['imgname']}_frame.npy"))
        # one clip there, clipped to the end here
        assert level == pytest.approx(float(theirs["skylevel"]), abs=0.02)
        assert sigma == pytest.approx(float(theirs["prealistddev"]), rel=2e-3)


@pytest.mark.parametrize(
    ("shape", "box_px"),
    [((320, 200), 64), ((257, 300), 50), ((231, 99), 33), ((100, 120), 64), ((70, 40), 64)],
)
def test_spline_is_that_of_sep(shape, box_px):
    y, x = np.mgrid[: shape[0], : shape[1]]
    image_e = 1000 + 50 * np.sin(x / 40) + 70 * np.cos(y / 30)
    image_e = (image_e + np.random.default_rng(6).normal(0, 20, shape)).astype(np.float32)
    theirs = sep.Background(image_e, bw=box_px, bh=box_px)

    ours = SkyMap(_mesh_of(theirs.back(), box_px), _mesh_of(theirs.rms(), box_px), box_px, shape)

    assert ours.level_mesh_e.shape == tuple(-(-side // box_px) for side in shape)
    np.testing.assert_allclose(ours.level(), theirs.back(), rtol=1e-5)
    np.testing.assert_allclose(ours.sigma(), theirs.rms(), rtol=1e-5)


def test_slices_are_parts_of_the_map_and_json_keeps_it():
    image_e = np.random.default_rng(7).poisson(gradient((300, 260), 500.0, 0.3))
    sky = sky_map(image_e)
    whole = sky.level()
    assert whole.dtype == np.float32
    part, row = sky.level(slice(30, 94), slice(190, 260)), sky.sigma(slice(7, 8))
    np.testing.assert_allclose(part, whole[30:94, 190:260], rtol=1e-6)
    np.testing.assert_allclose(row, sky.sigma()[7:8], rtol=1e-6)
    at = sky.sigma_at(np.array([3.2, 400.0]), np.array([9.7, 5.0]))
    np.testing.assert_allclose(at, sky.sigma()[[10, 5], [3, 259]], rtol=1e-6)
    again = SkyMap(
        np.array(json.loads(json.dumps(sky.level_mesh_e.tolist()))), None, 64, sky.shape
    )
    np.testing.assert_array_equal(again.level(), whole)


@pytest.mark.parametrize("level_e", [60.0, 600.0, 20000.0])
def test_map_of_a_sky_without_objects_is_unbiased(level_e):
    truth = gradient((640, 512), level_e, 0.02)
    rng = np.random.default_rng(8)
    image_e = rng.poisson(truth) + rng.normal(0, 4, truth.shape)
    sigma_e = np.sqrt(level_e + 16)

    sky = sky_map(image_e)

    error = (sky.level() - truth) / sigma_e
    # mean of 640 * 512 pixels by medians and means: 5 * 2 / 572
    assert abs(error.mean()) < 0.01
    assert error.std() < 0.03  # of 64 * 64 pixels and a 3 x 3 filter: about .016
    assert np.median(sky.sigma()) == pytest.approx(sigma_e, rel=0.03)  # 1.5 % low by the clip


def test_the_slope_of_a_moonlit_sky_is_no_noise():
    """3000 e- that rise by 900 across the frame: in the boxes of sep that is 21 % more scatter.

    The scatter is clipped, and so 1.3 % low; that of the mean of 42 boxes is .1 %.
    """
    truth = gradient((400, 420), 3000.0, 0.3)
    image_e = np.random.default_rng(11).poisson(truth).astype(np.float32)

    found = sky_map(image_e)

    ratio = np.median(found.sigma() / np.sqrt(truth))
    assert ratio == pytest.approx(1 - 0.013, abs=0.01)
    assert np.median(sep.Background(image_e).rms() / np.sqrt(truth)) > 1.1


@pytest.mark.parametrize("rise_e", [300.0, 3000.0])
def test_a_steep_sky_has_its_level_and_scatter(rise_e):
    """A scatter of 24, and so much across 512 pixels: 37 or 375 in a box of 64."""
    truth = 1000.0 + rise_e * np.mgrid[:512, :512][1] / 512
    image_e = (truth + np.random.default_rng(12).normal(0, 24, truth.shape)).astype(np.float32)

    found = sky_map(image_e, box_px=64)

    # 3600 pixels in a box: .4, and 1.25 times that for a median
    assert found.level()[64:-64, 64:-64] == pytest.approx(truth[64:-64, 64:-64], abs=3.5)
    assert (found.level() - truth).mean() == pytest.approx(0, abs=0.5)
    assert np.median(found.sigma()) == pytest.approx(24 * (1 - 0.013), rel=0.01)


def test_objects_do_not_bias_the_map():
    shape, level_e = (512, 512), 500.0
    rng = np.random.default_rng(9)
    stars_e = moffats(shape, 40, 3e4, 4.0, seed=10)
    empty = rng.poisson(np.full(shape, level_e))
    crowded = empty + rng.poisson(stars_e)

    shift_e = sky_map(crowded).level() - sky_map(empty).level()

    assert abs(shift_e.mean()) < 0.01 * np.sqrt(level_e)
    dither = rng.uniform(-0.5, 0.5, shape)
    once = [sep.Background((e + dither).astype(np.float32)).back() for e in (crowded, empty)]
    assert (once[0] - once[1]).mean() > 2 * shift_e.mean()


def test_a_large_frame_finds_its_objects_on_a_binned_copy():
    shape, level_e = (2050, 2060), 200.0
    rng = np.random.default_rng(11)
    image_e = rng.poisson(level_e, shape).astype(np.float32)
    small_e = rng.poisson(moffats((400, 400), 60, 2e4, 3.0, seed=12))
    image_e[800:1200, 600:1000] += small_e
    image_e[100:110, 100:110] = np.nan

    sky = sky_map(image_e)

    error = (sky.level() - level_e) / np.sqrt(level_e)
    assert sky.box_px == 128
    assert abs(error.mean()) < 0.01
    assert abs(error[800:1200, 600:1000].mean()) < 0.05


def test_bad_and_missing_pixels_do_not_count():
    rng = np.random.default_rng(13)
    image_e = rng.poisson(800.0, (256, 320)).astype(float)
    clean = sky_map(image_e).level()
    image_e[40:120, 60:130] = np.nan
    bad = np.zeros(image_e.shape, dtype=bool)
    bad[:, 200:203] = True
    image_e[bad] = 6e4

    sky = sky_map(image_e, bad)

    assert np.all(np.isfinite(sky.level()))
    assert np.abs(sky.level() - clean).max() < 0.2 * np.sqrt(800)


@pytest.mark.parametrize("shape", [(20, 30), (64, 64), (70, 40), (100, 129)])
def test_a_frame_of_less_than_two_boxes_works(shape):
    image_e = np.random.default_rng(14).normal(300, 10, shape)
    sky = sky_map(image_e)
    assert sky.level().shape == shape
    assert sky.level().mean() == pytest.approx(300, abs=5 * 2.5 * 10 / np.sqrt(image_e.size))


def test_a_constant_frame_has_no_scatter():
    sky = sky_map(np.full((100, 100), 7.0))
    np.testing.assert_allclose(sky.level(), 7.0)
    assert not sky.sigma().any()


def test_the_loss_of_the_mode_is_added_to_electrons_alone():
    image_e = np.random.default_rng(15).poisson(400.0, (320, 320)).astype(float)
    in_electrons = sky_map(image_e).level().mean()
    in_adu = sky_map(image_e / 3).level().mean()  # variance a third of the level
    subtracted = sky_map(image_e - 400).level().mean()
    assert in_electrons - 3 * in_adu == pytest.approx(2.5 / 6, abs=0.02)
    assert in_electrons - 400 - subtracted == pytest.approx(2.5 / 6, abs=0.02)


@pytest.mark.parametrize("gain", [1.0, 2.7, 5.0])
def test_digitised_frames_have_the_sky_of_exact_ones(gain):
    rng = np.random.default_rng(17)
    exact_e = rng.poisson(gradient((320, 320), 300.0, 0.05)) + rng.normal(0, 4, (320, 320))
    digitised_e = (np.rint(exact_e / gain) * gain).astype(np.float32)

    shift_e = sky_map(digitised_e).level() - sky_map(exact_e).level()

    sigma_e = np.sqrt(316)
    # the map's own noise is .016 sigma; two samples of one sky, some of whose noise differs
    assert abs(shift_e.mean()) < 0.015 * sigma_e
    assert shift_e.std() < 0.03 * sigma_e
    theirs_e = sep.Background(digitised_e, bw=64, bh=64).back() - sky_map(exact_e).level()
    assert gain == 1 or np.sqrt(np.mean(theirs_e**2)) > 2 * np.sqrt(np.mean(shift_e**2))


def test_the_dither_does_not_add_to_the_scatter():
    digitised = np.rint(np.random.default_rng(18).normal(100, 0.5, (320, 320)))
    # variance 1/4 + 1/12 with the digitisation; sep's clip makes it 1.5 % low
    assert np.median(sky_map(digitised).sigma()) == pytest.approx(np.sqrt(1 / 3), rel=0.04)


def test_frames_without_sky_are_rejected():
    with pytest.raises(ImageRejected, match="none of the 10000 pixels is good"):
        sky_map(np.full((100, 100), np.nan))
    bad = np.ones((100, 100), dtype=bool)
    bad[:1] = False
    with pytest.raises(ImageRejected, match=r"only 1\.0 % of the pixels are sky"):
        sky_map(np.random.default_rng(16).normal(5, 1, (100, 100)), bad)


def test_boxes_must_hold_enough_pixels():
    with pytest.raises(ValueError, match="box_px must be at least 8, not 4"):
        sky_map(np.zeros((50, 50)), box_px=4)


@pytest.mark.parametrize("seed", range(3))
def test_a_crowded_frame_has_the_sky_between_its_stars(seed):
    """More than half of every box lies under stars: sep alone returns level 0, scatter 1."""
    rng = np.random.default_rng(seed)
    stars_e = sum(moffats((192, 192), 60, flux_e, 4.0, 10 * seed + k)
                  for k, flux_e in enumerate([2e4, 6e4, 2e5, 5e5]))
    image_e = rng.poisson(600.0 + stars_e) + rng.normal(0, 5.0, stars_e.shape)

    sky = sky_map(image_e, box_px=64)

    # sqrt(600 + 25) = 25; the wings of the stars add to both
    assert 595 < np.median(sky.level_mesh_e) < 640
    assert 23 < np.median(sky.sigma_mesh_e) < 40
