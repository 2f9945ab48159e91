"""PSFs of made-up lenses as a reduction has them: fitted to noisy stars, with draws."""

from dataclasses import replace

from cosmouline.deconv.epochs import pad_psf
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.posterior_draws import flux_scale, psf_draws

import numpy as np
from scene_simulator import SEP_SKY, star_image

STAR_SIDE_PX = 48
FAINTEST_E, BRIGHTEST_E, STAR_SKY_E2 = 2e4, 3e5, 400.0


def draw_stars(psfs, rng, sky_e2=STAR_SKY_E2):
    """Stamps of stars of one epoch, each with a PSF, their fluxes, and offsets in the stamps."""
    flux = np.exp(rng.uniform(np.log(FAINTEST_E), np.log(BRIGHTEST_E), len(psfs)))
    offset = rng.uniform(-0.5, 0.5, (len(psfs), 2))
    model = [f * star_image(psf, STAR_SIDE_PX, xy)
             for psf, f, xy in zip(psfs, flux, offset, strict=True)]
    sigma = np.sqrt(sky_e2 + np.array(model))
    return model + sigma * rng.standard_normal(sigma.shape), flux, offset


def with_fitted_psfs(drawn, n_stars, n_draws, seed):
    """Replace the exact PSFs of a scene by those fitted to its stars.

    Parameters
    ----------
    drawn : Drawn
    n_stars, n_draws, seed : int

    Returns
    -------
    epochs : Epochs
        Their coefficients are corrected by what the stars have gained with the fitted PSFs.
    draws : ndarray of float, shape (n_draws, n_epochs, m, m)
    draw_scale : ndarray of float, shape (n_draws, n_epochs)
    """
    rng = np.random.default_rng([seed, n_stars])
    narrow, draws, scales, gains = [], [], [], []
    for psf in drawn.psfs:
        data, true, _ = draw_stars([psf] * n_stars, rng)
        sky = np.full(data.shape, STAR_SKY_E2 / SEP_SKY**2)
        fit = fit_psf(data, sky, np.ones(data.shape, bool), psf["fwhm"], PsfOptions(field="off"))
        drawn_psfs, flux = psf_draws(fit, n_draws, rng.integers(1 << 30))
        used = fit.flux_e[fit.is_used]
        gains.append(flux_scale(used[None], replace(fit, flux_e=true), psf["fwhm"], sky)[0])
        scales.append(flux_scale(flux, fit, psf["fwhm"], sky))
        narrow.append(fit.psf.narrow())
        draws.append(drawn_psfs)
    epochs = drawn.epochs
    side = epochs.data_e.shape[1]
    upsampling = epochs.geometry.upsampling
    draws = np.array(draws).swapaxes(0, 1)
    fitted = replace(epochs, psf=pad_psf(np.array(narrow), side, upsampling),
                     coeff=epochs.coeff / np.array(gains))
    return fitted, pad_psf(draws, side, upsampling), np.array(scales).T
