"""What a reduction has of the stars of made-up frames: PSFs, coefficients, places of the lens."""

import functools
from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv.epochs import pad_psf
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.posterior_draws import flux_scale, psf_draws

import numpy as np
from noisy_psfs import draw_stars
from scene_simulator import SEP_SKY

N_DRAWS = 4  # the default of n_psf_draws
FIELD_SD = 0.02  # change of the width from the middle of the field to its edge, and of the shape
CURVED_SD = 0.01  # its part that no plane holds
LENS_UV = np.array([0.15, -0.1])
NOISE_AREA = 2.27  # 4 pi (FWHM / 2.355)^2: pixels whose noise a star has
MEDIAN_LOSS = 1.25  # error of a median against that of a mean


def at_place(psf, change, uv):
    """Return a PSF at a place of the field from that at the lens."""
    away, curved = uv - LENS_UV, (uv**2).sum() - (LENS_UV**2).sum()
    stretch = psf["ellipticity"] * np.exp(2j * psf["angle"])
    stretch += (change["stretch"] * away).sum()
    return psf | {"fwhm": psf["fwhm"] * (1 + change["width"] @ away + change["curved"] * curved),
                  "ellipticity": abs(stretch), "angle": np.angle(stretch) / 2}


def stars_of(psf, variance_e2, n_stars, varies, rng):
    """Draw the stars of an epoch; return stamps, fluxes, offsets and places in the field."""
    uv = rng.uniform(-1, 1, (n_stars, 2))
    change = {"width": rng.normal(0, FIELD_SD, 2), "curved": rng.normal(0, CURVED_SD),
              "stretch": rng.normal(0, FIELD_SD, 2) + 1j * rng.normal(0, FIELD_SD, 2)}
    psfs = [at_place(psf, change, place) if varies else psf for place in uv]
    return *draw_stars(psfs, rng, variance_e2), uv


def measured_stars(drawn, varies, n_stars, seed):
    """Fit the stars of all epochs of a drawn scene, as 5_psf and 7_deconv/0 do.

    Returns a dict of arrays, an entry for each epoch: ``psf`` and ``draws`` at the lens,
    ``draw_scale``, ``gain`` (flux of the stars with this PSF over the true one), its relative
    error ``calibration``, ``moved_px`` and ``moved_sigma_px`` (where the stars put the lens).
    """
    rng = np.random.default_rng([seed, int(varies), n_stars, len(drawn.psfs)])
    found = {name: [] for name in ("psf", "draws", "draw_scale", "gain", "calibration",
                                   "moved_px", "moved_sigma_px")}
    for psf, stamp in zip(drawn.psfs, drawn.epochs.sky_variance_e2, strict=True):
        told = float(stamp[0, 0])
        variance = told * SEP_SKY**2
        data, true, offset, uv = stars_of(psf, variance, n_stars, varies, rng)
        sky = np.full(data.shape, told)
        fit = fit_psf(data, sky, np.ones(data.shape, bool), psf["fwhm"], PsfOptions(), uv)
        used = fit.is_used
        draws, flux = psf_draws(fit, N_DRAWS, int(rng.integers(1 << 30)), LENS_UV)
        photons = true[used] + NOISE_AREA * psf["fwhm"] ** 2 * variance
        away = (fit.offset_px - offset)[used]
        scale = functools.partial(flux_scale, fwhm_px=psf["fwhm"], sky_variance=sky)
        for name, value in zip(found, (
                fit.psf.narrow(LENS_UV), draws, scale(flux, fit),
                scale(fit.flux_e[used][None], replace(fit, flux_e=true))[0],
                (true[used] ** 2 / photons).sum() ** -0.5, np.median(away, axis=0),
                MEDIAN_LOSS * away.std() / np.sqrt(used.sum())), strict=True):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


def epochs_of(drawn, stars):
    """Return what `db_fit.fit` takes, and the error of the coefficients.

    Parameters
    ----------
    drawn : Drawn
    stars : dict or None
        Of `measured_stars`; None: PSFs and coefficients are known.

    Returns
    -------
    namespace
        ``epochs``, ``draws``, ``draw_scale``, and ``calibration`` (n_epochs,), relative.
    """
    epochs = drawn.epochs
    if stars is None:
        return SimpleNamespace(epochs=epochs, draws=None, draw_scale=None,
                               calibration=np.zeros(len(epochs)))
    padded = functools.partial(pad_psf, side_px=epochs.data_e.shape[1],
                               upsampling=epochs.geometry.upsampling)
    epochs = replace(epochs, psf=padded(stars["psf"]), coeff=epochs.coeff / stars["gain"],
                     shift_px=drawn.shift_px + stars["moved_px"],
                     shift_sigma_px=stars["moved_sigma_px"])
    return SimpleNamespace(epochs=epochs, draws=padded(stars["draws"].swapaxes(0, 1)),
                           draw_scale=stars["draw_scale"].T, calibration=stars["calibration"])
