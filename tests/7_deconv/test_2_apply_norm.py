from cosmouline.astrometry import db_transform
from cosmouline.database import paths
from cosmouline.deconv.io_fit import read_epochs
from cosmouline.errors import UserError
from cosmouline.psf import db_psf
from cosmouline.stamps.io_stamps import read_stamps
from cosmouline.stamps.stamps import MASK_COSMIC

import numpy as np
import pytest

SCRIPT = "7_deconv/2_apply_norm"


def content_of(lens):
    return read_epochs(paths.deconvolution(lens.settings()) / "epochs.npz")


def test_the_epochs_are_the_stamps_of_the_lens(lens_after):
    lens = lens_after(SCRIPT)
    content = content_of(lens)
    epochs = content.epochs

    assert content.names == lens.truth.good
    assert epochs.coeff == pytest.approx(lens.values("dec_coeff__lens"))
    assert epochs.fwhm_px == pytest.approx(lens.values("field_fwhm_px"))
    for e, name in enumerate(content.names):
        stamps, names, _ = read_stamps(paths.objects(lens.settings(), name))
        assert names[0] == "lens"
        assert (epochs.data_e[e] == stamps.data_e[0]).all()
        assert epochs.sky_variance_e2[e] == pytest.approx(stamps.sky_sigma_e[0] ** 2, rel=1e-6)
        assert (epochs.cosmic[e] == ((stamps.mask[0] & MASK_COSMIC) != 0)).all()
        assert (epochs.good[e] == ((stamps.mask[0] & ~MASK_COSMIC) == 0)).all()
        assert (epochs.linear[e] == db_transform.matrix(lens.rows[name])[:, :2]).all()
        assert epochs.psf[e].sum() == pytest.approx(1, abs=1e-3)
        # the middle of the lens lies less than half a pixel from the middle of its stamp
        assert np.abs(epochs.shift_px[e]).max() <= 0.5 + 1e-6
    assert content.draws.shape == (4, *epochs.psf.shape)
    assert content.draw_scale == pytest.approx(np.ones((4, 6)), abs=0.02)


def test_epochs_gathered_before_are_taken_over(lens_after, monkeypatch):
    """The same file comes out, with one image read again: its PSF is another one."""
    lens = lens_after(SCRIPT)
    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    before = path.read_bytes()
    lens.run("5_psf/4_build_psf", only=["R_tiny_0003"], redo=True)
    read, psf = [], db_psf.psf
    monkeypatch.setattr(db_psf, "psf", lambda image, settings: read.append(
        image["img_name"]) or psf(image, settings))

    lens.run(SCRIPT)
    assert read == []  # the PSF came out the same
    assert path.read_bytes() == before

    lens.run(SCRIPT, redo=True)
    assert read == lens.truth.good
    assert path.read_bytes() == before


def test_places_are_counted_from_the_middle_of_the_images(lens_after):
    lens = lens_after(SCRIPT)

    # A and B of the settings, on the reference image by its coordinates
    assert content_of(lens).centre_px == pytest.approx(
        lens.truth.xy("R_tiny_0001", "image").mean(0), abs=0.01)


def test_psfs_without_draws(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("psf_stars = ['a', 'b', 'd']\nn_psf_draws = 0\n")
    for script in ("5_psf/2a_extract", "5_psf/3_find_cosmics",
                   "5_psf/3b_choose_prior", "5_psf/4_build_psf"):
        lens.run(script, only=["R_tiny_0003"])

    lens.run(SCRIPT)

    assert content_of(lens).draws is None  # one image without them is enough


def test_images_that_are_out_of_use_by_now_are_left_out(lens_before, script, monkeypatch):
    lens, gathered = lens_before(SCRIPT), []
    lens.update("R_tiny_0003", gogogo=False, whynot="kicklist: trailed")
    monkeypatch.setattr(script(f"pipe/{SCRIPT}").bands, "merged",
                        lambda _, images, settings: gathered.extend(images) or {})

    lens.run(SCRIPT)

    assert [image["img_name"] for image in gathered] == [
        name for name in lens.truth.good if name != "R_tiny_0003"]


def test_stamps_of_two_sizes_are_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", lens_side_px=56)

    with pytest.raises(UserError, match=r"the stamps of the lens have sides of \[48, 56\] "
                                        r"pixels\. Run 6_extract/1_extract_objects\.py --redo"):
        lens.run(SCRIPT)


@pytest.mark.parametrize(("product", "script"), [
    (paths.objects, "6_extract/1_extract_objects"), (paths.psf, "5_psf/4_build_psf")])
def test_a_lost_product_is_told_by_its_script(lens_before, product, script):
    lens = lens_before(SCRIPT)
    product(lens.settings(), "R_tiny_0003").unlink()

    with pytest.raises(UserError, match=rf"R_tiny_0003.*{script}"):
        lens.run(SCRIPT)


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"no image is selected\. "
                                        r"Run 7_deconv/1_prepare\.py first"):
        lens_before("7_deconv/1_prepare").run(SCRIPT)
