"""Detectors of files: amplifiers, overscans, split cameras, mosaics; made-up and real files."""

from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import open_frame, read_hdus
from cosmouline.frames.raw import mosaic
from cosmouline.frames.raw.camera import AmplifierCard, RawCamera

import numpy as np
import pytest
from astropy.io import fits

TOP = 60000.0


def write(path, *images):
    """Write images of (pixels, cards): the first is the primary if it has pixels of its own."""
    hdus = [fits.PrimaryHDU(images[0][0]) if len(images) == 1 else fits.PrimaryHDU()]
    hdus += [fits.ImageHDU(pixels) for pixels, _ in images] if len(images) > 1 else []
    for hdu, (_, cards) in zip(hdus[-len(images):], images, strict=True):
        hdu.header.update(cards)
    fits.HDUList(hdus).writeto(path)
    return path


def names(path, camera=None):
    with open_frame(path) as stream:
        return [one.name for one in mosaic.detectors(read_hdus(stream), camera or RawCamera())]


def test_the_overscan_of_one_amplifier_is_taken_off_along_its_ramp(tmp_path):
    rows = np.linspace(1000, 1040, 80)[:, None]
    light = np.arange(60.0)[None, :] * 10
    pixels = np.hstack([light + rows, np.repeat(rows, 10, axis=1)]).astype(np.float32)
    path = write(tmp_path / "a.fits", (pixels, {"DATASEC": "[1:60,1:80]",
                                                "BIASSEC": "[61:70,1:80]", "CRPIX1": 5.0}))

    raw = mosaic.read_detector(path, "", RawCamera(overscan_degree=1), TOP)

    np.testing.assert_allclose(raw.data_adu, np.broadcast_to(light, (80, 60)), atol=1e-3)
    assert raw.overscan_adu == pytest.approx(1020)
    assert raw.header["NAXIS1"] == 60
    assert raw.header["CRPIX1"] == 5.0
    assert "BIASSEC" not in raw.header


def test_an_overscan_above_the_data_gives_a_level_for_each_column(tmp_path):
    columns = np.linspace(500, 530, 50)[None, :]
    pixels = np.vstack([np.full((40, 50), 7.0), np.zeros((8, 50))]) + columns
    path = write(tmp_path / "a.fits", (pixels.astype(np.float32), {
        "DATASEC": "[1:50,1:40]", "BIASSEC": "[1:50,41:48]"}))

    raw = mosaic.read_detector(path, "", RawCamera(overscan_degree=1), TOP)

    np.testing.assert_allclose(raw.data_adu, 7.0, atol=1e-3)


def test_amplifiers_of_the_description_are_joined_with_their_gains(tmp_path):
    """Left half, its overscan, overscan of the right, right half: as skymaker draws them."""
    rng = np.random.default_rng(1)
    electrons = rng.uniform(1000, 2000, (40, 60))
    gains = 1.9, 2.1
    left, right = electrons[:, :30] / gains[0] + 100, electrons[:, 30:] / gains[1] + 200
    pixels = np.hstack([left, np.full((40, 5), 100.0), np.full((40, 5), 200.0), right])
    path = write(tmp_path / "a.fits", (pixels.astype(np.float32), {"CRPIX1": 1.0}))
    camera = RawCamera(amplifiers=(
        AmplifierCard(((1, 40), (1, 30)), ((1, 40), (31, 35)), None, gains[0]),
        AmplifierCard(((1, 40), (41, 70)), ((1, 40), (36, 40)), None, gains[1])))

    raw = mosaic.read_detector(path, "", camera, TOP)

    np.testing.assert_allclose(raw.data_adu, electrons / 2.0, rtol=1e-5)  # the mean gain is 2
    assert [round(factor, 4) for _, factor in raw.factors] == [0.95, 1.05]


def test_two_images_of_one_detector_are_joined_and_saturated_pixels_known(tmp_path):
    cards = [{"DATASEC": "[1:20,1:32]", "BIASSEC": "[21:24,1:32]", "DETSEC": section, "GAIN": gain}
             for section, gain in (("[1:20,1:32]", 1.0), ("[40:21,1:32]", 3.0))]
    parts = []
    for card in cards:
        pixels = np.full((32, 24), 100.0, np.float32)
        pixels[:, :20] = 1000.0
        pixels[3, 0] = TOP
        parts.append((pixels, card))
    path = write(tmp_path / "a.fits", *parts)

    raw = mosaic.read_detector(path, "", RawCamera(overscan_degree=0), TOP)

    assert raw.data_adu.shape == (32, 40)
    assert np.argwhere(raw.saturated).tolist() == [[3, 0], [3, 39]]  # the second one is flipped
    assert raw.data_adu[0, 0] == pytest.approx(450)
    assert raw.data_adu[0, 39] == pytest.approx(1350)
    assert raw.header["GAIN"] == 2.0


def test_a_split_camera_gives_each_part_with_its_filter(tmp_path):
    pixels = np.arange(64.0 * 60).reshape(64, 60).astype(np.float32)
    path = write(tmp_path / "a.fits", (pixels, {"FILTER": "ZY", "CRPIX2": 40.0}))
    camera = RawCamera(parts={"Z": (((1, 32), (5, 60)), "Z"), "Y": (((33, 64), (1, 60)), "Y")})

    raw = mosaic.read_detector(path, "Y", camera, TOP)

    assert names(path, camera) == ["Z", "Y"]
    np.testing.assert_array_equal(raw.data_adu, pixels[32:])
    assert (raw.header["FILTER"], raw.header["NAXIS2"], raw.header["CRPIX2"]) == ("Y", 32, 8.0)
    with pytest.raises(ImageRejected, match="no detector 'J' in the file"):
        mosaic.read_detector(path, "J", camera, TOP)


def mosaic_file(path, centres_deg):
    """Write CCDs of 64 x 64 pixels of 1 arcsec around given right ascensions, at declination 0."""
    return write(path, *[(np.zeros((64, 64), np.float32), {
        "CCDNAME": f"ccd{i}", "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": centre,
        "CRVAL2": 0.0, "CRPIX1": 32.5, "CRPIX2": 32.5, "CD1_1": -1 / 3600, "CD1_2": 0.0,
        "CD2_1": 0.0, "CD2_2": 1 / 3600}) for i, centre in enumerate(centres_deg)])


def test_only_the_ccd_of_a_mosaic_that_holds_the_lens_is_kept(tmp_path):
    path = mosaic_file(tmp_path / "m.fits", (10.0, 10.05, 10.1))
    with open_frame(path) as stream:
        hdus = read_hdus(stream)
        found = mosaic.detectors(hdus, RawCamera())

        assert [one.name for one in found] == ["ccd0", "ccd1", "ccd2"]
        assert [one.name for one in mosaic.with_lens(stream, hdus, found, 10.052, 0.0)] == ["ccd1"]
        # 90" from the middle of ccd0 are 58" beyond its edge; it is as far from ccd1
        with pytest.raises(ImageRejected, match=r'on no CCD: it is 58" off ccd\d and 58" off ccd'):
            mosaic.with_lens(stream, hdus, found, 10.025, 0.0)


@pytest.mark.parametrize("section", ["[1:4096, :]", "[1:4096,1:100]"])
def test_a_section_that_does_not_fit_is_told_and_not_used(tmp_path, section):
    path = write(tmp_path / "a.fits", (np.ones((50, 50), np.float32), {"TRIMSEC": section}))

    raw = mosaic.read_detector(path, "", RawCamera(), TOP)

    assert raw.data_adu.shape == (50, 50)
    assert raw.overscan_adu is None
    assert len(raw.notes) == 1
    assert "not used" in raw.notes[0]


def test_the_four_amplifiers_of_a_real_sinistro_frame_see_one_sky(shared_data):
    """Levels of the quarters before: 1030 to 2880 ADU with biases; after: one sky within 2 %."""
    path = shared_data("real") / "sinistro_raw" / "mef_raw_test_frame.fits"

    raw = mosaic.read_detector(path, "", RawCamera(), 65535.0)

    assert raw.data_adu.shape == (1024, 1024)
    assert raw.header["GAIN"] == pytest.approx(np.mean([6.42, 6.23, 6.27, 6.26]))
    quarters = [np.median(raw.data_adu[y:y + 200, x:x + 200])
                for y in (300, 524) for x in (300, 524)]  # those that meet in the middle
    assert np.ptp(quarters) < 0.02 * np.median(quarters)
