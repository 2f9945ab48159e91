"""Frames of telescopes, and images written and read back."""

import gzip
import logging
import os

from cosmouline.errors import ImageRejected, UserError
from cosmouline.files import io_fits
from cosmouline.files.io_fits import (
    frame_stem,
    list_frames,
    read_frame,
    read_header,
    read_image,
    read_image_header,
    read_side_images,
    shift_wcs,
    wcs_cards,
    wcs_pixel_scale_arcsec,
    write_image,
)

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

RAMP = np.arange(2000, dtype=np.uint16).reshape(40, 50)


def tan_header(**more):
    cards = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": 69.5,
        "CRVAL2": -12.3,
        "CRPIX1": 25.5,
        "CRPIX2": 20.5,
        "CD1_1": -5e-5,
        "CD1_2": 1e-5,
        "CD2_1": 1e-5,
        "CD2_2": 5e-5,
    }
    return fits.Header({**cards, **more})


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.fits", "a"),
        ("a.b.FITS", "a.b"),
        ("a.FIT", "a"),
        ("a.fts", "a"),
        ("a.fits.gz", "a"),
        ("a.FTS.BZ2", "a"),
        ("/raw/night.1/a.fits.fz", "a"),
        ("a.fits.fits", "a.fits"),
        ("a.txt", "a.txt"),
        (".fits", ".fits"),
    ],
)
def test_stem(name, stem):
    assert frame_stem(name) == stem


def test_only_files_that_can_be_frames_are_listed(tmp_path, caplog):
    frames = ["-dash.fits", "B.FIT", "a.fits", "c.fts", "d.fits.gz", "e.fits.fz", "f.fit.bz2"]
    for name in [*frames, ".hidden.fits", "notes.txt", "a.fits.reg", "new\nline.fits"]:
        (tmp_path / name).touch()
    (tmp_path / "x.fits.z").touch()
    os.mkfifo(tmp_path / "pipe.fits")
    (tmp_path / "night.fits").mkdir()
    (tmp_path / "link.fits").symlink_to(tmp_path / "a.fits")
    (tmp_path / "broken.fits").symlink_to(tmp_path / "nowhere.fits")

    with caplog.at_level(logging.WARNING, "cosmouline"):
        names = [path.name for path in list_frames(tmp_path)]

    assert names == sorted([*frames, "link.fits"])
    assert sorted(caplog.messages) == [
        "'broken.fits' is skipped: cannot be read: No such file or directory",
        r"'new\nline.fits' is skipped: its name has characters that cannot be printed",
        "'night.fits' is skipped: a folder",
        "'pipe.fits' is skipped: not a regular file",
        "'x.fits.z' is skipped: packed in a way that is not read, or half copied: unpack it, "
        "or copy it again",
    ]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="is not a folder"):
        list_frames(tmp_path / "none")


@pytest.mark.parametrize("name", ["a.fits", "a.FIT", "a.fts", "a.fits.gz", "a.fits.bz2"])
def test_a_frame_is_the_same_in_every_container(tmp_path, name):
    fits.PrimaryHDU(RAMP, fits.Header({"EXPTIME": 30.0})).writeto(tmp_path / "x.fits")
    image = fits.open(tmp_path / "x.fits")
    pack = {".gz": "x.fits.gz", "bz2": "x.fits.bz2"}.get(name[-3:], "x.fits")
    if pack != "x.fits":
        image.writeto(tmp_path / pack)
    image.close()
    path = (tmp_path / pack).rename(tmp_path / name)

    frame = read_frame(path)

    np.testing.assert_array_equal(frame.data_adu, RAMP)
    assert frame.data_adu.dtype == np.float32
    assert frame.data_adu.dtype.isnative
    assert (frame.header["EXPTIME"], frame.extension, frame.warnings) == (30.0, 0, ())


def test_gzip_content_under_a_plain_name(tmp_path):
    fits.PrimaryHDU(RAMP).writeto(tmp_path / "x.fits")
    (tmp_path / "a.fits").write_bytes(gzip.compress((tmp_path / "x.fits").read_bytes()))

    np.testing.assert_array_equal(read_frame(tmp_path / "a.fits").data_adu, RAMP)


def test_tile_compressed_frames(tmp_path):
    own = fits.CompImageHDU(RAMP, fits.Header({"EXPTIME": 30.0}))
    fits.HDUList([fits.PrimaryHDU(), own]).writeto(tmp_path / "a.fits.fz")

    frame = read_frame(tmp_path / "a.fits.fz")

    np.testing.assert_array_equal(frame.data_adu, RAMP)
    assert (frame.header["EXPTIME"], frame.extension) == (30.0, 1)
    assert read_header(tmp_path / "a.fits.fz")["EXPTIME"] == 30.0


def test_what_is_odd_about_a_usable_file_is_a_warning(tmp_path):
    extra = fits.ImageHDU(RAMP, name="BPM")
    fits.HDUList([fits.PrimaryHDU(RAMP), extra]).writeto(tmp_path / "a.fits", checksum=True)
    content = bytearray((tmp_path / "a.fits").read_bytes())
    content[2880 + 2 * 5] ^= 1
    (tmp_path / "a.fits").write_bytes(content[:-4000])

    frame = read_frame(tmp_path / "a.fits")

    assert len(frame.warnings) == 2
    assert frame.warnings[0].startswith("checksum: DATASUM is")
    assert frame.warnings[1] == "truncated: behind the image, which is complete"


def test_a_truncated_frame_is_refused_with_both_sizes(tmp_path):
    fits.PrimaryHDU(RAMP).writeto(tmp_path / "a.fits")
    os.truncate(tmp_path / "a.fits", 2880 + 1234)

    with pytest.raises(ImageRejected) as caught:
        read_frame(tmp_path / "a.fits")

    assert str(caught.value) == (
        "truncated: the header announces 4000 bytes of data, the file has 1234"
    )


def test_the_masks_and_noise_maps_of_the_chosen_image_alone_are_read(tmp_path):
    """Two chips with a mask and errors each, and a mask of another size."""
    hdus, shape = [fits.PrimaryHDU()], (20, 30)
    for version in (1, 2):
        for name in ("SCI", "DQ", "ERR"):
            data = np.full(shape, {"SCI": 100, "DQ": 1, "ERR": 7}[name] * version, np.int16)
            hdus.append(fits.ImageHDU(data, name=name, ver=version))
    hdus.append(fits.ImageHDU(np.ones((20, 31), np.int16), name="BPM", ver=2))
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")

    found = read_side_images(tmp_path / "a.fits", extension=4)

    assert sorted(found) == ["mask", "noise"]
    np.testing.assert_array_equal(found["mask"], np.full(shape, 2.0))
    np.testing.assert_array_equal(found["noise"], np.full(shape, 14.0))


def test_a_missing_frame_is_refused_and_a_missing_image_is_an_error(tmp_path):
    with pytest.raises(ImageRejected, match="missing file"):
        read_frame(tmp_path / "a.fits")
    with pytest.raises(FileNotFoundError, match="no such image"):
        read_image(tmp_path / "a.fits")
    with pytest.raises(FileNotFoundError, match="no such image"):
        read_image_header(tmp_path / "a.fits")


def test_an_image_written_is_read_back(tmp_path):
    data = RAMP * 0.1
    data[3, 4] = np.nan
    path = tmp_path / "new" / "a.fits"

    write_image(path, data, {"IMGNAME": "a", "EXPTIME": np.float64(30), "NONE": None, "OK": True})

    np.testing.assert_array_equal(read_image(path), data.astype(np.float32))
    header = read_image_header(path)
    assert (header["IMGNAME"], header["EXPTIME"], header["OK"]) == ("a", 30.0, True)
    assert (header["BUNIT"], header["BITPIX"], "NONE" in header) == ("electron", -32, False)


def test_a_part_of_an_image(tmp_path):
    write_image(tmp_path / "a.fits", RAMP)

    part = read_image(tmp_path / "a.fits", rows=(5, 9), cols=(45, 50))

    np.testing.assert_array_equal(part, RAMP[5:9, 45:50])
    np.testing.assert_array_equal(read_image(tmp_path / "a.fits", rows=(39, 40)), RAMP[39:])


def test_only_the_rows_asked_for_are_read(tmp_path, monkeypatch):
    asked = []
    original = io_fits.read_pixels

    def spy(stream, hdu, first, last):
        asked.append((first, last))
        return original(stream, hdu, first, last)

    monkeypatch.setattr(io_fits, "read_pixels", spy)
    write_image(tmp_path / "a.fits", RAMP)
    read_image(tmp_path / "a.fits", rows=(5, 9), cols=(1, 2))

    assert asked == [(5, 9)]


@pytest.mark.parametrize(
    ("rows", "cols", "name"),
    [
        ((-1, 5), None, "rows"),
        ((0, 41), None, "rows"),
        ((5, 5), None, "rows"),
        (None, (9, 3), "cols"),
    ],
)
def test_a_part_outside_the_image_is_an_error(tmp_path, rows, cols, name):
    write_image(tmp_path / "a.fits", RAMP)

    with pytest.raises(ValueError, match=f"{name} = .* is not inside"):
        read_image(tmp_path / "a.fits", rows, cols)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"TOOLONGNAME": 1}, "'TOOLONGNAME' cannot be the keyword"),
        ({"lower": 1}, "'lower' cannot be"),
        ({"NAXIS1": 3}, "'NAXIS1' cannot be"),
        ({"BZERO": 3}, "'BZERO' cannot be"),
        ({"SKY": float("nan")}, "SKY = nan is no text, boolean or finite number"),
        ({"SKY": [1, 2]}, r"SKY = \[1, 2\] is no text"),
    ],
)
def test_cards_that_cannot_be_written(tmp_path, cards, message):
    with pytest.raises(ValueError, match=message):
        write_image(tmp_path / "a.fits", RAMP, cards)
    assert list(tmp_path.iterdir()) == []


def test_texts_that_fits_has_not_are_made_printable(tmp_path):
    hostile = {"OBJECT": "$(touch PWNED)\n\x1b[31m é {0.__class__} %s"}

    write_image(tmp_path / "a.fits", RAMP, hostile)

    assert read_image_header(tmp_path / "a.fits")["OBJECT"] == (
        "$(touch PWNED)??[31m ? {0.__class__} %s"
    )


def test_coordinates_survive_and_place_a_pixel_where_it_was(tmp_path):
    frame_header = tan_header(GAIN=2.0, RADECSYS="FK5", EQUINOX=2000.0, CTYPE3="FREQ")

    cards = wcs_cards(frame_header)
    write_image(tmp_path / "a.fits", RAMP, {"IMGNAME": "a"}, cards)
    written = read_image_header(tmp_path / "a.fits")

    assert "GAIN" not in cards
    assert "CTYPE3" not in cards
    assert cards["RADESYS"] == "FK5"
    assert (cards["CTYPE1"], cards["CTYPE2"]) == ("RA---TAN", "DEC--TAN")
    expected = WCS(tan_header(RADESYS="FK5", EQUINOX=2000.0)).pixel_to_world(3.0, 35.0)
    assert WCS(written).pixel_to_world(3.0, 35.0).separation(expected).arcsec < 1e-6


def test_pixel_scale():
    """The determinant of the matrix is 2.6e-9 square degrees."""
    expected = 3600.0 * np.sqrt(2.6e-9)

    assert wcs_pixel_scale_arcsec(tan_header()) == pytest.approx(expected, rel=1e-9)
    assert wcs_pixel_scale_arcsec(fits.Header()) is None


def test_pixel_scale_of_other_matrices():
    """Turned by 90 degrees, where the diagonal is not written; and PC with CDELT."""
    turned = tan_header()
    del turned["CD1_1"], turned["CD2_2"]
    old = tan_header(CDELT1=-1e-4, CDELT2=4e-4, PC1_1=0.6, PC1_2=0.8, PC2_1=-0.8, PC2_2=0.6)
    plain = tan_header(CDELT1=-1e-4, CDELT2=4e-4)
    for header in (old, plain):
        del header["CD?_?"]

    assert wcs_pixel_scale_arcsec(turned) == pytest.approx(0.036)
    assert wcs_pixel_scale_arcsec(old) == pytest.approx(0.72)
    assert wcs_pixel_scale_arcsec(plain) == pytest.approx(0.72)


@pytest.mark.parametrize(
    "changes",
    [
        {"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0},
        {"CD1_1": 1e-4, "CD1_2": 1e-4, "CD2_1": 1e-4, "CD2_2": 1e-4},
        {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"},
        {"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"},
        {"CTYPE2": "RA---TAN"},
        {"CRVAL1": "here"},
    ],
    ids=["zero", "singular", "linear", "projection", "twice", "text"],
)
def test_unusable_coordinates_are_none(changes):
    assert wcs_cards(tan_header(**changes)) is None


def test_no_coordinates_are_none():
    assert wcs_cards(fits.Header({"GAIN": 2.0})) is None


def test_a_place_without_a_scale_is_no_wcs():
    """Sequence Generator Pro writes CTYPE, CRVAL and CRPIX alone: astropy makes it 1 deg/px."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 283.4,
                          "CRVAL2": 33.0, "CRPIX1": 2072, "CRPIX2": 1411})
    assert wcs_cards(header) is None


def test_the_matrix_of_old_headers_is_that_of_new_ones():
    """Pan-STARRS writes PC001001 = -1: without it the frame is mirrored."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0,
                          "CRVAL2": 0.0, "CRPIX1": 1.0, "CRPIX2": 1.0, "CDELT1": 1e-4,
                          "CDELT2": 1e-4, "PC001001": -1.0, "PC001002": 0.0, "PC002001": 0.0,
                          "PC002002": 1.0})

    (ra_deg, dec_deg), = WCS(wcs_cards(header)).wcs_pix2world([[11.0, 1.0]], 1)

    assert (ra_deg, dec_deg) == (pytest.approx(10.0 - 1e-3), pytest.approx(0.0, abs=1e-9))


def test_of_a_card_that_is_there_twice_the_first_is_used():
    """As everywhere else; the old notation of a card is the same card."""
    header = tan_header(PC1_1=0.5)
    header.append(("CRVAL1", 1.0), end=True)
    header.append(("PC001001", 2.0), end=True)

    cards = wcs_cards(header)

    assert (cards["CRVAL1"], cards["PC1_1"]) == (tan_header()["CRVAL1"], 0.5)
    assert cards.count("CRVAL1") == 1


def test_an_unreadable_coordinate_card_is_none():
    text = tan_header().tostring(sep="\n").replace("                 69.5", " 69,5")

    assert wcs_cards(fits.Header.fromstring(text, sep="\n")) is None


def test_distortion_without_its_suffix_is_named_once_and_for_all(caplog):
    distorted = tan_header(A_ORDER=2, A_2_0=1e-5, B_ORDER=2, B_0_2=-1e-5)

    cards = wcs_cards(distorted)
    sky = WCS(cards).pixel_to_world(45.0, 35.0)

    assert (cards["CTYPE1"], cards["CTYPE2"]) == ("RA---TAN-SIP", "DEC--TAN-SIP")
    shift_arcsec = sky.separation(WCS(tan_header()).pixel_to_world(45.0, 35.0)).arcsec
    assert shift_arcsec == pytest.approx(1e-5 * np.hypot(20.5**2, 15.5**2) * 0.18, rel=0.05)
    assert "SIP" not in caplog.text


def test_trimming_moves_the_reference_pixel():
    cards = wcs_cards(tan_header())

    cut = shift_wcs(cards, left_px=7, bottom_px=3)

    old, new = WCS(cards).pixel_to_world(20.0, 30.0), WCS(cut).pixel_to_world(13.0, 27.0)
    assert old.separation(new).arcsec < 1e-9
    assert cards["CRPIX1"] == 25.5


def test_random_damage_gives_a_frame_or_a_reason(tmp_path):
    """300 files with bytes changed, lost or cut off: no other exception, no warning."""
    rng = np.random.default_rng(5)
    own = fits.CompImageHDU(RAMP, fits.Header({"EXPTIME": 30.0}))
    fits.PrimaryHDU(RAMP, tan_header()).writeto(tmp_path / "plain.fits", checksum=True)
    fits.HDUList([fits.PrimaryHDU(), own]).writeto(tmp_path / "tiles.fits")
    whole = [(tmp_path / name).read_bytes() for name in ("plain.fits", "tiles.fits")]
    n_refused = 0
    for i in range(300):
        content = bytearray(whole[i % 2])
        for place in rng.integers(0, min(len(content), 8640), size=4):
            content[place] = rng.choice(list(b" 0123456789-.,'=/TFEX\0\xe9"))
        start = int(rng.integers(0, 4 * len(content)))
        del content[start : start + int(rng.integers(1, 300))]
        (tmp_path / "x.fits").write_bytes(content)
        try:
            wcs_cards(read_frame(tmp_path / "x.fits").header)
        except ImageRejected:
            n_refused += 1

    assert 30 < n_refused < 270


def test_real_frames_open(shared_data):
    frame = read_frame(sorted(shared_data("hatp32").glob("*.fz"))[0])

    assert frame.data_adu.shape == (500, 650)
    assert frame.data_adu.max() <= 4095.0
    assert frame.header["OBJECT"] == "HATP-32"
    assert frame.warnings == ()
