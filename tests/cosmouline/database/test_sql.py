from contextlib import closing

from cosmouline.database import sql
from cosmouline.errors import UserError

import pytest

ROWS = [
    {"img_name": "R_1", "gogogo": True, "field_fwhm_px": 3.25, "flux_e__lens__A": 100.0,
     "flux_e__lens__B": 40.0, "flux_sigma_e__lens__A": 2.0, "flux_e__lens2__A": 90.0,
     "star_flux_e__psf1__a": 5.0, "flux_cov_e2__lens__A__B": -1.5},
    {"img_name": "R_2", "gogogo": False, "whynot": "cloudy", "flux_e__lens__A": 110.0}]


@pytest.fixture
def connection():
    with closing(sql.connect(ROWS)) as connection:
        yield connection


def test_plain_fields_are_columns_of_images_and_what_is_absent_is_null(connection):
    names, lines = sql.ask(
        connection, "select img_name, gogogo, field_fwhm_px, whynot from images order by 1")

    assert names == ["img_name", "gogogo", "field_fwhm_px", "whynot"]
    assert lines == [("R_1", 1, 3.25, None), ("R_2", 0, None, "cloudy")]


def test_a_family_is_one_line_per_member(connection):
    _, lines = sql.ask(connection, "select img_name, dec, source, flux_e, flux_sigma_e "
                                   "from of_dec_source order by dec, source, img_name")

    assert lines == [("R_1", "lens", "A", 100.0, 2.0), ("R_2", "lens", "A", 110.0, None),
                     ("R_1", "lens", "B", 40.0, None), ("R_1", "lens2", "A", 90.0, None)]


def test_families_of_other_kinds_have_tables_of_their_own(connection):
    assert sql.ask(connection, "select * from of_psf_star")[1] == [("R_1", "psf1", "a", 5.0)]
    assert sql.ask(connection, "select dec, source, other, flux_cov_e2 from of_dec_source_other"
                   )[1] == [("lens", "A", "B", -1.5)]


def test_tables_are_joined(connection):
    _, lines = sql.ask(connection, "select field_fwhm_px, flux_e from images join of_dec_source "
                                   "using (img_name) where source = 'B'")

    assert lines == [(3.25, 40.0)]


def test_more_stars_than_sqlite_has_columns():
    """Its default limit is 2000 columns."""
    row = {"img_name": "R_1"} | {f"star_flux_e__psf1__s{i}": float(i) for i in range(2500)}

    with closing(sql.connect([row])) as connection:
        assert sql.ask(connection, "select sum(flux) from (select star_flux_e as flux "
                                   "from of_psf_star)")[1] == [(2500 * 2499 / 2,)]


def test_no_question_changes_anything(connection):
    with pytest.raises(UserError, match="readonly"):
        sql.ask(connection, "delete from images")
    assert sql.ask(connection, "select count(*) from images")[1] == [(2,)]


@pytest.mark.parametrize(("question", "said"), [
    ("select field_fwhm from images", "no such column: field_fwhm. Did you mean 'field_fwhm_px'?"),
    ("select * from image", "no such table: image. Did you mean 'images'?"),
    ("select i.gogog from images i", "Did you mean 'gogogo'?"),
    ("selct", 'near "selct": syntax error. Without a question')])
def test_what_sqlite_refuses_is_one_line_with_a_hint(connection, question, said):
    with pytest.raises(UserError) as error:
        sql.ask(connection, question)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_database_has_an_empty_table():
    with closing(sql.connect([{"img_name": "R_1"}])) as connection:
        assert sql.list_of_tables(connection) == {"images": ["img_name"]}
