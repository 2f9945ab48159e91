
import re
from types import SimpleNamespace

from cosmouline.database.fields import convert
from cosmouline.deconv import db_readout
from cosmouline.deconv.db_readout import pasted, source_rows
from cosmouline.files.io_catalog import Star

import numpy as np
import pytest

COEFF = np.array([1.0, 2.0, 1.5])


def result():
    """A fit of three epochs and two sources, on the common scale; the last one not measured."""
    flux = np.array([[1000.0, 400.0], [1200.0, 500.0], [np.nan, np.nan]])
    covariance = np.repeat(np.array([[25.0, -6.0], [-6.0, 16.0]])[None], 3, 0)
    return SimpleNamespace(
        flux=flux, covariance=covariance, covariance_total=1.5 * covariance,
        flux_systematic=np.array([11.0, 9.0]), shift_px=np.array([[0.2, 0.1], [0.0, 0.3], [0, 0]]),
        sky=np.array([3.0, 4.0, 0.0]), chi2_reduced=np.array([1.0, 1.1, np.nan]),
        n_masked=np.array([0, 7, 2]), measured=np.isfinite(flux).all(1))


@pytest.fixture
def fields():
    epochs = SimpleNamespace(coeff=COEFF, shift_px=np.array([[0.1, 0.1], [0.0, 0.0], [0, 0]]))
    content = SimpleNamespace(epochs=epochs, names=["i", "j", "k"])
    psf_error = np.array([[0.01, -0.02], [0.01, 0.02], [np.nan, np.nan]])
    return db_readout.fields(result(), psf_error, content, ["A", "B"], "d")


def test_only_epochs_with_fluxes_are_read(fields):
    assert set(fields) == {"i", "j"}
    for row in fields.values():
        for name, value in row.items():
            convert(name, value)  # declared, of its type and finite


def test_fluxes_are_those_of_the_exposure(fields):
    row = fields["j"]

    assert row["flux_e__d__A"] == 1200 / 2
    assert row["flux_random_e__d__A"] == pytest.approx(5 / 2)
    assert row["flux_psf_e__d__A"] == pytest.approx(0.01 * 600)
    assert fields["i"]["flux_psf_e__d__B"] == pytest.approx(0.02 * 400)  # never negative
    assert row["dec_sky_e__d"] == 4.0 / 2


def test_the_error_joins_the_covariance_and_the_psf(fields):
    row = fields["j"]

    assert row["flux_sigma_e__d__B"] == pytest.approx(np.sqrt(1.5 * 16 / 4 + (0.02 * 250) ** 2))
    assert row["flux_cov_e2__d__A__A"] == pytest.approx(1.5 * 25 / 4)
    assert row["flux_cov_e2__d__A__B"] == pytest.approx(1.5 * -6 / 4)
    assert "flux_cov_e2__d__B__A" not in row


def test_the_error_of_the_constant_part_is_one_light_in_all_epochs(fields):
    for name, coeff in (("i", 1.0), ("j", 2.0)):
        assert fields[name]["flux_sys_e__d__A"] * coeff == 11
        assert fields[name]["flux_sys_e__d__B"] * coeff == 9


def test_errors_that_nobody_knows_are_absent():
    fit = result()
    fit.flux_systematic = np.array([np.nan, 9.0])
    content = SimpleNamespace(epochs=SimpleNamespace(coeff=COEFF, shift_px=np.zeros((3, 2))),
                              names=["i", "j", "k"])

    row = db_readout.fields(fit, np.full((3, 2), np.nan), content, ["A", "B"], "d")["j"]

    assert "flux_sys_e__d__A" not in row
    assert "flux_sys_e__d__B" in row
    assert "flux_psf_e__d__A" not in row
    assert row["flux_sigma_e__d__B"] == pytest.approx(np.sqrt(1.5 * 16 / 4))


def test_the_summary_tells_what_is_known():
    fit = result()
    fit.flux_sigma = np.sqrt(1.5 * np.array([[25.0, 16.0]] * 2 + [[np.nan] * 2]))
    fit.flux_systematic = np.array([11.0, np.nan])
    fit.n_iterations, fit.convergence, fit.has_galaxy, fit.cpu_s = 7, 0.5, False, 1.0
    fit.ended, fit.shift_scatter_px, fit.log = "most steps", 0.021, []
    fit.image_width, fit.found_width = 0.0, None
    fit.extended_scale = np.array([0.96, 1.04, np.nan])
    fit.camera_width = np.array([-0.01, 0.02, np.nan])

    lines = list(db_readout.summary(fit, np.full((3, 2), np.nan), ["A", "B"]))

    assert lines[0] == ("7 steps (most steps), last change 0.500 sigma, chi2 1.050, no Sersic "
                        "galaxy, 1.0 CPU s")
    assert lines[1].startswith("the fit has not settled")
    assert lines[2] == "the lens scatters by 0.021 px about the position that the stars predict"
    assert lines[3] == ("brightness of the galaxy against the stars, by camera: 0.960 (1 epochs), "
                        "1.040 (1 epochs)")
    assert lines.pop(4) == ("width of the images by camera, beyond that of all: -1.0 % "
                            "(1 epochs), +2.0 % (1 epochs)")
    assert lines[4] == ("A: flux 1100 e-, errors: random 0.56 %, PSF not known, "
                        "systematic 1.00 %")
    assert lines[5].endswith("systematic not known")


def test_shift_chi2_and_masked_pixels(fields):
    row = fields["i"]

    assert (row["dec_shift_x_px__d"], row["dec_shift_y_px__d"]) == pytest.approx((0.1, 0.0))
    assert row["dec_chi2__d"] == 1.0
    assert fields["j"]["n_dec_masked__d"] == 7


def test_a_source_that_does_not_shine_has_no_fields():
    fit = result()
    fit.flux[0, 1] = np.nan
    content = SimpleNamespace(epochs=SimpleNamespace(coeff=COEFF, shift_px=np.zeros((3, 2))),
                              names=["i", "j", "k"])

    found = db_readout.fields(fit, np.full((3, 2), np.nan), content, ["A", "B"], "d")

    assert "flux_e__d__A" in found["i"]
    assert not [name for name in found["i"] if name.endswith("__B")]
    assert "flux_cov_e2__d__A__B" in found["j"]


def test_how_a_fit_ended_is_told_and_a_step_that_was_none_is_absent():
    fit = SimpleNamespace(objective=5123.0, ended="no better step", n_iterations=4,
                          convergence=None, n_held=3)

    assert db_readout.convergence(fit, "d") == {
        "dec_objective__d": 5123.0, "dec_ended__d": "no better step", "n_dec_steps__d": 4,
        "n_dec_held__d": 3}
    fit.convergence = 0.01
    assert db_readout.convergence(fit, "d")["dec_change_sigma__d"] == 0.01


@pytest.mark.parametrize(("flux", "is_seen"), [(-450.0, False), (0.0, False), (9.5, False),
                                               (9.6, True), (450.0, True)])
def test_a_source_below_three_sigma_has_no_flux_and_no_percentages(flux, is_seen):
    """Two epochs of 4.5 e- each: 3 sigma of their mean are 3 x 4.5 / sqrt(2) = 9.55 e-."""
    fit = SimpleNamespace(
        **vars(result()), n_iterations=3, ended="converged", convergence=0.01, has_galaxy=False,
        cpu_s=1.0, shift_scatter_px=None, extended_scale=np.ones(3),
        camera_width=np.zeros(3), log=[],
        image_width=0.0, found_width=None,
        flux_sigma=np.array([[11.0, 4.5], [11.0, 4.5], [np.nan, np.nan]]))
    fit.flux = np.column_stack([fit.flux[:, 0], [flux, flux, np.nan]])
    fit.n_images = 0  # no partners
    fit.log = [{"stage": "negative light", "given_back": [0.0, -3.8]}]
    fit.found_width = {"width": 0.1, "sigma": 0.01, "flux_change": [1.0, -30.0]}

    lines = list(db_readout.summary(fit, np.array([[0.01, -3.8]] * 3), ["A", "B"]))

    assert "B: flux" in lines[-1] if is_seen else lines[-1].startswith(
        f"B: no flux: {flux:.0f} +- 3 e-, below 3 sigma.")
    assert ("PSF 380.00 %" in lines[-1]) is is_seen
    assert is_seen or not any(re.search(r"-\d+\.\d+ %", line) for line in lines)
    assert sum("(no flux)" in line for line in lines) == (0 if is_seen else 2)


def test_negative_light_that_was_given_back_is_reported_with_its_source():
    fit = SimpleNamespace(
        **vars(result()), n_iterations=3, ended="converged", convergence=0.01, has_galaxy=True,
        cpu_s=1.0, shift_scatter_px=None, extended_scale=np.ones(3), camera_width=np.zeros(3),
        flux_sigma=np.ones((3, 2)), image_width=0.0, found_width=None,
        log=[{"stage": "negative light", "given_back": [-0.142, 0.0]}])

    lines = list(db_readout.summary(fit, np.full((3, 2), np.nan), ["A", "B"]))

    found = [line for line in lines if "negative" in line]
    assert len(found) == 1
    assert found[0].startswith("A: ")
    assert "-14.2 % of its flux" in found[0]


@pytest.mark.parametrize(("width", "fitted", "word"), [
    (0.012, 0.0, "wider than the stars by 1.2 +- 0.3 %"), (0.0085, 0.0, None),
    (-0.012, 0.0, None),
    (-0.02, -0.02, "narrower than the stars: a PSF of -2.0 +- 0.3 % in width"),
    (0.02, 0.02, "wider than the stars: a PSF of +2.0 +- 0.3 % in width")])
def test_images_of_another_width_than_the_stars_are_reported(width, fitted, word):
    fit = SimpleNamespace(
        **vars(result()), n_iterations=3, ended="converged", convergence=0.01, has_galaxy=True,
        cpu_s=1.0, shift_scatter_px=None, extended_scale=np.ones(3),
        camera_width=np.zeros(3), image_width=fitted,
        flux_sigma=np.ones((3, 2)),
        log=[], found_width={"width": width, "sigma": 0.003, "flux_change": [22.0, -9.0]})

    lines = list(db_readout.summary(fit, np.full((3, 2), np.nan), ["A", "B"]))

    found = [line for line in lines if "stars" in line]
    assert [word in line for line in found] == ([True] if word else [])
    # against single stars that differ as much it tells nothing of colours
    fit.log = [{"stage": "star widths", "scatter": 0.016, "mean_sigma": 0.004}]
    again = [line for line in db_readout.summary(fit, np.full((3, 2), np.nan), ["A", "B"])
             if "stars" in line]
    if fitted:
        assert "+- 0.5 %" in again[0]
        assert "as for single stars, which differ by 1.6 %" in again[0]
    if width == 0.012:
        assert "A +2.0 %, B -2.0 %" in found[0]  # of 1100 and 450 electrons


def test_what_an_image_trades_its_light_with_is_reported_and_doubts_come_last():
    """By hand: 5 % too much for B is 22.5 e-; A then has 15 e- too little, the galaxy 7.5."""
    fit = SimpleNamespace(
        **vars(result()) | {"flux_systematic": np.array([20.0, 22.5])}, n_iterations=3,
        ended="converged", convergence=0.01, has_galaxy=True, cpu_s=1.0, shift_scatter_px=None,
        extended_scale=np.ones(3),
        camera_width=np.zeros(3), flux_sigma=np.ones((3, 2)), n_images=2,
        image_width=0.0, found_width=None,
        systematic_covariance=np.array([[400.0, -337.5], [-337.5, 506.25]]),
        log=[{"stage": "doubts", "lines": ["B: in doubt"]}])

    lines = list(db_readout.summary(fit, np.full((3, 2), np.nan), ["A", "B"]))

    assert lines[-2].startswith("B: with +5.0 % A has -1.4 %, galaxy and residual light -8 e-: ")
    assert "Positions from HST help" in lines[-2]
    assert lines[-1] == "B: in doubt"
    assert not any(line.startswith("A: with") for line in lines)  # 1.8 %: below 3 %


START = [Star(name, 10.0 + k, 20.0, None) for k, name in enumerate("ABCD")]


@pytest.fixture
def rows_of(monkeypatch):
    """Give the function that makes the rows with or without a WCS: .2 arcsec, east to the left."""
    def make(flux, sky=None):
        centre_px = np.array([10.0, 20.0])
        monkeypatch.setattr(db_readout, "arcsec_from_lens",
                            lambda reference, settings, xy: (xy - centre_px) * [-0.2, 0.2])
        monkeypatch.setattr(db_readout, "sky_of_places", lambda *arguments: sky)
        position_px = np.array([[0.3, 0.4], [1.0, 0.0], [2.0, -1.0], [3.0, 0.0]])
        fit = SimpleNamespace(position_px=position_px, flux=flux, flux_systematic=np.full(4, 2.0))
        return source_rows(fit, centre_px, START, {}, None)

    return make


FLUX = np.array([[90.0, -5.0, np.nan, 60.0], [110.0, 1.0, np.nan, 140.0],
                 [np.nan, 1.0, np.nan, np.nan]])


def test_brightness_is_that_of_the_mean_flux(rows_of):
    (found, dark, never, _), stars = rows_of(FLUX)

    assert found["flux_e"] == 100.0
    assert found["mag"] == pytest.approx(-5.0)
    assert found["scatter_mag"] == pytest.approx(1.0857 * 0.1, rel=1e-4)
    assert found["systematic_mag"] == pytest.approx(1.0857 * 0.02, rel=1e-4)
    assert dark["flux_e"] == -1.0
    assert "mag" not in dark
    assert np.isnan(never["flux_e"])
    assert "mag" not in never
    assert [star.flux_e for star in stars] == [100.0, None, None, 100.0]


def test_positions_are_in_pixels_from_1_and_from_the_lens(rows_of):
    rows, stars = rows_of(FLUX)

    assert (rows[0]["x_px"], rows[0]["y_px"]) == pytest.approx((11.3, 21.4))
    assert rows[0]["moved_px"] == pytest.approx(0.5)  # of (0.3, 0.4)
    assert rows[2]["moved_px"] == pytest.approx(1.0)
    assert (rows[2]["east_arcsec"], rows[2]["north_arcsec"]) == pytest.approx((-0.4, -0.2))
    assert (stars[0].x_px, stars[0].y_px) == pytest.approx((10.3, 20.4))
    assert [star.name for star in stars] == [row["source"] for row in rows] == list("ABCD")
    assert "ra_deg" not in rows[0]


def test_right_ascension_and_declination_where_there_is_a_wcs(rows_of):
    rows, _ = rows_of(FLUX, np.array([[30.0, -5.0]] * 3 + [[31.0, -6.0]]))

    assert (rows[3]["ra_deg"], rows[3]["dec_deg"]) == (31.0, -6.0)


def test_places_are_written_to_be_pasted():
    rows = [{"source": name, "east_arcsec": x, "north_arcsec": -x}
            for name, x in (("A", 0.5), ("B", -1.25), ("N", 3.0))]

    assert pasted(rows, 2).splitlines() == [
        'point_sources = {"A": (0.5000, -0.5000), "B": (-1.2500, 1.2500)}',
        'extra_sources = {"N": (3.0000, -3.0000)}']
    assert pasted(rows, 0).startswith('point_sources = {"A": (0.5000, -0.5000), "B"')
    assert "extra" not in pasted(rows, 0)
