"""PSF files: what is written is read."""

from dataclasses import replace

from cosmouline.psf.fit import PsfFit, PsfOptions
from cosmouline.psf.io_psf import read_psf, write_psf
from cosmouline.psf.model import Psf

import numpy as np
import pytest
from astropy.io import fits

HEADER = {"img_name": "R_001", "n_psf_stars": 3}
NAMES = ["a", "b", "star12"]
GRADIENT = np.array([[0.01, -0.02], [0.003, 0.0], [0.0, 0.004]])
CURVED = np.hstack([GRADIENT, [[0.05, 0.01, 0.06], [0, 0, 0], [0, 0, 0]]])


def made_up(gradient=None):
    random = np.random.default_rng(1)
    residual = (0.01 * random.standard_normal((32, 32))).astype(np.float32).astype(float)
    psf = Psf(np.array([1.1, 0.05, -0.02, 1.0]), gradient, residual, 2, 16)
    return PsfFit(
        psf,
        np.array([0.1, -0.3, np.nan]),
        np.array([0.2, 0.4, np.nan]),
        np.array([1e4, 2e4, np.nan]),
        np.array([True, True, False]),
        random.random((3, 16, 16)) > 0.1,
        np.array([1.1, 0.9, np.nan]),
        np.array([0.01, 0.0, np.nan]),
        np.ones((3, 16, 16)),
        2,
        np.zeros((32, 32)),
        None,
        PsfOptions(),
    )


@pytest.mark.parametrize("gradient", [None, GRADIENT, CURVED])
def test_the_psf_comes_back(tmp_path, gradient):
    fit = made_up(gradient)
    write_psf(tmp_path / "a.fits", fit, NAMES, HEADER)

    psf, stars, header, draws, draw_scale, good = read_psf(tmp_path / "a.fits")

    assert (psf.upsampling, psf.side_px) == (2, 16)
    np.testing.assert_array_equal(psf.moffat, fit.psf.moffat)
    np.testing.assert_array_equal(psf.residual, fit.psf.residual)
    assert (psf.gradient is None) == (gradient is None)
    uv = [[0.0, 0.0], [0.5, -0.7]]
    np.testing.assert_array_equal(psf.narrow(uv), fit.psf.narrow(uv))
    assert header == HEADER
    assert draws is None
    assert draw_scale is None
    np.testing.assert_array_equal(good, fit.good)
    assert stars["name"].tolist() == NAMES
    assert stars["is_used"].tolist() == [True, True, False]
    for name in ("x_px", "y_px", "flux_e", "chi2", "residual_fraction"):
        np.testing.assert_array_equal(stars[name], getattr(fit, name))


def test_the_draws_come_back_in_single_precision(tmp_path):
    random = np.random.default_rng(2)
    draws = random.random((4, 32, 32))
    scale, flux_e = random.random(4), random.random((4, 2))

    write_psf(tmp_path / "a.fits", made_up(), NAMES, HEADER, draws, scale, flux_e)
    again = read_psf(tmp_path / "a.fits")

    assert again.draws.dtype == np.float32
    assert again.draws.dtype.isnative
    np.testing.assert_array_equal(again.draws, draws.astype(np.float32))
    np.testing.assert_array_equal(again.draw_scale, scale)
    np.testing.assert_array_equal(again.stars["draw_flux_e"][:2], flux_e.T)
    assert np.isnan(again.stars["draw_flux_e"][2]).all()


def test_the_image_of_the_file_is_the_psf_to_look_at(tmp_path):
    fit = made_up()
    write_psf(tmp_path / "a.fits", fit, NAMES, HEADER)

    image = fits.getdata(tmp_path / "a.fits")

    assert image == pytest.approx(fit.psf.narrow(), rel=1e-6)


def test_names_must_be_one_per_star(tmp_path):
    with pytest.raises(ValueError, match="names must be one per star: 1 for 3"):
        write_psf(tmp_path / "a.fits", made_up(), ["a"], HEADER)


def test_one_star_without_uv_can_be_written(tmp_path):
    fit = made_up()
    one = replace(
        fit,
        **{k: getattr(fit, k)[:1] for k in ("x_px", "y_px", "flux_e", "is_used", "good", "chi2")},
        residual_fraction=fit.residual_fraction[:1],
    )
    write_psf(tmp_path / "a.fits", one, ["only"], {})

    again = read_psf(tmp_path / "a.fits")

    assert again.stars["name"].tolist() == ["only"]
    assert again.good.shape == (1, 16, 16)
