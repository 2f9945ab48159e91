"""Descriptions: what they refuse, and the changed copies of a campaign."""

from dataclasses import replace

from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.model import (
    Campaign,
    Frame,
    Star,
    Telescope,
    change_frame,
    change_telescopes,
)

import pytest


def test_unknown_dtype():
    with pytest.raises(ValueError, match=r"dtype must be one of .*uint16.*float32.*, not 'int8'"):
        Telescope(dtype="int8")


def test_full_well_below_saturation():
    with pytest.raises(ValueError, match="full_well_adu must not be below saturation_adu"):
        Telescope(saturation_adu=60000.0, full_well_adu=50000.0)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("fwhm_arcsec", 0.0, "fwhm_arcsec must be above 0, not 0.0"),
        ("exptime_s", -1.0, "exptime_s must be above 0, not -1.0"),
        ("moffat_beta", 1.0, "moffat_beta must be above 1, not 1.0"),
        ("fwhm_arcsec", float("nan"), "fwhm_arcsec must be above 0, not nan"),
    ],
)
def test_frame_that_cannot_be(field, value, text):
    with pytest.raises(ValueError, match=text.replace(".", r"\.")):
        Frame("SIM", 60000.0, **{field: value})


def test_frame_of_an_unknown_telescope():
    with pytest.raises(ValueError, match=r"not in telescopes: \['VLT'\]"):
        Campaign("c", 0.0, 0.0, (Telescope(),), (Frame("VLT", 60000.0),))


def test_two_sources_of_one_name():
    campaign = tiny_campaign(1)

    with pytest.raises(ValueError, match=r"names of sources must differ, given twice: \['A'\]"):
        replace(campaign, stars=(*campaign.stars, Star("A", 69.5, -12.3, 18.0)))


def test_middle_of_the_exposure():
    assert Frame("SIM", 60000.0, exptime_s=864.0).mjd_mid == pytest.approx(60000.005, abs=1e-10)


def test_sources_are_stars_images_and_galaxies():
    campaign = tiny_campaign(1, n_stars=2, with_galaxy=True)

    assert [source.name for source in campaign.sources] == ["S01", "S02", "A", "B", "G"]
    assert replace(campaign, lens=None).all_galaxies == ()


def test_changes_make_a_copy():
    campaign = tiny_campaign(2)

    changed = change_telescopes(change_frame(campaign, 1, transparency=0.1), dtype="float32")

    assert changed.frames[1].transparency == 0.1
    assert changed.frames[0] == campaign.frames[0]
    assert changed.telescope_of(0).dtype == "float32"
    assert campaign.frames[1].transparency > 0.5
