from types import SimpleNamespace

from cosmouline.astrometry import db_transform
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star, read_cat
from cosmouline.files.io_table import read_ecsv
from cosmouline.run import make_options
from cosmouline.sources import db_star_catalogue, db_stars
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.io_sources import write_sources
from cosmouline.sources.star_selection import Selection

import numpy as np
import pytest

SHIFTS = [(0.0, 0.0), (3.0, -2.0), (-4.0, 1.0)]
FWHM = [4.0, 5.0, 6.0]
REFERENCE = {"img_name": "i0"}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(
        work_dir=tmp_path, config_dir=tmp_path, n_norm_stars=5, star_snr_min=60.0,
        star_lens_distance_px=20.0, norm_stars=None, psf_stars=None,
        catalogue="catalogue.ecsv", options=make_options())


@pytest.fixture
def images(settings):
    """Rows and catalogues of three shifted images of nine stars; the widths scatter by 1 %."""
    rng = np.random.default_rng(3)
    xy = np.array([(x, y) for x in (40.0, 100, 160) for y in (40.0, 100, 160)])
    flux = np.geomspace(2e6, 2e5, 9)
    rows = []
    for k, (shift, fwhm) in enumerate(zip(SHIFTS, FWHM, strict=True)):
        catalog = np.zeros(9, CATALOG_DTYPE)
        catalog["x_px"], catalog["y_px"] = (xy + shift + rng.normal(0, 0.02, xy.shape)).T
        catalog["flux_e"] = flux * (1 - 0.1 * k)
        catalog["fwhm_px"] = fwhm * (1 + rng.normal(0, 0.01, 9))
        catalog["ellipticity"], catalog["n_pix"] = 0.05, 60
        row = {"img_name": f"i{k}", "is_aligned": True, "nx_px": 200, "ny_px": 200,
               "fwhm_px": 1.2 * fwhm, "ellipticity": 0.05, "pa_deg": 0.0, "n_good_stars": 9,
               "sky_noise_e": 20.0, "lens_x_px": 100.0, "lens_y_px": 100.0, "ref_img_name": "i0"}
        rows.append(row | db_transform.matrix_fields(np.column_stack([np.eye(2), shift])))
        write_sources(paths.catalog(settings, f"i{k}"), catalog)
    return rows


@pytest.mark.parametrize(("index", "name"), [
    (0, "a"), (25, "z"), (26, "aa"), (51, "az"), (52, "ba"), (701, "zz"), (702, "aaa")])
def test_stars_are_called_by_letters(index, name):
    assert db_star_catalogue.letters(index) == name


def test_the_list_is_on_the_reference_image(images, settings):
    stars = db_star_catalogue.list_stars(images, images[0], settings)

    assert len(stars) == 9
    # a median of three positions of 0.02 px
    assert stars.xy_px[0] == pytest.approx([40.0, 40.0], abs=5 * 0.02)
    assert stars.stars["n_detected"].tolist() == [3] * 9
    assert stars.frame_scale == pytest.approx([1.0, 0.9, 0.8], rel=1e-6)


def test_the_common_seeing_is_that_of_the_stars(images, settings):
    stars = db_star_catalogue.list_stars(images, images[0], settings)

    seeings, stars, n_found = db_star_catalogue.common_seeing(images, stars, settings)

    # medians of nine widths of 1 %; what the rows say, 20 % too much, does not enter
    assert [s.fwhm_px for s in seeings] == pytest.approx(FWHM, rel=5 * 1.25 * 0.01 / 3)
    assert n_found.tolist() == [9, 9, 9]
    assert stars.stars["fwhm_ratio"] == pytest.approx(np.ones(9), abs=5 * 0.01)


def test_the_brightest_are_picked_away_from_the_lens(images, settings, caplog):
    caplog.set_level("INFO", "cosmouline")
    stars = db_star_catalogue.list_stars(images, images[0], settings)
    _, stars, _ = db_star_catalogue.common_seeing(images, stars, settings)

    picked = db_star_catalogue.pick(images, stars, images[0], settings)

    assert [star.name for star in picked] == list("abcde")
    places = db_stars.star_positions(picked)
    # the fifth star, at (100, 100), is the lens
    expected = [(40, 40), (40, 100), (40, 160), (100, 40), (100, 160)]
    assert places == pytest.approx(np.array(expected), abs=5 * 0.02)
    assert any("not picked: the star at (101.0, 101.0): 0.0 px from" in m for m in caplog.messages)


def test_sources_that_are_wider_than_stars_are_counted(images, settings, caplog, monkeypatch):
    caplog.set_level("INFO", "cosmouline")
    stars = db_star_catalogue.list_stars(images, images[0], settings)
    monkeypatch.setattr(db_star_catalogue, "select_stars", lambda *_: Selection(
        np.array([0]), {1: "its FWHM is 1.40 of the seeing", 2: "saturated in 50 %",
                        3: "its width was never measured"}))

    db_star_catalogue.pick(images, stars, images[0], settings)

    assert "not picked for their width, which is not that of stars: 1 sources" in caplog.text


@pytest.mark.parametrize(("changes", "expected"), [
    ({"n_norm_stars": 2}, [(40, 40), (40, 100)]),
    # all but the corners are within 70 px of the lens in the middle
    ({"star_lens_distance_px": 70.0}, [(40, 40), (40, 160), (160, 40), (160, 160)]),
    # 0.6 of the light, 0.9 of it in the median image, sky in a radius of 6 px: the third star
    # has 6.1e5 / sqrt(6.1e5 + 36 pi 20^2) = 752, the fourth 643
    ({"star_snr_min": 700.0}, [(40, 40), (40, 100), (40, 160)])])
def test_the_settings_of_the_choice(images, settings, changes, expected):
    vars(settings).update(changes)
    stars = db_star_catalogue.list_stars(images, images[0], settings)
    _, stars, _ = db_star_catalogue.common_seeing(images, stars, settings)

    picked = db_star_catalogue.pick(images, stars, images[0], settings)

    assert db_stars.star_positions(picked) == pytest.approx(np.array(expected), abs=5 * 0.02)


def test_no_star_left_names_the_settings(images, settings):
    settings.star_snr_min = 1e5
    stars = db_star_catalogue.list_stars(images, images[0], settings)

    with pytest.raises(UserError, match="no star is left of the 9 of the field: lower star_snr"):
        db_star_catalogue.pick(images, stars, images[0], settings)


@pytest.mark.parametrize("xy", [(-5.0, 50.0), (50.0, -5.0), (204.0, 50.0), (50.0, 204.0)])
def test_a_star_outside_of_all_images_is_told_on_each_side(images, xy, tmp_path):
    inside = [Star("in", 50.0, 60.0), Star("corner", 1.0, 1.0)]
    db_star_catalogue.check_on_images(inside, images, tmp_path)

    with pytest.raises(UserError, match=r"star out at \(.*\) lies outside of all images"):
        db_star_catalogue.check_on_images([*inside, Star("out", *xy)], images, tmp_path)


def test_an_own_list_is_compared_with_the_field(images, settings, caplog):
    stars = db_star_catalogue.list_stars(images, images[0], settings)
    own = [Star("good", 40.0, 42.9), Star("lost", 40.0, 43.1 + 60), Star("edge", 187.4, 100.0),
           Star("inside", 100.0, 40.0), Star("there", 160.0, 160.0)]

    db_star_catalogue.check_on_field(own, stars, images[0], "own.cat")

    assert "own.cat: no star was found at lost, edge" in caplog.messages
    # 12 px: half of a stamp
    assert "own.cat: edge is 12 px from the edge of i0: its stamp is cut there" in caplog.messages
    assert not any("inside" in message for message in caplog.messages)
    with pytest.raises(UserError, match=r"own\.cat: 2 of 3 stars have no source within 3 px on"):
        db_star_catalogue.check_on_field(own[:3], stars, images[0], "own.cat")


def test_what_is_written_is_read_again(images, settings):
    stars = db_star_catalogue.list_stars(images, images[0], settings)
    picked = [Star("one", 40.1, 40.0, 5.0), Star("two", 300.0, 5.0)]

    db_star_catalogue.write(stars, picked, settings)

    read = read_cat(paths.picked_stars(settings))
    assert [star.name for star in read] == ["one", "two"]
    assert db_stars.star_positions(read) == pytest.approx(np.array([[40.1, 40], [300, 5]]))
    table = read_ecsv(paths.field_stars(settings))
    assert len(table) == 9
    assert [row.get("name", "") for row in table] == ["one"] + [""] * 8
    assert paths.picked_stars(settings).with_suffix(".reg").read_text().count("circle") == 2


def test_the_digest_knows_names_places_and_whose_choice_it_is(settings):
    stars = [Star("a", 1.0, 2.0), Star("b", 3.0, 4.0)]
    first = db_star_catalogue.digest(stars, REFERENCE, settings)

    assert first.startswith("chosen-2-")
    assert db_star_catalogue.digest([Star("a", 1.0001, 2.0, 9.0), stars[1]], REFERENCE,
                                    settings) == first
    assert db_star_catalogue.digest([Star("c", 1.0, 2.0), stars[1]], REFERENCE, settings) != first
    assert db_star_catalogue.digest([Star("a", 1.01, 2.0), stars[1]], REFERENCE, settings) != first
    db_star_catalogue.own_list(settings).write_text("a 2 3\nb 4 5\n")
    assert db_star_catalogue.digest(stars, REFERENCE, settings) == first.replace("chosen", "own")
    other = db_star_catalogue.digest(stars, {"img_name": "i1"}, settings)
    assert other != first.replace("chosen", "own")


def test_a_star_that_falls_on_no_image_is_refused(images):
    db_star_catalogue.check_on_images([Star("a", 201.0, 50.0)], images, "own.cat")  # on i2
    with pytest.raises(UserError, match=r"own\.cat: star b at \(211\.0, 51\.0\) lies outside of "
                                        r"all images"):
        db_star_catalogue.check_on_images([Star("b", 210.0, 50.0)], images, "own.cat")
