"""Masks drawn with DS9: where they fall, that they stay, and that wrong ones are told."""

from cosmouline.errors import UserError
from cosmouline.sources import db_stars
from cosmouline.stamps import db_stamps
from cosmouline.stamps.stamps import MASK_DRAWN, stamp_side

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

EXTRACT, COSMICS = "5_psf/2a_extract", "5_psf/3_find_cosmics"
REFERENCE, TURNED = "R_tiny_0001", "R_tiny_0002"


def star(lens, name):
    return {s.name: s for s in db_stars.picked_stars(lens.settings())}[name]


def drawn(lens, name, which):
    """Places on the image of the pixels that are masked by hand on the stamp of one star."""
    stamps, names, _ = db_stamps.psf_stamps(lens.rows[name], lens.settings())
    k = names.index(which)
    rows, cols = np.nonzero(stamps.mask[k] & MASK_DRAWN)
    return np.column_stack([cols, rows]) + stamps.corner_px[k]


def test_a_mask_lies_on_the_turned_frame_and_survives_new_cosmics(lens_after):
    lens = lens_after(EXTRACT)
    b = star(lens, "b")
    x, y = b.x_px + 6, b.y_px + 4  # beside the star, on the reference image
    path = lens.config / "psf_psf1_mask_b.reg"
    path.write_text(f"image\nbox({x + 1:.2f},{y + 1:.2f},8,3,30)\n")

    assert lens.run(EXTRACT)["done"] == 6  # the file makes the stamps out of date
    lens.run(COSMICS)
    lens.run(COSMICS, redo=True)

    found = drawn(lens, TURNED, "b")
    assert len(found) == pytest.approx(24, abs=5)  # the area of the box; its border is 22 px long
    matrix = lens.truth.matrix(REFERENCE, TURNED)
    assert found.mean(0) == pytest.approx(matrix[:, :2] @ (x, y) + matrix[:, 2], abs=0.5)
    long_axis = np.linalg.svd(found - found.mean(0))[2][0]
    turn = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
    angle = np.degrees(np.arctan2(long_axis[1], long_axis[0]))
    assert (angle - 30 - turn + 90) % 180 - 90 == pytest.approx(0, abs=10)
    assert not len(drawn(lens, TURNED, "c"))
    path.unlink()
    lens.run(EXTRACT, only=[TURNED])
    assert not len(drawn(lens, TURNED, "b"))


def test_regions_on_the_sky_are_those_in_pixels(lens_after):
    lens = lens_after(EXTRACT)
    b = star(lens, "b")
    wcs = WCS(fits.getheader(lens.work / "ali" / f"{REFERENCE}.fits"))
    scale = lens.rows[REFERENCE]["pixel_scale_arcsec"]
    drawn_at = wcs.pixel_to_world(b.x_px + 5, b.y_px).fk5  # 20 mas from ICRS
    path = lens.config / "psf_psf1_mask_b.reg"
    path.write_text(f'fk5\ncircle({drawn_at.ra.deg:.8f},{drawn_at.dec.deg:.8f},'
                    f'{3 * scale:.5f}")\n')
    lens.run(EXTRACT, only=[REFERENCE])
    on_sky = drawn(lens, REFERENCE, "b")
    path.write_text(f"image\ncircle({b.x_px + 6:.4f},{b.y_px + 1:.4f},3)\n")
    lens.run(EXTRACT, only=[REFERENCE])

    assert on_sky.tolist() == drawn(lens, REFERENCE, "b").tolist()
    assert len(on_sky) == pytest.approx(np.pi * 9, abs=4)


def test_the_script_shows_them_and_tells_what_is_of_no_star(lens_after, pages, caplog):
    lens = lens_after(EXTRACT)
    with pytest.raises(UserError, match=r"there is no psf_psf1_mask_<star>\.reg"):
        lens.run("5_psf/2b_opt_masks")
    b, x, y = star(lens, "b"), *(lens.truth.centre(REFERENCE) + 1)
    (lens.config / "psf_psf1_mask_b.reg").write_text(f"circle({b.x_px + 5},{b.y_px},3)\n")
    (lens.config / "psf_psf1_mask_zz.reg").write_text("circle(50,60,3)\n")
    (lens.config / "obj_lens_mask.reg").write_text(f"circle({x},{y},2.2)\n")

    lens.run("5_psf/2b_opt_masks")

    assert {"psf_psf1 b", "obj lens", "drawn by hand"} <= set(pages.texts("masks"))
    assert "psf_psf1_mask_zz.reg: there is no 'zz' among a, b, c, d, e, f, g, h" in caplog.messages
    assert f"TINY: masks on {REFERENCE}" in pages.texts("masks")
    (lens.config / "psf_psf1_mask_b.reg").write_text("circle(900,900,2)\n")
    with pytest.raises(UserError, match="no region lies within 100 px of its object"):
        lens.run(EXTRACT)


def test_masks_of_another_psf_on_larger_stamps(lens_after, pages, monkeypatch, script):
    """Stamps of 1.5 psf_stamp_fwhm; files of another psf_name are of no PSF here."""
    lens = lens_after(EXTRACT)
    found, module = [], script("pipe/5_psf/2b_opt_masks")
    page = module.stamps_page
    monkeypatch.setattr(module, "stamps_page", lambda data_e, *given, **named: found.append(
        data_e.shape[-1]) or page(data_e, *given, **named))
    b = star(lens, "b")
    (lens.config / "psf_sharp_mask_b.reg").write_text(f"circle({b.x_px + 5},{b.y_px},3)\n")
    (lens.config / "psf_psf1_mask_c.reg").write_text("circle(9,9,3)\n")

    for text in ("", "psf_stamp_fwhm = 4.0\n"):
        lens.set(f"psf_name = 'sharp'\n{text}")
        lens.run("5_psf/2b_opt_masks")

    assert "psf_sharp b" in pages.texts("masks")
    fwhm_px = lens.rows[REFERENCE]["field_fwhm_px"]
    assert found == [stamp_side(fwhm_px, 1.5 * n_fwhm) for n_fwhm in (7.0, 4.0)]
    assert found[0] > found[1]


def test_masks_that_are_switched_off_are_neither_used_nor_shown(lens_after, pages):
    lens = lens_after(EXTRACT)
    b = star(lens, "b")
    (lens.config / "psf_psf1_mask_b.reg").write_text(f"circle({b.x_px + 5},{b.y_px},3)\n")
    lens.set("use_drawn_masks = False\n")

    lens.run(EXTRACT, only=[REFERENCE], redo=True)

    assert not len(drawn(lens, REFERENCE, "b"))
    with pytest.raises(UserError, match=r"use_drawn_masks = False"):
        lens.run("5_psf/2b_opt_masks")
    lens.set("psf_name = 'sharp'\nuse_drawn_masks = False\n")
    with pytest.raises(UserError, match=r"there is no psf_sharp_mask_<star>\.reg"):
        lens.run("5_psf/2b_opt_masks")
