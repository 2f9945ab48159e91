"""Calibration frames by the cards that observatories write; values from their manuals."""

from cosmouline.frames.header_values import calibration_kind

import pytest
from astropy.io import fits


@pytest.mark.parametrize(("keyword", "text", "kind"), [
    ("IMAGETYP", "Bias Frame", "bias"), ("IMAGETYP", "zero", "bias"),
    ("OBSTYPE", "BIAS", "bias"), ("OBSTYPE", "SKYFLAT", "flat"), ("IMAGETYP", "Dark", "dark"),
    ("HIERARCH ESO DPR TYPE", "FLAT,SKY", "flat"), ("HIERARCH ESO DPR CATG", "CALIB", "lamp"),
    ("OBSTYPE", "LAMPFLAT", "flat"), ("OBSTYPE", "arc", "lamp"), ("IMAGETYP", "twilight", "flat"),
    ("IMAGETYP", "Light Frame", None), ("OBSTYPE", "EXPOSE", None), ("OBSTYPE", "object", None),
    ("HIERARCH ESO DPR TYPE", "OBJECT", None), ("IMAGETYP", "science", None)])
def test_kinds(keyword, text, kind):
    assert calibration_kind(fits.Header({keyword: text})) == kind


def test_a_header_that_says_nothing_is_of_a_science_frame():
    assert calibration_kind(fits.Header({"OBJECT": "flat"})) is None
