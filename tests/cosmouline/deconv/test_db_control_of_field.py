"""Errors that all fluxes of a lens share, by hand."""

from types import SimpleNamespace

from cosmouline.deconv import db_control

import numpy as np
import pytest

ROW = {"set_name": "R", "sky_box_px": 64, "lens_x_px": 5.0, "lens_y_px": 6.0}


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """A fit is a namespace here."""
    monkeypatch.setattr(db_control, "replace", lambda fit, **changed: SimpleNamespace(
        **(vars(fit) | changed)))


def fit_of(n_epochs, **more):
    """Two sources of 1000 and 500 electrons, all covariances 1."""
    return SimpleNamespace(**{
        "flux": np.array([[1000.0, 500.0]] * n_epochs), "systematic_covariance": np.eye(2),
        "covariance_total": np.stack([np.eye(2)] * n_epochs), "log": [{"stage": "x"}],
        "image_width": 0.0, "found_width": None} | more)


def settings(coefficient="renorm"):
    return SimpleNamespace(psf_name="p", renorm_name="r", dec_coefficient=coefficient)


def test_errors_of_flat_and_mean_star_are_in_all_fluxes_alike():
    """By hand: .3 % of the flat; widths that scatter by 1.6 % over 16 stars, .4 %: .5 % of all."""
    images = 3 * [ROW | {"flat_error": 0.003, "star_width_scatter__p": 0.016,
                         "n_renorm_stars__r": 16}]

    wider, lines = db_control.with_field_errors(fit_of(3), images, settings())

    # .5 % of 1000 and of 500 electrons, beside 1
    assert wider.systematic_covariance == pytest.approx(
        np.array([[26.0, 12.5], [12.5, 7.25]]))
    assert wider.log == [{"stage": "x"}, {"stage": "star widths", "scatter": 0.016,
                                          "mean_sigma": pytest.approx(0.004)}]
    assert "0.30 % of its fluxes" in lines[0]
    assert (wider.covariance_total == np.eye(2)).all()
    # the third image of another camera: .3 % / sqrt(9 / 5) of all, and what is left of .3 %
    images[2] = images[2] | {"set_name": "S"}
    wider = db_control.with_field_errors(fit_of(3), images, settings())[0]
    part = 0.003**2 * (1 - 5 / 9)
    assert wider.covariance_total[2] == pytest.approx(
        np.eye(2) + part * np.outer([1000, 500], [1000, 500]))


@pytest.mark.parametrize(("skies", "stars", "coefficient", "expected"), [
    (0.003, 0.004, "renorm", 0.004), (0.004, 0.003, "renorm", 0.004),
    (0.003, 0.004, "medcoeff", 0.003), (None, 0.004, "renorm", 0.004), (None, None, "renorm", 0)])
def test_of_two_witnesses_of_the_flat_the_larger_one_counts(skies, stars, coefficient, expected):
    """Once: not their sum, nor the larger one beside the other."""
    seen = {"flat_error": skies, "renorm_flat__r": stars}
    images = 2 * [ROW | {name: value for name, value in seen.items() if value is not None}]

    wider, lines = db_control.with_field_errors(fit_of(2), images, settings(coefficient))

    change = expected * np.array([1000.0, 500.0])
    np.testing.assert_allclose(wider.systematic_covariance, np.eye(2) + np.outer(change, change))
    assert len(lines) == (expected > 0)


def test_stars_of_two_cameras_average_as_skies_do():
    """1 % of each of two sets is .71 % of the mean, and of each less what they share."""
    images = [ROW | {"set_name": name, "renorm_flat__r": 0.01} for name in "RS"]

    wider = db_control.with_field_errors(fit_of(2), images, settings())[0]

    assert wider.systematic_covariance[0, 0] == pytest.approx(1 + 50.0)
    assert wider.covariance_total[1][0, 0] == pytest.approx(1 + 50.0)


def test_an_image_without_a_measured_sky_counts_as_the_others():
    images = [ROW | {"flat_error": 0.004}, ROW]

    wider = db_control.with_field_errors(fit_of(2), images, settings())[0]

    assert wider.systematic_covariance[0, 0] == pytest.approx(1 + 16.0)


@pytest.mark.parametrize("fitted", [0.0, -0.02])
def test_a_psf_that_is_wrong_at_the_lens_is_in_the_systematic_errors(fitted):
    """A width of -.03 +- .04 in one of two images."""
    images = [ROW | {"psf_lens_width__p": -0.03, "psf_lens_width_sigma__p": 0.04}, ROW]
    fit = fit_of(2, image_width=fitted)

    found, lines = db_control.with_field_errors(fit, images, settings())

    # a width that is fitted is no error
    change = (0 if fitted else 0.05) / np.sqrt(2) * np.array([1000.0, 500.0])
    np.testing.assert_allclose(found.systematic_covariance, np.eye(2) + np.outer(change, change))
    assert ("the images -3.0 % wider than the PSF at the lens" in "".join(lines)) == (not fitted)
    # stars that show nothing
    assert db_control.with_field_errors(fit, [ROW, ROW], settings()) == (fit, [])


def test_an_engine_without_systematic_errors_gets_none():
    fit = fit_of(1, systematic_covariance=np.full((2, 2), np.nan))

    assert db_control.with_field_errors(
        fit, [ROW | {"flat_error": 0.003}], settings()) == (fit, [])


def test_a_held_width_is_in_the_systematic_errors():
    """By hand: -1 +- .6 % under a prior of .8 %: k = .64, off by .64 and .48 %, .8 together."""
    found = {"width": -0.01, "sigma": 0.006, "flux_change": [-20.0, -10.0]}
    fit = fit_of(3, found_width=found)

    wider = db_control.held_width(fit, 0.004)

    assert wider.systematic_covariance == pytest.approx(
        np.array([[1 + 16.0**2, 16.0 * 8], [16.0 * 8, 1 + 8.0**2]]))
    # a width that was fitted, or whose change is in the errors already, is none that is held
    fit.found_width = found | {"width": 0.02}
    assert db_control.held_width(fit, 0.004) is fit
    fit.found_width, fit.image_width = found, -0.01
    assert db_control.held_width(fit, 0.004) is fit
    # of a width of 0, less than .3 errors, .48 % is left of the change by .18 %
    fit.found_width, fit.image_width = found | {"width": 0.0, "flux_change": [3.6, 0.0]}, 0.0
    assert db_control.held_width(fit, 0.004).systematic_covariance[0, 0] == pytest.approx(
        1 + (3.6 * 0.48 / 0.18) ** 2)
