from types import SimpleNamespace

from cosmouline import drawn_masks
from cosmouline.errors import UserError
from cosmouline.io_catalog import Star

import pytest

STARS = [Star("a", 50.0, 60.0), Star("b", 150.0, 60.0)]
REFERENCE = {"img_name": "r", "has_wcs": False}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(config_dir=tmp_path, psf_name="p", use_drawn_masks=True)


def test_files_belong_to_a_psf_or_to_an_object(settings, caplog):
    for name in ("psf_p_mask_a", "psf_q_mask_a", "obj_lens_mask", "obj_b_mask", "psf_p_mask_x"):
        (settings.config_dir / f"{name}.reg").write_text("circle(61,61,3)\n")

    assert set(drawn_masks.of_psf(STARS, REFERENCE, settings)) == {"a"}
    assert "psf_p_mask_x.reg: there is no 'x' among a, b" in caplog.messages
    assert set(drawn_masks.of_objects(STARS, (80.0, 60.0), REFERENCE, settings)) == {"lens", "b"}
    assert len(drawn_masks.files(settings)) == 4
    settings.use_drawn_masks = False
    assert drawn_masks.of_psf(STARS, REFERENCE, settings) == {}


def test_a_region_drawn_on_a_stamp_is_told(settings):
    """COSMOULINE's masks count on stamps of 64 pixels: far from the star on the image."""
    (settings.config_dir / "psf_p_mask_b.reg").write_text("physical\ncircle(33,33,5)\n")

    with pytest.raises(UserError, match=r"psf_p_mask_b\.reg: no region lies within 100 px"):
        drawn_masks.of_psf(STARS, REFERENCE, settings)
