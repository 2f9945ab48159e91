from cosmouline import paths
from cosmouline.errors import UserError
from cosmouline.io_deconv import read_epochs, read_fit, write_epochs

import numpy as np
import pytest

SCRIPT = "7_deconv/4_deconv"
REFERENCE = "R_tiny_0001"


def fit_of(lens):
    return read_fit(paths.deconvolution(lens.settings()) / "fit.npz")


def test_positions_are_those_of_the_images(lens_after):
    lens = lens_after(SCRIPT)
    fit, _ = fit_of(lens)
    true_px = lens.truth.xy(REFERENCE, "image")

    separation = np.diff(fit.position_px, axis=0)[0]
    # S/N of 250 and 150 at a FWHM of 5 px, in 6 epochs: 0.01 px
    assert separation == pytest.approx(np.diff(true_px, axis=0)[0], abs=5 * 0.012)
    assert not fit.has_galaxy
    assert np.nanmedian(fit.chi2_reduced) == pytest.approx(1, abs=0.06)


def test_all_epochs_bear_the_hash_of_the_fit(lens_after, caplog):
    lens = lens_after(SCRIPT)
    hashes = set(lens.values("dec_fit__lens"))
    clouded, = lens.truth.spoilt

    assert len(hashes) == 1
    assert "dec_fit__lens" not in lens.rows[clouded]
    lens.run(SCRIPT)
    assert set(lens.values("dec_fit__lens")) == hashes  # the same fit again
    told = " ".join(caplog.messages)
    assert "chi2" in told
    assert "A: flux" in told


def test_the_same_fit_makes_nothing_out_of_date_and_another_one_does(lens_after):
    lens = lens_after("7_deconv/6_readout")
    changed = lens.rows[REFERENCE][f"ran__{SCRIPT}"].split()[2]
    lens.run(SCRIPT)
    assert lens.rows[REFERENCE][f"ran__{SCRIPT}"].split()[2] == changed

    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    content = read_epochs(path)
    content.epochs.data_e[0, 20:28, 20:28] += 100.0
    write_epochs(path, content)
    lens.run(SCRIPT)
    assert int(lens.rows[REFERENCE][f"ran__{SCRIPT}"].split()[2]) > int(changed)


def test_errors_of_the_psf_need_its_draws(lens_after):
    lens = lens_after(SCRIPT)
    assert (fit_of(lens)[1] > 0).all()
    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    write_epochs(path, read_epochs(path)._replace(draws=None, draw_scale=None))

    lens.run(SCRIPT)

    assert np.isnan(fit_of(lens)[1]).all()


def test_epochs_that_cannot_be_fitted_are_told(lens_before):
    lens = lens_before(SCRIPT)
    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    content = read_epochs(path)
    content.epochs.good[:] = False
    write_epochs(path, content)

    with pytest.raises(UserError, match="the joint fit cannot be made: "):
        lens.run(SCRIPT)


@pytest.mark.parametrize(("name", "script"), [("epochs.npz", "2_apply_norm"),
                                              ("start.cat", "3_write_start")])
def test_the_scripts_before_are_named(lens_before, name, script):
    lens = lens_before(SCRIPT)
    (paths.deconvolution(lens.settings()) / name).unlink()

    with pytest.raises(UserError, match=rf"there is no .*{name}\. Run 7_deconv/{script}\.py "
                                        "first"):
        lens.run(SCRIPT)


def test_epochs_of_images_that_were_rejected_since_are_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", gogogo=False, whynot="kicklist: trailed")
    lens.run("7_deconv/1_prepare")

    with pytest.raises(UserError, match=r"Run 7_deconv/2_apply_norm\.py"):
        lens.run(SCRIPT)
