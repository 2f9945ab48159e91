"""Values of a settings.py: kinds in words, sexagesimal positions, names that are set twice."""

from cosmouline.database.settings_values import degrees, set_twice, wanted

import pytest
from astropy.coordinates import SkyCoord


@pytest.mark.parametrize(("kind", "default", "words"), [
    (int, 0, "a whole number, for instance 3"), (int, 12, "a whole number, for instance 12"),
    (bool, True, "True or False"), (str, "", 'a text in quotes, for instance "name"'),
    (float | None, None, "a number or None, for instance 1.5"),
    (tuple[float, float] | None, None, "2 numbers in brackets or None, for instance (1.0, 2.0)"),
    (list[str], ["a"], "a list, each of it a text in quotes, for instance ['a']"),
    (str | tuple[float, float, float], (0.1, 2.0, 3.0),
     "a text in quotes or 3 numbers in brackets, for instance (0.1, 2.0, 3.0)")])
def test_a_kind_is_told_in_words_with_an_example(kind, default, words):
    assert wanted(kind, default) == words


@pytest.mark.parametrize(("ra", "dec"), [
    ("04:38:14.9", "-12:17:14.4"), ("4h38m14.9s", "-12d17m14.4s"), ("04 38 14.9", "+12 17 14"),
    ("00:00:01", "-00:30:00"), ("23:59:59.99", "89:59:59.9")])
def test_sexagesimal_positions_are_those_of_astropy(ra, dec):
    sky = SkyCoord(ra, dec, unit=("hourangle", "deg"))

    assert degrees("lens_ra_deg", ra) == pytest.approx(sky.ra.deg, abs=1e-9)
    assert degrees("lens_dec_deg", dec) == pytest.approx(sky.dec.deg, abs=1e-9)


def test_numbers_stay_and_other_texts_get_an_example():
    assert degrees("lens_ra_deg", 69.5) == 69.5
    assert degrees("lens_dec_deg", None) is None
    for name, text, form in (("lens_ra_deg", "69.562", '"04:38:14.9" is 69.562'),
                             ("lens_ra_deg", "-04:38:14.9", "04:38:14.9"),
                             ("lens_dec_deg", "south", '"-12:17:14.4" is -12.287'),
                             ("lens_dec_deg", "12:99:00", "for instance -12.287")):
        with pytest.raises(ValueError, match=form):
            degrees(name, text)


def test_a_name_that_is_set_twice_is_found_where_nothing_uses_the_first_value():
    text = ("a = 1\nb: int = 2\n_c = 1\n_c = 2\nsets = []\nsets = [*sets, 3]\nif a:\n    b = 3\n"
            "x, a = 5, 6\nb = 4\n")

    assert list(set_twice(text, {"a", "b", "sets", "x"})) == [("a", 1, 9), ("b", 2, 10)]
