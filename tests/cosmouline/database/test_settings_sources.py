"""Settings of the sources that make no sense are told in one line."""

from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.settings import load_settings
from cosmouline.database.settings_sources import check_sources
from cosmouline.errors import UserError

import pytest

PATH = Path("configs/x/settings.py")


@pytest.fixture
def lens(tmp_path):
    """Write a settings.py with one more line; return its folder."""

    def write(text):
        (tmp_path / "settings.py").write_text(f"work_dir = {str(tmp_path / 'work')!r}\n{text}\n")
        return tmp_path

    return write


@pytest.mark.parametrize("text", [
    "point_sources = {'A': (0, 0), 'B': (1, 1)}\nextra_sources = {'S': (5.0, 2.0)}",
    "extra_sources = 'field'",
    "point_sources = 'find'",
    "point_source_sigma_arcsec = 0",
    "point_source_sigma_arcsec = {'A': 0.003, 'B': None}",
    "source_epochs = {'SN': ('2019-03-01', None), 'B': (None, '2020-01-01')}"])
def test_what_makes_sense_passes(lens, text):
    assert load_settings(lens(text)).work_dir


@pytest.mark.parametrize(("text", "says"), [
    ("extra_sources = 'all'", "extra_sources = 'all', but it must be positions, or 'field'"),
    ("extra_sources = {'S': 3}", "S is at 3, but a position is two numbers"),
    ("point_sources = {'A': (0, 0)}\nextra_sources = {'A': (5, 2)}", "A is one of point_sources"),
    ("extra_sources = {'S': (1, 1), 'T': (1, 1)}", "two sources are at the same position"),
    ("extra_sources = {'S T': (1, 1)}", "the name = 'S T'"),
    ("point_source_sigma_arcsec = -0.1", "-0.1 is no error"),
    ("point_source_sigma_arcsec = {'A': 'small'}", "'small' is no error"),
    ("source_epochs = {'SN': '2019-03-01'}", "must be (first, last)"),
    ("sum_sources = {'S': 'AB'}", "two different sources or more"),
    ("sum_sources = {'S': ('A', 'A')}", "two different sources or more"),
    ("sum_sources = {'S__T': ('A', 'B')}", "use letters, digits"),
    ("curve_shifts_mag = {'A': 'x'}", "must be a number of magnitudes"),
    ("curve_dates = ('2020-01-01', '2019-01-01')", "2020-01-01 is after 2019-01-01"),
    ("source_epochs = {'SN': ('March', None)}", "'March' is no date"),
    ("source_epochs = {'SN': ('2020-01-01', '2019-01-01')}", "2020-01-01 is after 2019-01-01"),
    ("shift_prior = 'gaia'", "shift_prior = 'gaia', but it must be one of stars, alignment")])
def test_what_makes_no_sense_is_told(lens, text, says):
    with pytest.raises(UserError) as told:
        load_settings(lens(text))
    assert says in str(told.value)


def on_sky(**changes):
    return SimpleNamespace(**{
        "point_sources": {"A": ("04:38:14.93", "-12:17:13.6"), "B": ("04:38:14.9", "-12:17:14")},
        "extra_sources": {}, "point_source_sigma_arcsec": None, "source_epochs": {},
        "sum_sources": {}, "curve_shifts_mag": None, "curve_dates": None, "lens_ra_deg": 69.5622,
        "lens_dec_deg": -12.2873, "point_sources_unit": "arcsec"} | changes)


def test_sexagesimal_positions_become_degrees():
    settings = on_sky()
    check_sources(settings, PATH)
    assert settings.point_sources["A"] == pytest.approx((69.562208, -12.287111), abs=1e-6)
    assert settings.point_sources_unit == "deg"


def test_neighbours_in_ra_and_dec_become_offsets_beside_sources_in_arcsec():
    settings = on_sky(point_sources={"A": (0.0, 0.0)},
                      extra_sources={"N": ("04:38:14.928", "-12:17:13.28")})
    check_sources(settings, PATH)
    # 15" of RA a second of time, times cos Dec
    assert settings.extra_sources["N"] == pytest.approx((0.0, 1.0), abs=0.01)
    assert settings.point_sources_unit == "arcsec"


@pytest.mark.parametrize(("changes", "message"), [
    ({"lens_ra_deg": None}, "RA and Dec need lens_ra_deg"), ({"lens_dec_deg": 40.0}, "far from"),
    ({"point_sources": {"A": ("x", "y")}}, "but it must be degrees"),
    ({"point_sources": {"A": ("04:38:14.93", "-12:17:13.6"), "B": (1.0, 0.0)}}, "in one way"),
    ({"extra_sources": {"N": ("04:38:14.93", "-12:17:13.6")}}, "as numbers, in degrees")])
def test_positions_on_the_sky_that_make_no_sense_are_one_line(changes, message):
    with pytest.raises(UserError, match=message):
        check_sources(on_sky(**changes), PATH)
