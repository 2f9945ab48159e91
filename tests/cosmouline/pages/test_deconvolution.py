from cosmouline.pages import deconvolution

import numpy as np
import pytest

NAME = "R_tiny_0003"


@pytest.fixture
def lens(lens_after):
    return lens_after("7_deconv/4_deconv")


def test_the_residuals_are_noise(lens):
    scene = deconvolution.scene_of(lens.settings())

    residuals = scene.residuals[np.isfinite(scene.residuals)]
    # 6 stamps of 2300 pixels, of which the variance is the model's: 1 +- 0.01
    assert residuals.std() == pytest.approx(1, abs=0.03)
    assert abs(residuals.mean()) < 0.05
    assert np.isnan(scene.residuals[~scene.fit.good]).all()
    assert scene.sources == ["A", "B"]
    assert scene.summary.startswith("6 epochs, chi2 ")
    assert scene.summary.endswith("no Sersic galaxy")


def test_the_deconvolved_picture_has_the_sources_where_they_are(lens):
    scene = deconvolution.scene_of(lens.settings())

    peak = np.unravel_index(np.argmax(scene.deconvolved), scene.deconvolved.shape)
    at = (np.array(peak[::-1]) + 0.5) / deconvolution.UPSAMPLING - 0.5
    brightest = scene.xy_px[np.argmax(np.nanmean(scene.fit.flux, 0))]
    assert at == pytest.approx(brightest, abs=0.5)
    assert scene.deconvolved.shape == (48 * 4, 48 * 4)


def test_the_page_of_an_epoch_shows_its_own_numbers(lens):
    image = lens.rows[NAME]

    shown = deconvolution.epoch(image, lens.settings())

    scene = deconvolution.scene_of(lens.settings())
    e = scene.names.index(NAME)
    assert (shown.data == scene.epochs.data_e[e]).all()
    assert shown.flux_e == pytest.approx(scene.fit.flux[e] / image["dec_coeff__lens"])
    assert shown.flux_e == pytest.approx(lens.truth.objects(NAME, "image")["flux_e"], rel=0.03)
    assert shown.title == f"TINY  {NAME}"
    numbers = dict(shown.numbers)
    assert numbers["date"] == image["datetime_utc"][:16].replace("T", " ")
    assert numbers["coefficient"] == f"{image['dec_coeff__lens']:.4f}"


def test_a_new_fit_gives_a_new_scene(lens):
    settings = lens.settings()
    first = deconvolution.scene_of(settings)
    assert deconvolution.scene_of(settings) is first

    lens.set("extended_light = 'auto'\n")
    lens.run("7_deconv/4_deconv")

    second = deconvolution.scene_of(lens.settings())
    assert second is not first
    assert not np.array_equal(second.model_e, first.model_e)
