"""Copies of FITS files, repaired; the files themselves stay as they are."""

from cosmouline.errors import UserError
from cosmouline.files.fits_repair import write_repaired

import numpy as np
import pytest
from astropy.io import fits


@pytest.fixture
def path(tmp_path):
    data = np.arange(12.0, dtype="float32").reshape(3, 4)
    data[0, 0], data[2, 3] = np.nan, np.inf
    header = fits.Header({"FILTER": "V", "COMMENT": "old"})
    fits.PrimaryHDU(data, header).writeto(tmp_path / "a.fits")
    return tmp_path / "a.fits"


def test_cards_are_set_and_removed_in_a_copy(path, tmp_path):
    before = path.read_bytes()

    changes = write_repaired(path, tmp_path / "b.fits", {
        "FILTER": "R", "EXPTIME": "300", "FLAG": "T", "SCALE": "0.2"}, ["COMMENT"])

    header = fits.getheader(tmp_path / "b.fits")
    assert (header["FILTER"], header["EXPTIME"], header["FLAG"], header["SCALE"]) == (
        "R", 300, True, 0.2)
    assert "COMMENT" not in header
    assert "FILTER was V, is R" in changes
    assert path.read_bytes() == before


def test_cards_are_those_of_the_first_image_and_are_removed_from_all_headers(tmp_path):
    card = fits.Header({"FILTER": "V", "OLD": 1})
    fits.HDUList([fits.PrimaryHDU(header=card), fits.ImageHDU(np.eye(3), card),
                  fits.ImageHDU(np.eye(2), card)]).writeto(tmp_path / "a.fits")

    changes = write_repaired(tmp_path / "a.fits", tmp_path / "b.fits", {"FILTER": "R"}, ["OLD"])

    headers = [fits.getheader(tmp_path / "b.fits", number) for number in range(3)]
    assert [header["FILTER"] for header in headers] == ["V", "R", "V"]
    assert not any("OLD" in header for header in headers)
    assert changes == ["OLD: 3 removed", "FILTER was V, is R"]


@pytest.mark.parametrize(("filler", "value"), [("0", 0.0), ("median", 5.5)])  # of 1 .. 10
def test_pixels_that_are_no_number_are_filled(path, tmp_path, filler, value):
    changes = write_repaired(path, tmp_path / "b.fits", {}, filler=filler)

    data = fits.getdata(tmp_path / "b.fits")
    assert data[0, 0] == data[2, 3] == value
    np.testing.assert_array_equal(data.ravel()[1:-1], np.arange(1, 11))
    assert changes == [f"2 pixels are {value:g} now"]


def broken(path, card):
    """Put a card that breaks the standard in the place of a good one."""
    path.write_bytes(path.read_bytes().replace(b"FILTER  = 'V       '", card))


def test_a_card_that_breaks_the_standard_is_repaired(path, tmp_path):
    broken(path, b"filter  = 'V       '")

    write_repaired(path, tmp_path / "b.fits", {}, repair=True)

    assert b"FILTER  = 'V" in (tmp_path / "b.fits").read_bytes()


def test_a_card_that_cannot_be_repaired_is_told(path, tmp_path):
    broken(path, b"FILTER = 'V'        ")

    with pytest.raises(UserError, match=r"a\.fits cannot be repaired: .*Illegal keyword"):
        write_repaired(path, tmp_path / "b.fits", {}, repair=True)
    assert not (tmp_path / "b.fits").exists()


@pytest.mark.parametrize(("cards", "says"), [({"NAXIS1": "3"}, "NAXIS1 belongs to the structure")])
def test_the_structure_is_not_touched(path, tmp_path, cards, says):
    with pytest.raises(UserError, match=says):
        write_repaired(path, tmp_path / "b.fits", cards)
    assert not (tmp_path / "b.fits").exists()


def test_what_is_no_fits_file_is_told(tmp_path):
    (tmp_path / "x.fits").write_text("no")
    with pytest.raises(UserError, match=r"x\.fits cannot be repaired"):
        write_repaired(tmp_path / "x.fits", tmp_path / "b.fits", {"A": "1"})
    assert not (tmp_path / "b.fits").exists()
