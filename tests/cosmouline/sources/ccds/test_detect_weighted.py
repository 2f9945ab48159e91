"""Detection with weights and flags."""

from cosmouline.errors import ImageRejected
from cosmouline.skymaker.mosaic import stamp
from cosmouline.sources.ccds.detect_weighted import detect_weighted, noise_map

import numpy as np
import pytest

OPTIONS = {"sigma": 2.0, "min_area_px": 5, "deblend": 0.001, "sky_box_px": 64}
JACOBIAN = 0.187 * np.diag([-1.0, 1.0])


@pytest.fixture(scope="module")
def frame():
    """Give an image with sky 100, nine stars of 20 000 counts on a grid, and their places."""
    rng = np.random.default_rng(2)
    image, places = np.full((200, 200), 100.0), []
    for x, y in ((x, y) for x in (40, 100, 160) for y in (40, 100, 160)):
        off = rng.uniform(-0.5, 0.5, 2)
        image[y - 32:y + 32, x - 32:x + 32] += 2e4 * stamp(64, off, JACOBIAN, [(0.65, 0.0, 0.0)])
        places.append((x + off[0], y + off[1]))
    return image + rng.normal(0, 10, image.shape), np.array(places)


def test_stars_have_their_places_fluxes_and_widths(frame):
    image, places = frame
    weight = np.full(image.shape, 7.0)  # in any unit: it is scaled to the noise
    flags = np.zeros(image.shape, dtype=np.int16)
    flags[98:103, 98:103] = 2
    flags[97, 100] = 8
    found, segments, sky, sigma = detect_weighted(image, weight, flags, OPTIONS, 30.0, 1.0)
    order = [int(np.argmin(np.hypot(found["XWIN_IMAGE"] - 1 - x, found["YWIN_IMAGE"] - 1 - y)))
             for x, y in places]
    stars = {key: values[order] for key, values in found.items()}
    # S/N 140: positions to .6 px / 140, five times
    assert np.abs(stars["XWIN_IMAGE"] - 1 - places[:, 0]).max() < 0.06
    assert np.abs(stars["YWIN_IMAGE"] - 1 - places[:, 1]).max() < 0.06
    assert np.allclose(stars["FLUX_AUTO"], 2e4, rtol=0.08)  # Kron: a few percent are outside
    assert np.allclose(stars["MAG_AUTO"], 30 - 2.5 * np.log10(stars["FLUX_AUTO"]))
    # Gaussian of a Kolmogorov PSF of 3.48 px with pixels: between 3.5 and 3.9 px
    assert ((stars["FWHM_IMAGE"] > 3.4) & (stars["FWHM_IMAGE"] < 3.95)).all()
    assert stars["IMAFLAGS_ISO"][4] == 10
    assert (np.delete(stars["IMAFLAGS_ISO"], 4) == 0).all()
    assert (stars["FLAGS"] == 0).all()
    assert segments[round(places[4, 1]), round(places[4, 0])] == stars["NUMBER"][4]
    assert sky == pytest.approx(100, abs=1)
    assert sigma == pytest.approx(10, rel=0.1)


def test_nothing_is_found_where_the_weight_is_0(frame):
    image, _ = frame
    weight = np.ones(image.shape)
    weight[:, :70] = 0
    found, *_ = detect_weighted(image, weight, np.zeros(image.shape, int), OPTIONS, 30.0, 1.0)
    assert (found["X_IMAGE"] > 70).all()
    with pytest.raises(ImageRejected, match="no pixel has a weight"):
        detect_weighted(image, 0 * weight, np.zeros(image.shape, int), OPTIONS, 30.0, 1.0)


def test_saturated_and_blended_objects_are_flagged(frame):
    image, _ = frame
    both = image.copy()
    both[68:132, 74:138] += 1e4 * stamp(64, (0, 0), JACOBIAN, [(0.65, 0.0, 0.0)])
    found, *_ = detect_weighted(both, np.ones(image.shape), np.zeros(image.shape, int), OPTIONS,
                                30.0, 1.0, saturation=1200.0)
    near = np.hypot(found["XWIN_IMAGE"] - 101, found["YWIN_IMAGE"] - 101) < 9
    assert near.sum() == 2
    assert (found["FLAGS"][near] & 2).all()
    assert (found["FLAGS"][~near & (found["FLUX_AUTO"] > 1e4)] & 4).all()


def test_an_image_without_objects_is_rejected():
    with pytest.raises(ImageRejected, match="nothing is 50 sigma"):
        detect_weighted(np.random.default_rng(0).normal(0, 1, (100, 100)), np.ones((100, 100)),
                        np.zeros((100, 100), int), OPTIONS | {"sigma": 50.0}, 30.0, 1.0)


def test_weights_are_scaled_to_the_noise():
    weight = np.array([[4.0, 1.0], [0.0, 4.0]])
    sigma = noise_map(weight, np.full((2, 2), 10.0))
    assert sigma[0, 1] == 2 * sigma[0, 0]
    assert np.median(sigma[weight > 0]) == 10
    assert np.isinf(sigma[1, 0])
