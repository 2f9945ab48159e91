"""Lists of stars by the settings, and their positions on an image."""

import os
from types import SimpleNamespace

from cosmouline.astrometry import db_transform
from cosmouline.database import paths
from cosmouline.errors import ProductLost, UserError
from cosmouline.files import io_table
from cosmouline.files.io_catalog import Star, write_cat
from cosmouline.sources import db_stars
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.io_sources import write_sources

import numpy as np
import pytest

STARS = [Star("a", 10.0, 20.0, 500.0), Star("b", 40.0, 30.0, 400.0), Star("c", 5.0, 50.0),
         Star("d", 70.0, 60.0)]
ROW = {"img_name": "i", "is_aligned": True} | db_transform.matrix_fields(
    np.array([[0.0, -1, 60], [1, 0, 2]]))


@pytest.fixture
def settings(tmp_path):
    found = SimpleNamespace(work_dir=tmp_path, band="", config_dir=tmp_path, psf_name="narrow",
                            norm_stars=["b", "a", "d"], psf_stars=["c", "b"],
                            renorm_stars=["d", "a"], photom_stars=["d", "v"])
    write_cat(paths.picked_stars(found), STARS)
    write_cat(tmp_path / "photomstars.cat", [Star("v", 33.0, 44.0)])
    return found


def names(stars):
    return [star.name for star in stars]


def test_every_step_has_the_stars_of_its_setting(settings):
    assert names(db_stars.picked_stars(settings)) == ["a", "b", "c", "d"]
    assert names(db_stars.norm_stars(settings)) == ["b", "a", "d"]
    assert names(db_stars.psf_stars(settings)) == ["c", "b"]
    assert names(db_stars.renorm_stars(settings)) == ["d", "a"]
    assert names(db_stars.photom_stars(settings)) == ["d", "v"]
    assert names(db_stars.object_stars(settings)) == ["b", "a", "d", "c", "v"]


def test_psf_and_renormalisation_follow_the_normalisation(settings):
    settings.psf_stars = settings.renorm_stars = None

    assert names(db_stars.psf_stars(settings)) == ["b", "a", "d"]
    assert names(db_stars.renorm_stars(settings)) == ["b", "a", "d"]
    settings.norm_stars = None
    assert names(db_stars.renorm_stars(settings)) == ["a", "b", "c", "d"]


def test_the_list_of_a_psf_bears_its_name(settings):
    write_cat(settings.config_dir / "psf_narrow.cat", [Star("p", 1.0, 2.0), Star("c", 5.0, 50.0)])
    settings.psf_stars = ["p"]
    assert names(db_stars.psf_stars(settings)) == ["p"]
    settings.psf_stars = None  # norm_stars do not choose from it
    assert names(db_stars.psf_stars(settings)) == ["p", "c"]
    settings.psf_name = "wide"
    assert names(db_stars.psf_stars(settings)) == ["b", "a", "d"]


def test_stars_to_follow_are_all_of_a_named_list(settings):
    write_cat(settings.config_dir / "variables.cat", [Star("w", 3.0, 4.0), Star("z", 30.0, 4.0)])
    settings.photom_stars = "variables.cat"
    assert names(db_stars.photom_stars(settings)) == ["w", "z"]
    settings.photom_stars = None
    assert names(db_stars.photom_stars(settings)) == ["v"]
    settings.photom_stars = "none.cat"
    with pytest.raises(UserError, match=r"photom_stars: there is no .*none\.cat"):
        db_stars.photom_stars(settings)


@pytest.mark.parametrize(("setting", "of"), [
    ("norm_stars", db_stars.norm_stars), ("psf_stars", db_stars.psf_stars),
    ("renorm_stars", db_stars.renorm_stars)])
def test_a_name_that_is_no_star_is_reported_with_its_setting(settings, setting, of):
    setattr(settings, setting, ["a", "y"])

    with pytest.raises(UserError, match=rf"{setting}: there is no star 'y' among the "
                                        r"normalisation stars \(a, b, c, d\)"):
        of(settings)


@pytest.mark.parametrize(("y_px", "is_one"), [(44.0, True), (46.9, True), (47.1, False)])
def test_one_name_at_two_positions_is_one_star_within_three_pixels(settings, y_px, is_one):
    settings.photom_stars = None
    write_cat(settings.config_dir / "photomstars.cat", [Star("v", 33.0, y_px)])
    write_cat(settings.config_dir / "psf_narrow.cat", [Star("v", 33.0, 44.0)])
    settings.psf_stars = None
    if is_one:
        assert names(db_stars.object_stars(settings)) == ["b", "a", "d", "v"]
    else:
        with pytest.raises(UserError, match=r"at two positions 3\.1 px apart\. Rename"):
            db_stars.object_stars(settings)


def test_a_detection_near_to_the_prediction_is_the_star(settings):
    catalog = np.zeros(2, CATALOG_DTYPE)
    # (x, y) falls on (60 - y, x + 2): a on (40, 12), b on (30, 42), and 1.5 px are near
    catalog["x_px"], catalog["y_px"] = [40.9, 31.2], [11.0, 43.0]
    write_sources(paths.catalog(settings, "i"), catalog)

    found = db_stars.on_image(db_stars.star_positions(STARS[:2]), ROW, settings)

    assert found == pytest.approx(np.array([[40.9, 11.0], [30.0, 42.0]]))  # 1.35 and 1.56 px
    write_sources(paths.catalog(settings, "i"), catalog[:0])
    found = db_stars.on_image(db_stars.star_positions(STARS[:2]), ROW, settings)
    assert found == pytest.approx(np.array([[40.0, 12.0], [30.0, 42.0]]))


def test_no_stars_have_no_positions():
    assert db_stars.star_positions([]).shape == (0, 2)


def test_a_lost_catalogue_is_reported_with_its_script(settings):
    with pytest.raises(ProductLost, match=r"1_character/3a_detect\.py --redo --only i"):
        db_stars.sources(ROW, settings)


def test_the_field_is_read_again_when_its_file_has_changed(settings):
    path = paths.field_stars(settings)
    fields = {"x_px": (float, "px", "column"), "y_px": (float, "px", "row")}
    io_table.write_ecsv(path, [{"x_px": 1.0, "y_px": 2.0}], fields)
    assert db_stars.field_stars(settings)["x_px"].tolist() == [1.0]
    assert db_stars.field_stars(settings) is db_stars.field_stars(settings)  # read once

    io_table.write_ecsv(path, [{"x_px": 3.0, "y_px": 2.0}], fields)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))  # the clock may be coarse
    assert db_stars.field_stars(settings)["x_px"].tolist() == [3.0]
