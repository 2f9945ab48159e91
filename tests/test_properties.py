"""Whatever is written in dates, settings, lists and databases: a value or one line, no crash."""

import contextlib
import datetime
import json
import math
import zlib
from pathlib import Path

from cosmouline import dates
from cosmouline.database.database import Database
from cosmouline.database.json_store import Store
from cosmouline.database.settings import load_settings
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_catalog import Star, read_cat, read_image_list, write_cat
from cosmouline.frames.db_intake import image_name
from cosmouline.frames.header_dates import mid_exposure
from cosmouline.frames.header_values import number_of
from cosmouline.frames.telescope import load_telescope
from cosmouline.lightcurve.io_rdb import odd_points, read_rdb

import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

quick = settings(max_examples=40, derandomize=True, deadline=None, database=None,
                 suppress_health_check=list(HealthCheck))
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])
TEXT = st.text(LETTERS, max_size=40)
CARD = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
DATELIKE = st.from_regex(r"[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4}([T ][0-9:.]{0,14}[Z+-]?)?",
                         fullmatch=True)
MOMENT = st.datetimes(datetime.datetime(1981, 1, 1), datetime.datetime(2025, 1, 1))


@contextlib.contextmanager
def refused(kind, word):
    """Let one line pass that refuses and names what; nothing else."""
    try:
        yield
    except kind as problem:
        if word not in str(problem).lower() or "\n" in str(problem):
            raise


ROW = {"img_name": "R_1", "set_name": "R", "mjd": 58709.5, "gogogo": True}


@quick
@given(MOMENT)
def test_every_moment_of_our_time_is_read_to_a_millisecond(moment):
    """Datetime knows the day number of every date; MJD 0 is 17 November 1858."""
    since = moment - datetime.datetime(1858, 11, 17)

    mjd = dates.iso_to_mjd(moment.isoformat())

    assert mjd == pytest.approx(since / datetime.timedelta(days=1), abs=1e-3 / 86400)
    assert dates.mjd_to_iso(mjd)[:16] in {
        (moment + datetime.timedelta(milliseconds=k)).isoformat()[:16] for k in (-1, 0, 1)}


@quick
@given(st.one_of(CARD, DATELIKE), st.one_of(st.none(), CARD))
def test_a_date_card_gives_a_date_or_a_reason(text, clock):
    header = fits.Header({"DATE-OBS": text} | ({"UT": clock} if clock is not None else {}))

    with refused(ImageRejected, "date"):
        assert math.isfinite(mid_exposure(header, load_telescope("generic"), 300.0, 0.0).mjd)


@quick
@given(st.one_of(CARD, st.floats(allow_nan=False, allow_infinity=False), st.integers(-9**9, 9**9),
                 st.booleans()))
def test_a_card_gives_a_finite_number_nothing_or_a_reason(value):
    with contextlib.suppress(ImageRejected):
        found = number_of(fits.Header({"GAIN": value}), "GAIN")
        assert found is None or math.isfinite(found.value)


@quick
@given(TEXT)
def test_the_name_of_an_image_is_safe_in_paths(stem):
    name = image_name("R", stem)

    assert name.startswith("R_")
    assert "/" not in name
    assert len(name) <= 100
    assert (Path("/work") / f"{name}.fits").resolve().parent == Path("/work")


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-10, 10), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6)
NAMES = ("sets", "max_cpus", "psf_name", "lens_name", "point_sources", "lens_ra_deg", "engine",
         "empty_region", "psf_prior", "work_dir", "norm_stars", "lens_position_px", "sum_sources",
         "curve_dates", "source_epochs", "extra_sources", "band_ref_img_names")


@quick
@given(st.sampled_from(NAMES), VALUES)
def test_a_setting_is_taken_or_refused_in_one_line(tmp_path_factory, name, value):
    folder = tmp_path_factory.mktemp("config")
    text = repr(value).replace("inf", "float('inf')").replace("nan", "float('nan')")
    (folder / "settings.py").write_text(f"work_dir = '/w'\n{name} = {text}\n", encoding="utf-8")

    with refused(UserError, "settings.py"):
        load_settings(folder)


@quick
@given(st.one_of(st.binary(max_size=60), st.lists(st.one_of(
    TEXT, st.from_regex(r"[a-z]{1,3} -?[0-9.e]{1,5} [0-9.,]{1,5}( [0-9-]{1,4})?", fullmatch=True)),
    max_size=4).map(lambda lines: "\n".join(lines).encode())))
def test_a_list_is_read_or_refused_with_its_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("list") / "normstars.cat"
    path.write_bytes(content)

    for read in (read_cat, read_image_list, lambda path: odd_points(read_rdb(path))):
        with refused(UserError, "normstars.cat"):
            read(path)


@quick
@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True),
                          st.floats(0, 4000), st.floats(0, 4000)),
                min_size=1, max_size=4, unique_by=lambda star: star[0]))
def test_a_written_list_of_stars_is_read_back_to_its_digits(tmp_path_factory, stars):
    path = tmp_path_factory.mktemp("list") / "a.cat"

    with contextlib.suppress(UserError):  # two at one place
        write_cat(path, [Star(*star) for star in stars])
        back = read_cat(path)
        assert [star.name for star in back] == [name for name, _, _ in stars]
        for star, (_, x, y) in zip(back, stars, strict=True):
            assert (star.x_px, star.y_px) == pytest.approx((x, y), abs=6e-5)


@quick
@given(st.integers(0, 10**4), st.binary(max_size=6), st.booleans())
def test_a_damaged_database_is_read_or_refused(tmp_path_factory, place, damage, is_cut):
    path = tmp_path_factory.mktemp("db") / "database.json"
    store = Store(path)
    store.save({"R_1": ROW, "R_2": ROW | {"img_name": "R_2"}}, {})
    raw = path.read_bytes()
    place %= len(raw)
    path.write_bytes(raw[:place] + damage + (b"" if is_cut else raw[place + len(damage):]))

    with refused(UserError, "database.json"):
        assert set(Database(path).rows) <= {"R_1", "R_2"} or not is_cut


@quick
@given(st.lists(st.one_of(st.binary(max_size=30), VALUES.map(
    lambda value: json.dumps(value).encode()), st.just(json.dumps(
        {"generation": 1, "img_name": "R_1", "set": {"filter": "V"}}).encode())), max_size=4))
def test_lines_of_the_journal_count_or_are_dropped(tmp_path_factory, lines):
    """A good line counts whatever stands around it."""
    path = tmp_path_factory.mktemp("db") / "database.json"
    store = Store(path)
    store.save({"R_1": ROW}, {})
    path.with_name("database.json.journal").write_bytes(b"".join(
        f"{zlib.crc32(line):08x} ".encode() + line + b"\n" for line in lines))

    rows = Database(path).rows

    good = any(b'"filter"' in line for line in lines)
    assert rows["R_1"] == ROW | ({"filter": "V"} if good else {})
