from types import SimpleNamespace

from cosmouline.astrometry.db_transform import matrix_fields
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star
from cosmouline.stamps import db_drawn_masks
from cosmouline.stamps.stamps import Stamps

import numpy as np
import pytest
from regions import CirclePixelRegion, PixCoord

STARS = [Star("a", 50.0, 60.0), Star("b", 150.0, 60.0)]
REFERENCE = {"img_name": "r", "has_wcs": False}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(config_dir=tmp_path, psf_name="p", use_drawn_masks=True)


def test_files_belong_to_a_psf_or_to_an_object(settings, caplog):
    for name in ("psf_p_mask_a", "psf_q_mask_a", "obj_lens_mask", "obj_b_mask", "psf_p_mask_x"):
        (settings.config_dir / f"{name}.reg").write_text("circle(61,61,3)\n")

    assert set(db_drawn_masks.of_psf(STARS, REFERENCE, settings)) == {"a"}
    assert "psf_p_mask_x.reg: there is no 'x' among a, b" in caplog.messages
    found = db_drawn_masks.of_objects(STARS, (80.0, 60.0), REFERENCE, settings)
    assert set(found) == {"lens", "b"}
    assert len(paths.drawn_masks(settings)) == 4
    settings.use_drawn_masks = False
    assert db_drawn_masks.of_psf(STARS, REFERENCE, settings) == {}


def test_a_region_drawn_on_a_stamp_is_told(settings):
    """COSMOULINE's masks count on stamps of 64 pixels: far from the star on the image."""
    (settings.config_dir / "psf_p_mask_b.reg").write_text("physical\ncircle(33,33,5)\n")

    with pytest.raises(UserError, match=r"psf_p_mask_b\.reg: no region lies within 100 px"):
        db_drawn_masks.of_psf(STARS, REFERENCE, settings)


def test_a_region_is_marked_where_it_lies_on_a_turned_and_moved_image():
    """Image = reference turned by 90 degrees and moved: (x, y) -> (200 - y, x + 10)."""
    image = {"is_aligned": True, "field_fwhm_px": 3.0} | matrix_fields(
        np.array([[0.0, -1.0, 200.0], [1.0, 0.0, 10.0]]))
    corner_px = np.array([[124, 44], [124, 144]])  # of stamps of 32 px about both stars
    data = np.zeros((2, 32, 32), np.float32)
    plain = Stamps(data, data + 1, data.astype(np.uint8), corner_px, corner_px + 16.0,
                   np.ones(2, bool))

    circle = CirclePixelRegion(PixCoord(155.0, 58.0), 1.5)
    marked = db_drawn_masks.applied(plain, ["a", "b"], {"b": [circle]}, image)

    # its centre lies at (142, 165) of the image: column 18, row 21 of the second stamp
    rows, cols = np.nonzero(marked.mask[1])
    assert not marked.mask[0].any()
    assert (rows.mean(), cols.mean()) == pytest.approx((21.0, 18.0), abs=0.01)
    assert len(rows) == 9  # pixels within 1.5 of a centre
    assert db_drawn_masks.applied(plain, ["a", "b"], {}, image) is plain


def test_one_region_near_its_object_is_enough(settings):
    (settings.config_dir / "psf_p_mask_b.reg").write_text(
        "image\ncircle(151,61,3)\ncircle(1200,61,3)\n")

    assert len(db_drawn_masks.of_psf(STARS, REFERENCE, settings)["b"]) == 2


def test_a_polygon_is_near_by_its_middle_and_an_excluded_region_never_is(settings):
    path = settings.config_dir / "psf_p_mask_b.reg"
    path.write_text("polygon(150,55, 165,55, 165,70)\n-circle(1200,61,3)\n")
    assert len(db_drawn_masks.of_psf(STARS, REFERENCE, settings)["b"]) == 2

    path.write_text("polygon(950,55, 965,55, 965,70)\n-circle(151,61,3)\n")
    with pytest.raises(UserError, match="no region lies within 100 px"):
        db_drawn_masks.of_psf(STARS, REFERENCE, settings)
