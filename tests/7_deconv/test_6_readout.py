from cosmouline.database import paths
from cosmouline.deconv.io_fit import read_epochs, read_fit, write_epochs
from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "7_deconv/6_readout"
FIELDS = ("flux_e__lens__A", "flux_sigma_e__lens__A", "flux_random_e__lens__A",
          "flux_psf_e__lens__A", "flux_sys_e__lens__A", "flux_cov_e2__lens__A__A",
          "flux_cov_e2__lens__A__B", "dec_shift_x_px__lens", "dec_sky_e__lens",
          "dec_chi2__lens", "n_dec_masked__lens")


def true_e(lens, source):
    """Electrons of an image of the lens in every exposure."""
    found = [lens.truth.objects(name, "image") for name in lens.truth.good]
    return np.array([table["flux_e"][table["name"] == source][0] for table in found])


def test_fluxes_are_those_of_the_exposures_within_their_errors(lens_after):
    lens = lens_after(SCRIPT)
    pulls = []
    for source in "AB":
        flux_e = lens.values(f"flux_e__lens__{source}")
        sigma_e = lens.values(f"flux_sigma_e__lens__{source}")
        # a PSF ends with its stamp: up to 0.3 % of the light is farther out, and the PSF of an
        # image is known to 0.3 %
        assert flux_e == pytest.approx(true_e(lens, source), rel=0.03)
        pulls.append((flux_e - true_e(lens, source)) / np.hypot(sigma_e, 0.003 * flux_e))
        photons_e = np.sqrt(flux_e)
        assert (sigma_e > photons_e).all()
        assert (sigma_e < 3 * photons_e).all()

    assert np.sqrt(np.mean(np.square(pulls))) < 1 + 5 / np.sqrt(2 * 12)


def test_the_errors_are_put_together(lens_after):
    lens = lens_after(SCRIPT)

    for name in lens.truth.good:
        row = lens.rows[name]
        total_e2 = row["flux_cov_e2__lens__A__A"] + row["flux_psf_e__lens__A"] ** 2
        assert row["flux_sigma_e__lens__A"] == pytest.approx(np.sqrt(total_e2))
        assert row["flux_random_e__lens__A"] ** 2 <= row["flux_cov_e2__lens__A__A"] * 1.000001
        assert abs(row["flux_cov_e2__lens__A__B"]) < np.sqrt(
            row["flux_cov_e2__lens__A__A"] * row["flux_cov_e2__lens__B__B"])


def test_shift_sky_and_chi2(lens_after):
    lens = lens_after(SCRIPT)

    # the alignment is good to the lobes of two PSFs
    assert np.abs(lens.values("dec_shift_x_px__lens")).max() < 0.4
    assert np.abs(lens.values("dec_shift_y_px__lens")).max() < 0.4
    assert np.abs(lens.values("dec_sky_e__lens")).max() < 0.2 * 39  # of the brightest sky's noise
    assert lens.values("dec_chi2__lens") == pytest.approx(np.ones(6), abs=0.15)


def test_an_image_that_left_the_fit_loses_its_fluxes(lens_after):
    lens = lens_after(SCRIPT)
    lens.update("R_tiny_0003", gogogo=False, whynot="kicklist: trailed")
    for script in ("7_deconv/1_prepare", "7_deconv/2_apply_norm", "7_deconv/4_deconv", SCRIPT):
        lens.run(script)

    assert not set(FIELDS) & lens.rows["R_tiny_0003"].keys()
    assert set(FIELDS) <= lens.rows["R_tiny_0002"].keys()


def test_an_epoch_without_pixels_has_no_flux(lens_after, caplog):
    lens = lens_after(SCRIPT)
    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    content = read_epochs(path)
    content.epochs.good[2] = False
    write_epochs(path, content)

    lens.run("7_deconv/4_deconv")
    lens.run(SCRIPT)

    assert not set(FIELDS) & lens.rows["R_tiny_0002"].keys()
    assert caplog.messages[-2] == "5 images have fluxes"
    assert caplog.messages[-1].startswith("1 of 6 images have no flux (the lens is masked, or")
    assert caplog.messages[-1].endswith("missing in the light curve: R_tiny_0002")
    fit, _ = read_fit(paths.deconvolution(lens.settings()) / "fit.npz")
    assert fit.measured.tolist() == [True, True, False, True, True, True]


def test_a_fit_that_does_not_belong_to_its_epochs_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", gogogo=False, whynot="kicklist: trailed")
    for script in ("7_deconv/1_prepare", "7_deconv/2_apply_norm"):
        lens.run(script)

    with pytest.raises(UserError, match="the fit is older than its epochs. Run "
                                        r"7_deconv/4_deconv\.py again"):
        lens.run(SCRIPT)


def test_a_fit_with_an_image_that_is_gone_is_told(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    content = read_epochs(path)
    write_epochs(path, content._replace(names=["R_gone", *content.names[1:]]))

    with pytest.raises(UserError, match=r"the fit holds R_gone, which is not in the database\. "
                                        r"Run 7_deconv from 1_prepare\.py again"):
        lens.run(SCRIPT)


def test_bands_are_those_of_the_images_in_the_fit_of_the_settings(
        lens_before, script, monkeypatch):
    lens, given = lens_before(SCRIPT), []
    for name in lens.truth.good[:2]:
        lens.update(name, dec_fit__second="0123abcd")
    lens.set("dec_name = 'second'\n")
    monkeypatch.setattr(script(f"pipe/{SCRIPT}").bands, "merged",
                        lambda _, images, settings: given.extend(images) or {})

    lens.run(SCRIPT)

    assert [image["img_name"] for image in given] == lens.truth.good[:2]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"there is no .*fit\.npz\. Run 7_deconv/4_deconv\.py"):
        lens_before("7_deconv/4_deconv").run(SCRIPT)
