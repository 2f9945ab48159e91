"""The part `raw` of a telescope's description."""

from dataclasses import replace

from cosmouline.errors import UserError
from cosmouline.frames.raw.camera import RawCamera, raw_camera
from cosmouline.frames.telescope import list_telescopes, load_telescope

import pytest


def with_raw(**raw):
    return replace(load_telescope("generic"), raw=raw)


@pytest.mark.parametrize("name", list_telescopes())
def test_every_description_can_be_read(name):
    assert isinstance(raw_camera(load_telescope(name)), RawCamera)


def test_a_camera_without_a_word_has_one_amplifier_and_all_calibrations():
    camera = raw_camera(load_telescope("generic"))

    assert (camera.amplifiers, camera.linearity, camera.has_bias) == ((), (1.0,), True)


def test_a_split_camera_has_a_filter_for_each_half():
    parts = raw_camera(load_telescope("RATIR_C2")).parts

    # PhotoPipe: Z is [4:975, 100:2000] of the array, pixels from 0, the last one left out
    assert parts["Z"] == (((5, 975), (101, 2000)), "Z")
    assert sorted(parts) == ["Y", "Z"]


@pytest.mark.parametrize(("raw", "message"), [
    ({"overskan_degree": 1}, "unknown key 'overskan_degree'; did you mean 'overscan_degree'"),
    ({"kinds": {"cards": ["A"], "biass": ["b"]}}, "did you mean 'bias'"),
    ({"amplifiers": [{"data": "1:2"}]}, "'1:2' is not a section such as"),
    ({"amplifiers": [{"data": "[0:2,1:2]"}]}, "the first pixel is 1"),
    ({"amplifiers": [{"overscan": "[1:2,1:2]"}]}, "the key 'data' is missing"),
    ({"amplifiers": [{"data": "[1:2,1:2]", "gain_e_per_adu": 99}]}, "is not between 0.05 and 50"),
    ({"linearity": [1.0, "a"]}, "linearity = 'a' is not a number"),
    ({"overscan_degree": 11}, "is not between 0 and 10"),
])
def test_a_wrong_description_is_told(raw, message):
    with pytest.raises(UserError, match=message.replace("[", r"\[")):
        raw_camera(with_raw(**raw))
