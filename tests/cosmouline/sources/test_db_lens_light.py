from types import SimpleNamespace

from cosmouline.errors import UserError
from cosmouline.sources import db_lens_light

import numpy as np
import pytest


@pytest.mark.parametrize(("by_hand", "is_compared"), [(None, True), ((31.0, 21.0), False)])
def test_images_whose_wcs_puts_the_lens_elsewhere_are_named_unless_it_is_placed_by_hand(
        monkeypatch, caplog, by_hand, is_compared):
    """By 1.9 and 2.1 FWHM, the limit is 2; the lens is too near to the edge of both."""
    images = [{"img_name": f"i{k}", "lens_x_px": 30.0, "lens_y_px": 20.0, "nx_px": 60,
               "ny_px": 40, "fwhm_px": 4.0, "pixel_scale_arcsec": 0.5, "wcs": (30 + away, 20.0)}
              for k, away in enumerate((7.6, 8.4))]
    monkeypatch.setattr(db_lens_light, "lens_by_wcs", lambda image, _: np.array(image["wcs"]))
    monkeypatch.setattr(db_lens_light, "lens_centre_and_radius",
                        lambda *_: (np.array([30.0, 20.0]), 3.0))

    with pytest.raises(UserError, match=r"no image holds the lens at \(31\.0, 21\.0\)"):
        db_lens_light.check(images, None, images[0], SimpleNamespace(lens_position_px=by_hand))

    named = ["i1, by 4.2 arcsec" in one and "WCS of 1 images" in one for one in caplog.messages]
    assert sum(named) == is_compared
    assert ("WCS" in caplog.text) == is_compared


@pytest.mark.parametrize("n_masked", [0, 2, 3])
def test_images_whose_lens_is_masked_are_named(monkeypatch, caplog, n_masked):
    """A lens of 1000 times the noise; all masked is a stop, the masked ones are named."""
    images = [{"img_name": f"i{k}", "lens_x_px": 40.0, "lens_y_px": 40.0, "nx_px": 80, "ny_px": 80,
               "fwhm_px": 3.0, "pixel_scale_arcsec": 0.5, "sky_noise_e": 1.0} for k in range(3)]
    light_e, masked = np.zeros((80, 80)), np.zeros((80, 80), bool)
    light_e[40, 40], masked[37:44, 37:44] = 1000.0, True  # half of the aperture
    monkeypatch.setattr(db_lens_light, "lens_by_wcs", lambda *_: None)
    monkeypatch.setattr(db_lens_light, "lens_centre_and_radius",
                        lambda *_: (np.array([40.0, 40.0]), 2.0))
    monkeypatch.setattr(db_lens_light.db_images, "image_and_bad", lambda image, _: (
        light_e, masked if int(image["img_name"][1]) < n_masked else ~masked & False))
    settings = SimpleNamespace(lens_position_px=None)

    if n_masked == 3:
        with pytest.raises(UserError, match=r"on masked pixels, .* all of the 3 sharpest images"):
            db_lens_light.check(images, None, images[0], settings)
    else:
        db_lens_light.check(images, None, images[0], settings)
    assert ("masked pixels of 2 of the 3 sharpest images, which may be missing in the light "
            "curve: i0, i1" in caplog.text) == (n_masked == 2)
