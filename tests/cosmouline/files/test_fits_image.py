"""Which image of a file is the frame: files with one, several and none."""

import gzip

from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import MAX_UNPACKED_BYTES, open_frame, read_hdus
from cosmouline.files.fits_image import choose_image, image_header, image_pixels, side_images

import numpy as np
import pytest
from astropy.io import fits

RAMP = np.arange(2000, dtype=np.int16).reshape(40, 50)


def write(tmp_path, *hdus):
    path = tmp_path / "frame.fits"
    fits.HDUList(list(hdus)).writeto(path)
    return path


def frame(path, extension=None, max_bytes=MAX_UNPACKED_BYTES):
    with open_frame(path) as stream:
        hdus = read_hdus(stream)
        hdu = choose_image(hdus, extension)
        return image_pixels(stream, hdu, max_bytes), image_header(stream, hdus, hdu), hdu.index


def image(data, name):
    return fits.ImageHDU(data, name=name)


def compressed(data, **options):
    return fits.CompImageHDU(data, **options)


def test_a_single_image_behind_an_empty_primary(tmp_path):
    """The way of ESO and LCO: cards in both headers, those of the image win."""
    primary = fits.PrimaryHDU(header=fits.Header({"EXPTIME": 30.0, "GAIN": 9.9}))
    own = fits.ImageHDU(RAMP, fits.Header({"GAIN": 1.5, "EXTNAME": "SCI"}))
    own.header["HIERARCH ESO DET CHIP"] = 1

    data, header, index = frame(write(tmp_path, primary, own))

    np.testing.assert_array_equal(data, RAMP)
    assert (header["EXPTIME"], header["GAIN"], header["ESO DET CHIP"], index) == (30.0, 1.5, 1, 1)
    assert header["NAXIS"] == 2
    assert [card.keyword for card in header.cards].count("GAIN") == 1


def test_long_and_hierarchical_cards_of_the_primary_are_kept(tmp_path):
    primary = fits.PrimaryHDU()
    primary.header["HIERARCH ESO INS FILT1 NAME"] = "R_SPECIAL"
    primary.header["LONGTEXT"] = "x" * 150
    primary.header["COMMENT"] = "not needed"

    header = frame(write(tmp_path, primary, image(RAMP, "SCI")))[1]

    assert header["ESO INS FILT1 NAME"] == "R_SPECIAL"
    assert header["LONGTEXT"] == "x" * 150
    assert "COMMENT" not in header


def test_masks_and_noise_maps_are_not_the_frame(tmp_path):
    hdus = [image(RAMP + i, name) for i, name in enumerate(("SCI", "BPM", "ERR"))]
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])], name="CAT")

    data, _, index = frame(write(tmp_path, fits.PrimaryHDU(), hdus[0], table, *hdus[1:]))

    np.testing.assert_array_equal(data, RAMP)
    assert index == 1


def test_sci_is_the_image_and_its_side_images_are_of_its_version(tmp_path):
    """As in frames of the JWST and of Hubble; a second chip has the version 2."""
    hdus = [fits.PrimaryHDU()]
    for version in (1, 2):
        hdus += [fits.ImageHDU(version * RAMP, name=name, ver=version)
                 for name in ("SCI", "ERR", "DQ")]
    others = [image(RAMP, "AREA"), image(RAMP, "POLYGONS"), image(RAMP[:5], "WHT")]
    path = write(tmp_path, *hdus[:4], *others)

    with open_frame(path) as stream:
        found = read_hdus(stream)
        main = choose_image(found)
        sides = side_images(found, main)
    assert (main.name, {kind: hdu.name for kind, hdu in sides.items()}) == (
        "SCI", {"noise": "ERR", "mask": "DQ"})
    path.unlink()
    path = write(tmp_path, *hdus)
    with pytest.raises(ImageRejected, match="join amplifiers of one CCD first"):
        frame(path)
    with open_frame(path) as stream:
        found = read_hdus(stream)
        assert {hdu.index for hdu in side_images(found, choose_image(found, 4)).values()} == {5, 6}


def test_a_mask_of_32_bits_keeps_its_lowest_bit(tmp_path):
    """The quality planes of the JWST; float32 has 24 bits."""
    mask = np.full((4, 5), 2**31 + 1, np.uint32)
    with open_frame(write(tmp_path, fits.PrimaryHDU(), image(mask, "DQ"))) as stream:
        pixels = image_pixels(stream, read_hdus(stream)[1], MAX_UNPACKED_BYTES, np.float64)

    assert (pixels == 2**31 + 1).all()


def test_one_of_several_images_must_be_named(tmp_path):
    path = write(tmp_path, fits.PrimaryHDU(), image(RAMP, "CHIP1"), image(RAMP + 1, "CHIP2"))

    with pytest.raises(ImageRejected, match=r"several images .*1 'CHIP1', 2 'CHIP2'.*extension"):
        frame(path)
    np.testing.assert_array_equal(frame(path, 2)[0], RAMP + 1)
    np.testing.assert_array_equal(frame(path, "chip2")[0], RAMP + 1)
    with pytest.raises(ImageRejected, match=r"no extension 7 in the file \(it has 0, 1 'CHIP1'"):
        frame(path, 7)
    with pytest.raises(ImageRejected, match="extension 0 is no image"):
        frame(path, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "no image in the file"),
        (np.zeros((3, 40, 50), np.int16), "3 planes of 40 x 50 pixels"),
        (np.zeros((2, 3, 40, 50), np.int16), "6 planes of 40 x 50 pixels"),
        (np.zeros(500, np.int16), "one row of 500 pixels: not a 2-d image"),
        (np.zeros((1, 500), np.int16), "one row of 500 pixels: not a 2-d image"),
    ],
)
def test_what_is_no_plane_of_pixels_is_refused(tmp_path, data, message):
    with pytest.raises(ImageRejected, match=message):
        frame(write(tmp_path, fits.PrimaryHDU(data)))


def test_two_rows_are_an_image(tmp_path):
    np.testing.assert_array_equal(frame(write(tmp_path, fits.PrimaryHDU(RAMP[:2])))[0], RAMP[:2])


def test_a_cube_of_two_planes_is_none(tmp_path):
    with pytest.raises(ImageRejected, match="2 planes of 40 x 50 pixels"):
        frame(write(tmp_path, fits.PrimaryHDU(np.stack([RAMP, RAMP]))))


@pytest.mark.parametrize("shape", [(1, 40, 50), (1, 1, 40, 50)])
def test_axes_of_length_one_do_not_count(tmp_path, shape):
    data = frame(write(tmp_path, fits.PrimaryHDU(RAMP.reshape(shape))))[0]

    np.testing.assert_array_equal(data, RAMP)


def test_a_table_is_no_image(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=np.arange(50.0))])

    with pytest.raises(ImageRejected, match="no image in the file"):
        frame(write(tmp_path, fits.PrimaryHDU(), table))


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32])
def test_tile_compression_without_loss(tmp_path, kind, dtype):
    own = compressed(RAMP.astype(dtype), compression_type=kind)
    own.header["EXPTIME"] = 30.0

    data, header, index = frame(write(tmp_path, fits.PrimaryHDU(), own))

    np.testing.assert_array_equal(data, RAMP)
    assert data.dtype == np.float32
    assert (header["EXPTIME"], header["NAXIS1"], index) == (30.0, 50, 1)


def test_tile_compression_of_floats_keeps_nan(tmp_path):
    values = RAMP.astype(np.float32)
    values[3, 4] = np.nan

    own = compressed(values, compression_type="GZIP_2", quantize_level=0)

    np.testing.assert_array_equal(frame(write(tmp_path, fits.PrimaryHDU(), own))[0], values)


def test_tile_compression_keeps_blank_pixels(tmp_path):
    values = RAMP.copy()
    values[3, 4] = -32768
    own = compressed(values)
    own.header["BLANK"] = -32768

    data = frame(write(tmp_path, fits.PrimaryHDU(), own))[0]

    assert np.argwhere(np.isnan(data)).tolist() == [[3, 4]]


def test_the_size_of_a_compressed_image_is_limited(tmp_path):
    zeros = np.zeros((1200, 1200), np.int16)
    path = write(tmp_path, fits.PrimaryHDU(), compressed(zeros, compression_type="GZIP_1"))

    assert path.stat().st_size < 200_000
    with pytest.raises(ImageRejected, match="size: 5 MB once unpacked"):
        frame(path, max_bytes=1 << 20)


def test_the_size_in_memory_of_packed_bytes_is_limited(tmp_path):
    """Pixels of one byte become floats of four."""
    fits.PrimaryHDU(np.zeros((1200, 1200), np.uint8)).writeto(tmp_path / "a.fits")
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))

    assert frame(tmp_path / "a.fits", max_bytes=1 << 20)[0].shape == (1200, 1200)
    with pytest.raises(ImageRejected, match="size: 5 MB once unpacked"):
        frame(tmp_path / "a.fits.gz", max_bytes=2 << 20)


def test_damaged_compression_is_said(tmp_path):
    path = write(tmp_path, fits.PrimaryHDU(), compressed(RAMP, compression_type="GZIP_1"))
    content = path.read_bytes()
    begin = content.index(b"\x1f\x8b")
    path.write_bytes(content[: begin + 2] + b"\xff" * 40 + content[begin + 42 :])

    with pytest.raises(ImageRejected, match="damaged tile compression"):
        frame(path)
