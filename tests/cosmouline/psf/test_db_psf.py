"""The PSF of an image by its row."""

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.psf.db_psf import psf
from cosmouline.psf.io_psf import read_psf

import pytest

SCRIPT, NAME = "5_psf/4_build_psf", "R_tiny_0001"


def test_the_file_of_the_image_and_of_the_psf_name_is_read(lens_after):
    lens = lens_after(SCRIPT)
    settings, rows = lens.settings(), lens.rows

    found = {name: psf(rows[name], settings) for name in lens.truth.good}

    for name, one in found.items():
        assert one.header["img_name"] == name
        assert (one.psf.residual == read_psf(paths.psf(settings, name)).psf.residual).all()
        assert one.psf.star_fwhm_px == pytest.approx(rows[name]["psf_fwhm_px__psf1"])


def test_a_psf_that_is_lost_is_told_with_the_script_that_makes_it(lens_after):
    lens = lens_after(SCRIPT)
    paths.psf(lens.settings(), NAME).unlink()

    with pytest.raises(ProductLost, match=r"R_tiny_0001_psf\.fits.*5_psf/4_build_psf"):
        psf(lens.rows[NAME], lens.settings())
