"""A .psf file written by hand; tests/fac_shapes/test_against_oracles.py has one of PSFEx."""

from cosmouline.errors import ImageRejected
from cosmouline.psf.over_field.io_psfex import read_psfex

import numpy as np
import pytest
from astropy.io import fits


def written(path, images, **cards):
    """Write a model of PSFEx whose terms are `images`."""
    table = fits.BinTableHDU.from_columns([fits.Column(
        "PSF_MASK", f"{images.size}E", dim=str(images.shape[::-1]).replace(" ", ""),
        array=images[None])])
    table.header.update({"PSF_SAMP": 1.0, "ACCEPTED": 33, "CHI2": 1.25, "PSF_FWHM": 3.7,
                         "POLNAXIS": 0} | cards)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path


VARIES = {"POLNAXIS": 2, "POLNAME1": "XWIN_IMAGE", "POLNAME2": "YWIN_IMAGE", "POLDEG1": 2,
          "POLZERO1": 101.0, "POLZERO2": 201.0, "POLSCAL1": 100.0, "POLSCAL2": 50.0}


def test_terms_have_the_order_of_psfex_and_pixels_begin_with_1(tmp_path):
    images = np.random.default_rng(1).uniform(1, 2, (6, 5, 5)).astype(np.float32)
    found = read_psfex(written(tmp_path / "a.psf", images, **VARIES))
    u, v = 0.3, -0.7  # x = 130 from 0, 131 from 1
    # PSFEx: 1, u, u^2, v, uv, v^2
    expected = np.tensordot([1, u, u * u, v, u * v, v * v], images.astype(float), 1)
    assert np.allclose(found.psf.at([130.0], [165.0])[0], expected / expected.sum(), rtol=1e-12)
    assert (found.n_stars, found.chi2, found.psf.degree) == (33, 1.25, 2)


def test_a_psf_that_does_not_vary_is_the_same_everywhere(tmp_path):
    image = np.arange(1, 26, dtype=np.float32).reshape(1, 5, 5)
    psf = read_psfex(written(tmp_path / "a.psf", image)).psf
    assert np.allclose(psf.at([0.0, 900.0], [7.0, 3.0]), image / image.sum())


@pytest.mark.parametrize(("sampling", "side_px"), [(0.4, 17), (0.5, 23), (0.7, 31), (1.3, 57)])
def test_samples_of_their_own_become_pixels_of_the_image(tmp_path, sampling, side_px):
    """A Gaussian of 4 samples is known between them to .3 % of its peak by three lobes."""
    away = np.arange(45) - 22.0
    y, x = np.meshgrid(away, away, indexing="ij")
    widths = np.array([4.0, 5.0, 4.5])
    images = np.exp(-(x**2 + 1.2 * y**2) / 2 / widths[:, None, None] ** 2).astype(np.float32)
    cards = VARIES | {"POLDEG1": 1, "PSF_SAMP": sampling}
    psf = read_psfex(written(tmp_path / "a.psf", images * [[[1]], [[0.1]], [[0.05]]], **cards)).psf

    found = psf.at([100.0], [200.0])[0]  # at the zero point: the first term alone
    px = (np.arange(side_px) - (side_px - 1) / 2) / sampling
    y, x = np.meshgrid(px, px, indexing="ij")
    expected = np.exp(-(x**2 + 1.2 * y**2) / 2 / 16)
    assert found.shape == (side_px, side_px)
    assert np.abs(found - expected / expected.sum()).max() < 5e-3 * found.max()


def test_numbers_that_a_survey_leaves_out_are_unknown_and_the_width_is_measured(tmp_path):
    """The files of legacypipe have neither; a Gaussian of 2 samples of 1.15 px."""
    away = np.arange(25) - 12.0
    image = np.exp(-(away**2 + away[:, None] ** 2) / 2 / 4).astype(np.float32)
    path = written(tmp_path / "a.psf", image[None] * np.ones((6, 1, 1), np.float32), **VARIES)
    with fits.open(path, mode="update") as hdus:
        for key in ("ACCEPTED", "CHI2", "PSF_FWHM", "POLNAXIS"):
            del hdus[1].header[key]
        hdus[1].header["PSF_SAMP"] = 1.15
    found = read_psfex(path)

    assert (found.n_stars, found.chi2, found.psf.degree) == (None, None, 2)
    assert found.psf.fwhm_px == pytest.approx(2.3548 * 2 * 1.15, rel=0.01)


@pytest.mark.parametrize("sampling", [0.37, 0.8, 1.7])
def test_constant_light_stays_constant_between_samples(tmp_path, sampling):
    psf = read_psfex(written(tmp_path / "a.psf", np.ones((1, 41, 41), np.float32),
                             PSF_SAMP=sampling)).psf
    edge = int(3 * sampling) + 1
    inner = psf.at([0.0], [0.0])[0][edge:-edge, edge:-edge]
    assert np.allclose(inner, inner[0, 0], rtol=1e-12)


def test_interpolation_is_that_of_galsim(tmp_path):
    """Its own weights add up to 1 within some 1e-6."""
    galsim = pytest.importorskip("galsim", reason="GalSim is not installed")
    des = pytest.importorskip("galsim.des")
    random = np.random.default_rng(3)
    away = np.arange(45) - 22.0
    images = np.exp(-(away**2 + 1.2 * away[:, None] ** 2) / 2
                    / random.uniform(3.5, 5, (6, 1, 1)) ** 2).astype(np.float32)
    images *= np.array([1, 0.1, 0.05, 0.03, 0.02, 0.04], np.float32)[:, None, None]
    for sampling in (0.4, 0.5, 1.3):
        path = written(tmp_path / "a.psf", images, **VARIES, PSF_SAMP=sampling, PSFNAXIS=3,
                       PSFAXIS1=45, PSFAXIS2=45, PSFAXIS3=6, POLNGRP=1, POLGRP1=1, POLGRP2=1)
        found = read_psfex(path).psf.at([130.0], [165.0])[0]
        its = des.DES_PSFEx(str(path)).getPSF(galsim.PositionD(131, 166)).drawImage(
            nx=found.shape[1], ny=found.shape[0], scale=1.0, method="no_pixel", dtype=float).array
        assert np.abs(found - its / its.sum()).max() < 1e-5 * found.max()


@pytest.mark.parametrize(("cards", "message"), [
    ({"PSF_SAMP": 0.0}, "is no .psf file of PSFEx: PSF_SAMP = 0"),
    ({"PSF_SAMP": -0.5}, "PSF_SAMP = -0.5"),
    (VARIES | {"POLNAME2": "MAG_AUTO"}, "varies with XWIN_IMAGE, MAG_AUTO")])
def test_a_model_that_cannot_be_used_is_told(tmp_path, cards, message):
    path = written(tmp_path / "a.psf", np.ones((6, 5, 5), np.float32), **cards)
    with pytest.raises(ImageRejected, match=message):
        read_psfex(path)


def test_a_file_that_is_none_is_told(tmp_path):
    (tmp_path / "a.psf").write_text("no")
    with pytest.raises(ImageRejected, match=r"is no \.psf file of PSFEx"):
        read_psfex(tmp_path / "a.psf")
