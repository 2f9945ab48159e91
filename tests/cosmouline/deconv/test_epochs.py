"""Shapes that are refused, and the padding of PSFs."""

from dataclasses import replace

from cosmouline.deconv.epochs import pad_psf

import numpy as np
import pytest


@pytest.fixture(scope="module")
def epochs(draw):
    return draw(seed=1, n_epochs=2, side=24, galaxy_flux=0)[0]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("data_e", np.zeros((2, 24, 23)), r"data_e must have the shape \(n_epochs, side, side\)"),
        ("data_e", np.zeros((0, 24, 24)), "data_e must have the shape"),
        (
            "sky_variance_e2",
            np.zeros((2, 24)),
            r"sky_variance_e2 must have the shape \(2, 24, 24\)",
        ),
        ("good", np.ones((1, 24, 24), bool), "good must have the shape"),
        ("cosmic", np.zeros((2, 24, 24)), "cosmic must be an array of bool"),
        ("linear", np.zeros((2, 2, 3)), r"linear must have the shape \(2, 2, 2\)"),
        ("shift_px", np.zeros(2), r"shift_px must have the shape \(2, 2\)"),
        ("coeff", np.ones(3), r"coeff must have the shape \(2,\)"),
        ("coeff", np.array([1.0, 0.0]), "coeff and fwhm_px must be positive"),
        ("fwhm_px", np.array([1.0, np.nan]), "fwhm_px must be finite"),
        ("fwhm_px", np.array([1.0, 0.0]), "coeff and fwhm_px must be positive"),
        ("data_e", np.zeros((2, 24)), r"data_e must have the shape .*, not \(2, 24\)"),
        ("psf", np.zeros((2, 80, 78)), "psf must have the shape"),
        ("psf", np.zeros((2, 78, 78)), r"psf must have a side of \(side \+ 16\) \* upsampling"),
        ("psf", np.full((2, 80, 80), np.nan), "psf must be finite"),
    ],
)
def test_what_does_not_go_together_is_refused(epochs, name, value, message):
    with pytest.raises(ValueError, match=message):
        replace(epochs, **{name: value})


def test_sides_and_upsampling_follow_from_the_shapes(epochs):
    assert len(epochs) == 2
    assert (epochs.geometry.side_px, epochs.geometry.upsampling) == (24, 2)
    assert epochs.geometry.n_small == 80


def test_usable_pixels_have_a_value_an_error_and_no_flaw(epochs):
    data, variance, good = epochs.data_e.copy(), epochs.sky_variance_e2.copy(), epochs.good.copy()
    data[0, 1, 2], variance[0, 3, 4], variance[1, 5, 6], good[1, 7, 8] = np.nan, np.inf, 0, False

    usable = replace(epochs, data_e=data, sky_variance_e2=variance, good=good).usable

    assert np.argwhere(~usable).tolist() == [[0, 1, 2], [0, 3, 4], [1, 5, 6], [1, 7, 8]]


def test_sky_noise_is_scaled_and_unknown_where_not_usable(epochs):
    good = epochs.good.copy()
    good[0, 2, 2] = False

    scaled = replace(epochs, good=good).with_sky_sigma(2.0).sky_variance_e2

    assert np.isnan(scaled[0, 2, 2])
    assert scaled[1] == pytest.approx(4 * epochs.sky_variance_e2[1])


def test_some_of_the_epochs(epochs):
    taken = epochs.take(np.array([1]))

    assert len(taken) == 1
    assert np.array_equal(taken.psf[0], epochs.psf[1])
    assert taken.coeff[0] == epochs.coeff[1]


def test_padding_keeps_the_centre_and_the_sum():
    narrow = np.random.default_rng(1).random((3, 20, 20))

    padded = pad_psf(narrow, 24, 2)

    assert padded.shape == (3, 80, 80)
    assert np.array_equal(padded[:, 30:50, 30:50], narrow)
    assert padded.sum() == pytest.approx(narrow.sum())
