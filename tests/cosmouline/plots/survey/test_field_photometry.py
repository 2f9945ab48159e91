from cosmouline.plots.survey.field_photometry import (
    lupton_rgb,
    measured_page,
    picture_page,
    pixel_sigma,
)

import numpy as np
import pytest


def test_the_sky_is_grey_and_bright_sources_keep_their_colour():
    rng = np.random.default_rng(1)
    red, green, blue = rng.normal(0, 1, (3, 60, 80)) * np.array([2.0, 1.0, 5.0])[:, None, None]
    red[30, 40] = 2 * 3000.0
    green[30, 40] = 1500.0
    blue[30, 40] = 5 * 300.0
    blue[0, 0] = red[0, 0] = green[0, 0] = np.nan

    picture = lupton_rgb(red, green, blue, (2.0, 1.0, 5.0))

    sky = picture[5:25].reshape(-1, 3).mean(0)
    assert np.ptp(sky) < 3  # as noisy in all three by their own noise
    assert 10 < sky.mean() < 120
    r, g, b = picture[30, 40].astype(float)
    assert r == 255
    assert g / r == pytest.approx(0.5, abs=0.02)  # 1500 against 3000 sigmas
    assert b / r == pytest.approx(0.1, abs=0.02)
    assert picture[0, 0].tolist() == [0, 0, 0]


def test_the_noise_of_an_image_is_that_of_its_sky():
    image = np.random.default_rng(2).normal(0, 3, (200, 200))
    image[:20] += 1e4
    image[50] = np.nan
    assert pixel_sigma(image) == pytest.approx(3.0, rel=0.25)  # a tenth of it is bright
    assert pixel_sigma(np.zeros((4, 4))) == 1.0


def test_the_picture_has_no_frame_and_the_first_row_is_below():
    picture = np.zeros((40, 80, 3), np.uint8)
    page = picture_page(picture, 4.0)
    assert tuple(page.get_size_inches()) == (4.0, 2.0)
    image, = page.axes[0].images
    assert image.origin == "lower"
    assert not page.axes[0].axison


def test_every_filter_is_drawn_and_a_missing_catalogue_is_told():
    one = {"name": "r", "radius_px": np.array([2.0, 4.0]), "factor": np.array([0.9, np.nan]),
           "factor_sigma": np.array([0.02, np.nan]), "psf_factor": 0.95, "fwhm_px": 4.0,
           "mag": np.array([18.0, np.nan]), "magerr": np.array([0.01, np.nan]),
           "chi2": np.array([1.0, 2.0]), "catalogue_mag": np.array([np.nan, np.nan])}
    page = measured_page([one, one | {"name": "i"}], "title")
    texts = [text.get_text() for ax in page.axes for text in ax.texts]
    assert "no catalogue with magnitudes" in texts
    assert [text.get_text() for text in page.axes[0].get_legend().get_texts()] == ["r", "i"]
    page = measured_page([one | {"catalogue_mag": np.array([18.01, 19.0])}])
    assert "ours - catalogue (mag)" in [ax.get_ylabel() for ax in page.axes]
