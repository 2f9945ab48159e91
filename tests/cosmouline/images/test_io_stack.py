from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import read_frame, write_image
from cosmouline.images.io_stack import (
    PLANES,
    WEIGHT,
    add_cards,
    read_stack,
    read_weight,
    row_reader,
    stack_writer,
)

import numpy as np
import pytest
from astropy.io import fits

SHAPE = (37, 51)


def planes(seed=1):
    rng = np.random.default_rng(seed)
    image = rng.normal(size=SHAPE).astype(np.float32)
    image[3, 4] = np.nan
    return image, rng.random(SHAPE, np.float32), rng.integers(0, 300, SHAPE)


def write_in_parts(path, made, parts):
    with stack_writer(path, SHAPE, {"BUNIT": "adu", "JD": 2460000.123456789}) as write:
        for rows, cols in parts:
            write(rows, cols, [plane[rows, cols] for plane in made])


@pytest.mark.parametrize("parts", [
    [(slice(0, 10), slice(0, 51)), (slice(10, 37), slice(0, 51))],
    [(slice(0, 37), slice(30, 51)), (slice(0, 37), slice(0, 30))]])
def test_what_is_written_in_parts_is_read_as_a_whole(tmp_path, parts):
    made = planes()
    write_in_parts(tmp_path / "a.fits", made, parts)

    *found, header = read_stack(tmp_path / "a.fits")

    for plane, expected in zip(found, made, strict=True):
        assert np.array_equal(plane, expected, equal_nan=True)
    assert header["JD"] == 2460000.123456789
    assert header["BUNIT"] == "adu"


def test_astropy_reads_it_and_import_takes_the_image_alone(tmp_path):
    made = planes()
    write_in_parts(tmp_path / "a.fits", made, [(slice(0, 37), slice(0, 51))])

    with fits.open(tmp_path / "a.fits") as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "VARIANCE", "COUNT"]
        assert np.array_equal(hdus["COUNT"].data, made[2])
    frame = read_frame(tmp_path / "a.fits")
    assert np.array_equal(frame.data_adu, made[0], equal_nan=True)
    assert frame.warnings == ()


def test_a_stack_that_failed_half_way_is_not_there(tmp_path):
    made = planes()

    with pytest.raises(ValueError, match="zip"):  # no third plane
        write_in_parts(tmp_path / "a.fits", made[:2], [(slice(0, 1), slice(0, 51))])

    assert list(tmp_path.iterdir()) == []


def test_rows_are_read_without_the_rest(tmp_path):
    image = planes()[0]
    write_image(tmp_path / "a.fits", image)

    shape, read = row_reader(tmp_path / "a.fits")

    assert shape == SHAPE
    assert np.array_equal(read(slice(5, 9), slice(2, 40)), image[5:9, 2:40])
    assert np.array_equal(read(slice(7, 8), slice(12, 30)), image[7:8, 12:30])


def test_a_file_that_went_away_is_told(tmp_path):
    write_image(tmp_path / "a.fits", planes()[0])
    _, read = row_reader(tmp_path / "a.fits")
    (tmp_path / "a.fits").unlink()

    with pytest.raises(ImageRejected, match="cannot be read: No such file"):
        read(slice(0, 1), slice(0, 51))


def test_a_file_of_integers_is_refused_and_a_short_one_told(tmp_path):
    fits.PrimaryHDU(np.ones((4, 5), np.int16)).writeto(tmp_path / "b.fits")
    with pytest.raises(ImageRejected, match="not an image of float32"):
        row_reader(tmp_path / "b.fits")
    write_image(tmp_path / "a.fits", planes()[0])
    _, read = row_reader(tmp_path / "a.fits")
    with open(tmp_path / "a.fits", "r+b") as stream:
        stream.truncate(5000)

    with pytest.raises(ImageRejected, match="became shorter"):
        read(slice(30, 37), slice(0, 51))


def test_weights_are_a_fourth_plane_and_cards_are_added_without_a_change_of_the_pixels(tmp_path):
    path, made = tmp_path / "a.fits", planes()
    weight = np.random.default_rng(5).random(SHAPE, np.float32)
    with stack_writer(path, SHAPE, {"MAGZERO": 25.0}, None, (*PLANES, WEIGHT)) as write:
        write(slice(0, 37), slice(0, 51), (*made, weight))

    add_cards(path, {"SEEPIX": 3.25, "MAGZERO": 26.0})

    *found, header = read_stack(path)
    for plane, expected in zip(found, made, strict=True):
        assert np.array_equal(plane, expected, equal_nan=True)
    assert np.array_equal(read_weight(path), weight)
    assert (header["SEEPIX"], header["MAGZERO"]) == (3.25, 26.0)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert [hdu.header["BUNIT"] for hdu in hdus[1:]] == ["adu2", "image", "1/adu2"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.fits"]
