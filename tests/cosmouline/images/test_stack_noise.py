from cosmouline.images.combine import combine
from cosmouline.images.stack_noise import as_exposure, mean_date

import numpy as np
import pytest

N_PX = 40_000


def test_equal_images_add_up():
    found = as_exposure(np.ones(4), np.full(4, 10.0), np.full(4, 5.0), np.full(4, 6e4),
                        np.full(4, 0.8))

    assert found.scale == found.gain_e_per_adu * 4 == pytest.approx(4)
    assert found.read_noise_e == pytest.approx(5 * np.sqrt(4))
    assert found.sky_sigma_adu == pytest.approx(10 * np.sqrt(4))
    assert found.sky_adu == pytest.approx(4 * (10**2 - 5**2))  # the photons of all skies
    assert found.saturation_adu == pytest.approx(found.sky_adu + 4 * 6e4)
    assert found.noise_factor == pytest.approx(1 / 0.8)


@pytest.mark.parametrize("method", ["mean", "median"])
def test_gain_and_sky_give_the_noise_that_drawn_images_have(method):
    rng = np.random.default_rng(8)
    # a median tells one noise for all images, so they have one
    coeff = np.array([1.0, 1.5, 0.7, 1.2, 1.0]) if method == "mean" else np.full(5, 1.2)
    sky = np.array([400.0, 900.0, 300.0, 2000.0, 500.0]) if method == "mean" else np.full(5, 400.)
    read = 6.0
    found = as_exposure(coeff, np.sqrt(sky + read**2), np.full(5, read), np.full(5, 1e5),
                        np.ones(5), method)

    for light in (0.0, 3000.0):  # per pixel, on the scale of the stack
        drawn = rng.poisson((light / coeff + sky)[:, None, None], (5, 200, 200))
        drawn = (drawn + rng.normal(0, read, drawn.shape) - sky[:, None, None])
        values = (drawn * coeff[:, None, None]).astype(np.float32)
        stack = combine(values, coeff * np.sqrt(sky + read**2), coeff, method)
        adu = stack.image * found.scale
        electrons = found.gain_e_per_adu * (light * found.scale + found.sky_adu)
        sigma_adu = np.sqrt(electrons + found.read_noise_e**2) / found.gain_e_per_adu
        # 5 sigma of a scatter of 40 000 pixels
        assert adu.std() == pytest.approx(sigma_adu, rel=5 / np.sqrt(2 * N_PX))
        assert np.sqrt(stack.variance.mean()) * found.scale == pytest.approx(sigma_adu, rel=0.02)


def test_the_first_image_to_saturate_counts():
    found = as_exposure(np.array([1.0, 2.0]), np.full(2, 10.0), np.zeros(2),
                        np.array([5e4, 2e4]), np.ones(2))

    # 5e4 x 1 and 2e4 x 2 on the scale of the stack, times 1 + 1/2
    assert found.saturation_adu - found.sky_adu == pytest.approx(4e4 * 1.5)


def test_the_date_is_weighted_as_the_light_is():
    mjd = 60000.25 + np.array([0.0, 1.0])

    assert mean_date(mjd, np.ones(2), np.array([1.0, 1.0])) == pytest.approx(60000.75, abs=1e-9)
    # weights 1 and 1/9
    assert mean_date(mjd, np.array([1.0, 3.0]), np.ones(2)) == pytest.approx(60000.35, abs=1e-9)
    assert mean_date(mjd, np.array([1.0, 3.0]), np.ones(2), "median") == pytest.approx(60000.75)


@pytest.mark.parametrize("read_noise_e", [5.0, 7.0])
def test_read_noise_alone_leaves_no_light_of_the_sky(read_noise_e):
    found = as_exposure(np.ones(3), np.full(3, 5.0), np.full(3, read_noise_e), np.full(3, 6e4),
                        np.ones(3))

    assert found.sky_adu == pytest.approx(0, abs=1e-9)
    assert found.saturation_adu == pytest.approx(3 * 6e4)
