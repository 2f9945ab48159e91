"""Check sums as astropy writes them, and what becomes of them when a bit flips."""

from cosmouline.files import fits_checksum
from cosmouline.files.fits_bytes import open_frame, read_hdus
from cosmouline.files.fits_checksum import checksum_problem

import numpy as np
import pytest
from astropy.io import fits

RAMP = np.arange(2000, dtype=np.int16).reshape(40, 50)


def write(tmp_path, checksum=True):
    path = tmp_path / "sum.fits"
    fits.PrimaryHDU(RAMP).writeto(path, checksum=checksum)
    return path


def problem(path):
    with open_frame(path) as stream:
        return checksum_problem(stream, read_hdus(stream)[0])


def test_checksums_written_by_astropy_agree(tmp_path):
    assert problem(write(tmp_path)) is None


@pytest.mark.parametrize(
    ("place", "message"), [(2880 + 17, "checksum: DATASUM is"), (2000, "checksum: CHECKSUM")]
)
def test_one_flipped_bit_is_noticed(tmp_path, place, message):
    path = write(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)

    assert problem(path).startswith(message)


def test_checksums_of_an_extension_are_its_own(tmp_path):
    path = tmp_path / "two.fits"
    fits.HDUList([fits.PrimaryHDU(RAMP), fits.ImageHDU(RAMP + 1)]).writeto(path, checksum=True)

    with open_frame(path) as stream:
        assert [checksum_problem(stream, hdu) for hdu in read_hdus(stream)] == [None, None]


def test_the_carry_of_the_sum_comes_back(tmp_path):
    """The words -1 and 1 sum to 2^32: with the carry that is 1."""
    path = tmp_path / "carry.fits"
    fits.PrimaryHDU(np.array([[-1, 1], [0, 0]], np.int32)).writeto(path, checksum=True)

    assert fits.getheader(path)["DATASUM"] == "1"
    assert problem(path) is None


def test_checksums_that_are_not_there_are_no_problem(tmp_path):
    assert problem(write(tmp_path, checksum=False)) is None


def test_sums_over_many_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(fits_checksum, "CHUNK_BYTES", 100)

    assert problem(write(tmp_path)) is None


def test_missing_padding_counts_as_zeros(tmp_path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[: 2880 + RAMP.nbytes])

    assert problem(path) is None
