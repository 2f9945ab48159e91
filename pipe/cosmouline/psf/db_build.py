"""Build the PSF of an image with the engine of the settings; choose the prior of all of them."""

import logging
import zlib
from dataclasses import replace
from functools import partial

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.engine import tasks
from cosmouline.engine.jax_cache import keep_compiled
from cosmouline.errors import ImageRejected, UserError
from cosmouline.psf.evidence import log_evidence
from cosmouline.psf.fit import PsfOptions, fit_psf, gain_of_curvature
from cosmouline.psf.model import field_coordinates
from cosmouline.psf.one_sided import odd_ones
from cosmouline.psf.posterior_draws import flux_scale, psf_draws
from cosmouline.robust import median_of_finite
from cosmouline.stamps.stamps import MASK_COSMIC

import numpy as np

AUTO = "auto"
# What "auto" chooses from: sizes, and correlation lengths in FWHM.
TAUS, ELLS = (0.0125, 0.025, 0.05, 0.1, 0.2), (0.6, 0.8, 1.2, 1.6)
N_DECIDING, WORST_DECIDING = 5, 0.9  # images, from the sharpest to this quantile of FWHM
LEAST_GAIN = 10.0  # of the log evidence of all of them, for another prior than the default
# Of chi2, in the median of the deciding images of a set: stars of unlike width feign 57 in single
# images (mock-real, seeds 1 and 2); widths curved by 10 % give 200
CURVED_MIN_GAIN = 100.0

log = logging.getLogger("cosmouline")


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
    data_e, variance_e2, good, cosmic = _pixels(stamps)
    names = [name for name, used in zip(names, use, strict=True) if used]
    shape = image["ny_px"], image["nx_px"]
    uv = field_coordinates(stamps.position_px[use], shape)
    lens_uv = field_coordinates(np.array([[image["lens_x_px"], image["lens_y_px"]]]), shape)[0]
    seed = zlib.crc32(image["img_name"].encode())  # the same on all engines and in any order
    if settings.psf_engine == "starred":
        from cosmouline.psf.starred_draws import starred_draws
        from cosmouline.psf.starred_fit import fit_starred_psf  # takes seconds to import

        keep_compiled(paths.compiled(settings))
        fit = fit_starred_psf(data_e, variance_e2, good & ~cosmic, image["field_fwhm_px"],
                              options(settings, image))
        draw = partial(starred_draws, fit, settings.n_psf_draws, seed)
    else:
        fit = fit_psf(data_e, variance_e2, good, image["field_fwhm_px"], options(settings, image),
                      uv, cosmic)
        draw = partial(psf_draws, fit, settings.n_psf_draws, seed, lens_uv)
    if not settings.n_psf_draws:
        return fit, names, {}
    # the posterior of the PSF, and the flux scale of every draw
    narrow, flux_e = draw()
    scale = flux_scale(flux_e, fit, image["field_fwhm_px"], variance_e2)
    return fit, names, {"draws": narrow, "draw_scale": scale, "draw_flux": flux_e}


def _pixels(stamps):
    """Return data, variance of the sky, good pixels and suspected cosmics of usable stamps."""
    use = stamps.is_usable
    mask = stamps.mask[use]
    return (stamps.data_e[use], stamps.sky_sigma_e[use] ** 2, (mask & ~MASK_COSMIC) == 0,
            (mask & MASK_COSMIC) != 0)


def options(settings, image):
    """Return the options of the PSF fit that the settings and the row of an image ask for."""
    prior, wings = prior_of(image[f"psf_prior__{settings.psf_name}"])
    return replace(_options(settings, prior, wings),
                   is_curved=image[f"psf_is_curved__{settings.psf_name}"])


def _options(settings, prior, wings):
    return PsfOptions(prior=prior, wings=wings, upsampling=settings.psf_upsampling,
                      field=settings.psf_field, min_stars=settings.psf_min_stars)


def text_of(prior, wings):
    """Return both parts of a prior as the text that a row keeps."""
    return " ".join(f"{value:g}" for value in (*prior, *wings))


def prior_of(text):
    """Return the two parts of a prior from such a text; UserError for another one."""
    try:
        values = tuple(float(value) for value in text.split())
    except ValueError:
        raise UserError(f"the field psf_prior is {text!r}, which are no numbers. Run "
                        "5_psf/3b_choose_prior.py --redo.") from None
    return values[:3], values[3:]


def choose_prior(images, read, settings):
    """Choose size and correlation length of the prior of all PSFs by their evidence.

    Parameters
    ----------
    images : list of dict
        Rows of all images. A few of them, from the sharpest to a bad one, decide.
    read : callable
        ``read(image, settings)[0]`` are the stamps of the PSF stars of an image.
    settings : namespace

    Returns
    -------
    (tau, ell, power)
        The default, unless another is better by `LEAST_GAIN`.
    gain : float
        Log evidence that it gains against the default.

    Raises
    ------
    UserError
        If none of them has a PSF.
    """
    default, some = PsfOptions().prior, _deciding(images)
    by_name = {image["img_name"]: values["evidence"] for image, values in tasks.results(
        partial(_evidence, read=read, prior=default), some, settings, "image")}
    # added up in the order of the seeing: the last digit of a sum depends on its order
    evidences = [by_name[image["img_name"]] for image in some]
    evidences = [evidence for evidence in evidences if evidence is not None]
    if not evidences:
        raise UserError('psf_prior = "auto": no PSF can be built of the images that would decide. '
                        "Look at their stars (5_psf/2a_extract), or give three numbers.")
    # the most probable prior of all images together, if it clearly beats the default
    total = np.sum(evidences, axis=0)
    gain = total - total[ELLS.index(default[1]), TAUS.index(default[0])]
    best = np.unravel_index(gain.argmax(), gain.shape)
    if gain[best] < LEAST_GAIN:
        return default, 0.0
    return (TAUS[best[1]], ELLS[best[0]], default[2]), float(gain[best])


def _deciding(images):
    """Return a few images, from the sharpest to a bad one."""
    ordered = sorted(images, key=lambda image: image["field_fwhm_px"])
    at = np.linspace(0, WORST_DECIDING * (len(ordered) - 1), N_DECIDING).round().astype(int)
    return [ordered[k] for k in np.unique(at)]


def curvature(images, read, settings):
    """Gain by PSFs whose width is a quadratic over the field, in the median image of a set.

    Parameters as `choose_prior`; the images of one set, a few of which decide. NaN where none has
    enough stars, or the settings let no PSF of theirs vary.
    """
    if settings.psf_field == "off" or settings.psf_engine == "starred":
        return np.nan
    gains = [values["gain"] for _, values in tasks.results(
        partial(_gain, read=read), _deciding(images), settings, "image")]
    return median_of_finite(np.array(gains))


def _gain(image, settings, read):
    """Return the `gain_of_curvature` of one image, as a task; NaN without a PSF."""
    stamps = read(image, settings)[0]
    data_e, variance_e2, good, cosmic = _pixels(stamps)
    uv = field_coordinates(stamps.position_px[stamps.is_usable], (image["ny_px"], image["nx_px"]))
    try:
        return {"gain": gain_of_curvature(
            data_e, variance_e2, good, image["field_fwhm_px"],
            _options(settings, PsfOptions().prior, settings.psf_wings), uv, cosmic)}
    except ImageRejected as reason:
        log.info("%s does not take part: %s", image["img_name"], reason)
        return {"gain": np.nan}


def _evidence(image, settings, read, prior):
    """Return the log evidence of one image, as a task; None without a PSF."""
    stamps = read(image, settings)[0]
    data_e, variance_e2, good, cosmic = _pixels(stamps)
    of_fit = replace(_options(settings, prior, settings.psf_wings), field="off")
    try:
        fit = fit_psf(data_e, variance_e2, good, image["field_fwhm_px"], of_fit, None, cosmic)
    except ImageRejected as reason:
        log.info("%s does not take part: %s", image["img_name"], reason)
        return {"evidence": None}
    changed = [replace(of_fit, prior=(1.0, ell, prior[2])) for ell in ELLS]
    return {"evidence": np.array([log_evidence(data_e, replace(fit, options=one), TAUS)
                                  for one in changed])}


def warn_of_doubles(images, settings):
    """Name the images whose PSF has light at one side that the others of their set lack."""
    for name, those, values in _by_set(images, f"psf_one_sided__{settings.psf_name}"):
        for k in np.flatnonzero(odd_ones(values)):
            log.warning("%s: %.1f %% of the light of its PSF lie at one side of it alone (%.1f %% "
                        "in the median of %s): stars that are double by a jump of the guiding? "
                        "Its PSF holds that; compare its points with those next to it in time",
                        those[k]["img_name"], 100 * values[k], 100 * np.nanmedian(values), name)


def tell_of_curved(images, settings):
    """Name the sets with PSFs whose width is a quadratic over the field."""
    for name, _, values in _by_set(images, f"psf_curvature__{settings.psf_name}"):
        n = np.isfinite(values).sum()
        if n:
            log.info("%s: a PSF that varies over the field more than linearly: its width, by %.1f "
                     "%% rms, in %d of %d images. The fit holds that", name,
                     100 * np.nanmedian(values), n, len(values))


def _by_set(images, field):
    """Yield the name of each set, its rows, and a field of them as an array."""
    for name in dict.fromkeys(image["set_name"] for image in images):
        those = [image for image in images if image["set_name"] == name]
        yield name, those, column(those, field)
