"""Files written byte by byte, good and broken; the pixels are a ramp that is known."""

import bz2
import gzip
import os

from cosmouline.errors import ImageRejected
from cosmouline.files import fits_bytes
from cosmouline.files.fits_bytes import open_frame, read_hdus, read_pixels

import numpy as np
import pytest

SHAPE = (40, 50)
RAMP = np.arange(2000, dtype=float).reshape(SHAPE)


def card(keyword, value):
    return f"{keyword:8s}= {value:>20s}".ljust(80)


def header_block(*cards, end=True):
    text = "".join(card(*pair) for pair in cards) + ("END".ljust(80) if end else "")
    return text.ljust(2880).encode("ascii")


def image_cards(bitpix, shape=SHAPE, *more):
    axes = [(f"NAXIS{i + 1}", str(n)) for i, n in enumerate(reversed(shape))]
    return [("SIMPLE", "T"), ("BITPIX", str(bitpix)), ("NAXIS", str(len(shape))), *axes, *more]


def padded(content):
    return content + b"\0" * (-len(content) % 2880)


def write(tmp_path, content, name="frame.fits"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def good_file(bitpix=-32, stored=">f4", *more):
    data = RAMP.astype(stored).tobytes()
    return header_block(*image_cards(bitpix, SHAPE, *more)) + padded(data)


def pixels(path, **limits):
    with open_frame(path, **limits) as stream:
        hdu = read_hdus(stream)[0]
        fits_bytes.check_complete(hdu)
        return read_pixels(stream, hdu)


@pytest.mark.parametrize(
    ("bitpix", "stored"),
    [(16, ">i2"), (32, ">i4"), (64, ">i8"), (-32, ">f4"), (-64, ">f8")],
)
def test_every_way_to_store_numbers(tmp_path, bitpix, stored):
    data = pixels(write(tmp_path, good_file(bitpix, stored)))

    assert data.dtype == np.float32
    assert data.dtype.isnative
    np.testing.assert_array_equal(data, RAMP)


def test_bytes_are_unsigned(tmp_path):
    raw = np.arange(2000, dtype=np.uint32).astype("u1")
    path = write(tmp_path, header_block(*image_cards(8)) + padded(raw.tobytes()))

    np.testing.assert_array_equal(pixels(path), raw.reshape(SHAPE))


def test_unsigned_integers_use_bzero(tmp_path):
    values = np.linspace(0, 65535, 2000).astype(int).reshape(SHAPE)
    cards = image_cards(16, SHAPE, ("BZERO", "32768"), ("BSCALE", "1"))
    path = write(tmp_path, header_block(*cards) + padded((values - 32768).astype(">i2").tobytes()))

    np.testing.assert_array_equal(pixels(path), values)


def test_large_unsigned_integers_keep_their_digits(tmp_path):
    """In float32, value - 2^31 + 2^31 would be a multiple of 128."""
    values = np.arange(2000).reshape(SHAPE)
    raw = (values - 2**31).astype(">i4")
    cards = image_cards(32, SHAPE, ("BZERO", "2147483648"))

    data = pixels(write(tmp_path, header_block(*cards) + padded(raw.tobytes())))

    np.testing.assert_array_equal(data, values)


def test_odd_scale(tmp_path):
    raw = ((RAMP - 100.0) / 0.5).astype(">i4")
    cards = image_cards(32, SHAPE, ("BSCALE", "0.5"), ("BZERO", "100."))

    data = pixels(write(tmp_path, header_block(*cards) + padded(raw.tobytes())))

    np.testing.assert_array_equal(data, RAMP)


def test_blank_and_infinite_pixels_are_nan(tmp_path):
    raw = RAMP.astype(">i2")
    raw[3, 4:6] = -32768
    cards = image_cards(16, SHAPE, ("BLANK", "-32768"))
    whole = pixels(write(tmp_path, header_block(*cards) + padded(raw.tobytes())))
    floats = RAMP.astype(">f8")
    floats[7, 8], floats[9, 10] = np.inf, 1e300
    real = pixels(write(tmp_path, header_block(*image_cards(-64)) + padded(floats.tobytes())))

    assert np.argwhere(np.isnan(whole)).tolist() == [[3, 4], [3, 5]]
    assert np.argwhere(np.isnan(real)).tolist() == [[7, 8], [9, 10]]


def test_chunks_join_without_a_seam(tmp_path, monkeypatch):
    monkeypatch.setattr(fits_bytes, "CHUNK_BYTES", 7 * 50 * 4)

    np.testing.assert_array_equal(pixels(write(tmp_path, good_file())), RAMP)


@pytest.mark.parametrize(("bitpix", "stored"), [(16, ">i2"), (-64, ">f8")])
def test_some_rows_alone(tmp_path, bitpix, stored):
    with open_frame(write(tmp_path, good_file(bitpix, stored))) as stream:
        rows = read_pixels(stream, read_hdus(stream)[0], 7, 12)

    np.testing.assert_array_equal(rows, RAMP[7:12])


def test_missing_padding_is_no_fault(tmp_path):
    content = header_block(*image_cards(-32)) + RAMP.astype(">f4").tobytes()

    np.testing.assert_array_equal(pixels(write(tmp_path, content)), RAMP)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("name", ["frame.fits", "frame.fits.gz", "frame.fits.bz2"])
def test_packed_files_are_known_by_content(tmp_path, pack, name):
    np.testing.assert_array_equal(pixels(write(tmp_path, pack(good_file()), name)), RAMP)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 5000, r"not a FITS file: it begins with b'\\x89PNG"),
        (good_file()[:-5000], "announces 8000 bytes of data, the file has 3640"),
        (header_block(*image_cards(-32)) + RAMP.astype(">f4").tobytes()[:-1], "truncated"),
        (good_file()[:300], "truncated: the file ends inside a header"),
        (header_block(*image_cards(-32), end=False) + b" " * 2880, "no END card"),
        (header_block(("SIMPLE", "F"), *image_cards(-32)[1:]), "SIMPLE = F"),
        (header_block(*image_cards(17)), "BITPIX = 17 is none of"),
        (header_block(*image_cards("'16'")), "BITPIX = '16' is none of"),
        (header_block(*image_cards("1,6")), "BITPIX: the card of the header cannot be read"),
        (header_block(*image_cards(16, (-3, 50))), "NAXIS2 = -3 is not a whole number"),
        (header_block(*image_cards(16, (3.5, 50))), "NAXIS2 = 3.5 is not a whole number"),
        (
            header_block(("SIMPLE", "T"), ("BITPIX", "16"), ("NAXIS", "2"), ("NAXIS1", "5")),
            "NAXIS2 = None",
        ),
        (good_file(-32, ">f4", ("BSCALE", "'one'")), "BSCALE = 'one' is not a number"),
        (good_file(-32, ">f4", ("BZERO", "1,0")), "BZERO: the card of the header cannot be read"),
        (gzip.compress(good_file(), mtime=0)[:-300], "truncated: the gzip file ends early"),
        (bz2.compress(good_file())[:-300], "truncated: the bzip2 file ends early"),
        (b"\x1f\x8b" + b"no gzip" * 20, "damaged gzip file"),
        (gzip.compress(b"hello, world" * 300, mtime=0),
         "not a FITS file: it begins with b'hello, world'"),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path, content, message):
    with pytest.raises(ImageRejected, match=message):
        pixels(write(tmp_path, content))


def test_damage_inside_a_gzip_file(tmp_path):
    packed = bytearray(gzip.compress(good_file()))
    packed[len(packed) // 2] ^= 0xFF

    with pytest.raises(ImageRejected, match="gzip file"):
        pixels(write(tmp_path, bytes(packed)))


@pytest.mark.parametrize(
    "content",
    [
        header_block(*image_cards(8)) + padded(RAMP.astype(">f4").tobytes()),
        header_block(*image_cards(-32, (20, 50))) + padded(RAMP.astype(">f4").tobytes()),
    ],
    ids=["BITPIX", "NAXIS2"],
)
def test_more_data_than_announced_is_refused(tmp_path, content):
    """Read by its header, such a frame would be nonsense without any word about it."""
    with pytest.raises(ImageRejected, match=r"size: the header announces .* the file has"):
        pixels(write(tmp_path, content))


@pytest.mark.parametrize("n_bytes", [1, 2879, 2881, 10_000])
def test_junk_behind_a_whole_image_is_no_fault(tmp_path, n_bytes):
    """No program that writes FITS ends a file within a block."""
    junk = np.random.default_rng(n_bytes).bytes(n_bytes)

    np.testing.assert_array_equal(pixels(write(tmp_path, good_file() + junk)), RAMP)


def test_blank_blocks_behind_the_data_are_no_fault(tmp_path):
    np.testing.assert_array_equal(pixels(write(tmp_path, good_file() + b"\0" * 8640)), RAMP)


def test_extensions_are_found_behind_blank_blocks(tmp_path):
    primary = header_block(("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0"))
    extension = header_block(("XTENSION", "'IMAGE   '"), *image_cards(-32)[1:])
    content = primary + b"\0" * 2880 + extension + padded(RAMP.astype(">f4").tobytes())

    with open_frame(write(tmp_path, content)) as stream:
        hdus = read_hdus(stream)
        data = read_pixels(stream, hdus[1])

    assert [hdu.shape for hdu in hdus] == [(), SHAPE]
    np.testing.assert_array_equal(data, RAMP)


def test_a_truncated_second_extension_does_not_hide_the_first(tmp_path):
    extension = header_block(("XTENSION", "'IMAGE   '"), *image_cards(-32)[1:])
    content = good_file() + extension + b"\0" * 100

    with open_frame(write(tmp_path, content)) as stream:
        hdus = read_hdus(stream)

    assert [hdu.n_bytes_there for hdu in hdus] == [8000, 100]


def test_accents_in_a_card_do_not_spoil_the_others(tmp_path):
    content = good_file(-32, ">f4", ("OBSERVER", "'Leo     '"), ("FILTER", "'R       '"))
    content = content.replace(b"'Leo ", "'Léo ".encode("latin-1"))

    with open_frame(write(tmp_path, content)) as stream:
        header = read_hdus(stream)[0].header

    assert (header["OBSERVER"], header["FILTER"]) == ("L?o", "R")


def test_the_size_of_what_a_packed_file_holds_is_limited(tmp_path):
    """100 MB of zeros are 100 kB of gzip."""
    bomb = gzip.compress(header_block(*image_cards(8, (100, 1 << 20))) + b"\0" * (100 << 20), 1)

    with pytest.raises(ImageRejected, match="size: more than 4 MB once unpacked"):
        pixels(write(tmp_path, bomb), max_bytes=4 << 20)


def test_an_endless_header_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fits_bytes, "MAX_HEADER_BYTES", 1 << 16)
    content = header_block(*image_cards(-32), end=False) + b" " * (1 << 17)

    with pytest.raises(ImageRejected, match="size: a header of more than"):
        pixels(write(tmp_path, content))


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    """Opening a FIFO that nobody writes into would wait for ever."""
    os.mkfifo(tmp_path / "fifo.fits")
    (tmp_path / "folder.fits").mkdir()

    for name in ("fifo.fits", "folder.fits"):
        with pytest.raises(ImageRejected, match="not a regular file"):
            pixels(tmp_path / name)
    with pytest.raises(ImageRejected, match="missing file"):
        pixels(tmp_path / "none.fits")


def test_a_file_that_shrinks_while_it_is_read(tmp_path):
    path = write(tmp_path, good_file())

    with open_frame(path) as stream:
        hdu = read_hdus(stream)[0]
        os.truncate(path, 5000)
        with pytest.raises(ImageRejected, match="became shorter"):
            read_pixels(stream, hdu)
