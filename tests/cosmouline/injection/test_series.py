from cosmouline.injection.series import DELAY, KINDS, SINUS, STEP, delays_d, injected_flux

import numpy as np
import pytest

MJD = np.linspace(0.0, 100.0, 51)
FLUX = np.column_stack([1000 + 2 * MJD, 500 - MJD])


def test_the_lens_half_and_double_are_its_fluxes():
    for kind, factor in (("lens", 1.0), ("half", 0.5), ("double", 2.0)):
        assert injected_flux(kind, FLUX, MJD) == pytest.approx(factor * FLUX)


def test_a_step_comes_in_the_middle():
    ratio = injected_flux("step", FLUX, MJD) / FLUX

    assert ratio[MJD <= 50] == pytest.approx(1.0)
    assert ratio[MJD > 50] == pytest.approx(1 + STEP)


def test_a_wave_has_its_amplitude_about_the_mean_and_another_phase_in_each_source():
    wave = injected_flux("sinus", FLUX, MJD) / FLUX.mean(0) - 1

    # two whole periods on 51 points: the crests are missed by less than 1 %
    assert np.abs(wave).max(0) == pytest.approx([SINUS, SINUS], rel=0.01)
    assert np.corrcoef(wave.T)[0, 1] == pytest.approx(-1, abs=0.01)  # half a period apart


def test_a_delayed_curve_is_that_of_the_brightest_some_days_later():
    late = injected_flux("delayed", FLUX, MJD)
    days = delays_d(MJD, 2)

    assert days == pytest.approx([0, DELAY * 100])
    assert late[:, 0] == pytest.approx(FLUX[:, 0])
    inside = days[1] <= MJD
    expected = FLUX[:, 1].mean() * (1000 + 2 * (MJD - days[1])) / FLUX[:, 0].mean()
    assert late[inside, 1] == pytest.approx(expected[inside])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_injected_where_the_lens_was_not_measured(kind):
    flux = FLUX.copy()
    flux[7] = np.nan
    found = injected_flux(kind, flux, MJD)

    assert np.isnan(found[7]).all()
    assert np.isfinite(np.delete(found, 7, axis=0)).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of lens, half, double"):
        injected_flux("triple", FLUX, MJD)
