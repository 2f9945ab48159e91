from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_images, db_sky
from cosmouline.stamps.io_stamps import read_stamps
from cosmouline.stamps.stamps import MASK_BAD, MASK_OUTSIDE

import numpy as np
import pytest

SCRIPT = "5_psf/2a_extract"
REFERENCE = "R_tiny_0001"


def stamps_of(lens, name):
    return read_stamps(paths.psf_stamps(lens.settings(), name))


def test_the_stamps_hold_the_stars(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        stamps, names, header = stamps_of(lens, name)
        row = lens.rows[name]
        assert names == list("abcdefgh")
        assert header["img_name"] == name
        # 7 FWHM, rounded up to a multiple of 8
        assert 7 * row["field_fwhm_px"] <= stamps.side_px < 7 * row["field_fwhm_px"] + 8
        # the lobe moves a centroid by 0.2 px at most
        assert stamps.position_px == pytest.approx(lens.truth.xy(name)[:8], abs=0.25)
        assert row["n_psf_cut__psf1"] == stamps.is_usable.sum() >= 7


def test_their_pixels_are_those_of_the_image_without_sky(lens_after):
    lens = lens_after(SCRIPT)
    stamps, _, _ = stamps_of(lens, REFERENCE)
    image_e, _ = db_images.image_and_bad(lens.rows[REFERENCE], lens.settings())
    x, y = stamps.corner_px[0]
    side = stamps.side_px
    sky_e = db_sky.sky(lens.rows[REFERENCE], lens.settings()).level()

    cut = (image_e - sky_e)[y:y + side, x:x + side]

    assert stamps.data_e[0] == pytest.approx(cut, abs=0.01)
    noise_e = np.sqrt(lens.truth.row(REFERENCE)["sky_e"] + 25)
    assert stamps.sky_sigma_e[0] == pytest.approx(np.full(cut.shape, noise_e), rel=0.05)


def test_bad_pixels_and_what_is_outside_are_marked(lens_after):
    lens = lens_after(SCRIPT)
    stamps, _, _ = stamps_of(lens, "R_tiny_0002")
    _, bad = db_images.image_and_bad(lens.rows["R_tiny_0002"], lens.settings())
    rows, cols = np.mgrid[:stamps.side_px, :stamps.side_px]
    n_bad = 0
    for mask, (x, y) in zip(stamps.mask, stamps.corner_px, strict=True):
        inside = (rows + y >= 0) & (rows + y < 160) & (cols + x >= 0) & (cols + x < 180)
        assert (((mask & MASK_OUTSIDE) != 0) == ~inside).all()
        expected = bad[(rows + y)[inside], (cols + x)[inside]]
        assert (((mask[inside] & MASK_BAD) != 0) == expected).all()
        n_bad += expected.sum()
    assert n_bad > 0
    assert (stamps.mask & MASK_OUTSIDE).any()  # c stands 5 px from the edge


def test_the_stars_of_the_settings_are_cut(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("psf_stars = ['d', 'b']\npsf_name = 'two'\npsf_stamp_fwhm = 9.0\n")

    lens.run(SCRIPT, only=[REFERENCE])

    stamps, names, _ = stamps_of(lens, REFERENCE)
    assert names == ["d", "b"]
    assert stamps.side_px >= 9 * lens.rows[REFERENCE]["field_fwhm_px"]
    assert lens.rows[REFERENCE]["n_psf_cut__two"] == 2
    assert lens.rows[REFERENCE]["n_psf_cut__psf1"] == 8  # the other PSF stays


def test_an_image_without_a_usable_star_is_rejected(lens_after):
    lens = lens_after(SCRIPT)
    lens.update("R_tiny_0003", align_dx_px=500.0)

    counts = lens.run(SCRIPT, redo=True, only=["R_tiny_0003", REFERENCE])

    assert (counts["done"], counts["rejected"]) == (1, 1)
    assert lens.rows["R_tiny_0003"]["whynot"] == (
        f"none of its 8 PSF stars is inside, unsaturated and good ({SCRIPT})")
    assert "n_psf_cut__psf1" not in lens.rows["R_tiny_0003"]


def test_what_is_up_to_date_is_kept(lens_after):
    lens = lens_after(SCRIPT)
    before = lens.snapshot()

    assert lens.run(SCRIPT)["kept"] == 6
    assert lens.snapshot() == before


@pytest.mark.parametrize("product", [paths.image, paths.sky, paths.catalog])
def test_a_lost_product_fails_alone_and_keeps_no_old_value(lens_after, product):
    row = lens_after(SCRIPT).redo_without(SCRIPT, product, "R_tiny_0003")

    assert "n_psf_cut__psf1" not in row


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 4_norm/0_pick_stars\.py first"):
        lens_before("4_norm/0_pick_stars").run(SCRIPT)


def test_stamps_are_cut_from_images_that_the_map_of_the_flat_has_corrected(lens_before):
    """A map of 1 % everywhere: a hundredth of the sky less, and all light over 1.01."""
    lens = lens_before(SCRIPT)
    row = lens.rows[REFERENCE]
    blocks = np.full((row["ny_px"] // 8, row["nx_px"] // 8), 0.01, np.float32)
    write_image(paths.flat_map(lens.settings(), row["set_name"]), blocks, {})
    cut = {}
    for done in ("none", "subtracted", "divided"):
        lens.update(REFERENCE, flat_map=done)
        lens.run(SCRIPT, only=[REFERENCE], redo=True)
        cut[done] = stamps_of(lens, REFERENCE)[0].data_e[0]

    x, y = stamps_of(lens, REFERENCE)[0].corner_px[0]
    level_e = db_sky.sky(row, lens.settings()).level()[y:y + len(cut["none"]),
                                                      x:x + len(cut["none"])]
    assert cut["subtracted"] == pytest.approx(cut["none"] - 0.01 * level_e, abs=0.05)
    assert cut["divided"] == pytest.approx(cut["subtracted"] / 1.01, abs=0.05)
