from cosmouline.pages import field_photometry

import pytest

STACK = {"filter": "r", "n_images": 3, "exptime_s": 900.0, "seeing_arcsec": 1.2, "fwhm_px": 4.0,
         "zero_point_mag": 25.0, "limit_mag": 24.1, "psf_noise": 1.02}
ROWS = [{"number": 1, "x_px": 10.0, "y_px": 20.0, "a_px": 2.0, "flags": 0, "mag_psf_r": 18.25,
         "catalogue_name": "<b>S1</b>"},
        {"number": 2, "x_px": 30.0, "y_px": 5.0, "a_px": 9.0, "flags": 2,
         "note": "moves by 2 arcsec a day"}]


def test_filters_go_from_blue_to_red():
    assert field_photometry.blue_to_red(["z", "Bessell-R", "gp", "i", "V", "clear"]) == [
        "clear", "gp", "V", "Bessell-R", "i", "z"]  # what no letter names comes first
    assert field_photometry.blue_to_red(["i", "g", "r"]) == ["g", "r", "i"]


def test_the_page_holds_all_sources_and_nothing_that_acts():
    page = field_photometry.html(ROWS, [STACK], ["2px"], ("colour.png",), ("..", "p.png"),
                                 (50, 60), "L & M")

    assert "L &amp; M" in page
    assert "<b>S1</b>" not in page
    assert "\\u003cb\\u003eS1" in page
    assert "source 2: moves by 2 arcsec a day" in page
    # the circles: from the upper edge, pixels from their corners; as large as the source
    assert "[[1,10.5,29.5,8.0,false],[2,30.5,44.5,36.0,true]]" in page
    assert 'viewBox="0 0 60 50"' in page
    assert "instrumental" in page
    assert "$" not in page.split("<script>")[0]


def test_a_stack_is_told_with_its_zero_point_and_its_check():
    line, = field_photometry.stack_lines([STACK | {
        "band": "r_ps1", "system": "AB", "zero_point_sigma_mag": 0.004, "airmass": 1.25,
        "catalogue_offset_mag": -0.0012, "catalogue_offset_sigma_mag": 0.002,
        "n_catalogue_stars": 31}])
    assert line == ("r", 3, "900", "1.20", "1.25", "25.00 ± 0.004 r_ps1 (AB)",
                    "-0.0012 ± 0.0020 (31 stars)", "24.10", "1.02")


@pytest.mark.parametrize("missing", ["mag_psf_r", "catalogue_mag_r"])
def test_what_is_drawn_is_nan_where_it_is_not_known(missing):
    found = field_photometry.measured_of(ROWS, STACK, [{"radius_px": 2.0, "factor": 0.9}])
    assert found["mag"][0] == 18.25
    assert found["mag"][1] != found["mag"][1]
    assert (found["factor"][0], found["psf_factor"]) == (0.9, 1.02)
    assert found["factor_sigma"][0] != found["factor_sigma"][0]
