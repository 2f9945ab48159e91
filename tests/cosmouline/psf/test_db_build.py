from functools import partial
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ImageRejected, UserError
from cosmouline.psf import db_build
from cosmouline.stamps import db_stamps
from cosmouline.stamps.io_stamps import read_stamps
from cosmouline.stamps.stamps import MASK_OUTSIDE

import numpy as np
import pytest

NAME = "R_tiny_0001"


@pytest.fixture
def inputs(lens_after):
    """Stamps, names, row and settings of one image of the small lens, its four best stars."""
    lens = lens_after("5_psf/3b_choose_prior")
    settings = lens.settings()
    stamps, names, _ = read_stamps(paths.psf_stamps(settings, NAME))
    return stamps.only(slice(4)), names[:4], lens.rows[NAME], settings


def test_the_settings_become_the_options_of_the_fit(lens_after):
    lens = lens_after("5_psf/3_find_cosmics")
    lens.set("psf_name = 'sharp'\npsf_upsampling = 3\npsf_field = 'on'\npsf_min_stars = 5\n")
    row = {"psf_prior__sharp": db_build.text_of((0.2, 0.7, 0.6), (0.03, 3.5, 0.4)),
           "psf_is_curved__sharp": True}

    options = db_build.options(lens.settings(), row)

    assert (options.prior, options.wings) == ((0.2, 0.7, 0.6), (0.03, 3.5, 0.4))
    assert (options.upsampling, options.field, options.min_stars) == (3, "on", 5)
    assert options.is_curved


def test_draws_are_the_same_for_an_image_on_all_machines_and_differ_between_images(inputs):
    stamps, names, image, settings = inputs
    settings.n_psf_draws = 2

    _, _, first = db_build.build(stamps, names, image, settings)
    _, _, again = db_build.build(stamps, names, image, settings)
    _, _, other = db_build.build(stamps, names, image | {"img_name": "other"}, settings)

    assert (first["draws"] == again["draws"]).all()
    assert np.abs(first["draws"] - other["draws"]).max() > 0
    assert first["draws"].shape[0] == len(first["draw_scale"]) == len(first["draw_flux"]) == 2


def test_stars_that_are_not_usable_are_left_out(inputs):
    stamps, names, image, settings = inputs
    settings.n_psf_draws = 0
    stamps.is_usable[1] = False
    stamps.mask[1] |= MASK_OUTSIDE

    fit, used, draws = db_build.build(stamps, names, image, settings)

    assert used == ["a", "c", "d"]
    assert len(fit.is_used) == 3
    assert draws == {}


def test_too_few_stars_reject_the_image(inputs):
    stamps, names, image, settings = inputs
    stamps.is_usable[:2] = False

    with pytest.raises(ImageRejected, match="2"):
        db_build.build(stamps, names, image, settings)


def test_starred_gives_draws_as_well_and_keeps_its_programs(inputs):
    stamps, names, image, settings = inputs
    settings.psf_engine, settings.n_psf_draws = "starred", 1

    fit, _, draws = db_build.build(stamps, names, image, settings)

    assert fit.white is None
    assert draws["draws"].shape == (1, *fit.psf.narrow().shape)
    assert draws["draw_scale"] == pytest.approx(1, abs=0.05)  # one draw of stars of S/N 100
    assert list(paths.compiled(settings).glob("*-cache"))


def given(image, settings, read, prior, evidence):
    """Stand in for the log evidence of an image."""
    return {"evidence": evidence}


@pytest.mark.parametrize(("gains", "expected"), [
    ({(2, 4): 3.0}, (0.05, 1.2, 1.0)),  # 9 of all three images: less than the least gain
    ({(2, 4): 3.0, (1, 3): 8.0}, (0.1, 0.8, 1.0)),
])
def test_another_prior_than_the_default_must_gain(monkeypatch, gains, expected):
    evidence = np.zeros((4, 5))
    for place, gain in gains.items():
        evidence[place] = gain
    monkeypatch.setattr(db_build, "_evidence", partial(given, evidence=evidence))

    rows = [{"img_name": f"R_{width}", "field_fwhm_px": width} for width in (3.0, 2.0, 4.0)]
    serial = SimpleNamespace(engine="serial", max_cpus=1)
    prior, gain = db_build.choose_prior(rows, None, serial)

    assert prior == expected
    assert gain == (24.0 if expected[0] == 0.1 else 0.0)


def test_the_evidence_is_that_of_a_constant_psf_with_the_wings_of_the_settings(
        lens_after, monkeypatch):
    lens = lens_after("5_psf/3_find_cosmics")
    lens.set("psf_wings = (0.03, 3.5, 0.4)\npsf_field = 'on'\npsf_min_stars = 2\n")
    options = []
    monkeypatch.setattr(db_build, "log_evidence", lambda data, fit, taus: (
        options.append(fit.options), np.zeros(len(taus)))[1])

    prior, gain = db_build.choose_prior([lens.rows[NAME]], db_stamps.psf_stamps, lens.settings())

    assert (prior, gain) == ((0.05, 1.2, 1.0), 0.0)  # all are alike: the default
    assert {one.wings for one in options} == {(0.03, 3.5, 0.4)}
    assert {(one.field, one.min_stars) for one in options} == {("off", 2)}
    assert [one.prior for one in options] == [(1.0, ell, 1.0) for ell in (0.6, 0.8, 1.2, 1.6)]


def test_images_without_a_psf_do_not_decide(monkeypatch):
    monkeypatch.setattr(db_build, "_evidence", partial(given, evidence=None))

    with pytest.raises(UserError, match="no PSF can be built of the images that would decide"):
        db_build.choose_prior([{"img_name": "R_1", "field_fwhm_px": 3.0}], None,
                              SimpleNamespace(engine="serial", max_cpus=1))


def test_an_image_with_double_stars_is_named(caplog):
    caplog.set_level("WARNING", logger="cosmouline")
    images = [{"img_name": f"{name}{k}", "set_name": name, "psf_one_sided__p": value}
              for name, values in (("R", [0.01, 0.011, 0.048, 0.01, 0.009, 0.01]),
                                   ("S", [0.01, 0.05, 0.01]))
              for k, value in enumerate(values)]

    db_build.warn_of_doubles(images, SimpleNamespace(psf_name="p"))

    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("R2: 4.8 % of the light of its PSF lie at one side")
    assert "guiding" in caplog.messages[0]


def test_sets_with_a_psf_that_is_curved_over_the_field_are_named(caplog):
    caplog.set_level("INFO", logger="cosmouline")
    images = [{"img_name": f"{name}{k}", "set_name": name, "psf_curvature__p": value}
              for name, values in (("R", [0.03, 0.034, None]), ("S", [None]))
              for k, value in enumerate(values)]

    db_build.tell_of_curved(images, SimpleNamespace(psf_name="p"))

    assert caplog.messages == ["R: a PSF that varies over the field more than linearly: its "
                               "width, by 3.2 % rms, in 2 of 3 images. The fit holds that"]


def test_a_prior_that_is_no_numbers_names_its_script():
    assert db_build.prior_of("1 2 3 4") == ((1.0, 2.0, 3.0), (4.0,))
    with pytest.raises(UserError, match=r"psf_prior is 'soft', which are no numbers\. Run 5_psf/"
                                        r"3b_choose_prior\.py --redo\."):
        db_build.prior_of("soft")
