"""The stamps of an image by its row."""

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.stamps import db_stamps
from cosmouline.stamps.io_stamps import read_stamps

import numpy as np
import pytest

NAME = "R_tiny_0001"
KINDS = ((db_stamps.psf_stamps, paths.psf_stamps, "5_psf/2a_extract"),
         (db_stamps.objects, paths.objects, "6_extract/1_extract_objects"))


def test_the_files_of_the_image_are_read(lens_after):
    lens = lens_after("6_extract/2_find_cosmics")
    settings = lens.settings()

    for read, path, _ in KINDS:
        for name in lens.truth.good:
            stamps, names, header = read(lens.rows[name], settings)
            there, _, _ = read_stamps(path(settings, name))
            assert header["img_name"] == name
            assert (stamps.mask == there.mask).all()
            assert np.allclose(stamps.data_e, there.data_e)
            assert ("lens" in names) == (read is db_stamps.objects)


@pytest.mark.parametrize(("read", "path", "script"), KINDS)
def test_stamps_that_are_lost_are_told_with_the_script_that_makes_them(
        lens_after, read, path, script):
    lens = lens_after("6_extract/2_find_cosmics")
    path(lens.settings(), NAME).unlink()

    with pytest.raises(ProductLost, match=rf"{NAME}.*{script}"):
        read(lens.rows[NAME], lens.settings())
