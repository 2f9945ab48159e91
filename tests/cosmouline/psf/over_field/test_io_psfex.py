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


@pytest.mark.parametrize(("cards", "message"), [
    ({"PSF_SAMP": 0.5}, "has a sampling of 0.5"),
    (VARIES | {"POLNAME2": "MAG_AUTO"}, "varies with XWIN_IMAGE, MAG_AUTO")])
def test_a_model_that_cannot_be_used_is_told(tmp_path, cards, message):
    path = written(tmp_path / "a.psf", np.ones((6, 5, 5), np.float32), **cards)
    with pytest.raises(ImageRejected, match=message):
        read_psfex(path)


def test_a_file_that_is_none_is_told(tmp_path):
    (tmp_path / "a.psf").write_text("no")
    with pytest.raises(ImageRejected, match=r"is no \.psf file of PSFEx"):
        read_psfex(tmp_path / "a.psf")
