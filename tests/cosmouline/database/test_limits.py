"""The limits of images: the settings behind each, and what lies beyond them."""

from types import SimpleNamespace

from cosmouline.database.limits import Limits
from cosmouline.database.settings import LIMITS, SAMPLE

import numpy as np
import pytest

# the settings of the sample, in the order seeing, ellipticity, sky, coefficient
SETTINGS = {
    "": ("fwhm_max_arcsec", "ellipticity_max", "sky_level_max_e"),
    "dec_": ("dec_fwhm_max_arcsec", "dec_ellipticity_max", "dec_sky_max_e", "dec_coeff_max"),
    "join_": ("join_fwhm_max_arcsec", "join_ellipticity_max", "join_sky_max_e", "join_coeff_max"),
    "night_": ("night_fwhm_max_arcsec", "night_ellipticity_max", "night_sky_max_e",
               "night_coeff_max"),
    "combi_": ("combi_fwhm_max_arcsec", "combi_ellipticity_max", "combi_sky_max_e",
               "combi_coeff_max")}
ALL = [name for names in SETTINGS.values() for name in names]


@pytest.mark.parametrize("prefix", SETTINGS)
def test_every_setting_of_a_prefix_is_the_limit_of_its_kind_alone(prefix):
    for place, name in enumerate(SETTINGS[prefix]):
        settings = SimpleNamespace(**dict.fromkeys(ALL) | {name: 3.5})
        assert Limits.of(settings, prefix) == tuple(3.5 if i == place else None for i in range(4))


def test_these_are_all_limits_of_images_in_the_sample():
    sample = SAMPLE.read_text()
    assert all(f"\n{name}: float | None" in sample for name in ALL)
    assert set(ALL) <= LIMITS.keys()
    assert len(ALL) == 19


def test_a_value_at_the_limit_is_within_it_and_nan_is_not():
    limits = Limits(seeing=1.5, sky=100.0)

    found = limits.beyond(seeing=np.array([1.5, np.nextafter(1.5, 2), np.nan, -9.0]),
                          ellipticity=np.array([9.0, 9.0, 9.0, 9.0]), sky=100.5)

    assert list(found) == ["seeing", "sky"]
    assert found["seeing"].tolist() == [False, True, True, False]
    assert bool(found["sky"]) is True


def test_what_is_not_known_or_not_given_is_not_compared():
    limits = Limits(1.0, 1.0, 1.0, 1.0)
    assert limits.beyond(seeing=None, ellipticity=2.0) == {"ellipticity": True}
    assert Limits().beyond(seeing=5.0, coefficient=5.0) == {}
