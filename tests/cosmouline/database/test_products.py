from types import SimpleNamespace

from cosmouline.astrometry import db_transform
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star, write_cat
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_images
from cosmouline.sources import db_stars
from cosmouline.sources.detect import CATALOG_DTYPE
from cosmouline.sources.io_sources import write_sources

import numpy as np
import pytest

STARS = [Star("a", 10.0, 20.0, 500.0), Star("b", 40.0, 30.0, 400.0), Star("c", 5.0, 50.0)]


@pytest.fixture
def settings(tmp_path):
    found = SimpleNamespace(work_dir=tmp_path, band="", config_dir=tmp_path, norm_stars=None,
                            psf_stars=None, psf_name="psf1", photom_stars=None)
    write_cat(paths.picked_stars(found), STARS)
    return found


def row(**changes):
    """Row of an image that is turned by 90 degrees and shifted."""
    matrix = db_transform.matrix_fields(np.array([[0.0, -1, 60], [1, 0, 2]]))
    return {"img_name": "i", "is_aligned": True, "set_name": "R", "n_hot_px": 0} | matrix | changes


def names(stars):
    return [star.name for star in stars]


def test_a_transform_goes_into_fields_and_back():
    matrix = np.array([[0.9, -0.1, 3.0], [0.1, 0.9, -4.0]])
    fields = db_transform.matrix_fields(matrix)

    assert fields["align_m12"] == -0.1
    assert fields["align_dy_px"] == -4.0
    assert (db_transform.matrix({"is_aligned": True} | fields) == matrix).all()
    assert db_transform.matrix({"is_aligned": False} | fields) is None
    assert db_transform.matrix({}) is None


def test_stars_by_name_in_the_order_of_the_setting(settings):
    assert names(db_stars.norm_stars(settings)) == ["a", "b", "c"]
    settings.norm_stars = ["c", "a"]
    assert names(db_stars.norm_stars(settings)) == ["c", "a"]
    assert names(db_stars.psf_stars(settings)) == ["c", "a"]
    settings.psf_stars = ["b"]
    assert names(db_stars.psf_stars(settings)) == ["b"]
    settings.psf_stars = ["b", "x"]
    with pytest.raises(UserError, match=r"psf_stars: there is no star 'x' among the normalisation "
                                        r"stars \(a, b, c\)"):
        db_stars.psf_stars(settings)


def test_a_list_of_its_own_for_a_psf_goes_before_the_picked_stars(settings):
    write_cat(settings.config_dir / "psf_psf1.cat", [Star("d", 70.0, 20.0), STARS[1]])
    settings.norm_stars = ["a"]
    assert names(db_stars.psf_stars(settings)) == ["d", "b"]
    settings.psf_stars = ["b"]
    assert names(db_stars.psf_stars(settings)) == ["b"]
    settings.psf_name, settings.psf_stars = "psf2", None
    assert names(db_stars.psf_stars(settings)) == ["a"]


def test_stars_to_follow_come_from_their_list_or_by_name(settings):
    assert db_stars.photom_stars(settings) == []
    assert names(db_stars.object_stars(settings)) == ["a", "b", "c"]
    write_cat(settings.config_dir / "photomstars.cat", [Star("v", 70.0, 20.0), STARS[1]])
    settings.norm_stars = ["a"]
    assert names(db_stars.object_stars(settings)) == ["a", "v", "b"]
    settings.photom_stars = ["c"]
    assert names(db_stars.object_stars(settings)) == ["a", "c"]
    settings.photom_stars = []
    assert names(db_stars.object_stars(settings)) == ["a"]
    settings.photom_stars = ["x"]
    with pytest.raises(UserError, match=r"photom_stars: there is no star 'x' among the stars of "
                                        r"normstars\.cat and of photomstars\.cat \(a, b, c, v\)"):
        db_stars.photom_stars(settings)
    settings.photom_stars = "others.cat"
    with pytest.raises(UserError, match=r"photom_stars: there is no .*others\.cat"):
        db_stars.photom_stars(settings)


def test_one_name_for_two_stars_is_told(settings):
    write_cat(settings.config_dir / "photomstars.cat", [Star("a", 14.0, 17.0)])

    with pytest.raises(UserError, match=r"two lists have a star 'a', at two positions "
                                        r"5\.0 px apart"):
        db_stars.object_stars(settings)


def test_positions_of_stars():
    assert db_stars.star_positions(STARS[:2]) == pytest.approx(np.array([[10, 20], [40, 30]]))
    assert db_stars.star_positions([]).shape == (0, 2)


def test_a_detection_near_the_prediction_goes_before_it(settings):
    catalog = np.zeros(2, CATALOG_DTYPE)
    # (10, 20) falls on (40, 12), (40, 30) on (30, 42)
    catalog["x_px"], catalog["y_px"] = [40.6, 33.0], [12.3, 42.0]
    write_sources(paths.catalog(settings, "i"), catalog)

    places = db_stars.on_image(np.array([[10.0, 20], [40, 30]]), row(), settings)

    assert places[0] == pytest.approx([40.6, 12.3])  # 0.7 px away
    assert places[1] == pytest.approx([30.0, 42.0])  # the other one is 3 px away


def test_without_any_detection_the_prediction_counts(settings):
    write_sources(paths.catalog(settings, "i"), np.zeros(0, CATALOG_DTYPE))

    places = db_stars.on_image(np.array([[10.0, 20]]), row(), settings)

    assert places == pytest.approx(np.array([[40.0, 12.0]]))


def test_bad_pixels_are_those_of_the_mask_and_what_is_not_finite(settings):
    image_e = np.full((20, 30), 7.0)
    image_e[3, 4] = np.nan
    mask = np.zeros((20, 30), np.uint8)
    mask[5, 6] = 1
    write_image(paths.image(settings, "i"), image_e)
    write_image(paths.bad_pixels(settings, "R"), mask)

    read_e, bad = db_images.image_and_bad(row(n_hot_px=1), settings)

    assert read_e[0, 0] == 7.0
    assert sorted(map(tuple, np.argwhere(bad).tolist())) == [(3, 4), (5, 6)]
    assert db_images.image_and_bad(row(n_hot_px=0), settings)[1].sum() == 1
    write_image(paths.bad_pixels(settings, "R"), mask[:10])  # a window of the detector
    assert db_images.image_and_bad(row(n_hot_px=1), settings)[1].sum() == 1
