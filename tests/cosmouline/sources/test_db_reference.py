"""Which images can be the reference image: within the limits, the best of every set first."""

from types import SimpleNamespace

from cosmouline.sources.db_reference import N_COMPARED, candidates, within_limits

import pytest

SETTINGS = SimpleNamespace(fwhm_max_arcsec=2.0, ellipticity_max=0.3, sky_level_max_e=900.0)


def image(name, set_name="R", fwhm=1.0, ellipticity=0.1, sky_e=100.0, noise_e=10.0, n_stars=20):
    return {"img_name": name, "set_name": set_name, "fwhm_arcsec": fwhm, "fwhm_px": 4 * fwhm,
            "ellipticity": ellipticity, "sky_level_e": sky_e, "sky_sigma_e": noise_e,
            "n_good_stars": n_stars}


def names(images):
    return [one["img_name"] for one in images]


def test_images_beyond_any_limit_are_left_out_and_those_at_it_are_not():
    images = [image("a", fwhm=2.0, ellipticity=0.3, sky_e=900.0), image("b", fwhm=2.01),
              image("c", ellipticity=0.31), image("d", sky_e=901.0), image("e")]

    assert names(within_limits(images, SETTINGS)) == ["a", "e"]


def test_where_all_are_beyond_all_are_kept_and_the_limits_are_named(caplog):
    images = [image("b", fwhm=3.0), image("c", ellipticity=0.4)]

    assert names(within_limits(images, SETTINGS)) == ["b", "c"]
    assert caplog.messages == [
        "none of 2 images is within ellipticity and seeing and sky: widen the limits"]


def test_without_limits_all_are_within():
    none = SimpleNamespace(fwhm_max_arcsec=None, ellipticity_max=None, sky_level_max_e=None)

    assert names(within_limits([image("b", fwhm=9.0)], none)) == ["b"]


@pytest.mark.parametrize(("better", "worse"), [
    ({"fwhm": 0.9}, {}), ({"noise_e": 9.0}, {}), ({"n_stars": 21}, {}),
    # .5 arcsec x 30 e- / 10 stars against 1 x 10 / 6, and 1.1 x 20 / 10 against 1 x 21 / 10
    ({"fwhm": 0.5, "noise_e": 30.0, "n_stars": 10}, {"n_stars": 6}),
    ({"noise_e": 21.0, "n_stars": 10}, {"fwhm": 1.1, "noise_e": 20.0, "n_stars": 10})])
def test_seeing_noise_and_number_of_stars_are_what_is_good_at_first_sight(better, worse):
    images = [image("worse", **worse), image("better", **better)]

    assert names(candidates(images, SETTINGS)) == ["better", "worse"]


def test_of_every_set_some_are_compared_and_thirty_in_all():
    images = [image(f"r{k}", fwhm=0.5 + 0.01 * k) for k in range(40)]
    images += [image("bad", fwhm=2.5), *(image(f"s{k}", "S", fwhm=1.5) for k in range(2))]

    found = names(candidates(images, SETTINGS))

    assert found[:4] == ["r0", "s0", "r1", "s1"]
    assert found[4:] == [f"r{k}" for k in range(2, 28)]
    assert len(found) == N_COMPARED == 30
