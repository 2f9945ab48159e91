"""The PSF of an image, against the truth of stamps that are not drawn with the model."""

from dataclasses import replace

from cosmouline.errors import ImageRejected
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.model import moffat, render

import numpy as np
import pytest

FLUXES = (2e4, 3e5)  # S/N of 80 to 500 with the sky of 400 e- at a FWHM of 2.5 px


def fitted(stamps, options=None, **changes):
    return fit_psf(
        stamps.data, stamps.sky_variance, stamps.good, stamps.fwhm_px, options, **changes
    )


def psf_rms(narrow, truth, side_px, upsampling=2):
    """Relative rms against the true star, once flux and position are matched; and that flux."""
    rms2, flux = [], []
    for x, y in ((0.1, 0.2), (-0.4, 0.3), (0.45, -0.45)):
        true = truth.stamp(side_px, x, y).ravel()
        places = [(x, y), (x + 0.02, y), (x - 0.02, y), (x, y + 0.02), (x, y - 0.02)]
        star, right, left, up, down = render(narrow, places, side_px, upsampling)
        basis = np.stack([star, right - left, up - down]).reshape(3, -1).T
        best = np.linalg.lstsq(basis, true, rcond=None)[0]
        rms2.append(((true - basis @ best) ** 2).sum() / (true**2).sum())
        flux.append(best[0])
    return np.sqrt(np.mean(rms2)), np.mean(flux)


# Eight simulations each: rms .0053, .0073 and .0025 (largest .0062, .0088, .0028), and .010 for
# the Moffat alone, which therefore hardly gains from a grid at the middle brightness.
@pytest.mark.parametrize(
    ("fwhm_px", "brightness", "largest_rms", "of_moffat"),
    [(2.0, 1, 0.008, 0.8), (3.0, 1, 0.011, 1.2), (2.5, 10, 0.0035, 0.35)],
)
def test_the_psf_against_the_truth(star_stamps, fwhm_px, brightness, largest_rms, of_moffat):
    stamps = star_stamps(11, fwhm_px, np.multiply(FLUXES, brightness))

    fit = fitted(stamps)
    moffat_alone = replace(fit.psf, residual=np.zeros_like(fit.psf.residual)).narrow()
    rms, flux = psf_rms(fit.psf.narrow(), stamps.truth, stamps.side_px)
    moffat_rms, _ = psf_rms(moffat_alone, stamps.truth, stamps.side_px)

    assert rms < largest_rms
    assert rms < of_moffat * moffat_rms
    # the flux inside the stamp, to what the wings lack: 1 %
    assert flux == pytest.approx(stamps.truth.stamp(stamps.side_px, 0, 0).sum(), abs=0.01)
    assert fit.is_used.all()
    assert fit.n_passes <= 3


def test_positions_and_fluxes_of_the_stars(star_stamps):
    stamps = star_stamps(12, 2.5, FLUXES)

    fit = fitted(stamps)

    shift = fit.offset_px - stamps.offset_px  # the lobe moves the centre of all stars alike
    noise_px = 2.5 / np.sqrt(stamps.flux_e)  # at least FWHM / 2.35 / sqrt(electrons)
    assert np.abs(shift - shift.mean(0)).max() < 5 * noise_px.max()
    ratio = fit.flux_e / stamps.flux_e
    assert ratio == pytest.approx(np.full(6, np.median(ratio)), abs=5 * 0.012)
    assert fit.chi2 == pytest.approx(np.ones(6), abs=5 * np.sqrt(2 / stamps.side_px**2) + 0.3)
    assert (fit.variance_e2 >= stamps.sky_variance).all()


@pytest.mark.parametrize("axis_ratio", [0.6, 0.4])
def test_trailed_stars_have_a_psf(star_stamps, axis_ratio):
    stamps = star_stamps(13, 3.0, FLUXES, axis_ratio=axis_ratio)

    fit = fitted(stamps)

    assert psf_rms(fit.psf.narrow(), stamps.truth, stamps.side_px)[0] < 0.02
    # the sampling Gaussian rounds the stars, so the narrow PSF is more elongated than they are
    assert 1 - axis_ratio - 0.05 < fit.psf.ellipticity < 1 - axis_ratio + 0.1


def test_a_double_star_is_dropped(star_stamps):
    stamps = star_stamps(14, 3.0, FLUXES)
    clean = psf_rms(fitted(stamps).psf.narrow(), stamps.truth, stamps.side_px)[0]
    x, y = stamps.offset_px[3]
    companion = stamps.truth.stamp(stamps.side_px, x + 2.7, y)
    stamps.data[3] += 0.6 * stamps.flux_e[3] * companion

    fit = fitted(stamps)

    assert np.flatnonzero(~fit.is_used).tolist() == [3]
    assert psf_rms(fit.psf.narrow(), stamps.truth, stamps.side_px)[0] < 1.5 * clean


def test_a_saturated_a_masked_and_a_broken_star_do_not_harm(star_stamps):
    stamps = star_stamps(15, 2.5, FLUXES, n_stars=9)
    clean = psf_rms(fitted(stamps).psf.narrow(), stamps.truth, stamps.side_px)[0]
    middle = slice(stamps.side_px // 2 - 3, stamps.side_px // 2 + 3)
    stamps.good[0, middle, middle] = False  # the core of a saturated star
    stamps.good[1], stamps.data[1] = False, np.nan
    stamps.data[2] = np.minimum(stamps.data[2], 0.3 * stamps.data[2].max())  # not flagged

    fit = fitted(stamps)

    assert np.flatnonzero(~fit.is_used).tolist() == [0, 1, 2]
    assert np.isnan([fit.flux_e[1], fit.x_px[1], fit.y_px[1], fit.chi2[1]]).all()
    assert np.isfinite(fit.flux_e[[0, 2]]).all()
    assert psf_rms(fit.psf.narrow(), stamps.truth, stamps.side_px)[0] < 2 * clean


def test_pixels_that_are_not_good_have_no_influence(star_stamps):
    stamps = star_stamps(16, 2.2, FLUXES)
    stamps.good[:, 3, 4] = stamps.good[2, 9:11, 7] = False
    first = fitted(stamps)
    stamps.data[~stamps.good] = np.nan

    second = fitted(stamps)

    assert (first.psf.narrow() == second.psf.narrow()).all()
    assert not second.good[~stamps.good].any()


def test_a_cosmic_is_masked_by_the_model_and_a_wrong_suspicion_is_taken_back(star_stamps):
    stamps = star_stamps(17, 3.0, FLUXES)
    hit = np.zeros(stamps.good.shape, bool)
    hit[0, 4, 9:12] = hit[1, 8, 18] = True
    stamps.data[hit] += 4000.0
    suspected = hit.copy()
    suspected[2, 11:13, 11:13] = True  # the core of a star

    fit = fitted(stamps, cosmic=suspected)

    assert fit.is_used.all()
    assert not fit.good[hit].any()
    assert fit.good[2, 11:13, 11:13].all()
    # 5 sigma of 3456 pixels: none by chance, and a few next to a hit or in a core
    assert (~fit.good & ~hit).sum() <= 3


def test_a_faint_neighbour_of_one_star_is_masked(star_stamps):
    stamps = star_stamps(24, 3.0, FLUXES)
    clean = psf_rms(fitted(stamps).psf.narrow(), stamps.truth, stamps.side_px)[0]
    k = np.argmax(stamps.flux_e)
    x, y = stamps.offset_px[k] + [6.5, 2.0]
    stamps.data[k] += 0.02 * stamps.flux_e[k] * stamps.truth.stamp(stamps.side_px, x, y)

    fit = fitted(stamps)

    column, row = np.rint(np.array([x, y]) + (stamps.side_px - 1) / 2).astype(int)
    assert not fit.good[k, row - 1 : row + 2, column - 1 : column + 2].any()
    assert fit.is_used.all()
    assert psf_rms(fit.psf.narrow(), stamps.truth, stamps.side_px)[0] < 1.5 * clean


@pytest.mark.parametrize(("gradient", "is_on"), [(0.0, False), (0.06, True)])
def test_the_field_varies_only_where_the_stars_show_it(star_stamps, gradient, is_on):
    stamps = star_stamps(18, 3.0, FLUXES, n_stars=12, gradient=gradient)

    fit = fitted(stamps, uv=stamps.uv)

    assert (fit.psf.gradient is not None) == is_on
    if is_on:
        # d ln(FWHM) / du is half the range; a narrow FWHM of 2.8 px reacts a bit more
        assert fit.psf.gradient[0] == pytest.approx([gradient / 2, 0], abs=0.008)
        ratio = fit.flux_e / stamps.flux_e
        # a constant PSF would give the fluxes a slope of 0.7 % per 3 % of the FWHM
        slope = np.polyfit(stamps.uv[:, 0], ratio, 1, w=np.sqrt(stamps.flux_e))[0]
        assert abs(slope) < 0.006


def test_the_field_can_be_chosen(star_stamps):
    stamps = star_stamps(19, 2.2, FLUXES, gradient=0.06)

    assert fitted(stamps, PsfOptions(field="off"), uv=stamps.uv).psf.gradient is None
    assert fitted(stamps, PsfOptions(field="auto"), uv=stamps.uv).psf.gradient is None  # 6 < 8
    assert fitted(stamps, PsfOptions(field="on"), uv=stamps.uv).psf.gradient is not None
    assert fitted(stamps, PsfOptions(field="on")).psf.gradient is None  # no coordinates


def test_one_star_makes_a_psf_where_that_is_allowed(star_stamps):
    stamps = star_stamps(20, 2.5, (2e5, 3e5), n_stars=1)

    fit = fitted(stamps, PsfOptions(min_stars=1))

    assert psf_rms(fit.psf.narrow(), stamps.truth, stamps.side_px)[0] < 0.03
    with pytest.raises(ImageRejected, match="1 of 1 PSF stars have enough good pixels, 3 needed"):
        fitted(stamps)


def test_stamps_without_stars_reject_the_image(star_stamps):
    stamps = star_stamps(21, 2.5, FLUXES)
    noise = np.sqrt(400.0) * np.random.default_rng(1).standard_normal(stamps.data.shape)
    stamps.data = noise

    with pytest.raises(ImageRejected, match=r"[012] of 6 PSF stars are usable, 3 needed"):
        fitted(stamps)


def test_a_frame_without_a_star_shape_rejects_the_image(star_stamps):
    stamps = star_stamps(22, 2.5, FLUXES, n_stars=3)
    place = np.linspace(-1, 1, stamps.side_px)
    stamps.data = 1e4 * np.exp(-0.3 * (place**2 + place[:, None] ** 2)) * np.ones((3, 1, 1))

    with pytest.raises(ImageRejected, match=r"ran away: FWHM [\d.]+ px in stamps of 24 px"):
        fitted(stamps)


def test_the_upsampling_and_the_prior_are_options(star_stamps):
    stamps = star_stamps(23, 2.5, FLUXES)

    three = fitted(stamps, PsfOptions(upsampling=3))
    stiff = fitted(stamps, PsfOptions(prior=(1e-4, 1.2, 1.0), wings=(0.0, 4.0, 0.5)))

    assert three.psf.narrow().shape == (3 * stamps.side_px, 3 * stamps.side_px)
    assert psf_rms(three.psf.narrow(), stamps.truth, stamps.side_px, 3)[0] < 0.01
    unit = moffat(stiff.psf.moffat, 2 * stamps.side_px, 2)
    assert np.abs(stiff.psf.residual).max() < 5e-4 * unit.max()


def test_options_are_checked():
    with pytest.raises(ValueError, match="field must be one of auto, on, off: 'yes'"):
        PsfOptions(field="yes")
    PsfOptions(upsampling=1, min_stars=1, max_passes=1)
    for name in ("upsampling", "min_stars", "max_passes"):
        with pytest.raises(ValueError, match="min_stars and max_passes must be at least 1"):
            PsfOptions(**{name: 0})


def test_cores_that_several_stars_lose_alike_come_back(star_stamps):
    """Stars of two images 4 px apart, with most of the cores suspected: the grid describes them.

    Without the rule of shared places the image is rejected: no star is usable.
    """
    made_up = star_stamps(58, 3.4, (2e5, 8e5), n_stars=8)
    sharp = type(made_up.truth)(1.6)
    light = np.array([sharp.stamp(made_up.side_px, *xy) for xy in made_up.offset_px])
    model = made_up.flux_e[:, None, None] * (0.6 * light + 0.4 * np.roll(light, 4, 2))
    noise = np.random.default_rng(58).standard_normal(model.shape)
    suspected = model > 0.1 * model.max((1, 2), keepdims=True)

    fit = fit_psf(model + np.sqrt(400 + model) * noise, made_up.sky_variance, made_up.good,
                  3.4, cosmic=suspected)

    assert fit.has_core.all()
    assert fit.good[suspected].mean() > 0.98
    # fluxes inside the stamps; the wings, which the prior of the grid bends, have 1 % of the light
    assert fit.flux_e == pytest.approx(model.sum((1, 2)), rel=0.03)


def test_a_star_without_its_core_is_out(star_stamps):
    stamps = star_stamps(12, 2.5, FLUXES)
    x, y = np.round(stamps.offset_px[3] + (stamps.side_px - 1) / 2).astype(int)
    stamps.good[3, y - 1:y + 2, x - 1:x + 2] = False

    fit = fitted(stamps)

    assert np.flatnonzero(~fit.is_used).tolist() == [3]
    assert np.flatnonzero(~fit.has_core).tolist() == [3]
