from cosmouline.database.notation import radius_px, read_aperture, read_region, write_region

import numpy as np
import pytest


def test_an_aperture_is_a_radius_with_a_unit():
    assert read_aperture("1.5fwhm") == (1.5, "fwhm")
    assert read_aperture("auto") == (None, "auto")
    assert radius_px("1.5fwhm", fwhm_px=4.0, pixel_scale_arcsec=0.2) == 6.0
    assert radius_px("3arcsec", 4.0, 0.2) == pytest.approx(15.0)
    assert radius_px("10px", 4.0, 0.2) == 10.0
    assert np.isnan(radius_px("auto", 4.0, 0.2))


@pytest.mark.parametrize("name", ["10", "0px", "-1px", "3 px", "kron", ""])
def test_what_is_no_aperture_is_told(name):
    with pytest.raises(ValueError, match=f"'{name}' is no aperture: write 1.5fwhm"):
        read_aperture(name)


def test_a_region_is_written_as_ds9_counts():
    box = read_region(" [11:20 , 31:50 ]")

    assert box == (9.5, 19.5, 29.5, 49.5)  # the edges of columns 10 to 19 and rows 30 to 49
    assert write_region(box) == "[11:20, 31:50]"
    assert read_region(None) is None


@pytest.mark.parametrize(("text", "message"), [
    ("11:20,31:50", "is no region: write"), ("[20:11, 3:5]", "holds no pixel"),
    ("[0:11, 3:5]", "holds no pixel"), ("[1.5:11, 3:5]", "is no region")])
def test_a_region_that_is_none_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        read_region(text)
