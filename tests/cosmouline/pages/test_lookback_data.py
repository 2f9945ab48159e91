from types import SimpleNamespace

from cosmouline.pages import lookback_data

import numpy as np
import pytest

NO_LIMITS = {"join_fwhm_max_arcsec": None, "join_ellipticity_max": None, "join_sky_max_e": None,
             "join_coeff_max": None}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(dec_name="try2", psf_name="round", renorm_name="weighted", band="",
                           config_dir=tmp_path, join_center="mean", **NO_LIMITS)


def image(name, mjd=60000.0, **fields):
    return {"img_name": name, "gogogo": True, "treatme": True, "mjd": mjd, "set_name": "R",
            "telescope": "generic", "site_lon_deg": -70.7} | fields


def fitted(name, mjd=60000.0, flux_e=100.0, **fields):
    return image(name, mjd, **{
        "mhjd": mjd + 0.003, "dec_chi2__try2": 1.0, "dec_coeff__try2": 2.0,
        "dec_coeff_sigma__try2": 0.08, "flux_e__try2__A": flux_e, "flux_sigma_e__try2__A": 3.0,
        "flux_cov_e2__try2__A__A": 9.0, "flux_sys_e__try2__A": 1.0} | fields)


def test_images_without_a_date_come_last():
    rows = [{"img_name": "c"}, image("b", 2.0), image("a", 2.0), image("d", 1.0)]

    assert [row["img_name"] for row in lookback_data.by_time(rows)] == ["d", "a", "b", "c"]


def test_without_sources_there_are_no_curves(settings):
    found = lookback_data.by_image([image("a")], [], settings)

    assert found == {"time": "mhjd", "t": [60000.0], "mag": [], "sigma": []}
    assert lookback_data.by_night([image("a")], [], [], settings)["t"] == []


def test_an_image_whose_psf_is_in_doubt_is_flagged(settings):
    rows = [fitted("a", psf_note__round="slope", quality_note="trailed"),
            fitted("b", psf_note__other="scatter")]

    assert lookback_data.states(rows, rows, settings) == (["flagged", "used"],
                                                          ["trailed, slope", ""])


def test_time_is_mjd_where_a_fitted_image_has_no_mhjd(settings):
    rows = [fitted("a"), image("b")]
    assert lookback_data.by_image(rows, ["A"], settings)["t"] == [60000.003, 60000.0]

    del rows[0]["mhjd"]

    found = lookback_data.by_image(rows, ["A"], settings)
    assert (found["time"], found["t"]) == ("mjd", [60000.0, 60000.0])


def test_a_night_names_its_images_by_their_places(settings):
    rows = [fitted("a", 60000.2), image("x", 60000.25), fitted("b", 60000.3),
            fitted("c", 60001.2)]
    inside = lookback_data.within(rows, settings)

    found = lookback_data.by_night(rows, inside, ["A"], settings)

    assert found["members"] == [[0, 2], [3]]
    assert found["t"] == [60000.253, 60001.203]
    assert found["mag"][0] == pytest.approx([-2.5 * np.log10(200)] * 2, abs=6e-7)


def test_columns_show_the_first_field_that_an_image_has(settings):
    rows = [image("a", field_fwhm_arcsec=1.234, fwhm_arcsec=9.0), image("b", fwhm_arcsec=1.5),
            image("c")]

    found = {one["label"]: one for one in lookback_data.table(rows, [], settings)}

    assert set(found) == {"set", "telescope", "seeing"}  # the others have no value
    assert found["seeing"]["values"] == [1.23, 1.5, None]
    assert found["seeing"]["unit"] == "arcsec"
    assert found["seeing"]["title"].startswith("field_fwhm_arcsec or fwhm_arcsec: field_fwhm_px")


def test_states_tell_what_became_of_an_image(settings):
    (settings.config_dir / "dec_try2_skiplist.txt").write_text("skipped a trail\n")
    rows = [fitted("used"), fitted("flagged", quality_note="bright sky"), fitted("skipped"),
            image("late"), fitted("wide", field_fwhm_arcsec=3.0),
            image("aside", treatme=False), image("bad", gogogo=False, whynot="clouds")]
    for row in rows:
        row.setdefault("field_fwhm_arcsec", 1.0)
    settings.join_fwhm_max_arcsec = 2.0

    state, why = lookback_data.states(rows, lookback_data.within(rows, settings), settings)

    assert state == ["used", "flagged", "skipped", "not fitted", "outside", "set aside",
                     "rejected"]
    assert why == ["", "bright sky", "a trail", "", "beyond a join_ limit of the settings",
                   "treatme is False", "clouds"]


@pytest.mark.parametrize(("setting", "limit", "field"), [
    ("join_fwhm_max_arcsec", 1.5, "field_fwhm_arcsec"),
    ("join_ellipticity_max", 0.15, "field_ellipticity"),
    ("join_sky_max_e", 500.0, "sky_level_e"), ("join_coeff_max", 2.5, "dec_coeff__try2")])
def test_each_limit_leaves_out_the_image_beyond_it(settings, setting, limit, field):
    good = {"field_fwhm_arcsec": 1.0, "field_ellipticity": 0.1, "sky_level_e": 150.0,
            "dec_coeff__try2": 2.0}
    rows = [fitted("good", **good), fitted("bad", **good | {field: 2 * good[field]})]
    assert lookback_data.within(rows, settings) == rows

    setattr(settings, setting, limit)

    assert lookback_data.within(rows, settings) == rows[:1]
    setattr(settings, setting, 1e-3)
    assert lookback_data.within(rows, settings) == []  # the pages show the images alone


def test_rejected_images_and_those_without_fluxes_have_no_night(settings):
    rows = [fitted("a"), fitted("b", gogogo=False), fitted("c", treatme=False), image("d")]

    assert [row["img_name"] for row in lookback_data.within(rows, settings)] == ["a"]


def test_the_center_of_a_night_is_that_of_the_settings(settings):
    rows = [fitted(name, 60000.2, flux) for name, flux in (("a", 100.0), ("b", 100.0),
                                                           ("c", 400.0))]
    mag = {}
    for settings.join_center in ("mean", "median"):
        found = lookback_data.by_night(rows, rows, ["A"], settings)
        mag[settings.join_center] = found["mag"][0][0]

    assert mag["median"] == pytest.approx(-2.5 * np.log10(200), abs=1e-4)
    assert mag["mean"] < mag["median"] - 0.1


def test_curves_of_images_and_nights_are_rounded_and_have_their_errors(settings):
    rows = [fitted("a", 60000.2000004), image("b", 60001.2)]

    found = lookback_data.by_image(rows, ["A"], settings)

    assert found["t"] == [60000.203, 60001.2]
    assert found["mag"] == [[round(-2.5 * np.log10(200), 6), None]]
    # error of the flux (3 %) and of the coefficient (4 %)
    assert found["sigma"][0][0] == pytest.approx(2.5 / np.log(10) * 0.05, abs=1e-3)
    assert found["sigma"][0][1] is None


def test_columns_are_rounded_and_fluxes_have_one_for_each_source(settings):
    rows = [fitted("a", exptime_s=299.6, airmass=1.2345, n_psf_used__round=7,
                   renorm__weighted=1.5, medcoeff=1.4), image("b", medcoeff=1.23456)]

    found = {one["label"]: one for one in lookback_data.table(rows, ["A"], settings)}

    assert found["exposure"]["values"] == [300, None]
    assert isinstance(found["exposure"]["values"][0], int)
    assert found["airmass"]["values"] == [1.23, None]
    assert found["psf_stars"]["values"] == [7, None]
    assert found["coefficient"]["values"] == [2.0, 1.2346]  # of the deconvolution, or the first
    assert found["medcoeff"]["values"] == [1.4, 1.2346]
    assert found["flux_A"]["values"] == [100, None]
    assert (found["flux_A"]["decimals"], found["flux_error_A"]["decimals"]) == (0, 0)
    assert found["flux_error_A"]["values"] == [3, None]
    assert (found["flux_A"]["shown"], found["flux_error_A"]["shown"]) == (True, False)
    assert (found["flux_A"]["unit"], found["airmass"]["unit"]) == ("e-", "")


def test_sources_are_those_with_fluxes_of_this_deconvolution(settings):
    rows = [image("a", flux_e__other__C=1.0), fitted("b", flux_e__try2__B=2.0)]

    assert lookback_data.sources_of(rows, settings) == ["A", "B"]
