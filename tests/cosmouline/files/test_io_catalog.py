"""io_catalog.py: COSMOULINE's star and image lists, good ones and every kind of bad one."""

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import (
    Star,
    from_ds9,
    read_cat,
    read_image_list,
    to_ds9,
    write_cat,
    write_image_list,
)

import numpy as np
import pytest


@pytest.fixture
def cat(tmp_path):
    """Write a star list and return its path."""

    def make(content):
        path = tmp_path / "stars.cat"
        path.write_bytes(content.encode())
        return path

    return make


def test_the_first_pixel_is_1_in_files_and_0_in_memory():
    assert to_ds9(0.0) == 1.0
    np.testing.assert_array_equal(from_ds9([[1.0, 2.0], [3.5, 4.0]]), [[0, 1], [2.5, 3]])


def test_a_list_as_people_write_it(cat):
    path = cat(
        "# stars of the field\r\n\r\n"
        "a   101  201.5   5000.   # the bright one\r\n"
        "   # not this one: b 7 7\r\n"
        "\tc_2.x+y-z\t1e2\t7.25\r\n"
        "old 50 60 -1"
    )

    assert read_cat(path) == [
        Star("a", 100.0, 200.5, 5000.0),
        Star("c_2.x+y-z", 99.0, 6.25, None),
        Star("old", 49.0, 59.0, None),  # COSMOULINE writes -1 for a flux that it has not got
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "stars.cat is empty: it holds no star. Write one star a line: name x y"),
        ("# a 1 1\n\n", "holds no star"),
        ("a 1\n", "line 1: 2 columns. Write one star a line"),
        ("# x\na 1 2 3 4\n", "line 2: 5 columns"),
        ("a 1 1\nb 9 nan\n", "line 2: 'nan' is not finite"),
        ("a 1 inf\n", "line 1: 'inf' is not finite"),
        ("a 1 x\n", "line 1: 'x' is not a number"),
        ("a 1 1_5\n", "line 1: '1_5' is not a number"),
        ("a 1,5 2\n", "line 1: '1,5' is not a number"),
        ("a 1 1 0\n", "line 1: the flux 0 is not positive. Leave it out"),
        ("a/b 1 1\n", "line 1: the name 'a/b' is not allowed. Use letters"),
        ("é 1 1\n", "line 1: the name 'é' is not allowed"),
        (".a 1 1\n", r"line 1: the name '\.a' is not allowed"),
        ("-a 1 1\n", "line 1: the name '-a' is not allowed"),
        ("a 1 1\nb 5 5\na 9 9\n", "line 3: the name 'a' stands twice, already in line 1. Rename"),
        ("a 10 10\nb 50 50\nc 10.6 10.6\n", "line 3: 'c' lies within 1 px of 'a' in line 1"),
    ],
)
def test_what_a_wrong_list_says(cat, content, message):
    with pytest.raises(UserError, match=message):
        read_cat(cat(content))


def test_images_of_a_lens_may_be_closer_together_if_asked(cat):
    path = cat("A 10 10\nB 10.6 10.6\n")

    assert len(read_cat(path, min_distance_px=0.5)) == 2


def test_a_written_list_is_read_back(tmp_path):
    stars = [Star("a", 0.0, 1023.12344, 1.234567e6), Star("long_name", 12.5, 3.0, None)]
    write_cat(tmp_path / "new.cat", stars, comment="chosen by hand\nA = quasar")

    back = read_cat(tmp_path / "new.cat")

    assert [star.name for star in back] == ["a", "long_name"]
    assert back[0][1:3] == pytest.approx((0.0, 1023.12344), abs=0.5e-4)  # four decimals
    assert back[0].flux_e == pytest.approx(1.234567e6, rel=0.5e-5)  # six digits
    assert back[1].flux_e is None
    text = (tmp_path / "new.cat").read_text()
    assert text.startswith("# chosen by hand\n# A = quasar\na             1.0000  1024.1234 1.2")


@pytest.mark.parametrize(
    ("stars", "message"),
    [
        ([], "would hold no star"),
        ([Star("a", 1, 1), Star("a", 9, 9)],
         "star 2: the name 'a' stands twice, already in star 1"),
        ([Star("a", 1, 1), Star("b", 1.5, 1)], "star 2: 'b' lies within 1 px of 'a' in star 1"),
        ([Star("my star", 1, 1)], "star 1: 'star' is not a number"),
        ([Star("a", np.nan, 1)], "star 1: 'nan' is not finite"),
    ],
)
def test_a_list_that_could_not_be_read_is_not_written(tmp_path, stars, message):
    with pytest.raises(UserError, match=message):
        write_cat(tmp_path / "new.cat", stars)

    assert not (tmp_path / "new.cat").exists()


def test_a_flux_below_one_electron_is_a_flux(tmp_path):
    (tmp_path / "a.cat").write_text("a 1 1 0.5\nb 9 9 -1\n")

    assert [star.flux_e for star in read_cat(tmp_path / "a.cat")] == [0.5, None]


def test_an_image_list_as_people_write_it(tmp_path):
    path = tmp_path / "kicklist.txt"
    path.write_bytes(
        b"# bad ones\r\n\r\nR_001\r\n  R_002   satellite  trail\r\n"
        b"R_003\t# clouds\r\n  # R_004 was fine\r\nR_005 #\r\nR_001 trailed"
    )

    images = read_image_list(path)

    assert images == {"R_001": "trailed", "R_002": "satellite  trail", "R_003": "clouds",
                      "R_005": "na"}
    assert list(images) == ["R_001", "R_002", "R_003", "R_005"]


def test_an_empty_image_list_is_fine_and_a_missing_one_is_not(tmp_path):
    (tmp_path / "testlist.txt").write_text("# none yet\n")

    assert read_image_list(tmp_path / "testlist.txt") == {}
    with pytest.raises(UserError, match=r"kicklist\.txt cannot be read"):
        read_image_list(tmp_path / "kicklist.txt")


def test_image_lists_are_read_back(tmp_path):
    images = {"R_001": "na", "R_002": "bad seeing"}
    write_image_list(tmp_path / "a.txt", images, comment="by seeing")
    write_image_list(tmp_path / "b.txt", ["R_001", "R_002"])

    assert read_image_list(tmp_path / "a.txt") == images
    assert read_image_list(tmp_path / "b.txt") == dict.fromkeys(images, "na")
    assert (tmp_path / "a.txt").read_text() == "# by seeing\nR_001 na\nR_002 bad seeing\n"


@pytest.mark.parametrize("name", ["", "R 1", "#R", "R\n1"])
def test_a_name_that_cannot_be_listed_is_refused(tmp_path, name):
    with pytest.raises(UserError, match=r"cannot be listed\. Image names have no spaces"):
        write_image_list(tmp_path / "a.txt", [name])


def test_sources_that_a_fit_has_joined_can_be_written(tmp_path):
    joined = [Star("A", 10.0, 10.0, 5.0), Star("B", 10.2, 10.0, 3.0)]

    write_cat(tmp_path / "s.cat", joined, "", 0.0)

    assert read_cat(tmp_path / "s.cat", min_distance_px=0.0) == joined
    with pytest.raises(UserError, match="the same star"):
        write_cat(tmp_path / "t.cat", joined)
