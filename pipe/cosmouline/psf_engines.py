"""Build the PSF of an image with the engine of the settings."""

import zlib
from functools import partial

from cosmouline import paths
from cosmouline.psf import PsfOptions, fit_psf
from cosmouline.psf_error import flux_scale, psf_draws
from cosmouline.psf_model import field_coordinates
from cosmouline.stamps import MASK_COSMIC
from cosmouline.starred_cache import keep_compiled

import numpy as np


def build(stamps, names, image, settings):
    """Fit the PSF to the usable stamps of an image.

    Parameters
    ----------
    stamps : Stamps
        Of the PSF stars, cosmics marked.
    names : sequence of str
    image : dict
        Row of the image.
    settings : namespace

    Returns
    -------
    fit : PsfFit
    names : list of str
        Of the stars that went into the fit.
    draws : dict
        ``draws``, ``draw_scale`` and ``draw_flux`` for `io_psf.write_psf`; empty without draws.

    Raises
    ------
    ImageRejected
        If too few stars are left.
    """
    use = stamps.is_usable
    data_e, variance_e2 = stamps.data_e[use], stamps.sky_sigma_e[use] ** 2
    good = (stamps.mask[use] & ~MASK_COSMIC) == 0
    cosmic = (stamps.mask[use] & MASK_COSMIC) != 0
    names = [name for name, used in zip(names, use, strict=True) if used]
    shape = image["ny_px"], image["nx_px"]
    uv = field_coordinates(stamps.position_px[use], shape)
    lens_uv = field_coordinates(np.array([[image["lens_x_px"], image["lens_y_px"]]]), shape)[0]
    seed = zlib.crc32(image["img_name"].encode())  # the same on all engines and in any order
    if settings.psf_engine == "starred":
        fit, draw = _starred(data_e, variance_e2, good & ~cosmic, image, settings, seed)
    else:
        fit = fit_psf(data_e, variance_e2, good, image["field_fwhm_px"], options(settings), uv,
                      cosmic)
        draw = partial(psf_draws, data_e, fit, settings.n_psf_draws, seed, lens_uv)
    if not settings.n_psf_draws:
        return fit, names, {}
    narrow, flux_e = draw()
    scale = flux_scale(flux_e, fit, image["field_fwhm_px"], variance_e2)
    return fit, names, {"draws": narrow, "draw_scale": scale, "draw_flux": flux_e}


def _starred(data_e, variance_e2, good, image, settings, seed):
    """Return the fit of STARRED, and the function that makes its draws."""
    from cosmouline.starred_psf import fit_starred_psf  # takes seconds to import
    from cosmouline.starred_psf_error import starred_draws

    keep_compiled(paths.compiled(settings))
    fit = fit_starred_psf(data_e, variance_e2, good, image["field_fwhm_px"], options(settings))
    return fit, partial(starred_draws, fit, settings.n_psf_draws, seed)


def options(settings):
    """Return the options of the PSF fit that the settings ask for."""
    tau, ell, power = settings.psf_prior
    return PsfOptions(prior_tau=tau, prior_ell=ell, prior_power=power,
                      upsampling=settings.psf_upsampling, field=settings.psf_field,
                      min_stars=settings.psf_min_stars)
