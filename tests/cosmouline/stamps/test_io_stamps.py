"""Files of stamps: what is written is read."""

from dataclasses import fields, replace

from cosmouline.stamps.io_stamps import read_stamps, update_mask, write_stamps
from cosmouline.stamps.stamps import Stamps

import numpy as np
import pytest
from astropy.io import fits

HEADER = {"img_name": "R_001", "fwhm_px": 3.1, "sky_level_e": 900.0}
NAMES = ["a", "lens", "star12"]


def made_up():
    random = np.random.default_rng(1)
    shape = (3, 16, 16)
    return Stamps(
        random.normal(0, 10, shape).astype(np.float32),
        random.uniform(8, 12, shape).astype(np.float32),
        random.integers(0, 32, shape).astype(np.uint8),
        np.array([[3, 4], [100, 7], [-5, 2000]]),
        np.array([[10.6, 11.4], [107.3, 14.9], [np.nan, np.nan]]),
        np.array([True, True, False]),
    )


def test_stamps_names_and_header_come_back(tmp_path):
    stamps = made_up()
    write_stamps(tmp_path / "R_001.fits", stamps, NAMES, HEADER)

    again, names, header = read_stamps(tmp_path / "R_001.fits")

    assert names == NAMES
    assert header == HEADER
    for field in fields(Stamps):
        before, after = getattr(stamps, field.name), getattr(again, field.name)
        np.testing.assert_array_equal(after, before)
        assert after.dtype == before.dtype
    assert (again.good == stamps.good).all()


def test_the_file_has_the_extensions_that_other_programs_look_for(tmp_path):
    write_stamps(tmp_path / "a.fits", made_up(), NAMES, HEADER)

    with fits.open(tmp_path / "a.fits") as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "DATA", "SIGMA", "MASK", "OBJECTS"]
        assert hdus["MASK"].data.dtype == np.uint8
        assert hdus["DATA"].header["BUNIT"] == "electron"
        assert "8 cosmic" in hdus["MASK"].header["MEANING"]


def test_a_new_mask_changes_nothing_else(tmp_path):
    path = tmp_path / "a.fits"
    stamps = made_up()
    write_stamps(path, stamps, NAMES, HEADER)
    mask = stamps.mask | np.uint8(8)

    update_mask(path, mask)
    again, names, header = read_stamps(path)

    assert (again.mask == mask).all()
    assert (again.data_e == stamps.data_e).all()
    assert (again.sky_sigma_e == stamps.sky_sigma_e).all()
    assert (names, header) == (NAMES, HEADER)
    assert [file.name for file in tmp_path.iterdir()] == ["a.fits"]


def test_a_mask_of_another_shape_is_refused(tmp_path):
    write_stamps(tmp_path / "a.fits", made_up(), NAMES, HEADER)

    with pytest.raises(ValueError, match=r"mask must have the shape \(3, 16, 16\)"):
        update_mask(tmp_path / "a.fits", np.zeros((2, 16, 16), np.uint8))


def test_names_must_be_one_per_stamp(tmp_path):
    with pytest.raises(ValueError, match="names must be one per stamp: 2 for 3"):
        write_stamps(tmp_path / "a.fits", made_up(), NAMES[:2], HEADER)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.fits"
    write_stamps(path, made_up(), NAMES, HEADER)

    with pytest.raises(ValueError, match="header: fwhm_px"):
        write_stamps(path, replace(made_up()), NAMES, {"fwhm_px": np.nan})

    assert read_stamps(path)[2] == HEADER
