from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

SCRIPT = "lcmanip/1_join"


def curve_of(lens):
    """Return the published points with the columns of the .rdb, and all digits of the .ecsv."""
    path = paths.light_curve(lens.settings())
    published, complete = read_rdb(path), read_ecsv_columns(path.with_suffix(".ecsv"))
    kept = np.isin(np.round(complete["mhjd"], 6), published["mhjd"])
    return {name: values if values.dtype.kind == "b" else complete[name][kept]
            for name, values in published.items()}


def same_night(lens):
    """Put the exposures into three nights of two: 8 minutes apart."""
    for first, second in zip(lens.truth.good[::2], lens.truth.good[1::2], strict=True):
        for field in ("mjd", "mhjd"):
            lens.update(second, **{field: lens.rows[first][field] + 8 / 1440})


def test_magnitudes_and_errors_of_single_images(lens_before, caplog):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    curve = curve_of(lens)
    coeff, coeff_sigma = lens.values("dec_coeff__lens"), lens.values("dec_coeff_sigma__lens")
    assert curve["mhjd"] == pytest.approx(lens.values("mhjd"))
    assert curve["nbimg"].tolist() == [1] * 6
    assert curve["flag"].tolist() == [True] * 6
    assert curve["fwhm"] == pytest.approx(lens.values("field_fwhm_arcsec"))
    assert set(curve["telescope"]) == {"TINY"}
    for source in "AB":
        flux_e = lens.values(f"flux_e__lens__{source}")
        assert curve[f"mag_{source}"] == pytest.approx(-2.5 * np.log10(flux_e * coeff))
        relative = np.hypot(lens.values(f"flux_sigma_e__lens__{source}") / flux_e,
                            coeff_sigma / coeff)
        assert curve[f"magerr_{source}_cov"] == pytest.approx(2.5 * np.log10(1 + relative))
    assert caplog.messages[-1].endswith("TINY_lens_by_night.rdb")
    assert any(m.startswith("6 images in 6 points, 0 of them flagged") for m in caplog.messages)


def test_the_columns_are_those_that_cosmouline_writes(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    bars = [f"magerr_{{}}_{k}" for k in range(6)]
    sources = [name.format(source) for source in "AB" for name in ("mag_{}", *bars)]
    ours = [name.format(source) for source in "AB"
            for name in ("magerr_{}_cov", "magerr_{}_norm", "magerr_{}_calib", "magsys_{}")]
    assert list(curve_of(lens)) == [
        "mhjd", "datetime", "telescope", "setname", "nbimg", "fwhm", "ellipticity", "airmass",
        "relskylevel", "normcoeff", "flag", *sources, *ours, "magcov_A_B", "flag_A", "flag_B"]


@pytest.mark.parametrize(("settings", "n_points"), [
    ("", 3), ("join_by = 'image'\n", 6), ("join_by = 'minutes'\njoin_minutes = 5.0\n", 6),
    ("join_by = 'minutes'\njoin_minutes = 10.0\n", 3)])
def test_images_are_joined_by_night_image_or_minutes(lens_before, settings, n_points):
    lens = lens_before(SCRIPT)
    same_night(lens)
    lens.set(settings)

    lens.run(SCRIPT)

    curve = curve_of(lens)
    assert len(curve["mhjd"]) == n_points
    assert curve["nbimg"].sum() == 6
    if n_points == 3:
        flux_e = lens.values("flux_e__lens__A") * lens.values("dec_coeff__lens")
        joined_e = 10 ** (-0.4 * curve["mag_A"])
        assert (joined_e > flux_e.reshape(3, 2).min(1)).all()
        assert (joined_e < flux_e.reshape(3, 2).max(1)).all()


def test_telescopes_are_not_mixed(lens_before):
    lens = lens_before(SCRIPT)
    same_night(lens)
    lens.update(lens.truth.good[1], telescope="Other")

    lens.run(SCRIPT)

    curve = curve_of(lens)
    assert len(curve["mhjd"]) == 4
    assert sorted(curve["telescope"]).count("Other") == 1


@pytest.mark.parametrize(("setting", "word"), [
    ("join_fwhm_max_arcsec = 1.1", "seeing above 1.1"),
    ("join_ellipticity_max = 0.6", "ellipticity above 0.6"),
    ("join_coeff_max = 1.3", "coefficient above 1.3"),
    ("join_sky_max_e = 1000.0", "sky above 1000")])
def test_images_beyond_a_limit_are_left_out(lens_before, caplog, setting, word):
    lens = lens_before(SCRIPT)
    lens.update(lens.truth.good[1], field_ellipticity=0.7)
    lens.set(f"{setting}\n")

    lens.run(SCRIPT)

    told, = (m for m in caplog.messages if "images left out" in m)
    assert told.endswith(word)
    assert len(curve_of(lens)["mhjd"]) == 6 - int(told.split()[0]) < 6


def test_nights_beyond_a_limit_are_flagged_and_stay(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("night_fwhm_max_arcsec = 1.05\n")

    lens.run(SCRIPT)

    curve = curve_of(lens)
    assert curve["flag"].tolist() == (curve["fwhm"] <= 1.05).tolist()
    assert 0 < curve["flag"].sum() < 6


def test_too_few_images_in_a_night_are_flagged(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("night_min_images = 2\n")

    lens.run(SCRIPT)

    assert not curve_of(lens)["flag"].any()


def test_a_flux_that_is_not_positive_is_no_point_of_its_source_alone(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", flux_e__lens__B=-50.0)

    lens.run(SCRIPT)

    curve = curve_of(lens)
    assert len(curve["mhjd"]) == 6
    assert (curve["flag_A"].sum(), curve["flag_B"].sum(), curve["flag"].sum()) == (6, 5, 5)
    assert np.isfinite(curve["mag_A"]).all()
    assert any("1 flagged, 1 of these" in m.replace("of them ", "") for m in caplog.messages)


def test_a_point_that_inspect_flux_lists_is_not_flagged_as_good(lens_before, caplog):
    """One rule for both: the names in its report are those of the points that are not good."""
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", dec_chi2__lens=1.8)
    lens.update("R_tiny_0005", flux_e__lens__B=2 * lens.rows["R_tiny_0005"]["flux_e__lens__B"])

    lens.run("7_deconv/8_inspect_flux")
    lens.run(SCRIPT)

    report = (lens.work / "report_dec_lens_fluxes.txt").read_text()
    listed = {(words[0], words[1]) for words in (line.replace("|", " ").split()
              for line in report.splitlines()) if words and words[0].startswith("R_tiny")}
    curve = curve_of(lens)
    bad = {(name, source) for source in "AB"
           for name, good in zip(lens.truth.good, curve[f"flag_{source}"], strict=True)
           if not good}
    assert listed == bad == {("R_tiny_0003", "A"), ("R_tiny_0003", "B"), ("R_tiny_0005", "B")}
    assert (~curve["flag"]).sum() == 2
    assert any("marks fluxes of 2 images" in m for m in caplog.messages)


def test_nothing_within_the_limits_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("join_fwhm_max_arcsec = 0.1\n")

    with pytest.raises(UserError, match="no image is within the join_ limits of the settings"):
        lens.run(SCRIPT)


def test_without_a_position_the_time_is_that_of_the_earth(lens_before):
    lens = lens_before(SCRIPT)
    for name in lens.truth.good:
        lens.update(name, mhjd=None)

    lens.run(SCRIPT)

    assert curve_of(lens)["mhjd"] == pytest.approx(lens.values("mjd"))


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 7_deconv/6_readout\.py first"):
        lens_before("7_deconv/6_readout").run(SCRIPT)


def test_pycs3_reads_the_curve(lens_before):
    pytest.importorskip("pycs3")
    from pycs3.gen.lc_func import rdbimport

    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    curve = rdbimport(str(paths.light_curve(lens.settings())), object="A",
                      magcolname="mag_A", magerrcolname="magerr_A_cov", flagcolname="flag",
                      telescopename="TINY", verbose=False)

    assert curve.jds == pytest.approx(lens.values("mhjd"))
    assert curve.mags == pytest.approx(curve_of(lens)["mag_A"])
    assert curve.mask.all()


@pytest.mark.parametrize(("separate", "field", "names"), [
    ("telescope", "telescope", ["Other", "TINY"]), ("set", "set_name", ["R", "R2"])])
def test_telescopes_or_sets_have_a_curve_each(lens_before, monkeypatch, separate, field, names):
    lens = lens_before(SCRIPT)
    lens.set(f"join_separate = {separate!r}\n")
    moved = lens.truth.good[:2]
    for name in moved:
        lens.update(name, **{field: {"telescope": "Other", "set": "R2"}[separate]})
    settings = lens.settings

    def with_sets(*words, **options):
        found = settings(*words, **options)
        found.sets = [{"name": "R"}, {"name": "R2"}]
        return found

    monkeypatch.setattr(lens, "settings", with_sets)
    lens.run(SCRIPT)

    found = sorted(path.name for path in (lens.work / "export").glob("*.rdb"))
    assert found == sorted(f"TINY_lens_{name}_by_night.rdb" for name in names)
    sizes = {name: len(read_rdb(paths.light_curve(lens.settings(), name))["mhjd"])
             for name in names}
    assert sorted(sizes.values()) == [2, 4]


def test_telescopes_of_one_file_name_are_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.set("join_separate = 'telescope'\n")
    for name, telescope in zip(lens.truth.good[:2], ("A B", "A-B"), strict=True):
        lens.update(name, telescope=telescope)

    with pytest.raises(UserError, match="would give light curves of one file name"):
        lens.run(SCRIPT)


def test_each_band_has_a_curve(lens_before, monkeypatch):
    lens = lens_before(SCRIPT)
    for name in lens.truth.good[:2]:
        lens.update(name, set_name="V1")
    settings = lens.settings

    def with_bands(*words, **options):
        found = settings(*words, **options)
        found.sets = [{"name": "R", "band": "r"}, {"name": "V1", "band": "v"}]
        return found

    monkeypatch.setattr(lens, "settings", with_bands)
    lens.run(SCRIPT)

    sizes = {path.name: len(read_rdb(path)["mhjd"])
             for path in (lens.work / "export").glob("*.rdb")}
    assert sizes == {"TINY_lens_r_by_night.rdb": 4, "TINY_lens_v_by_night.rdb": 2}
    assert (lens.work / "report_join_lens_by_night_v.txt").is_file()


def test_images_of_the_skip_lists_are_left_out(lens_before, caplog):
    lens = lens_before(SCRIPT)
    first, second = lens.truth.good[:2]
    (lens.config / "join_skiplist.txt").write_text(f"{first} trailed\nnobody\n")
    (lens.config / "more.txt").write_text(f"{second}\n")
    lens.set("join_skiplists = ['join_skiplist.txt', 'more.txt']\n")

    lens.run(SCRIPT)

    assert curve_of(lens)["mhjd"] == pytest.approx(lens.values("mhjd", lens.truth.good[2:]))
    assert "2 images left out: named in a skip list" in caplog.messages
    assert "join_skiplist.txt: nobody is not in the database" in caplog.messages
    lens.set("join_skiplists = ['none.txt']\n")
    with pytest.raises(UserError, match=r"join_skiplists: there is no .*none\.txt"):
        lens.run(SCRIPT)


def test_the_table_with_units_holds_what_the_rdb_holds(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    path = paths.light_curve(lens.settings())
    table = Table.read(path.with_suffix(".ecsv"), format="ascii.ecsv")
    curve = read_rdb(path)
    names = list(curve)
    assert table.colnames == [*names[:11], "excluded", *names[11:]]
    for name in ("mhjd", "mag_A", "magerr_B_cov", "magcov_A_B", "nbimg"):
        rounded_to = {"mhjd": (0, 5.1e-7), "mag_A": (0, 5.1e-6)}.get(name, (5.1e-4, 0))
        np.testing.assert_allclose(curve[name], np.array(table[name]), *rounded_to)
    for end, kind in ((".vot", "votable"), (".fits", "fits"), (".csv", "ascii.csv")):
        other = Table.read(path.with_suffix(end), format=kind)
        assert other.colnames == names
        assert other["mag_A"].tolist() == curve["mag_A"].tolist()
    header, settings = fits.getheader(path.with_suffix(".fits"), 1), lens.settings()
    assert (header["OBJECT"], header["RA"], header["DEC"]) == (
        "TINY", settings.lens_ra_deg, settings.lens_dec_deg)
    assert (str(table["mag_A"].unit), str(table["fwhm"].unit)) == ("mag", "arcsec")
    assert "-2.5 log10 of electrons on the reference scale" in table["mag_A"].description


def test_a_table_for_the_cds_is_written_on_request(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.light_curve(lens.settings())
    target = path.with_name("TINY_lens_by_night_cds.txt")
    lens.run(SCRIPT)
    assert not target.exists()

    lens.run(SCRIPT, cds=True)

    assert Table.read(target, format="ascii.cds")["mag_B"].tolist() == read_rdb(path)[
        "mag_B"].tolist()
