from types import SimpleNamespace

from cosmouline import readout
from cosmouline.fields import convert

import numpy as np
import pytest

COEFF = np.array([1.0, 2.0, 1.5])


def result():
    """A fit of three epochs and two sources, on the common scale; the last one not measured."""
    flux = np.array([[1000.0, 400.0], [1200.0, 500.0], [np.nan, np.nan]])
    covariance = np.repeat(np.array([[25.0, -6.0], [-6.0, 16.0]])[None], 3, 0)
    return SimpleNamespace(
        flux=flux, covariance=covariance, covariance_total=1.5 * covariance,
        flux_systematic=np.array([11.0, 9.0]), shift_px=np.array([[0.2, 0.1], [0.0, 0.3], [0, 0]]),
        sky=np.array([3.0, 4.0, 0.0]), chi2_reduced=np.array([1.0, 1.1, np.nan]),
        n_masked=np.array([0, 7, 2]), measured=np.isfinite(flux).all(1))


@pytest.fixture
def fields():
    epochs = SimpleNamespace(coeff=COEFF, shift_px=np.array([[0.1, 0.1], [0.0, 0.0], [0, 0]]))
    content = SimpleNamespace(epochs=epochs, names=["i", "j", "k"])
    psf_error = np.array([[0.01, -0.02], [0.01, 0.02], [np.nan, np.nan]])
    return readout.fields(result(), psf_error, content, ["A", "B"], "d")


def test_only_epochs_with_fluxes_are_read(fields):
    assert set(fields) == {"i", "j"}
    for row in fields.values():
        for name, value in row.items():
            convert(name, value)  # declared, of its type and finite


def test_fluxes_are_those_of_the_exposure(fields):
    row = fields["j"]

    assert row["flux_e__d__A"] == 1200 / 2
    assert row["flux_random_e__d__A"] == pytest.approx(5 / 2)
    assert row["flux_psf_e__d__A"] == pytest.approx(0.01 * 600)
    assert fields["i"]["flux_psf_e__d__B"] == pytest.approx(0.02 * 400)  # never negative
    assert row["dec_sky_e__d"] == 4.0 / 2


def test_the_error_joins_the_covariance_and_the_psf(fields):
    row = fields["j"]

    assert row["flux_sigma_e__d__B"] == pytest.approx(np.sqrt(1.5 * 16 / 4 + (0.02 * 250) ** 2))
    assert row["flux_cov_e2__d__A__A"] == pytest.approx(1.5 * 25 / 4)
    assert row["flux_cov_e2__d__A__B"] == pytest.approx(1.5 * -6 / 4)
    assert "flux_cov_e2__d__B__A" not in row


def test_the_error_of_the_constant_part_goes_with_the_flux(fields):
    # 11 of the mean flux of 1100 is 1 %
    assert fields["i"]["flux_sys_e__d__A"] == pytest.approx(0.01 * 1000)
    assert fields["j"]["flux_sys_e__d__A"] == pytest.approx(0.01 * 600)


def test_shift_chi2_and_masked_pixels(fields):
    row = fields["i"]

    assert (row["dec_shift_x_px__d"], row["dec_shift_y_px__d"]) == pytest.approx((0.1, 0.0))
    assert row["dec_chi2__d"] == 1.0
    assert fields["j"]["n_dec_masked__d"] == 7
