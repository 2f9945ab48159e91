"""Fluxes of the stars that are copied, by hand."""

from types import SimpleNamespace

from cosmouline.injection import db_certificate

import numpy as np
import pytest

SETTINGS = SimpleNamespace(dec_name="d")
SITES = [SimpleNamespace(star="s"), SimpleNamespace(star=""), SimpleNamespace(star="s")]


def row(flux, sigma, coeff=2.0, relative=0.0):
    return {"injection_coeff__d": coeff, "injection_star_e__d__s": flux,
            "injection_star_sigma_e__d__s": sigma, "dec_coeff__d": 4.0,
            "dec_coeff_sigma__d": 4.0 * relative}


def test_a_star_that_is_copied_is_compared_with_its_mean():
    """Fluxes 2 (10, 13) with errors 2 (.2, .1): weights 1 and 4; no flux and no error are left."""
    images = [row(10.0, 0.2), row(np.nan, 0.1), row(5.0, 0.0), row(13.0, 0.1)]

    star, = db_certificate.left_out_stars(images, SITES, SETTINGS)

    assert star.index.tolist() == [0, 3]
    assert star.flux.ravel().tolist() == [20.0, 26.0]
    assert star.covariance.ravel() == pytest.approx([0.16, 0.04])
    assert star.true.ravel() == pytest.approx([24.8, 24.8])
    assert db_certificate.star_flux(images, "s", SETTINGS) == pytest.approx([24.8] * 4)


def test_the_error_of_the_coefficient_is_one_of_the_flux():
    images = [row(10.0, 0.4, relative=0.03), row(10.0, 0.4)]

    star, = db_certificate.left_out_stars(images, SITES, SETTINGS)

    assert star.covariance.ravel() == pytest.approx([0.8**2 + 0.6**2, 0.64])
    mean = (20 / 1.0 + 20 / 0.64) / (1 / 1.0 + 1 / 0.64)
    assert db_certificate.star_flux(images, "s", SETTINGS) == pytest.approx([mean] * 2)


def test_a_star_is_as_bright_as_each_camera_shows_it():
    """10 and 14 of one set, 20 and 24 of the other, by equal errors; the third has one alone."""
    images = [row(flux, 0.2) | {"set_name": name} for flux, name in (
        (10.0, "a"), (20.0, "b"), (24.0, "b"), (14.0, "a"), (50.0, "c"))]

    first, second = db_certificate.left_out_stars(images, SITES, SETTINGS)

    assert (first.name, second.name) == ("s a", "s b")
    assert (first.index.tolist(), second.index.tolist()) == ([0, 3], [1, 2])
    assert first.true.ravel().tolist() == [24.0, 24.0]
    assert second.true.ravel().tolist() == [44.0, 44.0]
    assert db_certificate.star_flux(images, "s", SETTINGS).tolist() == [24, 44, 44, 24, 100]


def test_a_width_that_was_not_measured_is_unknown():
    fit = SimpleNamespace(found_width={"width": 1.02, "sigma": 0.003})
    assert db_certificate.width_of(fit) == (1.02, 0.003)
    assert np.isnan(db_certificate.width_of(SimpleNamespace(found_width=None))).all()
