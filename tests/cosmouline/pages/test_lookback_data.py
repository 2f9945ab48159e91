from types import SimpleNamespace

from cosmouline.pages import lookback_data

import pytest

NO_LIMITS = {"join_fwhm_max_arcsec": None, "join_ellipticity_max": None, "join_sky_max_e": None,
             "join_coeff_max": None}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(dec_name="lens", psf_name="psf1", renorm_name="renorm1", band="",
                           config_dir=tmp_path, join_minutes=30.0, join_center="mean",
                           **NO_LIMITS)


def image(name, mjd=60000.0, **fields):
    return {"img_name": name, "gogogo": True, "treatme": True, "mjd": mjd, "set_name": "R",
            "telescope": "generic", "site_lon_deg": -70.7} | fields


def fitted(name, mjd=60000.0, flux_e=100.0, **fields):
    return image(name, mjd, **{
        "mhjd": mjd + 0.003, "dec_chi2__lens": 1.0, "dec_coeff__lens": 2.0,
        "dec_coeff_sigma__lens": 0.08, "flux_e__lens__A": flux_e, "flux_sigma_e__lens__A": 3.0,
        "flux_cov_e2__lens__A__A": 9.0, "flux_sys_e__lens__A": 1.0} | fields)


def test_images_without_a_date_come_last():
    rows = [{"img_name": "c"}, image("b", 2.0), image("a", 2.0), image("d", 1.0)]

    assert [row["img_name"] for row in lookback_data.by_time(rows)] == ["d", "a", "b", "c"]


def test_without_sources_there_are_no_curves(settings):
    found = lookback_data.by_image([image("a")], [], settings)

    assert found == {"time": "mhjd", "t": [60000.0], "mag": [], "sigma": []}
    assert lookback_data.by_night([image("a")], [], [], settings)["t"] == []


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
    assert found["mag"][0] == pytest.approx([-5.7526] * 2)


def test_columns_show_the_first_field_that_an_image_has(settings):
    rows = [image("a", field_fwhm_arcsec=1.234, fwhm_arcsec=9.0), image("b", fwhm_arcsec=1.5),
            image("c")]

    found = {one["label"]: one for one in lookback_data.table(rows, [], settings)}

    assert set(found) == {"set", "telescope", "seeing"}  # the others have no value
    assert found["seeing"]["values"] == [1.23, 1.5, None]
    assert found["seeing"]["unit"] == "arcsec"
    assert found["seeing"]["title"].startswith("field_fwhm_arcsec or fwhm_arcsec: field_fwhm_px")


def test_states_tell_what_became_of_an_image(settings):
    (settings.config_dir / "dec_lens_skiplist.txt").write_text("skipped a trail\n")
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
