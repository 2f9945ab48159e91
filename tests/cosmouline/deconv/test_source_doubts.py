"""Sources that are in doubt, on drawn lenses whose faults are known."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import source_doubts as doubts_module
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.source_doubts import source_doubts, with_doubts

import numpy as np
import pytest

PAIR = ((-2.6, 0.6), (2.9, -1.1))
POINTS = FitOptions(sky_sigma_factor=1.0, extended_light="none")
NAMES = [f"i{e}" for e in range(8)]


def doubts(fit, epochs):
    return [doubt.line for doubt in source_doubts(fit, epochs, ["A", "B"], NAMES)]


@pytest.mark.parametrize("seed", [3, 4])
def test_nothing_is_said_of_a_right_fit_with_a_cosmic_ray_on_a_source(draw, seed):
    epochs, truth = draw(seed=seed, n_epochs=8, galaxy_flux=0)
    x, y = np.rint(truth.position_px[1] + truth.shift_px[2] + 15.5).astype(int)
    epochs.data_e[2, y, x:x + 3] += 9000

    assert doubts(fit_lens(epochs, PAIR, POINTS), epochs) == []


def test_nothing_is_said_of_a_lens_with_a_galaxy(lens):
    epochs, _, fit = lens

    assert [line for line in doubts(fit, epochs) if "chi2" in line] == []


@pytest.mark.parametrize("seed", [5, 6])
def test_a_blended_double_that_is_fitted_as_one_source_is_named(draw, seed):
    """Two sources .7 FWHM apart, the fainter of 40 %."""
    epochs, _ = draw(seed=seed, n_epochs=8, flux=(30000, 12000), galaxy_flux=0,
                     position_px=((-0.8, 0.2), (1.8, -0.5)))

    line, = doubts(fit_lens(epochs, ((0.0, 0.0),), POINTS), epochs)

    assert line.startswith("A: chi2 of ")
    assert "a second source within the seeing" in line
    assert "Try one more of point_sources" in line


@pytest.mark.parametrize("seed", [7, 8])
def test_a_transient_next_to_one_source_is_named_with_its_epochs(draw, pictures, seed):
    """A fifth of the light of B, 1.5 px from it, in two of eight epochs."""
    epochs, truth = draw(seed=seed, n_epochs=8, flux=(30000, 20000), galaxy_flux=0)
    for e in (3, 4):
        place = truth.position_px[1] + truth.shift_px[e] + (1.5, 1.5)
        epochs.data_e[e] += 6000 * pictures["star_image"](32, place, truth.sigma_px[e])

    lines = doubts(fit_lens(epochs, PAIR, POINTS), epochs)

    assert len(lines) == 1
    assert lines[0].startswith("B: chi2 of ")
    assert "in 2 of 8 images" in lines[0]
    assert lines[0].endswith("First: i3, i4")


def test_light_of_the_field_is_compared_with_what_its_floor_expects(lens):
    """By hand: the floor is 3e-4 of the brightest source per squared FWHM, 3 % of the galaxy."""
    epochs, _, fit = lens
    near = np.hypot(*(fit.nodes_px - fit.position_px[1]).T) < fit.field_fwhm_px
    mean = np.nanmean(fit.flux, axis=0)
    expected = np.sqrt(len(fit.options.field_scales_fwhm)) * np.hypot(
        3e-4 * mean[0] * np.pi, 0.03 * fit.field_galaxy_flux[near].sum())

    def with_light(factor):
        node_flux = np.where(near, factor * expected / near.sum(), 0.0)
        lines = doubts(replace(fit, node_flux=node_flux), epochs)
        return [line for line in lines if "residual light" in line and line.startswith("B")]

    least = max(5.0, 0.01 * mean[1] / expected)
    assert with_light(0.9 * least) == []
    line, = with_light(-1.1 * least)
    assert f"residual light of {-1.1 * least * expected:+.0f} e-" in line


def told(monkeypatch, chi2, radius_px=2.0):
    """Lines for a table of chi2, shape (epochs, sources), within a radius; no field."""
    fit = SimpleNamespace(nodes_px=[], variance_e2=np.ones((len(chi2), 2, 2)),
                          measured=np.ones(len(chi2), bool))
    epochs = SimpleNamespace(data_e=np.ones((len(chi2), 2, 2)), coeff=np.ones(len(chi2)),
                             fwhm_px=np.ones(len(chi2)),
                             usable=np.ones((len(chi2), 2, 2), bool),
                             cosmic=np.zeros((len(chi2), 2, 2), bool))
    monkeypatch.setattr(doubts_module, "model_images", lambda *_: (
        epochs.data_e, 0.0, np.zeros(len(chi2))))
    monkeypatch.setattr(doubts_module, "source_chi2", lambda *_: (
        np.array(chi2, float), None, np.full(len(chi2), radius_px)))
    monkeypatch.setattr(doubts_module, "stray_positions",
                        lambda *_: np.zeros((2, *np.shape(chi2))))
    doubts = source_doubts(fit, epochs, "ABC", [f"i{e}" for e in range(len(chi2))])
    return [doubt.line for doubt in doubts]


@pytest.mark.parametrize(("chi2", "n", "radius_px", "is_told"), [
    # sqrt(2 / (pi 2^2)) = .3989 in one epoch: 1 + 5 x .3989 / 2 = 1.9974 in four
    (1.99, 4, 2.0, False), (2.0, 4, 2.0, True), (1.49, 100, 2.0, False), (1.51, 100, 2.0, True),
    # .7979 within 1 px: 2.995
    (2.99, 4, 1.0, False), (3.0, 4, 1.0, True)])
def test_the_chi2_of_the_median_epoch_is_compared_with_its_own_error(
        monkeypatch, chi2, n, radius_px, is_told):
    lines = told(monkeypatch, [[chi2, 1.0]] * n + [[np.nan, 1.0]], radius_px)

    assert [line[:2] for line in lines] == ["A:"] * is_told
    assert all(f"in the median of {n} images" in line for line in lines)


@pytest.mark.parametrize(("odd", "typical", "radius_px", "is_told"), [
    # 1 + 5 x .3989 times the median; at 20 px the error is .04, and 1.5 times
    ((2.98, 2.98), 1.0, 2.0, False), ((3.0, 3.0), 1.0, 2.0, True), ((9.0,), 1.0, 2.0, False),
    ((3.5, 3.5), 1.2, 2.0, False), ((3.6, 3.6), 1.2, 2.0, True),
    ((1.49, 1.49), 1.0, 20.0, False), ((1.51, 1.51), 1.0, 20.0, True)])
def test_a_transient_is_in_two_epochs_and_beyond_the_error_of_one(
        monkeypatch, odd, typical, radius_px, is_told):
    chi2 = np.full((9, 2), 1.0)
    chi2[:, 1] = typical
    chi2[4 : 4 + len(odd), 1] = odd

    lines = told(monkeypatch, chi2, radius_px)

    assert len(lines) == is_told
    if is_told:
        assert lines[0].startswith(f"B: chi2 of {odd[0]:.1f} within 1 FWHM in 2 of 9 images "
                                   f"and 0.00 px off its place, {typical:.1f} in the others")
        assert lines[0].endswith("First: i4, i5")


@pytest.mark.parametrize(("excess", "is_told"), [(8.9, False), (9.1, True)])
def test_a_transient_exceeds_what_the_other_sources_have(monkeypatch, excess, is_told):
    """C has 6 more than its median in the same epochs: 1.5 times as much is 9."""
    chi2 = np.ones((9, 3))
    chi2[2:5, 1], chi2[2:5, 2] = 1 + excess, 7.0

    assert [line[:2] for line in told(monkeypatch, chi2)] == ["B:"] * is_told


def test_four_of_eight_epochs_are_a_transient_and_the_first_three_are_named(monkeypatch):
    """.3 in four and 2.1 in four: the median is 1.2, the limit at 20 px 1.8."""
    chi2 = np.ones((8, 2))
    chi2[:, 0] = 0.3, 2.1, 0.3, 2.1, 2.1, 0.3, 0.3, 2.1

    line, = told(monkeypatch, chi2, 20.0)

    assert "in 4 of 8 images and 0.00 px off its place, 1.2 in the others" in line
    assert line.endswith("First: i1, i3, i4")


def test_the_residuals_are_in_sigmas_of_pixels_without_mask_of_epochs_that_are_measured(
        monkeypatch):
    """By hand: (12 - (3 + 4 + 1) / 2) / 2 = 4 sigmas."""
    seen = []
    shape = (3, 2, 2)
    epochs = SimpleNamespace(data_e=np.full(shape, 12.0), coeff=np.full(3, 2.0),
                             usable=np.ones(shape, bool), cosmic=np.zeros(shape, bool),
                             fwhm_px=np.ones(3))
    epochs.usable[0, 0, 0], epochs.cosmic[0, 1, 1] = False, True
    fit = SimpleNamespace(nodes_px=[], variance_e2=np.full(shape, 4.0),
                          measured=np.array([True, False, True]))
    monkeypatch.setattr(doubts_module, "model_images", lambda *_: (
        np.full(shape, 3.0), np.full(shape, 4.0), np.ones(3)))
    monkeypatch.setattr(doubts_module, "source_chi2", lambda fit, epochs, residuals: (
        seen.append(residuals) or np.ones((3, 1)), None, np.ones(3)))
    monkeypatch.setattr(doubts_module, "stray_positions", lambda *_: np.zeros((2, 3, 1)))

    assert source_doubts(fit, epochs, "A", "ijk") == []

    nan = np.nan
    np.testing.assert_allclose(seen[0], [[[nan, 4], [4, nan]], [[nan] * 2] * 2, [[4, 4]] * 2])


def field(**more):
    """Ten nodes under the first of two sources, one at the edge of its FWHM; flux 1000 and 400."""
    options = SimpleNamespace(flat_floor=1e-4, galaxy_fraction_floor=0.05,
                              field_scales_fwhm=(1.0, 2.0, 3.0, 4.0))
    nodes = [[5.0 + 0.1 * k, 5.0] for k in range(10)] + [[5.0, 8.0], [20.0, 20.0]]
    return SimpleNamespace(**{
        "options": options, "nodes_px": np.array(nodes), "n_images": 2, "field_fwhm_px": 3.0,
        "flux": np.array([[900.0, 400.0, 9e9], [1100.0, 400.0, 9e9], [np.nan] * 3]),
        "flux_sigma": np.array([[9.0, 9.0, 9e9], [9.0, 9.0, 9e9], [np.nan] * 3]),
        "position_px": np.array([[5.0, 5.0], [20.0, 20.0], [5.0, 5.0]]),
        "field_galaxy_flux": np.zeros(12), "node_flux": np.zeros(12)} | more)


@pytest.mark.parametrize(("galaxy", "least"), [
    # 1e-4 x 1000 x pi x sqrt(4) = .6283 expected; 5 times it is 3.14, 1 % of the flux is 10
    (0.0, 10.0),
    # 5 % of 10 x 8 is 4: hypot(.314, 4) x 2 = 8.025, times five
    (8.0, 40.12)])
@pytest.mark.parametrize("sign", [1, -1])
def test_light_near_a_source_has_a_limit_of_the_field_and_one_of_the_source(galaxy, least, sign):
    def lines(factor):
        node_flux = np.r_[np.full(10, sign * factor * least / 10), 1e6, 0.0]
        return [doubt.line for doubt in doubts_module._bright_field(field(
            node_flux=node_flux, field_galaxy_flux=np.r_[np.full(10, galaxy), 99.0, 0.0]), "AB")]

    assert lines(0.99) == []
    line, = lines(1.01)
    assert line.startswith(f"A: residual light of {sign * 1.01 * least:+.0f} e-")
    assert f"{sign * 1.01 * least / 10:+.1f} % of its flux" in line


def test_light_beside_a_source_below_three_sigma_is_no_percentage():
    """Of 20 e-, 10 +- 5 in the mean of two epochs: 2 sigma."""
    faint = np.array([[15.0, 400.0, 9e9], [5.0, 400.0, 9e9], [np.nan] * 3])
    sigma = np.array([[5 * np.sqrt(2), 9.0, 9e9]] * 2 + [[np.nan] * 3])

    line, = [doubt.line for doubt in doubts_module._bright_field(field(
        flux=faint, flux_sigma=sigma, node_flux=np.r_[np.full(10, 40.0), 0.0, 0.0]), "AB")]

    assert "within 1 FWHM, at a source of no flux, and " in line
    assert "%" not in line


def test_the_systematic_error_holds_a_missing_star(draw):
    """6000 e- at 2 FWHM from B, which takes some of it: the error grows by what the star takes."""
    epochs, truth = draw(seed=5, n_epochs=4, side=40, flux=(30000, 12000, 6000), galaxy_flux=0,
                         position_px=(*PAIR, (9.5, 2.0)))
    fit = fit_lens(epochs, PAIR, POINTS)

    found, missing, change, _ = with_doubts(fit, epochs, "AB", NAMES)

    assert len(missing) == 1
    assert found.systematic_covariance == pytest.approx(
        fit.systematic_covariance + np.outer(change, change))
    away = (fit.flux - truth.flux[:, :2]).mean(0)
    assert np.abs(away / found.flux_systematic).max() < 2


@pytest.mark.parametrize("seed", [7, 8])
def test_the_systematic_error_holds_a_transient(draw, pictures, seed):
    epochs, truth = draw(seed=seed, n_epochs=8, flux=(30000, 20000), galaxy_flux=0)
    for e in (3, 4):
        place = truth.position_px[1] + truth.shift_px[e] + (1.5, 1.5)
        epochs.data_e[e] += 6000 * pictures["star_image"](32, place, truth.sigma_px[e])
    fit = fit_lens(epochs, PAIR, POINTS)

    found = with_doubts(fit, epochs, "AB", NAMES)[0]

    # of 6000 e- in a quarter of the epochs most are in B
    away = (fit.flux - truth.flux).mean(0)
    assert away[1] > 500
    assert np.abs(away / np.hypot(found.flux_systematic, 100)).max() < 2
    assert found.flux_systematic[1] > 3 * fit.flux_systematic[1]


def test_a_fifth_of_the_residual_light_is_in_the_systematic_error(lens):
    epochs, _, fit = lens
    near = np.hypot(*(fit.nodes_px - fit.position_px[1]).T) < fit.field_fwhm_px
    light = 0.3 * np.nanmean(fit.flux[:, 1])
    fit = replace(fit, node_flux=np.where(near, light / near.sum(), 0.0))

    found, missing, _, doubts = with_doubts(fit, epochs, "AB", NAMES)

    light = {doubt.source: doubt.light for doubt in doubts if doubt.light}
    grown = np.diag(found.systematic_covariance - fit.systematic_covariance)
    assert missing == []
    assert grown[1] >= (0.2 * light[1]) ** 2 * 0.999


def test_without_systematic_errors_there_is_no_trial_fit(lens):
    epochs, _, fit = lens
    bare = replace(fit, systematic_covariance=np.full((2, 2), np.nan))

    found, missing, change, _ = with_doubts(bare, epochs, "AB", NAMES)

    assert found is bare
    assert (missing, change.tolist()) == ([], [0.0, 0.0])


def test_a_trial_without_the_epochs_of_a_transient_changes_nothing(draw, pictures, monkeypatch):
    """Their pixels are masked in it: it compares nothing, and the error was NaN."""
    epochs, truth = draw(seed=7, n_epochs=8, flux=(30000, 20000), galaxy_flux=0)
    for e in (3, 4):
        place = truth.position_px[1] + truth.shift_px[e] + (1.5, 1.5)
        epochs.data_e[e] += 6000 * pictures["star_image"](32, place, truth.sigma_px[e])
    fit = fit_lens(epochs, PAIR, POINTS)
    doubt = next(one for one in source_doubts(fit, epochs, ["A", "B"], NAMES)
                 if one.shines is not None)

    def masked(fit, epochs, place, shines):
        flux = np.append(fit.flux * 1.03, fit.flux[:, :1], axis=1)
        flux[shines] = np.nan
        return SimpleNamespace(flux=flux, position_px=np.append(
            fit.position_px, [place], axis=0)), np.arange(len(flux))

    monkeypatch.setattr(doubts_module, "with_source", masked)

    found = doubts_module._change_beside(fit, epochs, doubt)

    assert (found == 0).all()


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1)])
def test_sources_of_a_trial_are_those_nearest_to_where_they_were(lens, monkeypatch, order):
    """A and B shine as before, wherever the trial lists them; the new one is at its own place."""
    epochs, _, fit = lens
    place_px, flux = np.array([[0.0, 0.0]]), np.full((len(fit.flux), 1), 500.0)
    trial = replace(fit, position_px=np.vstack([fit.position_px + 0.01, place_px])[list(order)],
                    flux=np.hstack([fit.flux + 70.0, flux])[:, list(order)])
    monkeypatch.setattr(doubts_module, "with_source",
                        lambda *_: (trial, np.arange(len(fit.flux))))

    found = doubts_module._change_beside(fit, epochs, doubts_module.Doubt(1, ""))

    assert found == pytest.approx([70.0, 70.0])


def test_a_trial_source_begins_beside_the_source_in_doubt_and_at_no_other(lens, monkeypatch):
    """The brightest light within reach of B is at A, 3 px away."""
    epochs, _, fit = lens
    fit = replace(fit, position_px=np.array([[-1.5, 0.0], [1.5, 0.0]]))
    flux, snr, grid = doubts_module.point_map(fit, epochs, np.flatnonzero(fit.measured))
    flux = np.where(np.hypot(*np.moveaxis(grid - (-1.5, 1.0), -1, 0)) < 0.8, 1e6, 0.0)
    flux[np.hypot(*np.moveaxis(grid - (2.5, 1.5), -1, 0)) < 0.8] = 1e3
    places = []
    monkeypatch.setattr(doubts_module, "point_map", lambda *_: (flux, snr, grid))
    monkeypatch.setattr(doubts_module, "with_source",
                        lambda fit, epochs, place, shines: places.append(place) or (
                            replace(fit, position_px=np.vstack([fit.position_px, place]),
                                    flux=np.hstack([fit.flux, fit.flux[:, :1]])),
                            np.arange(len(fit.flux))))

    found = doubts_module._change_beside(fit, epochs, doubts_module.Doubt(1, ""))

    assert np.hypot(*(places[0] - (2.5, 1.5))) < 0.8
    assert found.tolist() == [0.0, 0.0]
