"""What is measured on complete images, for one rich frame: no number moves unnoticed.

That it is right is shown elsewhere, against truth and by hand: see tests/recorded.py.
"""

from cosmouline.images import (
    bad_pixels,
    combine,
    empty_region,
    fringes,
    resample,
    sky,
    stack_noise,
)
from cosmouline.photometry.aperture import aperture_fluxes, kron_fluxes
from cosmouline.sources.detect import detect_sources
from cosmouline.sources.moments import adaptive_moments
from cosmouline.sources.seeing import frame_seeing
from cosmouline.sources.trails import find_trail
from cosmouline.stamps import pixel_rejection
from cosmouline.stamps.cosmics import cosmic_mask
from cosmouline.stamps.stamps import cut_stamps

import numpy as np
import pytest

SHAPE = (230, 300)


def frame(seed=1, n_stars=40, sky_e=400.0, rise_e=150.0, gain=1.0):
    """Stars of unequal width in x and y on a sky that rises, with hot pixels, a trail, a gap."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(SHAPE)
    image = sky_e + rise_e * x / SHAPE[1] + 0.4 * rise_e * y / SHAPE[0]
    places = rng.uniform(12, np.array(SHAPE[::-1]) - 12, (n_stars, 2))
    fluxes = 10 ** rng.uniform(3.3, 5.3, n_stars)
    for (x0, y0), flux in zip(places, fluxes, strict=True):
        r2 = ((x - x0) / 1.6) ** 2 + ((y - y0 - 0.1 * (x - x0)) / 1.9) ** 2
        image = image + flux * 2 / (np.pi * 9) * (1 + r2 / 3) ** -3
    image = rng.poisson(image) + rng.normal(0, 5, SHAPE)
    image[30:34, 40:160] += 90.0
    image[np.arange(20, 220, 21), np.arange(10, 290, 29)[:10]] += 900.0
    image[150:160, 200:215] = np.nan
    return np.rint(image / gain) * gain if gain != 1 else image, places, fluxes


@pytest.fixture(scope="module")
def one():
    return frame()


@pytest.mark.parametrize(("name", "how", "box_px"), [
    ("plain", {}, None), ("steep", {"rise_e": 4000.0}, 32), ("digitised", {"gain": 12.0}, 50)])
def test_the_sky(recorded, name, how, box_px):
    image, _, _ = frame(**how)
    bad = np.zeros(SHAPE, bool)
    bad[:, 77] = True
    found = sky.sky_map(image, bad, box_px)
    recorded(f"images/sky_{name}", {
        "level": found.level(), "sigma": found.sigma(slice(20, 40), slice(7, 200)),
        "at": found.sigma_at(np.array([3.0, 250.2]), np.array([100.7, 20.0])),
        "plain": sky.sky_level_and_sigma(image), "middles": [
            sky.box_middles(230, 50), sky.box_middles(50, 64)]}, (("", 3e-4),))


def test_sources_and_what_is_measured_on_them(one, recorded):
    image, places, _ = one
    bad = np.zeros(SHAPE, bool)
    bad[60:62, 100:130] = True
    catalog = detect_sources(image, saturation_e=9000.0, bad=bad)
    flat = np.nan_to_num(image - 550.0)
    found = {"catalog": catalog, "seeing": frame_seeing(catalog),
             "moments": adaptive_moments(flat.astype(np.float32), *places.T)}
    found["trail"] = find_trail(image, bad)
    recorded("images/sources", found, (("", 1e-3),))


def test_apertures(one, recorded):
    image, places, _ = one
    x, y = places.T
    bad = np.zeros(SHAPE, bool)
    bad[::9, ::7] = True
    radii = (3.0, 5.5, 9.0)
    recorded("images/apertures", {
        "plain": aperture_fluxes(image, 520.0, 23.0, x, y, radii, bad, 12000.0),
        "ring": aperture_fluxes(image, 520.0, np.linspace(20, 26, len(x)), x, y, radii,
                                annulus_px=(12.0, 18.0)),
        "kron": kron_fluxes(image, 520.0, 23.0, x, y, 4.0, bad)})


def test_stamps_and_their_masks(one, recorded):
    image, places, fluxes = one
    rows = np.arange(SHAPE[0])

    def level(rows, cols):
        y, x = np.indices(SHAPE)[:, rows, cols]
        return 400 + 150 * x / SHAPE[1] + 60 * y / SHAPE[0]

    def sigma(rows, cols):
        return np.sqrt(level(rows, cols) + 25)

    bad = np.zeros(SHAPE, bool)
    bad[:, rows[::23]] = True
    stamps = cut_stamps(image, level, sigma, places[:12], 24, 4.0, 8000.0, bad, places, fluxes)
    y, x = np.indices((24, 24)) - 11.5
    model = np.stack([flux * np.exp(-((x - dx) ** 2 + (y - dy) ** 2) / 6) / (6 * np.pi)
                      for flux, (dx, dy) in zip(fluxes, stamps.offset_px, strict=False)])
    residual, variance = stamps.data_e - model, stamps.sky_sigma_e**2 + model
    good = stamps.good
    lost = good & ~pixel_rejection.judge_pixels(residual, variance, model, good, 0.05)
    recorded("images/stamps", {
        "stamps": stamps, "lost": lost,
        "error": pixel_rejection.model_error(model, 0.03, 0.08),
        "shared": pixel_rejection.shared_by_stars(lost, stamps.offset_px, 4.0),
        "faint": pixel_rejection.faint_neighbours(residual, variance, model, good, 4.0),
        "smooth": pixel_rejection.smoothed_variance(stamps.data_e, good, variance, 4.0),
        "cosmics": cosmic_mask(stamps, 4.0, 5.0, 520.0)})


def test_images_on_another_grid_and_their_stack(one, recorded):
    image, _, _ = one
    turn = np.array([[1.24, 0.13, 4.2], [-0.12, 1.22, 30.7]])
    mirror = np.array([[-0.9, 0.1, 270.0], [0.1, 0.95, 3.0]])
    bad = np.zeros(SHAPE, bool)
    bad[100, 120] = True
    stack = np.random.default_rng(3).normal(20, 4, (5, 30, 40)).astype(np.float32)
    stack[2, :, 7], stack[4, 3, 3], stack[0, 5, 5] = np.nan, 900.0, -300.0
    numbers = np.array([1.0, 1.3, 0.8, 1.1, 2.0])
    arguments = (numbers, 4 * numbers, np.array([5.0, 4, 3, 6, 5]),
                 np.array([5e4, 6e4, 3e4, 4e4, 7e4]))
    recorded("images/grid", {
        "finer": resample.resample(image - 500, turn, (120, 150), bad),
        "mirrored": resample.resample(image - 500, mirror, (120, 150)),
        "small": resample.shrunk(image, turn, (120, 150), 3),
        "noise": resample.pixel_noise(mirror, (120, 150)),
        "footprint": resample.footprint(turn, (220, 260), SHAPE),
        "mean": combine.combine(stack, 4 * numbers, numbers, n_min=5, scatter=3 * numbers),
        "median": combine.combine(stack, 4 * numbers, numbers, "median"),
        "loss": combine.median_loss(np.arange(1, 40)),
        "exposure": [stack_noise.as_exposure(*arguments, 0.7 + 0 * numbers, method)
                     for method in ("mean", "median")],
        "date": [stack_noise.mean_date(55000 + numbers, numbers, arguments[1], method)
                 - 55000 for method in ("mean", "median")]})


def test_bad_pixels_and_an_empty_box(recorded):
    images = [frame(seed)[0] for seed in (1, 2, 3, 4)]
    middle, sigma = bad_pixels.temporal_median(lambda k, rows: images[k][rows], 4, SHAPE)
    bad = bad_pixels.hot_pixels(images)
    _, places, _ = frame()
    turn = np.array([[1.0, 0.05, 30.0], [-0.05, 1.0, 8.0]])
    box = empty_region.find_empty_box(SHAPE, places, np.full(len(places), 9.0),
                                      [np.eye(2, 3), turn], [SHAPE, SHAPE])
    recorded("images/bad", {
        "middle": middle, "sigma": sigma, "hot": bad, "sharp": bad_pixels.sharp_pixels(images[0]),
        "mended": bad_pixels.mend_pixels(images[0], bad), "box": box,
        "inside": empty_region.pixels_inside(turn, box, SHAPE)[2],
        "mean": empty_region.clipped_mean_and_sigma(images[0][:20]),
        "reach": empty_region.reach_px(np.array([10, 300]), 4.0)})


def test_fringes(recorded):
    y, x = np.indices(SHAPE)
    wave = 12 * np.sin((x + 0.6 * y + 5 * np.sin(y / 30)) / 6)
    images = []
    for k in range(4):
        image, _, _ = frame(seed=20 + k)
        images.append(np.nan_to_num(image, nan=500.0) + (1 + 0.2 * k) * wave)
    flat = [(image - sky.sky_map(image).level()).astype(np.float32) for image in images]
    pattern = fringes.fringe_pattern(flat)
    mapped = fringes.sky_with_fringes(images[0].astype(np.float32), np.zeros(SHAPE, bool),
                                      pattern.frame_e, pattern.noise_e, 4)
    fine = fringes.fine_sky(images[1])
    recorded("images/fringes", {
        "pattern": pattern, "scale": mapped.fringe_scale, "level": mapped.level(),
        "sigma": mapped.sigma(), "fine": fine.level(), "fine_sigma": fine.sigma()}, (("", 2e-3),))
