"""Each word of dec_coefficient chooses fields of its own."""

from types import SimpleNamespace

from cosmouline.database import fields
from cosmouline.database.coefficient_choice import COEFFICIENTS, coefficient
from cosmouline.database.settings import CHOICES

import pytest

ROW = {"renorm__r1": 1.2, "renorm_sigma__r1": 0.1, "renorm__r2": 1.4, "renorm_sigma__r2": 0.2,
       "medcoeff": 0.8, "medcoeff_sigma": 0.3}


@pytest.mark.parametrize(("word", "name", "expected"), [
    ("renorm", "r1", (1.2, 0.1)), ("renorm", "r2", (1.4, 0.2)), ("medcoeff", "r1", (0.8, 0.3)),
    ("none", "r1", (1.0, 0.0))])
def test_coefficient_and_error_are_of_the_chosen_kind_and_name(word, name, expected):
    settings = SimpleNamespace(dec_coefficient=word, renorm_name=name, psf_name="p", dec_name="d",
                               combi_name="c", combi_group_name="g")
    assert coefficient(ROW, settings) == expected


def test_the_words_are_those_of_the_settings_and_the_fields_are_declared():
    assert COEFFICIENTS.keys() == set(CHOICES["dec_coefficient"]) == set(
        CHOICES["combi_coefficient"])
    assert all(fields.lookup(name) for names in COEFFICIENTS.values() for name in names)
