"""PSF photometry of stars, with the PSF of stars a thousand times brighter."""

from types import SimpleNamespace

from cosmouline.psf.fit import fit_psf
from cosmouline.psf.model import moffat, render
from cosmouline.psf.photometry import is_reliable, star_fluxes, stars_and_slopes

import numpy as np
import pytest

FWHM, SIDE = 2.5, 20
N_STARS = 150


@pytest.fixture(scope="module")
def narrow(star_stamps):
    """Narrow PSF, fitted to stars of 1e7 e-: its error is far below that of the stars."""
    bright = star_stamps(61, FWHM, (5e6, 2e7), n_stars=8, side_px=SIDE)
    fit = fit_psf(bright.data, bright.sky_variance, bright.good, FWHM)
    return fit.psf.narrow()


@pytest.fixture
def faint(star_stamps):
    return star_stamps(62, FWHM, (3e3, 3e4), n_stars=N_STARS, side_px=SIDE)


def measured(stamps, narrow, **changes):
    return star_fluxes(
        stamps.data, stamps.sky_variance, stamps.good, narrow, 2, stamps.offset_px, **changes
    )


def enclosed(stamps):
    """Share of the flux of each star that falls into its stamp."""
    return np.array([stamps.truth.stamp(SIDE, *xy).sum() for xy in stamps.offset_px])


def pulls(stars, stamps):
    return (stars.flux_e - stamps.flux_e * enclosed(stamps)) / stars.flux_sigma_e


# 150 stars: the mean of the pulls is known to .08, their rms to .06
@pytest.mark.parametrize("fit_sky", [False, True])
@pytest.mark.parametrize("weights", ["optimal", "uniform"])
def test_fluxes_scatter_by_their_errors(faint, narrow, weights, fit_sky):
    pull = pulls(measured(faint, narrow, weights=weights, fit_sky=fit_sky), faint)

    assert pull.mean() == pytest.approx(0, abs=5 * 0.08)
    assert pull.std() == pytest.approx(1, abs=5 * 0.06)


def test_optimal_weights_have_the_smaller_errors(faint, narrow):
    optimal = measured(faint, narrow).flux_sigma_e
    uniform = measured(faint, narrow, weights="uniform").flux_sigma_e

    assert (optimal <= uniform * 1.001).all()
    assert np.median(uniform / optimal) > 1.01


def test_the_error_is_that_of_the_noise_equivalent_area(faint, narrow):
    stars = measured(faint, narrow)

    # King 1983, PASP 95, 163: 1 / sigma^2 = sum of P^2 over the variance of sky and star
    for k in (np.argmin(stars.flux_e), np.argmax(stars.flux_e)):
        star = faint.truth.stamp(SIDE, *faint.offset_px[k])
        variance = 400.0 + faint.flux_e[k] * star
        expected = 1 / np.sqrt((star**2 / variance).sum())
        # the noise moves the model that predicts it, and a lobe correlates flux and position
        assert stars.flux_sigma_e[k] == pytest.approx(expected, rel=0.04)


def test_positions_and_chi2(faint, narrow):
    stars = measured(faint, narrow)

    shift = np.stack([stars.x_px, stars.y_px], 1) - faint.offset_px
    pull = (shift - shift.mean(0)) / np.sqrt(stars.covariance[:, [1, 2], [1, 2]])
    assert pull.std() == pytest.approx(1, abs=5 / np.sqrt(2 * 2 * N_STARS))
    assert stars.chi2.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / (N_STARS * SIDE**2)) + 0.01)
    assert stars.sky_e.tolist() == [0.0] * N_STARS


def test_a_wrong_sky_is_taken_up_where_it_is_fitted(faint, narrow):
    faint.data = faint.data + 15.0

    free = measured(faint, narrow, fit_sky=True)
    fixed = measured(faint, narrow)

    # the sky of a stamp of 400 pixels of 20 e- is known to 1 e- (more under the star)
    assert free.sky_e == pytest.approx(np.full(N_STARS, 15.0), abs=5 * 1.5)
    assert abs(pulls(free, faint).mean()) < 5 * 0.08
    assert pulls(fixed, faint).mean() > 1


def test_a_start_two_pixels_off_reaches_the_same_result(star_stamps, narrow):
    stamps = star_stamps(63, FWHM, (3e4, 1e5), n_stars=10, side_px=SIDE)
    near = measured(stamps, narrow)
    stamps.offset_px += np.array([2.0, -1.5])

    far = measured(stamps, narrow)

    assert np.abs(far.flux_e - near.flux_e).max() < 0.05 * near.flux_sigma_e.min()
    assert far.x_px == pytest.approx(near.x_px, abs=1e-3)


def test_a_star_near_the_edge_of_its_stamp_is_not_followed(star_stamps, narrow):
    """What is measured is the star in the middle: positions end a third of the side from it."""
    stamps = star_stamps(69, FWHM, (1e5, 2e5), n_stars=2, side_px=SIDE)
    stamps.data = stamps.flux_e[:, None, None] * np.array(
        [stamps.truth.stamp(SIDE, *xy) for xy in ((8.5, 0.0), (0.0, -6.0))])
    stamps.offset_px = np.array([(6.0, 0.0), (0.0, -5.0)])

    stars = measured(stamps, narrow)

    assert stars.x_px == pytest.approx([SIDE / 3, 0], abs=0.1)  # the PSF has noise of its own
    assert stars.y_px == pytest.approx([0, -6], abs=0.1)


def test_a_bad_pixel_has_no_weight(star_stamps, narrow):
    stamps = star_stamps(64, FWHM, (3e4, 1e5), n_stars=12, side_px=SIDE)
    stamps.good[:, SIDE // 2, SIDE // 2 - 1] = False
    first = measured(stamps, narrow)
    stamps.data[:, SIDE // 2, SIDE // 2 - 1] = np.nan
    stamps.sky_variance[:, SIDE // 2, SIDE // 2 - 1] = np.nan

    second = measured(stamps, narrow)

    assert (first.flux_e == second.flux_e).all()
    assert (first.flux_sigma_e == second.flux_sigma_e).all()
    assert (first.good_fraction < 1).all()
    filled = 0.03 * (1 - first.good_fraction) * first.flux_e
    photon_noise = np.sqrt(first.covariance[:, 0, 0])
    assert first.flux_sigma_e == pytest.approx(np.hypot(photon_noise, filled))
    assert np.sqrt(np.mean(pulls(first, stamps) ** 2)) < 1 + 5 / np.sqrt(2 * 12)


def test_a_hit_in_the_core_is_masked_by_the_model(star_stamps, narrow):
    stamps = star_stamps(65, FWHM, (3e4, 1e5), n_stars=12, side_px=SIDE)
    stamps.data[:, SIDE // 2 + 2, SIDE // 2 + 1] += 8000.0

    stars = measured(stamps, narrow)

    assert not stars.good[:, SIDE // 2 + 2, SIDE // 2 + 1].any()
    assert np.sqrt(np.mean(pulls(stars, stamps) ** 2)) < 1 + 5 / np.sqrt(2 * 12)


def test_one_psf_per_star(faint, narrow):
    common = measured(faint, narrow)
    own = measured(faint, np.repeat(narrow[None], N_STARS, 0))

    assert own.flux_e == pytest.approx(common.flux_e)


def two_widths():
    """Exact stars of 2.2 and 3.4 px in turn, the narrow PSF of each, their offsets and fluxes."""
    random = np.random.default_rng(8)
    parameters = [(np.log(2.2 if k % 2 else 3.4), 0.05, 0.02, np.log(3)) for k in range(6)]
    own = moffat(np.array(parameters), 2 * SIDE, 2)
    own /= own.sum((1, 2), keepdims=True)
    offset_px, flux_e = random.uniform(-0.5, 0.5, (6, 2)), random.uniform(2e4, 9e4, 6)
    data = flux_e[:, None, None] * render(own, offset_px, SIDE, 2)
    return data, own, offset_px, flux_e


@pytest.mark.parametrize("weights", ["optimal", "uniform"])
def test_each_star_is_measured_with_its_own_psf(weights):
    data, own, offset_px, flux_e = two_widths()
    given = data, np.full(data.shape, 400.0), np.ones(data.shape, bool)

    stars = star_fluxes(*given, own, 2, np.zeros((6, 2)), weights=weights)
    wrong = star_fluxes(*given, own[0], 2, np.zeros((6, 2)), weights=weights)

    assert stars.flux_e == pytest.approx(flux_e, rel=1e-4)
    assert np.stack([stars.x_px, stars.y_px], 1) == pytest.approx(offset_px, abs=1e-3)
    assert stars.good.all()
    assert stars.chi2 == pytest.approx(np.zeros(6), abs=1e-3)
    # half of the stars have the PSF of the first
    assert wrong.flux_e[::2] == pytest.approx(flux_e[::2], rel=1e-4)
    assert (np.abs(wrong.flux_e[1::2] / flux_e[1::2] - 1) > 0.05).all()


def test_stamps_without_a_star_or_without_pixels(star_stamps, narrow):
    stamps = star_stamps(66, FWHM, (3e4, 1e5), n_stars=4, side_px=SIDE)
    stamps.good[0] = False
    stamps.data[1] -= stamps.flux_e[1] * stamps.truth.stamp(SIDE, *stamps.offset_px[1])
    stamps.good[2, 8:12, 8:12] = False

    stars = measured(stamps, narrow)

    assert np.isnan([stars.flux_e[0], stars.flux_sigma_e[0], stars.x_px[0], stars.chi2[0]]).all()
    assert abs(stars.flux_e[1]) < 8 * stars.flux_sigma_e[1]  # it may find a noise peak
    assert stars.good_fraction[2] < 0.3
    assert is_reliable(stars, FWHM + 0.1).tolist() == [False, False, False, True]


def test_undersampled_stars_need_more_of_their_core():
    stars = SimpleNamespace(
        flux_e=np.full(3, 1e4), flux_sigma_e=np.full(3, 1e2), good_fraction=np.array([0.4, 0.7, 1])
    )

    assert is_reliable(stars, 2.6).tolist() == [False, True, True]
    assert is_reliable(stars, 2.4).tolist() == [False, False, True]


def test_no_stars_give_empty_arrays(narrow):
    empty = np.zeros((0, SIDE, SIDE))

    stars = star_fluxes(empty, empty, empty.astype(bool), narrow, 2, np.zeros((0, 2)))

    assert stars.flux_e.shape == (0,)


def test_weights_are_checked(faint, narrow):
    with pytest.raises(ValueError, match="weights must be one of optimal, uniform: 'best'"):
        measured(faint, narrow, weights="best")


def test_the_slopes_of_stars_are_the_differences_of_moved_ones():
    parameters = np.array([np.log(FWHM), 0.1, -0.2, np.log(3.0)])
    narrow = moffat(parameters, SIDE * 2, 2)
    narrow = narrow / narrow.sum()
    offset_px = np.array([[0.2, -0.3], [1.4, 2.1]])

    stars, by_x, by_y = stars_and_slopes(narrow, 2, SIDE, offset_px)

    assert stars == pytest.approx(render(narrow, offset_px, SIDE, 2), abs=1e-12)
    assert stars.sum((1, 2)) == pytest.approx([1, 1], abs=0.02)
    for found, step in ((by_x, (1e-4, 0)), (by_y, (0, 1e-4))):
        change = (render(narrow, offset_px + np.array(step), SIDE, 2)
                  - render(narrow, offset_px - np.array(step), SIDE, 2)) / 2e-4
        assert found == pytest.approx(change, abs=1e-6)
