"""The origin of a product: asked for once, the innermost one counts, written as cards."""

from cosmouline.files import origin

import pytest
from astropy.io import fits

MADE_BY = origin.Origin("s", "1", "2", "3")


def test_an_origin_is_asked_for_only_where_a_product_is_written():
    asked = []
    with origin.noted(lambda: asked.append(1) or origin.Origin("s", "1", "2", "3")):
        assert not asked
        assert origin.values() == {"MADEBY": "s", "MADEVERS": "1", "MADESET": "2", "MADEFROM": "3"}
        assert origin.mark({})["MADEBY"] == ("s", "script")
    assert asked == [1]
    assert origin.values() == origin.mark({}) == {}


def test_the_innermost_origin_counts_and_the_outer_one_comes_back():
    with origin.noted(lambda: MADE_BY):
        with origin.noted(lambda: MADE_BY._replace(script="inner")):
            assert origin.current().script == "inner"
        assert origin.current() == MADE_BY
    assert origin.current() is None


def test_an_origin_ends_with_an_error():
    with pytest.raises(KeyError), origin.noted(lambda: MADE_BY):
        raise KeyError

    assert origin.values() == {}


def test_cards_have_the_values_and_say_what_they_are():
    header = fits.Header({"FILTER": "R"})
    with origin.noted(lambda: MADE_BY):
        origin.mark(header)

    assert dict(header) == {"FILTER": "R", "MADEBY": "s", "MADEVERS": "1", "MADESET": "2",
                            "MADEFROM": "3"}
    assert [header.comments[keyword] for keyword in origin.KEYWORDS] == list(origin.COMMENTS)
