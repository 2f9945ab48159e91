"""Choices of the joint fit."""

from dataclasses import fields

from cosmouline.deconv.options import EXTENDED_LIGHT, FitOptions

import pytest


@pytest.mark.parametrize("word", ["", "Auto", "galaxy", None])
def test_unknown_extended_light_is_refused(word):
    with pytest.raises(ValueError, match=r"extended_light must be one of \('auto', 'none'\), not"):
        FitOptions(extended_light=word)


def test_known_extended_light_is_taken():
    assert [FitOptions(extended_light=word).extended_light for word in EXTENDED_LIGHT] == [
        "auto", "none"]


def test_every_option_is_explained():
    explained = FitOptions.__doc__
    assert [one.name for one in fields(FitOptions) if one.name not in explained] == []
