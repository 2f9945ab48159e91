from cosmouline.database import columns
from cosmouline.database.database import Database
from cosmouline.database.limits import Limits
from cosmouline.errors import UserError
from cosmouline.frames import db_nights
from cosmouline.lightcurve import db_columns
from cosmouline.lightcurve.join import night_properties

import numpy as np
import pytest

NIGHT = 60000.1  # mjd of an exposure at Chile's night


def rows(n=4, **changes):
    """Rows of a deconvolution called d: two exposures a night."""
    found = []
    for i in range(n):
        mjd = NIGHT + i // 2 + 0.01 * (i % 2)
        found.append({
            "img_name": f"i{i}", "gogogo": True, "treatme": True, "telescope": "T",
            "set_name": "R", "site_lon_deg": -70.0, "mjd": mjd, "mhjd": mjd + 0.002,
            "field_fwhm_arcsec": 1.0 + 0.1 * i, "field_ellipticity": 0.05, "airmass": 1.1,
            "sky_level_e": 500.0, "dec_coeff__d": 1.0 + 0.1 * i, "dec_coeff_sigma__d": 0.001,
            "dec_chi2__d": 1.0,
            "flux_e__d__A": 1000.0 / (1.0 + 0.1 * i), "flux_sigma_e__d__A": 5.0,
            "flux_psf_e__d__A": 1.0, "flux_sys_e__d__A": 3.0, "flux_cov_e2__d__A__A": 24.0,
            "flux_e__d__B": 500.0, "flux_sigma_e__d__B": 4.0, "flux_psf_e__d__B": 1.0,
            "flux_sys_e__d__B": 2.0, "flux_cov_e2__d__B__B": 15.0, "flux_cov_e2__d__A__B": -3.0,
        } | changes)
    return found


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    for row in rows():
        db.update(row["img_name"], {k: v for k, v in row.items() if k != "img_name"})
    yield db
    db.close()


def test_fluxes_of_a_reduction_that_was_taken_over_have_no_chi2(db):
    for name in list(db.rows):
        db.update(name, {"dec_chi2__d": None})

    found, _ = db_columns.rows_with_fluxes(db, "d")

    assert [row["img_name"] for row in found] == ["i0", "i1", "i2", "i3"]


def test_rows_in_use_with_fluxes_and_their_sources(db):
    db.reject("i1", "cloud")
    db.update("i2", {"dec_chi2__d": None})

    found, sources = db_columns.rows_with_fluxes(db, "d")

    assert [row["img_name"] for row in found] == ["i0", "i3"]
    assert sources == ["A", "B"]
    with pytest.raises(UserError, match="no image has fluxes of the deconvolution 'other'"):
        db_columns.rows_with_fluxes(db, "other")


def test_limits_leave_out_and_tell(caplog):
    caplog.set_level("INFO", "cosmouline")
    found = db_columns.within_limits(rows(), "d", Limits(seeing=1.25, sky=540.0))

    # sky times coefficient: 500, 550, 600, 650
    assert [row["img_name"] for row in found] == ["i0"]
    assert caplog.messages == ["1 images left out: seeing above 1.25",
                               "2 images left out: sky above 540"]
    with pytest.raises(UserError, match="no image is within the join_ limits"):
        db_columns.within_limits(rows(), "d", Limits(seeing=0.5))


def test_images_are_kept_up_to_the_limits_and_counted_by_their_first_reason(caplog):
    caplog.set_level("INFO", "cosmouline")
    nan = np.nan
    found = [{"img_name": f"i{i}", "field_fwhm_arcsec": fwhm, "field_ellipticity": ellipticity,
              "sky_level_e": sky / coeff, "dec_coeff__d": coeff}
             for i, (fwhm, ellipticity, sky, coeff) in enumerate([
                 (1.5, 0.1, 10.0, 8.0), (1.6, 0.9, 10.0, 1.0), (nan, 0.1, 10.0, 1.0),
                 (1.0, 0.2, 10.0, 1.0), (1.0, 0.1, 30.0, 1.0), (1.0, 0.1, nan, 1.0),
                 (2.0, 0.1, 10.0, nan), (1.0, 0.1, 10.0, 8.5)])]

    kept = db_columns.within_limits(found, "d", Limits(1.5, 0.15, 20.0, 8.0))

    assert [row["img_name"] for row in kept] == ["i0"]
    assert caplog.messages == [f"1 images left out: {reason}" for reason in (
        "no positive coefficient", "no seeing", "seeing above 1.5", "ellipticity above 0.15",
        "no sky", "sky above 20", "coefficient above 8")]


def test_without_limits_only_the_coefficient_counts(caplog):
    caplog.set_level("INFO", "cosmouline")
    found = [{"img_name": str(c), "dec_coeff__d": c} for c in (1.0, 0.0, -1.0, np.nan)]

    kept = db_columns.within_limits(found, "d", Limits())

    assert [row["img_name"] for row in kept] == ["1.0"]
    assert caplog.messages == ["3 images left out: no positive coefficient"]


@pytest.mark.parametrize(("by", "sizes"), [("night", [2, 2]), ("image", [1, 1, 1, 1]),
                                           ("minutes", [2, 2])])
def test_groups(by, sizes):
    assert [len(group) for group in db_nights.grouped(rows(), by, 30.0)] == sizes


def test_nights_last_from_noon_to_noon_at_the_site():
    # 8 hours on: the next night in Hawaii, the same one in Chile
    found = rows(2)
    found[0]["mjd"], found[1]["mjd"] = 60000.35, 60000.55

    assert len(db_nights.grouped(found, "night", 30.0)) == 1
    for row in found:
        row["site_lon_deg"] = 0.0
    assert len(db_nights.grouped(found, "night", 30.0)) == 2
    for row in found:
        del row["site_lon_deg"]
    assert len(db_nights.grouped(found, "night", 30.0)) == 1  # by the gap alone
    found[1]["telescope"] = "U"
    assert len(db_nights.grouped(found, "night", 30.0)) == 2


def test_joined_magnitudes_are_those_of_the_normalised_fluxes():
    found = rows()
    groups = db_nights.grouped(found, "night", 30.0)

    joined = db_columns.joined(found, groups, ["A", "B"], "d", "mean")

    assert joined.mag[:, 0] == pytest.approx(np.full(2, -2.5 * np.log10(1000.0)))
    assert joined.mag.shape == (2, 2)
    # the PSF's error and the covariance of one image; the coefficient's is common to both sources
    single = db_columns.joined(found, db_nights.grouped(found, "image", 0), ["A", "B"], "d",
                               "mean")
    error = np.hypot(np.sqrt(24.0 + 1.0) / 1000, 0.001)
    assert single.magerr_cov[0, 0] == pytest.approx(2.5 * np.log10(1 + error))
    assert single.mag_sys[0, 0] == pytest.approx(2.5 * np.log10(1 + 3.0 / 1000))


def test_properties_of_the_groups():
    found = rows()
    table = db_columns.image_table(found, ["A", "B"], "d")
    properties = night_properties(db_nights.grouped(found, "night", 30.0), **table.conditions)

    assert properties["nbimg"].tolist() == [2, 2]
    assert properties["fwhm"] == pytest.approx([1.05, 1.25])
    assert properties["relskylevel"] == pytest.approx([500 * 1.05, 500 * 1.25])
    assert properties["mhjd"] == pytest.approx([NIGHT + 0.007, NIGHT + 1.007])


def test_time_is_heliocentric_where_all_have_it():
    found = rows()
    assert columns.time_of(found)[0] == NIGHT + 0.002
    del found[2]["mhjd"]
    assert columns.time_of(found).tolist() == [row["mjd"] for row in found]


def test_magnitudes_are_on_the_scale_of_the_reference_with_the_error_of_the_coefficient():
    """100 e- x 2 is -5.7526 mag; errors of 3 % and 4 % are 5 % together, 0.05429 mag."""
    row = {"flux_e__d__A": 100.0, "flux_sigma_e__d__A": 3.0, "dec_coeff__d": 2.0,
           "dec_coeff_sigma__d": 0.08}

    mag, sigma = db_columns.magnitudes([row, row | {"flux_e__d__A": -1.0}, {}], ["A"], "d")

    assert mag[0] == pytest.approx([-5.752575, np.nan, np.nan], nan_ok=True)
    assert sigma[0] == pytest.approx([0.0542868, np.nan, np.nan], nan_ok=True)
    assert db_columns.magnitudes([row], [], "d")[0].shape == (0, 1)


def test_fluxes_of_images_whose_stars_are_not_round_or_disagree_with_apertures_are_marked():
    """Ellipticities of .05 and .06: .12 is .065 above the median, .28 far more than .08."""
    found = rows(8)
    for row, ellipticity in zip(found, (0.05, 0.06, 0.05, 0.06, 0.05, 0.06, 0.12, 0.28),
                                strict=True):
        row["field_ellipticity"] = ellipticity
        row["dec_psf__d"] = "p"
    found[2]["psf_note__p"] = "stars scatter by 4.5 % beyond the noise"
    found[3]["psf_note__other"] = "of another PSF"
    found[4]["flux_note__d__B"] = "54 % of its core masked"

    a, b = (db_columns.inspected(found, source, "d")[2] for source in "AB")

    both = ["", "", "PSF against apertures: stars scatter by 4.5 % beyond the noise", "", "", "",
            "", "elongated stars, ellipticity 0.28 (median 0.06)"]
    assert a == both
    assert b == [*both[:4], "54 % of its core masked", *both[5:]]
