"""Exposures with something wrong: named, and the others go on."""

import shutil

from cosmouline.sources.ccds.db_detect import report_offsets
from cosmouline.sources.ccds.selection_values import FUNCTIONS, OF_SAMPLES, value

import numpy as np
import pytest
from astropy.io import fits

IMAGE = "exposures/image-2079613.fits"


@pytest.fixture
def changed(field, tmp_path):
    """Give a function that changes the first exposure, or the header of its CCD."""
    sky = tmp_path / "sky"
    shutil.copytree(field.sky, sky)
    shutil.rmtree(field.work)
    field.sky = sky
    field.set()

    def change(content=None, **cards):
        if content is not None:
            (sky / IMAGE).write_bytes(content)
            return field
        with fits.open(sky / IMAGE, mode="update") as hdus:
            for key, given in cards.items():
                if given is None:
                    del hdus[1].header[key]
                else:
                    hdus[1].header[key] = given
        return field
    return change


@pytest.mark.parametrize("content", [b"", b"no"])
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_cut(changed, caplog, content):
    rows = changed(content).run("1a_split_exposures")

    assert sorted(rows) == ["2079614-0", "tile-051"]
    assert f"{IMAGE} cannot be read and is passed over" in caplog.text


@pytest.mark.parametrize(("cards", "why"), [
    ({"GAIN": 0.0}, "GAIN = 0: give shape_images a gain_e_per_adu"),
    ({"GAIN": -2.0}, "GAIN = -2"), ({"GAIN": None}, "the header has no GAIN"),
    ({"PHOTZP": None}, "the header has no PHOTZP"),
    ({"CTYPE1": None, "CTYPE2": None}, "the header has no world coordinates")])
def test_a_header_that_lacks_something_is_named(changed, caplog, cards, why):
    field = changed(**cards)
    field.run("1a_split_exposures")
    rows = field.run("1b_merge_headers")

    assert f"2079613-0 rejected: {why}" in caplog.text
    assert rows["2079613-0"]["whynot"].startswith(why)
    assert not rows["2079613-0"]["gogogo"]
    assert rows["2079614-0"]["gogogo"]


def test_a_ccd_that_lies_elsewhere_or_has_another_zero_point_is_named(changed, field, caplog):
    field = changed(PHOTZP=fits.getheader(field.sky / IMAGE, 1)["PHOTZP"] + 0.5)
    for name in ("1a_split_exposures", "1b_merge_headers", "2a_star_catalogue", "2b_masks",
                 "3a_detect_exposures", "4a_detect_tiles"):
        field.run(name)

    assert "1 of 2 CCDs have other magnitudes than the tile" in caplog.text
    mag = float(caplog.text.partition("(worst: 2079613-0, ")[2].split()[0])
    assert mag == pytest.approx(0.5, abs=0.03)  # ten and more objects of .03 to .1 mag
    caplog.set_level("INFO")
    with fits.open(field.sky / IMAGE, mode="update") as hdus:
        hdus[1].header["CRVAL1"] += 1.0
    for name in ("1a_split_exposures", "1b_merge_headers"):
        field.run(name, redo=True)
    assert "1 CCDs on no tile (first: 2079613-0)" in caplog.text


def test_a_sound_field_has_the_zero_points_of_its_tile(field, caplog):
    field.run("4a_detect_tiles", redo=True)

    assert "other magnitudes" not in caplog.text


@pytest.mark.parametrize(("offsets", "said"), [
    ({"a": 0.1, "b": 0.2}, []), ({"a": 0.1, "b": 1.1}, ["b: the objects are 1.1 px away"]),
    ({"a": 2.0, "b": 1.1, "c": 0.9}, ["a and 1 others: the objects are 2.0 px"]),
    ({"a": 0.1, "b": None}, ["1 of 2 have fewer than 5 objects near stars"]),
    ({"a": None}, ["no CCD has 5 objects near stars of the catalogue"])])
def test_coordinates_are_checked_with_the_catalogue_or_it_is_told(caplog, offsets, said):
    rows = [{"img_name": name, "gogogo": True} | ({} if px is None else {"ccd_offset_px": px})
            for name, px in offsets.items()]
    report_offsets([*rows, {"img_name": "out", "gogogo": False}], "ccd_offset_px")

    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert len(warned) == len(said)
    assert all(words in one for words, one in zip(said, warned, strict=True))


@pytest.mark.filterwarnings("error")
def test_statistics_of_no_star_are_nan():
    columns, masks = {"X": np.arange(4.0)}, {"none": np.zeros(4, bool)}

    for name in OF_SAMPLES - {"homogen"}:
        assert np.isnan(value(f"{name}(X{{none}})", columns, masks)), name
    assert np.isnan(value("homogen(X{none}, X{none}, 4)", columns, masks))
    assert value("len(X{none})", columns, masks) == 0
    assert value("mode(X{none})", columns, masks) == -1
    assert set(FUNCTIONS) > OF_SAMPLES
