from cosmouline.database import paths
from cosmouline.deconv.io_fit import read_epochs, read_fit, write_epochs
from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import read_rdb

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
    changed = lens.rows[REFERENCE][f"ran__{SCRIPT}:lens"].split()[2]
    lens.run(SCRIPT)
    assert lens.rows[REFERENCE][f"ran__{SCRIPT}:lens"].split()[2] == changed

    path = paths.deconvolution(lens.settings()) / "epochs.npz"
    content = read_epochs(path)
    content.epochs.data_e[0, 20:28, 20:28] += 100.0
    write_epochs(path, content)
    lens.run(SCRIPT)
    assert int(lens.rows[REFERENCE][f"ran__{SCRIPT}:lens"].split()[2]) > int(changed)


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


@pytest.mark.long
def test_a_new_night_goes_on_from_the_stored_fit(lens_before, caplog):
    """Warm against cold: .1 of the error of each flux; --redo starts cold."""
    lens = lens_before("7_deconv/1_prepare")
    (lens.config / "dec_lens_skiplist.txt").write_text("R_tiny_0003 later\n")
    steps = ("7_deconv/1_prepare", "7_deconv/2_apply_norm", "7_deconv/3_write_start", SCRIPT)
    for script in steps:
        lens.run(script)
    (lens.config / "dec_lens_skiplist.txt").unlink()
    for script in steps:
        lens.run(script)
    warm, _ = fit_of(lens)
    assert "going on from the stored fit of 5 epochs" in caplog.messages

    lens.run(SCRIPT, redo=True)

    cold, _ = fit_of(lens)
    assert warm.n_started, cold.n_started == (5, 6)
    assert np.abs((warm.flux - cold.flux) / cold.flux_sigma).max() < 0.1


def test_how_the_fit_ended_is_in_the_database(lens_after):
    lens = lens_after(SCRIPT)
    fit, _ = fit_of(lens)

    row = lens.rows[REFERENCE]
    assert row["dec_ended__lens"] == fit.ended == "converged"
    assert row["dec_objective__lens"] == pytest.approx(fit.objective)
    assert row["dec_change_sigma__lens"] < fit.options.convergence_sigma
    assert row["n_dec_steps__lens"] == fit.n_iterations
    # 6 stamps of 48 x 48 pixels
    assert fit.objective == pytest.approx(fit.good.sum(), rel=5 * np.sqrt(2 / fit.good.sum()))


@pytest.mark.long
def test_a_source_that_does_not_always_shine_is_absent_in_the_light_curve(lens_after):
    lens = lens_after(SCRIPT)
    day = lens.rows["R_tiny_0003"]["datetime_utc"][:10]
    lens.set(f"source_epochs = {{'B': ('{day}', None)}}\n")
    for script in (SCRIPT, "7_deconv/6_readout", "lcmanip/1_join"):
        lens.run(script)

    before = [name for name in lens.truth.good
              if lens.rows[name]["datetime_utc"][:10] < day]
    assert before
    assert all("flux_e__lens__B" not in lens.rows[name] for name in before)
    assert all("flux_e__lens__A" in lens.rows[name] for name in lens.truth.good)
    table = read_rdb(paths.light_curve(lens.settings()))
    is_before = np.array([one[:10] < day for one in table["datetime"]])
    assert is_before.any()
    assert np.isnan(table["mag_B"][is_before]).all()
    assert np.isfinite(table["mag_A"]).all()
    assert np.isfinite(table["mag_B"][~is_before]).all()


def test_an_image_that_is_out_of_use_since_the_epochs_were_gathered_is_told(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", gogogo=False, whynot="kicklist: trailed")

    with pytest.raises(UserError, match=r"have changed since .* Run 7_deconv/2_apply_norm\.py"):
        lens.run(SCRIPT)


def test_dates_of_a_source_that_is_not_there_are_told(lens_after):
    lens = lens_after(SCRIPT)
    lens.set("source_epochs = {'SN': ('2019-03-01', None)}\n")

    with pytest.raises(UserError, match=r"source_epochs: there is no source 'SN' in start\.cat"):
        lens.run(SCRIPT)


def test_a_fit_begins_from_another_one_and_ends_where_it_would(lens_after, caplog):
    """Another selection of the same images: .1 of the errors."""
    lens = lens_after(SCRIPT)
    (lens.config / "dec_less_skiplist.txt").write_text("R_tiny_0003 without it\n")
    steps = ("7_deconv/1_prepare", "7_deconv/2_apply_norm", "7_deconv/3_write_start", SCRIPT)
    lens.set("dec_name = 'less'\ndec_start_from = 'none'\n")
    for script in steps[:3]:
        lens.run(script)
    with pytest.raises(UserError, match="dec_start_from: there is no fit of 'none'"):
        lens.run(SCRIPT)

    lens.set("dec_name = 'less'\ndec_start_from = 'lens'\n")
    lens.run(SCRIPT)
    begun, _ = fit_of(lens)
    assert "going on from the stored fit of 6 epochs" in caplog.messages

    lens.set("dec_name = 'less'\n")
    lens.run(SCRIPT)
    cold, _ = fit_of(lens)
    assert len(begun.flux) == 5
    assert np.abs((begun.flux - cold.flux) / cold.flux_sigma).max() < 0.1
    lens.set("dec_name = 'less'\ndec_start_from = 'lens'\nextended_light = 'auto'\n")
    with pytest.raises(UserError, match="dec_start_from: 'lens' has other sources"):
        lens.run(SCRIPT)


def test_a_band_that_cannot_be_fitted_does_not_stop_the_other(lens_before, caplog):
    lens = lens_before("7_deconv/1_prepare")
    lens.set(f"sets = [{{'name': n, 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}, "
             "'band': n.lower(), 'files': f'*_{n}_*'} for n in 'RV']\n")
    in_v = [f"R_tiny_{number:04d}" for number in (0, 3, 6)]
    for name in in_v:
        lens.update(name, set_name="V")
    for script in ("7_deconv/1_prepare", "7_deconv/2_apply_norm", "7_deconv/3_write_start"):
        lens.run(script)
    path = lens.work / "dec_lens_v" / "epochs.npz"
    whole = path.read_bytes()
    content = read_epochs(path)
    content.epochs.good[:] = False
    write_epochs(path, content)

    with pytest.raises(UserError, match=r"1 of 2 fits failed \(v\), see above; the others are"):
        lens.run(SCRIPT)

    told = "\n".join(caplog.messages)
    assert "\nv failed: the joint fit cannot be made" in told
    assert "\nr: A: flux" in told
    fitted = {name for name, row in lens.rows.items() if "dec_fit__lens" in row}
    assert fitted == set(lens.truth.good) - set(in_v)
    before = (lens.work / "dec_lens_r" / "fit.npz").read_bytes()

    path.write_bytes(whole)
    lens.run(SCRIPT)

    assert {name for name, row in lens.rows.items() if "dec_fit__lens" in row} == set(
        lens.truth.good)
    assert (lens.work / "dec_lens_r" / "fit.npz").read_bytes() == before  # it stays
    assert "r: nothing has changed: the stored fit stays (--redo fits again)" in caplog.messages


@pytest.mark.parametrize(("engine", "on_gpu"), [("gp", False), ("starred", True)])
def test_only_starred_asks_for_a_graphics_card(lens_before, monkeypatch, engine, on_gpu):
    lens = lens_before(SCRIPT)
    lens.set(f"deconv_engine = {engine!r}\n")
    asked = []
    monkeypatch.setattr("cosmouline.engine.tasks.results",
                        lambda *arguments, **more: asked.append(more) or [])

    lens.run(SCRIPT)

    assert asked == [{"on_gpu": on_gpu}]


def test_errors_of_the_positions_reach_the_fit(lens_before):
    """B is known to .02 arcsec relative to the others, A is free."""
    lens = lens_before(SCRIPT)
    lens.set("point_source_sigma_arcsec = {'B': 0.02}\n")

    lens.run(SCRIPT)

    fit, _ = fit_of(lens)
    sigma_px = 0.02 / lens.rows[REFERENCE]["pixel_scale_arcsec"]
    assert fit.prior_sd[8:] == pytest.approx([0.5, sigma_px, 0.5, sigma_px])
    assert fit.prior_common_sd == 1.0
