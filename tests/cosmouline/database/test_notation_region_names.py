from cosmouline.database import notation

import pytest


def test_a_region_is_written_as_ds9_counts():
    box = notation.read_region(" [11:20 , 31:50 ]")

    assert box == (9.5, 19.5, 29.5, 49.5)  # the edges of columns 10 to 19 and rows 30 to 49
    assert notation.write_region(box) == "[11:20, 31:50]"
    assert notation.read_region(None) is None


@pytest.mark.parametrize(("text", "message"), [
    ("11:20,31:50", "is no region: write"), ("[20:11, 3:5]", "holds no pixel"),
    ("[0:11, 3:5]", "holds no pixel"), ("[1.5:11, 3:5]", "is no region")])
def test_a_region_that_is_none_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        notation.read_region(text)
