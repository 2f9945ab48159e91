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


@pytest.mark.parametrize(("turns_deg", "mirrored", "sources", "named", "outcome"), [
    # header against stars: of five images besides the reference
    ((0, 2, -2, 0, 0), (), "dict", None, "nothing"), ((180, 0, 0, 0, 0), (), "dict", None, "warn"),
    ((0, -4, 4, 0, 0), (), "dict", None, "warn"),
    ((0, 0, 180, 180, -180), (), "dict", None, "stop"),
    ((0, 0, 0, 0, 0), (0, 2, 4), "cat", None, "stop"), ((90,) * 5, (), "dict", "i0", "warn"),
    ((90,) * 5, (), 2, None, "warn"), ((90,) * 5, (), "find", None, "warn")])
@pytest.mark.parametrize("camera_deg", [0.0, 35.0])
def test_images_whose_wcs_is_turned_against_the_stars_are_named(
        monkeypatch, caplog, turns_deg, mirrored, sources, named, outcome, camera_deg):
    """Images that are turned by the camera, of another scale; headers that know it or do not."""
    def turn(deg):
        cos, sin = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
        return np.array([[cos, -sin], [sin, cos]])

    base = np.array([[-2.0, 0.0], [0.0, 2.0]])  # pixels for an arcsec east and north
    on_image = {"i0": base}
    images = [{"img_name": "i0"}]
    for k, deg in enumerate(turns_deg):
        flip = np.diag([-1.0, 1.0]) if k in mirrored else np.eye(2)
        on_image[f"i{k + 1}"] = 1.5 * turn(camera_deg) @ base @ turn(deg) @ flip
        m = 1.5 * turn(camera_deg)
        images.append({"img_name": f"i{k + 1}", "is_aligned": True, "lens_x_px": 3.0,
                       "lens_y_px": 4.0} | db_lens_light.db_transform.matrix_fields(
                           np.column_stack([m, [5.0, 6.0]])))
    monkeypatch.setattr(db_lens_light, "has_sky", lambda image: True)
    monkeypatch.setattr(db_lens_light, "pixels_per_arcsec",
                        lambda image, *_: on_image[image["img_name"]])
    settings = SimpleNamespace(ref_img_name=named, point_sources={
        "dict": {"A": (1, 0), "B": (-1, 0)}, "cat": "sources.cat"}.get(sources, sources))

    if outcome == "stop":
        with pytest.raises(UserError, match=r"WCS of 3 of 5 images .* image i0, .*first: i[13], "
                                            r"(turned by 180 deg|mirrored)"):
            db_lens_light._compare_north(images, np.zeros(2), images[0], settings)
    else:
        db_lens_light._compare_north(images, np.zeros(2), images[0], settings)
        assert ("That of i0 is used" in caplog.text) == (outcome == "warn")


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


N = 61


def field(name="i", flux_e=0.0, noise_e=2.0, fwhm_px=3.0, at=(30.0, 28.0)):
    return {"img_name": name, "fwhm_px": fwhm_px, "lens_x_px": at[0], "lens_y_px": at[1],
            "nx_px": N, "ny_px": N, "sky_noise_e": noise_e, "pixel_scale_arcsec": 0.5,
            "flux_e": flux_e}


@pytest.fixture
def light(monkeypatch):
    """Check images whose lens is one pixel above a flat sky of 7 e-; radius 2 px."""
    used = []

    def image_and_bad(image, _):
        used.append(image["img_name"])
        data = np.full((N, N), 7.0)
        data[int(image["lens_y_px"]), int(image["lens_x_px"]) + 4] += image["flux_e"]
        data[int(image["lens_y_px"]) + 9, int(image["lens_x_px"])] = np.nan
        return data, np.isnan(data) | image.get("bad", False)

    monkeypatch.setattr(db_lens_light.db_images, "image_and_bad", image_and_bad)
    monkeypatch.setattr(db_lens_light, "lens_centre_and_radius",
                        lambda *_: (np.array([30.0, 28.0]), 2.0))

    def check(*images, stars=()):
        used.clear()
        monkeypatch.setattr(db_lens_light, "positions", lambda _: np.reshape(stars, (-1, 2)))
        db_lens_light.check(list(images), SimpleNamespace(stars=None), images[0],
                            SimpleNamespace(lens_position_px=(30.0, 28.0)))
        return list(used)

    return check


def limit_e(images, noise_e=2.0, fwhm_px=3.0):
    """Flux of 5 sigmas of some alike images by the counts of aperture and ring, by hand."""
    y, x = np.indices((N, N))
    away = np.hypot(x - 30, y - 28)
    inside, ring = (away < 2 + fwhm_px), (away > 2 + 1.5 * fwhm_px) & (away < 2 + 3.5 * fwhm_px)
    ring[28 + 9, 30] = False
    n, m = inside.sum(), ring.sum()
    sky2 = n * noise_e**2 * (1 + np.pi / 2 * n / m)
    # F / sqrt(F + sky2) sqrt(images) = 5
    a = 25 / images
    return (a + np.sqrt(a**2 + 4 * a * sky2)) / 2


@pytest.mark.parametrize("n_images", [1, 4])
def test_a_flux_of_five_times_its_error_is_light(light, n_images):
    limit = limit_e(n_images)

    light(*[field(f"i{k}", 1.001 * limit) for k in range(n_images)])
    with pytest.raises(UserError, match=r"the lens, \(31\.0, 29\.0\) of i0: its flux is 5\.0 "
                                        r"times its error, 5 is needed; no source is on the"):
        light(*[field(f"i{k}", 0.999 * limit) for k in range(n_images)])


def test_the_nearest_source_is_named_in_arcsec(light):
    with pytest.raises(UserError, match=r"the nearest source is 5\.0 arcsec away, at \(37\.0, "
                                        r"37\.0\)"):
        light(field(), stars=[(30.0, 50.0), (36.0, 36.0), (0.0, 0.0)])


def test_the_ten_sharpest_images_with_the_weights_of_their_noise_are_added_up(light):
    images = [field(f"i{k}", 1e4, fwhm_px=4.0 - 0.1 * k) for k in range(12)]
    assert light(*images) == [f"i{k}" for k in range(11, 1, -1)]
    # an image of much noise and no light takes nothing from one with a flux of 5.5 sigmas
    light(field("a", 1.15 * limit_e(1)), field("b", 0.0, noise_e=2e3))


def test_a_lens_without_good_pixels_is_no_lens_without_light(light):
    with pytest.raises(UserError, match="masked pixels, or has no sky around it, in all of the 1"):
        light(field() | {"bad": True})


@pytest.mark.parametrize(("at", "is_cut"), [
    # radius of 2 px and six FWHM of 3 px: 20 px from the edges of pixels 0 to 60
    ((20.0, 30.0), False), ((19.9, 30.0), True), ((30.0, 19.9), True), ((40.0, 40.0), False),
    ((40.1, 30.0), True), ((30.0, 40.1), True)])
def test_images_whose_sky_around_the_lens_is_cut_are_named(light, caplog, at, is_cut):
    used = light(field("whole", 1e4), field("near", 1e4, at=at))

    assert ("edge of 1 of 2 images" in caplog.text) == is_cut
    assert caplog.text.count("near") == is_cut
    assert used == (["whole"] if is_cut else ["whole", "near"])
