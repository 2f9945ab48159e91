"""Files with one image for each amplifier: a detector that is taken apart by hand, and joined."""

from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import read_frame, read_header, read_side_images

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

NY, NX, BINNING = 60, 80, 2
LIGHT_E = np.random.default_rng(3).uniform(100, 5000, (NY, NX))
GAINS, BIASES = (1.5, 1.6, 1.7, 2.0), (300.0, 310.0, 1000.0, 0.0)
MEAN_GAIN = 1.7
OVERSCAN = 6


def taken_apart(path, change=None, own_wcs=False):
    """Write the file of a detector of 2 x 2 amplifiers, read out to its four corners.

    `change` is called with number and header of each amplifier.
    """
    hdus = [fits.PrimaryHDU(header=fits.Header({"EXPTIME": 30.0, "GAIN": 0.0}))]
    for i, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        ny, nx = NY // 2, NX // 2
        part = LIGHT_E[row * ny:(row + 1) * ny, column * nx:(column + 1) * nx] / GAINS[i]
        part = part[::-1 if row else 1, ::-1 if column else 1]
        part = np.hstack([np.zeros((ny, OVERSCAN)), part]) + BIASES[i]
        x = (column * nx * BINNING + 1, (column + 1) * nx * BINNING)
        y = (row * ny * BINNING + 1, (row + 1) * ny * BINNING)
        x, y = x[::-1] if column else x, y[::-1] if row else y
        header = fits.Header({
            "DETSEC": f"[{1000 + x[0]}:{1000 + x[1]},{y[0]}:{y[1]}]", "GAIN": GAINS[i],
            "DATASEC": f"[{OVERSCAN + 1}:{OVERSCAN + nx},1:{ny}]",
            "BIASSEC": f"[1:{OVERSCAN},1:{ny}]", "EXTNAME": f"im{i + 1}"})
        if own_wcs:
            header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0,
                           "CRVAL2": 2.0,
                           "CRPIX1": (NX + 1 - 31.0 if column else 31.0) + OVERSCAN,
                           "CRPIX2": NY + 1 - 17.0 if row else 17.0, "CD1_2": 0.0, "CD2_1": 0.0,
                           "CD1_1": 1e-4 if column else -1e-4, "CD2_2": -1e-4 if row else 1e-4})
        if change:
            change(i, header)
        hdus.append(fits.ImageHDU(part.astype(np.float32), header))
    fits.HDUList(hdus).writeto(path)
    return path


def test_amplifiers_are_joined_in_units_of_their_mean_gain(tmp_path):
    frame = read_frame(taken_apart(tmp_path / "a.fits"))

    np.testing.assert_allclose(frame.data_adu * MEAN_GAIN, LIGHT_E, rtol=1e-5)
    assert frame.header["GAIN"] == pytest.approx(MEAN_GAIN)
    assert (frame.header["NAXIS1"], frame.header["NAXIS2"]) == (NX, NY)
    assert type(frame.header["NAXIS1"]) is int
    assert frame.header["EXPTIME"] == 30.0
    assert frame.warnings == (
        "joined from 4 amplifiers (their overscans taken off; gains of 1.5 to 2)",)
    assert repr(read_header(tmp_path / "a.fits")) == repr(frame.header)
    assert read_side_images(tmp_path / "a.fits") == {}


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_the_wcs_of_an_amplifier_becomes_that_of_the_frame(tmp_path, first):
    """Whichever amplifier comes first, the reference is pixel (31, 17), and north is up."""
    with fits.open(taken_apart(tmp_path / "a.fits", own_wcs=True)) as hdus:
        parts = [hdus[(first + i - 1) % 4 + 1].copy() for i in range(4)]
        fits.HDUList([hdus[0].copy(), *parts]).writeto(tmp_path / "b.fits")

    found = WCS(read_frame(tmp_path / "b.fits").header)

    np.testing.assert_allclose(found.wcs.crpix, (31.0, 17.0))
    np.testing.assert_allclose(found.wcs.cd, [[-1e-4, 0.0], [0.0, 1e-4]])


def test_without_gains_or_bias_it_is_told(tmp_path):
    def change(_, header):
        del header["GAIN"], header["BIASSEC"]

    frame = read_frame(taken_apart(tmp_path / "a.fits", change))

    assert frame.header["GAIN"] == 0.0  # of the primary: refused when it is read
    assert frame.warnings == ("joined from 4 amplifiers (no BIASSEC: is the bias still in?; "
                              "without gains)",)


@pytest.mark.parametrize("cards", [
    {"CCDNUM": 2}, {"DETSEC": None}, {"DETSEC": "[9001:9080,1:60]"},  # a CCD, unknown, a gap
    {"DETSEC": "[1001:1080,1:60]"}, {"DATASEC": "[7:46,1:20]"}])  # twice, another binning
def test_what_is_not_one_detector_is_not_joined(tmp_path, cards):
    def change(i, header):
        for card, value in cards.items() if i == 3 else ():
            header.remove(card, ignore_missing=True)
            if value is not None:
                header[card] = value

    path = taken_apart(tmp_path / "a.fits", change)

    with pytest.raises(ImageRejected, match=r"several images .*name its 'extension'"):
        read_frame(path)
    assert read_frame(path, "im2").data_adu.shape == (NY // 2, NX // 2 + OVERSCAN)
