"""Fringes: made-up images with a known pattern, dithered stars and Poisson noise."""

import functools

from cosmouline.errors import ImageRejected
from cosmouline.images.fringes import (
    LEAST_FOUND,
    fine_sky,
    fringe_pattern,
    fringe_scale,
    sky_with_fringes,
    sources_on,
)
from cosmouline.images.sky import sky_map
from cosmouline.photometry.aperture import aperture_fluxes

import numpy as np
import pytest

SHAPE, SKY_E, READ_E = (260, 280), 900.0, 5.0
SIGMA_E = np.sqrt(SKY_E + READ_E**2)
HEIGHTS = (1.0, 0.7, 1.2, 1.1, 0.9)  # of the fringes in each image
N_STARS, FWHM_PX = 16, 4.0


def waves():
    """Give a pattern of rms 1 and mean 0, bent lines 28 pixels apart."""
    y, x = np.indices(SHAPE)
    pattern = np.sin(2 * np.pi * (x + 0.3 * y + 10 * np.sin(y / 50)) / 28)
    return (pattern - pattern.mean()) / pattern.std()


@functools.cache
def night(rms_e, n_images=5, dither_px=25.0, seed=2):
    """Draw images of one night: (n, ny, nx), and the stars' places (n, n_stars, 2) and fluxes."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform((30, 30), (SHAPE[1] - 30, SHAPE[0] - 30), (N_STARS, 2))
    flux_e = np.geomspace(2e3, 1e5, N_STARS)
    shift = rng.uniform(-dither_px, dither_px, (n_images, 2))
    shift[0] = 0
    y, x = (np.arange(side) for side in SHAPE)
    s = FWHM_PX / 2.3548
    images = []
    for k in range(n_images):
        light = SKY_E + HEIGHTS[k] * rms_e * waves()
        for (x0, y0), flux in zip(xy + shift[k], flux_e, strict=True):
            rows, cols = np.exp(-((y - y0) ** 2) / 2 / s**2), np.exp(-((x - x0) ** 2) / 2 / s**2)
            light += flux / (2 * np.pi * s**2) * np.outer(rows, cols)
        images.append(rng.poisson(light) + rng.normal(0, READ_E, SHAPE))
    return np.array(images, np.float32), xy + shift[:, None], flux_e


@functools.cache
def flat(rms_e, **how):
    return [image - sky_map(image).level() for image in night(rms_e, **how)[0]]


@functools.cache
def pattern_of(rms_e, **how):
    return fringe_pattern(flat(rms_e, **how))


def test_fringes_higher_than_the_noise_are_found_though_they_look_like_sources():
    rms_e = 60.0  # twice the noise of a pixel
    found = pattern_of(rms_e)

    height = np.mean(HEIGHTS)
    # the mean of 5 images; what the smooth sky map follows of them, and the smoothing, is lost
    assert (found.frame_e * waves()).mean() == pytest.approx(height * rms_e, rel=0.03)
    assert np.corrcoef(found.frame_e.ravel(), waves().ravel())[0, 1] > 0.99
    assert found.rms_e == pytest.approx(height * rms_e, rel=0.1)
    # a mean of 5: two halves of 2 and 3 give its noise from their difference, (1/2 + 1/3) / 4
    spread = np.std(HEIGHTS) * rms_e / 2
    assert SIGMA_E / np.sqrt(5) < found.noise_e < np.hypot(SIGMA_E / np.sqrt(4.8), spread) * 1.1
    assert found.why_not() == ""


def test_an_even_sky_has_no_fringes():
    found = pattern_of(0.0)

    assert found.found_sigma < LEAST_FOUND
    assert found.why_not().startswith("no fringes")


@pytest.mark.parametrize("dither_px", [0.5, 3.0])
def test_images_that_were_not_dithered_are_told(dither_px):
    found = pattern_of(40.0, dither_px=dither_px)

    assert found.dithered < 0.5
    assert "not dithered" in found.why_not()


def test_fewer_than_three_images_are_refused():
    with pytest.raises(ValueError, match="flat_images must be at least 3, not 2"):
        fringe_pattern(flat(60.0)[:2])


def test_the_height_of_each_image_is_found():
    found = pattern_of(60.0)
    scales = [fringe_scale(one, found.frame_e, sources_on(one - found.frame_e))
              for one in flat(60.0)]

    # its error is sigma / (rms sqrt(n pixels)), 0.2 %; the pattern itself is good to 3 %
    np.testing.assert_allclose(scales, np.array(HEIGHTS) / np.mean(HEIGHTS), rtol=0.03)


def test_a_flat_pattern_has_no_height():
    assert fringe_scale(flat(0.0)[0], np.zeros(SHAPE), np.zeros(SHAPE, bool)) == 0.0


SHARE = 1 - np.exp(-((1.5 * 2.3548) ** 2) / 2)  # of a Gaussian star within 1.5 FWHM


def alone(places):
    """Mark the stars that lie well inside the image and have no near neighbour."""
    inside = ((places > 12) & (places < np.array(SHAPE[::-1]) - 12)).all(axis=1)
    apart = np.hypot(*(places[:, None] - places[None]).T) + 99 * np.eye(N_STARS)
    return inside & (apart.min(axis=0) > 20)


def fluxes(image_e, sky, xy):
    found = aperture_fluxes(image_e, sky.level, sky.sigma_at(*xy.T), *xy.T, [1.5 * FWHM_PX],
                            np.zeros(SHAPE, bool), 1e9)
    return found.flux_e[:, 0], found.sigma_e[:, 0]


@pytest.fixture(scope="module")
def defringed():
    """Give the sky of every image of a night, with its fringes."""
    images, found = night(60.0)[0], pattern_of(60.0)
    return [sky_with_fringes(image, np.zeros(SHAPE, bool), found.frame_e, found.noise_e, 5)
            for image in images]


def test_the_fluxes_of_stars_on_fringes_come_back_with_their_errors(defringed):
    images, xy, flux_e = night(60.0)
    plain, pulls = [], []
    for image, places, sky in zip(images, xy, defringed, strict=True):
        use = alone(places)
        got, sigma = fluxes(image, sky, places[use])
        pulls.append((got - SHARE * flux_e[use]) / sigma)
        plain.append((fluxes(image, sky_map(image), places[use])[0] - SHARE * flux_e[use]) / sigma)
    pulls, plain = np.concatenate(pulls), np.concatenate(plain)

    assert len(pulls) > 25
    assert plain.std() > 3  # what fringes do if they are left
    assert pulls.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * len(pulls)))
    assert abs(pulls.mean()) < 5 / np.sqrt(len(pulls))


def test_an_image_takes_no_star_of_its_own_out_of_itself():
    """One image has a star that the others lack: its pattern there is that of the others."""
    images = [one.copy() for one in flat(0.0)[:3]]
    images[0][100:110, 100:110] += 2000
    found = fringe_pattern(images)

    noise_e = SIGMA_E / np.sqrt(2) * 0.25  # of two images, smoothed
    assert abs(found.frame_e[100:110, 100:110]).max() < 6 * noise_e


@pytest.fixture(scope="module")
def fine():
    """Give the fine map of one image, and the image."""
    image = night(60.0)[0][0]
    return fine_sky(image, None, cell_px=4), image


def test_a_fine_map_follows_fringes_without_other_images(fine):
    sky, image = fine
    away = ~sources_on(image - sky.level())

    assert sky.box_px == 4
    off_e = (sky.level() - SKY_E - 60.0 * waves())[away]
    assert off_e.std() < 0.25 * SIGMA_E  # medians of 16 pixels have 0.31 of it, before the filter
    assert (image - sky.level())[away].std() == pytest.approx(SIGMA_E, rel=0.04)
    assert (image - sky_map(image).level())[away].std() > 1.9 * SIGMA_E
    assert np.median(sky.sigma_mesh_e) == pytest.approx(SIGMA_E, rel=0.05)


def test_a_fine_map_continues_fringes_under_the_stars(fine):
    sky, image = fine
    _, xy, flux_e = night(60.0)
    use = alone(xy[0])
    got, _ = fluxes(image, sky, xy[0][use])
    plain, _ = fluxes(image, sky_map(image), xy[0][use])
    off_e, plain_e = got - SHARE * flux_e[use], plain - SHARE * flux_e[use]

    assert use.sum() > 6
    # the errors know nothing of what is left of the fringes: 10 % of their height, at most a
    # quarter of what they do to the fluxes
    assert np.sqrt(np.mean(off_e**2)) < 0.25 * np.sqrt(np.mean(plain_e**2))


def test_a_fine_map_of_an_even_sky_is_even():
    image = night(0.0)[0][0]

    assert fine_sky(image, None).level().std() < 0.15 * SIGMA_E


def test_an_image_without_sky_is_rejected():
    with pytest.raises(ImageRejected, match="pixels"):
        fine_sky(np.full(SHAPE, np.nan, np.float32))


def test_the_noise_of_a_pattern_is_added_to_the_scatter():
    """10 e- of noise in a pattern of 3 images of height 1 are 10 sqrt(3 / 2) e- in a flux."""
    images, frame_e = night(60.0)[0], np.float32(60.0 * waves())
    image, good = images[0], np.zeros(SHAPE, bool)

    noiseless = sky_with_fringes(image, good, frame_e, 0.0, 3)
    noisy = sky_with_fringes(image, good, frame_e, 10.0, 3)

    added = np.sqrt(noisy.sigma_mesh_e**2 - noiseless.sigma_mesh_e**2)
    assert added == pytest.approx(noisy.fringe_scale * 10 * np.sqrt(1.5), rel=1e-3)
    assert noisy.fringe_scale == pytest.approx(HEIGHTS[0], rel=0.02)


def test_the_unit_of_the_image_does_not_matter_to_a_fine_map():
    """The filter works on ratios of powers alone; the mean is that of `sky_map`."""
    image, unit = night(60.0)[0][0][:140, :150], np.float32(2.0**-6)

    level_e, of_unit = fine_sky(image).level(), fine_sky(image * unit).level() / unit

    np.testing.assert_allclose(of_unit - of_unit.mean(), level_e - level_e.mean(),
                               atol=0.01 * SIGMA_E)
