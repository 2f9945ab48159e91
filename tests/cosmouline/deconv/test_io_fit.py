from dataclasses import replace

from cosmouline.deconv.epochs import Epochs
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.io_fit import (
    EpochFile,
    digest,
    digest_each,
    read_centre,
    read_epochs,
    read_fit,
    write_epochs,
    write_fit,
)
from cosmouline.deconv.options import FitOptions

import numpy as np
import pytest


@pytest.fixture(scope="module")
def content():
    """Three epochs of one Gaussian source; two draws of the PSFs."""
    rng = np.random.default_rng(4)
    rows, cols = np.mgrid[:24, :24] - 11.5
    star = np.exp(-(rows**2 + cols**2) / (2 * 2.0**2)) / (2 * np.pi * 2.0**2)
    rows, cols = (np.mgrid[:80, :80] - 39.5) / 2
    variance = 2.0**2 - (2 / 2.3548 / 2) ** 2
    narrow = np.exp(-(rows**2 + cols**2) / (2 * variance))
    psf = np.repeat((narrow / narrow.sum())[None], 3, 0)
    data = np.array([1e5, 8e4, 9e4])[:, None, None] * star
    epochs = Epochs(
        data_e=data + rng.normal(0, np.sqrt(400 + data)),
        sky_variance_e2=np.full(data.shape, 400.0),
        good=rng.random(data.shape) > 0.02, cosmic=np.zeros(data.shape, bool),
        coeff=np.array([1.0, 1.25, 1.1]), psf=psf, linear=np.repeat(np.eye(2)[None], 3, 0),
        shift_px=np.zeros((3, 2)), fwhm_px=np.full(3, 4.7))
    return EpochFile(epochs, ["a", "b", "c"], np.array([50.5, 61.25]), np.stack([psf, psf]),
                     np.array([[1.0, 1.01, 0.99], [1.0, 1.0, 1.0]]))


@pytest.fixture(scope="module")
def fit(content):
    return fit_lens(content.epochs, np.zeros((1, 2)), FitOptions(extended_light="none"))


def test_epochs_go_into_a_file_and_back(content, tmp_path):
    write_epochs(tmp_path / "epochs.npz", content)

    back = read_epochs(tmp_path / "epochs.npz")

    assert back.names == content.names
    assert (back.centre_px == content.centre_px).all()
    for name in ("good", "cosmic", "coeff", "linear", "shift_px", "fwhm_px"):
        assert (getattr(back.epochs, name) == getattr(content.epochs, name)).all()
    for name in ("data_e", "sky_variance_e2", "psf"):  # single precision: 6e-8
        assert getattr(back.epochs, name).dtype == float
        np.testing.assert_allclose(getattr(back.epochs, name), getattr(content.epochs, name),
                                   rtol=1e-7, atol=1e-40)
    np.testing.assert_allclose(back.draws, content.draws, rtol=1e-7, atol=1e-40)
    assert (back.draw_scale == content.draw_scale).all()


def test_epochs_without_draws(content, tmp_path):
    write_epochs(tmp_path / "epochs.npz", content._replace(draws=None, draw_scale=None))

    back = read_epochs(tmp_path / "epochs.npz")

    assert back.draws is None
    assert back.draw_scale is None


def test_a_fit_goes_into_a_file_and_back(fit, tmp_path):
    psf_error = np.array([[0.001], [0.002], [np.nan]])
    write_fit(tmp_path / "fit.npz", fit, psf_error)

    back, error = read_fit(tmp_path / "fit.npz")

    assert (back.flux == fit.flux).all()
    assert (back.good == fit.good).all()
    assert back.options == fit.options
    assert back.log == fit.log
    np.testing.assert_array_equal(error, psf_error)
    assert digest(back) == digest(fit)


def test_the_digest_is_that_of_the_result_not_of_the_run(content, fit):
    again = fit_lens(content.epochs, np.zeros((1, 2)), FitOptions(extended_light="none"))
    content.epochs.data_e[0, 10, 10] += 5.0
    other = fit_lens(content.epochs, np.zeros((1, 2)), FitOptions(extended_light="none"))
    content.epochs.data_e[0, 10, 10] -= 5.0

    assert digest(again) == digest(fit)
    assert digest(other) != digest(fit)


def test_no_file_is_a_pickle(content, fit, tmp_path):
    write_epochs(tmp_path / "epochs.npz", content)
    write_fit(tmp_path / "fit.npz", fit, np.zeros((3, 1)))

    for path in tmp_path.iterdir():
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays)


def test_equations_are_read_where_they_are_asked_for(fit, tmp_path):
    write_fit(tmp_path / "fit.npz", fit, np.ones((3, 1)))

    without, _ = read_fit(tmp_path / "fit.npz")
    back, _ = read_fit(tmp_path / "fit.npz", with_equations=True)

    assert without.equations is None
    for name, array in fit.equations.to_arrays().items():
        assert np.array_equal(getattr(back.equations, name), array)
    assert digest(back) == digest(without)  # they are no result


def test_what_is_in_an_epoch_has_a_digest_of_its_own(content):
    """A pixel, a draw, a map; its coefficient and shift change with other epochs."""
    def changed(**arrays):
        return digest_each(content._replace(epochs=replace(content.epochs, **arrays)))

    before, data, linear = digest_each(content), content.epochs.data_e.copy(), np.array(
        content.epochs.linear)
    data[1, 3, 4] += 1
    linear[2, 0, 0] = 1.001
    draws = content.draws.copy()
    draws[1, 0, 5, 5] *= 1.5

    assert len(set(before)) == 3
    assert [a == b for a, b in zip(changed(data_e=data), before, strict=True)] == [
        True, False, True]
    assert [a == b for a, b in zip(changed(linear=linear), before, strict=True)] == [
        True, True, False]
    assert [a == b for a, b in zip(digest_each(content._replace(draws=draws)), before,
                                   strict=True)] == [False, True, True]
    assert changed(coeff=content.epochs.coeff * 2, shift_px=content.epochs.shift_px + 1) == before


def test_the_centre_is_read_without_the_stamps(content, tmp_path):
    write_epochs(tmp_path / "epochs.npz", content)

    assert (read_centre(tmp_path / "epochs.npz") == content.centre_px).all()
