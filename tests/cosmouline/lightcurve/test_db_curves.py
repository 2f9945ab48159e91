"""db_curves.py: which curves there are, how settings join and flag them, and their files."""

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.limits import Limits
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.lightcurve import db_curves
from cosmouline.lightcurve.db_columns import image_table
from cosmouline.lightcurve.io_exchange import rounded
from cosmouline.lightcurve.io_rdb import read_rdb, write_rdb
from cosmouline.run import make_options

import numpy as np
import pytest
from astropy.table import Table

NIGHT = 60000.1  # mjd of an exposure at Chile's night
N_IMAGES = (3, 2, 1)  # of the three nights
# Three images of the first night are skewed: the median of 1000, 1010, 1140 is not their mean.
FLUX_A = [1000.0, 1010.0, 1140.0, 900.0, 920.0, 800.0]
SETTINGS = """
lens_name, dec_name, work_dir = "L", "d", {work!r}
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}, "files": "R*"}},
        {{"name": "V", "telescope": "generic", "raw_dir": {raw!r}, "files": "V*"}}]
"""


def rows():
    """Two sources in nights of 3, 2 and 1 images, 14 minutes apart; conditions grow by night."""
    nights = np.repeat(np.arange(3), N_IMAGES)
    steps = np.concatenate([np.arange(n) for n in N_IMAGES])
    return [{
        "img_name": f"i{i}", "gogogo": True, "treatme": True,
        "telescope": "T" if i < 5 else "U", "set_name": "R" if i < 3 else "V",
        "site_lon_deg": -70.0, "mjd": NIGHT + night + 0.01 * step,
        "mhjd": NIGHT + night + 0.01 * step + 0.002, "field_fwhm_arcsec": 1.0 + 0.2 * night,
        "field_ellipticity": 0.05 + 0.1 * night, "airmass": 1.1 + 0.3 * night,
        "sky_level_e": 500.0 + 100 * night, "dec_coeff__d": 1.0 + 0.5 * night,
        "dec_coeff_sigma__d": 0.004, "dec_chi2__d": 1.0,
        "flux_e__d__A": FLUX_A[i], "flux_sigma_e__d__A": 20.0, "flux_cov_e2__d__A__A": 399.0,
        "flux_psf_e__d__A": 1.0, "flux_sys_e__d__A": 3.0,
        "flux_e__d__B": 500.0, "flux_sigma_e__d__B": 4.0, "flux_cov_e2__d__B__B": 15.0,
        "flux_psf_e__d__B": 1.0, "flux_sys_e__d__B": 2.0, "flux_cov_e2__d__A__B": -30.0,
    } for i, (night, step) in enumerate(zip(nights, steps, strict=True))]


@pytest.fixture
def settings_of(tmp_path):
    """Load settings with more lines, and options."""
    (tmp_path / "raw").mkdir()

    def load(more="", **options):
        (tmp_path / "settings.py").write_text(SETTINGS.format(
            work=str(tmp_path / "work"), raw=str(tmp_path / "raw")) + more)
        settings = load_settings(tmp_path)
        settings.options = make_options(**options)
        return settings

    return load


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    for row in rows():
        db.update(row["img_name"], {k: v for k, v in row.items() if k != "img_name"})
    yield db
    db.close()


def names(curve):
    return [row["img_name"] for row in curve.rows]


def test_all_images_and_sources_are_one_curve(db, settings_of):
    curve, = db_curves.curves(db, settings_of())

    assert names(curve) == [f"i{k}" for k in range(6)]
    assert curve.sources == ["A", "B"]
    assert curve.path == paths.light_curve(curve.settings)
    assert curve.name == "d_by_night"
    assert curve.table.fluxes["flux_e"][:, 0].tolist() == FLUX_A
    assert curve.table is curve.table  # read once
    by_image, = db_curves.curves(db, settings_of('join_by = "image"\n'))
    assert by_image.name == "d_by_image"


@pytest.mark.parametrize(("separate", "expected"), [
    ("telescope", {"T-1": 5, "U": 1}), ("set", {"R": 3, "V": 3})])
def test_telescopes_and_sets_can_be_curves_of_their_own(db, settings_of, separate, expected):
    for row in rows()[:5]:
        db.update(row["img_name"], {"telescope": "T 1"})

    found = db_curves.curves(db, settings_of(f"join_separate = {separate!r}\n"))

    assert {curve.part: len(curve.rows) for curve in found} == expected
    assert [curve.name for curve in found] == [f"d_{part}_by_night" for part in expected]


def test_the_sources_are_those_of_the_setting_in_its_order(db, settings_of):
    curve, = db_curves.curves(db, settings_of(
        'join_sources = ["S", "A"]\nsum_sources = {"S": ("A", "B")}\n'))

    assert curve.sources == ["S", "A"]
    assert curve.table.fluxes["flux_e"][0].tolist() == [1500.0, 1000.0]
    both, = db_curves.curves(db, settings_of(sum=["X=B+A"]))
    assert both.sources == ["A", "B", "X"]
    with pytest.raises(UserError, match="join_sources: there is no source 'C' among A, B"):
        db_curves.curves(db, settings_of('join_sources = ["A", "C"]\n'))


def test_a_source_without_a_flux_in_the_images_of_a_curve_is_not_in_it(db, settings_of):
    for name in ("i3", "i4", "i5"):
        db.update(name, {"flux_e__d__B": None})

    first, second = db_curves.curves(db, settings_of('join_separate = "set"\n'))

    assert (first.sources, second.sources) == (["A", "B"], ["A"])


def test_skip_lists_and_limits_leave_images_out(db, settings_of, tmp_path, caplog):
    caplog.set_level("INFO", "cosmouline")
    (tmp_path / "join_skiplist.txt").write_text("i0 satellite\n")
    (tmp_path / "mine.txt").write_text("i1\nnobody\n")

    curve, = db_curves.curves(db, settings_of(
        'join_skiplists = ["join_skiplist.txt", "mine.txt"]\n'), Limits(seeing=1.3))

    assert names(curve) == ["i2", "i3", "i4"]
    assert caplog.messages == ["mine.txt: nobody is not in the database",
                               "2 images left out: named in a skip list",
                               "1 images left out: seeing above 1.3"]
    with pytest.raises(UserError, match=r"join_skiplists: there is no .*other\.txt"):
        db_curves.curves(db, settings_of('join_skiplists = ["other.txt"]\n'))
    (tmp_path / "join_skiplist.txt").unlink()  # the list by default need not exist
    assert len(db_curves.curves(db, settings_of())[0].rows) == 6


def columns_of(settings, found=None):
    found = found or rows()
    return db_curves.joined_columns(found, image_table(found, ["A", "B"], "d"), ["A", "B"],
                                    settings)


@pytest.mark.parametrize(("more", "flags"), [
    ("", [True, True, True]),
    ("night_fwhm_max_arcsec = 1.3", [True, True, False]),
    ("night_ellipticity_max = 0.1", [True, False, False]),
    ("night_sky_max_e = 1000.0", [True, True, False]),  # sky x coefficient: 500, 900, 1400
    ("night_coeff_max = 1.2", [True, False, False]),
    ("night_min_images = 2", [True, True, False])])
def test_nights_beyond_a_limit_are_flagged(settings_of, more, flags):
    columns, _ = columns_of(settings_of(more + "\n"))

    assert columns["flag"].tolist() == flags
    assert columns["nbimg"].tolist() == [3, 2, 1]


@pytest.mark.parametrize(("more", "n_images"), [
    ('join_by = "image"', [1] * 6), ('join_by = "minutes"', [3, 2, 1]),
    ('join_by = "minutes"\njoin_minutes = 20.0', [2, 1, 2, 1])])
def test_images_are_grouped_by_the_settings(settings_of, more, n_images):
    assert columns_of(settings_of(more + "\n"))[0]["nbimg"].tolist() == n_images


def test_a_skewed_night_has_another_median_than_mean(settings_of):
    """Errors of 20 for all, and of the coefficient at the median flux: the mean is a plain one."""
    mean, _ = columns_of(settings_of())
    median, _ = columns_of(settings_of('join_center = "median"\n'))

    assert mean["mag_A"][0] == pytest.approx(-2.5 * np.log10(1050))
    assert median["mag_A"][0] == pytest.approx(-2.5 * np.log10(1010))
    assert mean["mhjd"][0] == pytest.approx(NIGHT + 0.012)


def test_a_source_without_a_magnitude_takes_no_point_from_the_others(settings_of):
    found = rows()
    found[5]["flux_e__d__B"] = -1.0

    columns, joined = columns_of(settings_of(), found)

    assert columns["nbimg"].tolist() == [3, 2, 1]
    assert joined.is_complete.tolist() == [True, True, False]
    assert columns["flag"].tolist() == columns["flag_B"].tolist() == [True, True, False]
    assert columns["flag_A"].tolist() == [True, True, True]
    assert np.isfinite(columns["mag_A"]).all()
    assert np.isfinite(columns["mag_B"]).tolist() == [True, True, False]
    assert all(columns[f"magerr_B_{bar}"][2] == np.inf for bar in (*range(6), "cov", "norm"))


@pytest.mark.parametrize(("center", "flags"), [("mean", [False, True, True]),
                                               ("median", [True, True, True])])
def test_what_inspect_flux_marks_is_no_good_point_of_its_source(db, settings_of, center, flags):
    """One of three images of a night moves their mean, not their median; other bands stay."""
    db.update("i2", {"flux_e__d__B": -1.0})
    db.update("i5", {"dec_chi2__d": 1.5})  # at the limit, not above
    settings = settings_of(f"join_center = {center!r}\n")

    curve, = db_curves.curves(db, settings)
    columns, _ = db_curves.joined_columns(curve.rows, curve.table, curve.sources, settings,
                                          curve.is_marked)

    assert np.argwhere(curve.is_marked).tolist() == [[2, 1]]
    assert columns["flag"].tolist() == columns["flag_B"].tolist() == flags
    assert columns["flag_A"].tolist() == [True, True, True]


@pytest.mark.parametrize("more", ["", 'join_by = "image"'])
def test_an_image_of_a_doubtful_psf_takes_no_point_from_the_others_of_its_night(
        db, settings_of, more, caplog):
    """i1 is one of three in its night; i5, alone in its own, makes a point that is flagged."""
    caplog.set_level("INFO", "cosmouline")
    db.update("i1", {"flux_e__d__A": 1e6})
    for name in ("i1", "i5"):
        db.update(name, {"dec_psf__d": "p", "psf_note__p": "stars scatter by 6 %"})
    settings = settings_of(more + "\n")

    curve, = db_curves.curves(db, settings)
    columns, _ = db_curves.joined_columns(curve.rows, curve.table, curve.sources, settings,
                                          curve.is_marked, curve.is_doubtful)

    by_image = bool(more)
    assert columns["nbimg"].tolist() == ([1] * 6 if by_image else [2, 2, 1])
    assert columns["flag"].tolist() == (
        [True, False, True, True, True, False] if by_image else [True, True, False])
    assert ("1 images left out of points that have others: their PSF is in doubt" in
            caplog.text) is not by_image
    if not by_image:  # the mean of the two others
        of_two = 10 ** (-0.4 * columns["mag_A"][0])
        flux = [row["flux_e__d__A"] * row["dec_coeff__d"] for row in curve.rows[:3:2]]
        assert min(flux) <= of_two <= max(flux)


def test_marks_are_those_among_all_images_and_half_of_a_night_is_enough(db, settings_of):
    db.update("i0", {"dec_chi2__d": 9.0})
    db.update("i3", {"dec_chi2__d": 9.0})
    settings = settings_of('join_center = "median"\n')

    curve, = db_curves.curves(db, settings, Limits(seeing=1.3))  # without the last night
    columns, _ = db_curves.joined_columns(curve.rows, curve.table, curve.sources, settings,
                                          curve.is_marked)

    assert [row["img_name"] for row, (a, b) in zip(curve.rows, curve.is_marked, strict=True)
            if a and b] == ["i0", "i3"]
    assert columns["flag"].tolist() == columns["flag_A"].tolist() == [True, False]


def test_the_tables_hold_all_columns_and_nights(db, settings_of, tmp_path, caplog):
    caplog.set_level("INFO", "cosmouline")
    settings = settings_of()
    curve, = db_curves.curves(db, settings)
    columns, _ = db_curves.joined_columns(curve.rows, curve.table, curve.sources, settings)
    columns["airmass"][1] = np.nan
    with pytest.raises(UserError, match=r"there is no .*\.ecsv\. Run lcmanip/1_join\.py first"):
        db_curves.read(curve)

    written = db_curves.write(curve, columns)

    assert caplog.messages == []
    table = db_curves.read(curve)
    assert list(table) == [*list(columns)[:11], "excluded", *list(columns)[11:]]
    for name, values in columns.items():
        np.testing.assert_array_equal(table[name], values)
        np.testing.assert_array_equal(written[name], rounded(columns)[name])
        np.testing.assert_array_equal(db_curves.read_published(curve)[name], written[name])
    assert not table["excluded"].any()
    assert db_curves.sources_of(table) == ["A", "B"]


@pytest.mark.parametrize(("more", "n_kept", "word"), [
    ("", 3, "flagged"), ('excluded_nights = "drop"\n', 2, "left out")])
def test_an_excluded_night_is_flagged_or_dropped_and_can_come_back(
        db, settings_of, tmp_path, caplog, more, n_kept, word):
    caplog.set_level("INFO", "cosmouline")
    curve, = db_curves.curves(db, settings_of(more))
    columns, _ = db_curves.joined_columns(curve.rows, curve.table, curve.sources, curve.settings)
    columns["flag"][2] = False
    (tmp_path / "excluded_nights.txt").write_text("60001 clouds\n")

    written = db_curves.write(curve, columns)

    assert caplog.messages == [f"1 points of excluded nights {word}"]
    assert written["flag"].tolist() == ([True, False, False] if n_kept == 3 else [True, False])
    assert len(read_rdb(curve.path)["mag_A"]) == n_kept
    table = db_curves.read(curve)
    assert table["excluded"].tolist() == [False, True, False]
    assert table["flag"].tolist() == [True, True, False]  # that of the limits
    (tmp_path / "excluded_nights.txt").unlink()
    again = db_curves.write(curve, table)
    for name, values in rounded(columns).items():
        np.testing.assert_array_equal(again[name], values)


def test_every_column_has_its_unit_and_meaning(db, settings_of):
    curve, = db_curves.curves(db, settings_of())
    columns, _ = db_curves.joined_columns(curve.rows, curve.table, curve.sources, curve.settings)
    db_curves.write(curve, columns)

    table = Table.read(curve.path.with_suffix(".ecsv"), format="ascii.ecsv")
    found = {name: (str(table[name].unit), table[name].description) for name in table.colnames}
    assert all(meaning for _, meaning in found.values())
    assert found["mhjd"][0] == "d"
    assert found["mag_A"] == (
        "mag", "magnitude of A: -2.5 log10 of electrons on the reference scale")
    assert found["magerr_B_4"] == ("mag", "error of B: scatter of the images")
    assert found["magerr_A_cov"] == (
        "mag", "error of A: all known errors of the point, covariances included")
    assert found["magerr_A_norm"][1].startswith("error of A: the error from the coefficient")
    assert found["magsys_B"][1].startswith("systematic error of B")
    assert found["magcov_A_B"] == (
        "mag2", "covariance of the magnitudes of two sources at one point")


def test_two_telescopes_of_one_file_name_are_an_error(db, settings_of):
    db.update("i4", {"telescope": "T 1"})
    db.update("i5", {"telescope": "T-1"})

    with pytest.raises(UserError, match="would give light curves of one file name"):
        db_curves.curves(db, settings_of('join_separate = "telescope"\n'))


def test_a_list_of_nights_has_days_dates_and_reasons(tmp_path):
    path = tmp_path / "nights.txt"
    path.write_text("# head\n60000 clouds and moon # or so\n\n2023-02-27\n")

    assert db_curves.excluded_days(path) == {60000: "clouds and moon", 60002: ""}
    assert db_curves.excluded_days(tmp_path / "none.txt") == {}
    path.write_text("60000\nyesterday\n")
    with pytest.raises(UserError, match="line 2: 'yesterday' is neither an integer mjd nor a "
                                        "date such as 2019-03-01"):
        db_curves.excluded_days(path)


def test_a_table_of_any_origin_is_checked(tmp_path, caplog):
    path = tmp_path / "other.rdb"
    good = {"mhjd": [2.0, 1.0], "mag_A": [1.0, np.nan], "magerr_A": [0.1, 0.1]}
    write_rdb(path, good)

    columns = db_curves.read_any(path, absent=("fwhm",))

    assert columns["mhjd"].tolist() == [2.0, 1.0]
    assert columns["flag"].tolist() == [True, True]
    assert np.isnan(columns["fwhm"]).all()
    assert caplog.messages == [f"{path}: the dates are not sorted",
                               f"{path}: mag_A is nan in 1 points"]
    write_rdb(path, good | {"mag_A": ["bright", "faint"]})
    with pytest.raises(UserError, match="mag_A holds text: correct the values that are no"):
        db_curves.read_any(path)
    for column, said in (("mhjd", "mhjd"), ("mag_A", "mag_X' or 'mag"), ("magerr_A", "magerr_A")):
        write_rdb(path, {name: values for name, values in good.items() if name != column})
        with pytest.raises(UserError, match=rf"has no column '{said}' \(it has "):
            db_curves.read_any(path)
    write_rdb(path, {"mhjd": [], "flag": []})
    with pytest.raises(UserError, match="is empty: it has a header, but no point"):
        db_curves.read_any(path)


def test_one_source_without_a_name_is_called_x(tmp_path):
    write_rdb(tmp_path / "o.rdb", {"mhjd": [1.0], "mag": [2.0], "magerr": [0.1], "flag": [False]})

    columns = db_curves.read_any(tmp_path / "o.rdb")

    assert db_curves.sources_of(columns) == ["X"]
    assert columns["magerr_X"].tolist() == [0.1]
    assert columns["flag"].tolist() == [False]
