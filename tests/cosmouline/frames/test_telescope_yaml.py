"""Descriptions of cameras by users, right and wrong."""

from cosmouline.errors import UserError
from cosmouline.frames.telescope_yaml import (
    Check,
    DateRecipe,
    Mask,
    Source,
    Trim,
    telescope_from,
    trim_from,
)

import pytest
import yaml

MINIMAL = """
description: a camera
date:
  - {recipe: iso, date: DATE-OBS}
exptime_s: [EXPTIME]
gain_e_per_adu: 2
read_noise_e: 5.0
saturation_adu: 65000
pixel_scale_arcsec: 0.2
"""


def telescope(extra="", base=MINIMAL):
    return telescope_from(yaml.safe_load(base + extra), "mine", "mine.yaml")


def test_a_minimal_description():
    camera = telescope()

    assert camera.name == "mine"
    assert camera.date == (DateRecipe("iso", ("DATE-OBS",)),)
    assert camera.exptime_s == Source(("EXPTIME",))
    assert camera.gain_e_per_adu == Source(default=2.0)
    assert (camera.time_system, camera.time_zone_h, camera.checks) == ("UTC", 0.0, ())
    assert (camera.filter, camera.site.lon_deg, camera.trim) == (Source(), Source(), Trim())
    assert camera.date_check is None
    assert (camera.unit, camera.mask) == (Source(), Mask())


def test_everything_that_can_be_described():
    camera = telescope(
        """
date_check: {mjd: MJD, is: mid}
time_system: TAI
time_zone_h: -7
filter: {keywords: [FILTER], default: "R"}
site: {lon_deg: "-70:43:48", lat_deg: {keywords: [LAT], default: -29}, height_m: [ALT]}
trim: {bottom: 5, right: 7}
checks:
  - {keyword: CCDXBIN, equals: [1, 2], reason: only these}
recognise: [{INSTRUME: [CAM, Cam2*], NAXIS1: 2048}, {TELESCOP: Mine}]
unit: {by: [PROC], table: {Cal: electron/s}}
mask: {saturated: [3, 4], good: 7, codes: true, since: {PLVER: V3.5}}
"""
    )

    assert camera.unit == Source(by=("PROC",), table={"cal": "electron/s"})
    assert camera.mask == Mask((3, 4), (7,), True, (("PLVER", "V3.5"),))

    assert camera.date_check == DateRecipe("mjd", ("MJD",), moment="mid")
    assert (camera.time_system, camera.time_zone_h) == ("TAI", -7.0)
    assert camera.filter == Source(("FILTER",), default="R")
    assert camera.site.lon_deg.default == pytest.approx(-70.73)
    assert camera.site.lat_deg == Source(("LAT",), default=-29.0)
    assert camera.site.height_m == Source(("ALT",))
    assert camera.trim == Trim(bottom=5, right=7)
    assert camera.checks == (Check("CCDXBIN", (1, 2), "only these"),)
    assert camera.recognise == ((("INSTRUME", ("cam", "cam2*")), ("NAXIS1", ("2048",))),
                                (("TELESCOP", ("mine",)),))


@pytest.mark.parametrize("rule", ["CAM", "{INSTRUME: CAM}", "[INSTRUME]", "[{}]"])
def test_a_rule_that_is_no_list_of_mappings_is_told(rule):
    with pytest.raises(UserError, match=r"recognise: .* is not a list of mappings"):
        telescope(f"recognise: {rule}\n")


def test_a_value_with_limits_and_a_default():
    base = MINIMAL.replace("gain_e_per_adu: 2", "gain_e_per_adu: [1/CVF, GAIN]").replace(
        "pixel_scale_arcsec: 0.2",
        "pixel_scale_arcsec: {keywords: [SCALE], valid: [0.1, 1], wcs: true, default: 0.3}",
    )

    camera = telescope(base=base)

    assert camera.gain_e_per_adu == Source(("1/CVF", "GAIN"))
    assert camera.pixel_scale_arcsec == Source(("SCALE",), 0.3, (0.1, 1.0), True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gain_e_per_adu: 2", "gain: 2", "unknown key 'gain'"),
        ("gain_e_per_adu: 2", "gain_e_per_ad: 2", "did you mean 'gain_e_per_adu'"),
        ("gain_e_per_adu: 2", "", "the key 'gain_e_per_adu' is missing"),
        ("gain_e_per_adu: 2", "gain_e_per_adu: -1", "-1 is not between 0.05 and 50"),
        ("gain_e_per_adu: 2", "gain_e_per_adu: {by: [A], table: {a: 99}}", "99 is not between"),
        ("gain_e_per_adu: 2", "gain_e_per_adu: high", "'high' is not a number"),
        ("gain_e_per_adu: 2", "gain_e_per_adu: yes", "True is not a number"),
        ("gain_e_per_adu: 2", "gain_e_per_adu: [NO, GAIN]", "is not a list of header keywords"),
        ("gain_e_per_adu: 2", "gain_e_per_adu: {keyword: GAIN}", "did you mean 'keywords'"),
        ("recipe: iso", "recipe: isso", "unknown recipe 'isso'; did you mean 'iso'"),
        ("recipe: iso", "recipe: split", "'time' belongs to the recipes split"),
        ("recipe: iso", "recipe: iso, time: UT", "'time' belongs to the recipes split"),
        ("recipe: iso", "recipe: iso, is: begin", "unknown moment 'begin'"),
        ("date: DATE-OBS", "when: DATE-OBS", "unknown key 'when'"),
        ("  - {recipe: iso, date: DATE-OBS}", "  DATE-OBS", "a list of recipes is needed"),
        ("description: a camera", "- a\n- list", "not YAML|is not a mapping"),
    ],
)
def test_mistakes_are_named_with_the_file(old, new, message):
    with pytest.raises((UserError, yaml.YAMLError)) as caught:
        telescope(base=MINIMAL.replace(old, new))
    if isinstance(caught.value, UserError):
        assert str(caught.value).startswith("mine.yaml")
        assert caught.match(message)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("filter: [R", "expected ',' or ']'"),
        ("filter: 3", "must be a text: put quotes around it"),
        ("site: {lon_deg: -70:43:48}", "-254628 is not between -180 and 360; a value with colons"),
        ("site: {lon_deg: west}", "'west' is not an angle"),
        ("site: {lat_deg: 95}", "95 is not between -90 and 90"),
        ("site: {by: ID, table: {a: {lon_deg: 1, lat_deg: 2}}}", "'height_m' is missing"),
        ("trim: {bottom: -3}", "bottom = -3 is not a number of pixels"),
        ("trim: {under: 3}", "unknown key 'under'"),
        ("time_zone_h: 20", "20 is not between -12 and 14"),
        ("checks: [{keyword: A, equals: 1}]", "'reason' is missing"),
        ("unit: {by: [A], table: {a: 1}}", "1 must be a text"),
        ("unit: {by: [A], table: [a]}", "table: .* is not a mapping"),
        ("mask: {saturated: [-1]}", "saturated: .* is not a list of numbers above 0"),
        ("mask: {bits: 3}", "unknown key 'bits'"),
        ("mask: {since: V3.5}", "since: 'V3.5' is not a mapping"),
    ],
)
def test_mistakes_in_what_is_optional(extra, message):
    with pytest.raises((UserError, yaml.YAMLError), match=message):
        telescope(extra)


def test_trim_of_the_user():
    assert trim_from({"top": 1000}, "overrides") == Trim(top=1000)
    with pytest.raises(UserError, match=r"overrides: top = 1.5 is not a number of pixels"):
        trim_from({"top": 1.5}, "overrides")
    with pytest.raises(UserError, match="is not a mapping"):
        trim_from(1000, "overrides")
