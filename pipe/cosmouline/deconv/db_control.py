"""What the field adds to the systematic errors: control stars, the flat, the mean star."""

import logging
from dataclasses import replace
from typing import NamedTuple

from cosmouline.database.columns import column
from cosmouline.deconv.db_gather import gather, psf_of_dec
from cosmouline.deconv.db_warm_start import CONTROL
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.image_width import WIDTH_SIGMAS
from cosmouline.images import db_flat_error
from cosmouline.sources import db_stars
from cosmouline.stamps import db_stamps

import numpy as np

log = logging.getLogger("cosmouline")

STAR_WIDTHS = "star widths"  # stage of the log of a fit
MOST_EPOCHS = 10  # of all, evenly over the time: what they show is common to all
LEAST_EPOCHS = 4
LENS_OVER_STARS = 2.0  # a quasar's width from the mean star's, in units of the stars' scatter
LEAST_WIDTH = 0.3  # errors of a width: below, the change of the fluxes by it is not known
BELIEVED = 3.0  # times the light that single stars get: a galaxy above is believed


class Control(NamedTuple):
    """What the control stars show, medians over the stars, relative to their flux.

    `flux_error` is the change of the flux when a galaxy and residual light are fitted too, `light`
    the flux of these. `widths` are those of the PSFs of the single stars, relative to that of all,
    less 1.
    """

    names: list
    flux_error: float
    light: float
    widths: list


def control(images, fit, settings):
    """Fit the normalisation stars that are most like the brightest image of the lens.

    Returns None where `n_control_stars` is 0, the engine is STARRED, nothing but point sources was
    fitted, or no star could be measured; `fit` is that of the lens. One that goes on from an
    earlier fit has what was found there in its log.
    """
    if settings.deconv_engine == "starred" or fit.options.extended_light == "none":
        return None
    before = next((one for one in fit.log if one["stage"] == CONTROL), None)
    if before:  # the fit has gone on from one that had it
        return Control(*(before[name] for name in Control._fields))
    at = np.unique(np.linspace(0, len(images) - 1, MOST_EPOCHS).round().astype(int))
    images = [images[k] for k in at]
    cut = set(db_stamps.objects(images[0], settings)[1])
    brightest = np.nanmean(fit.flux, axis=0).max()
    stars = sorted((star for star in db_stars.norm_stars(settings)
                    if star.name in cut and star.flux_e),
                   key=lambda star: abs(np.log(star.flux_e / brightest)))
    # With a width of their own where the lens has one: else an error of the PSF is light for them
    options = replace(fit.options, frees_width=False, width_is_free=bool(fit.image_width))
    found, widths = {}, []
    read, psf_of = _read_once(db_stamps.objects), _read_once(psf_of_dec)
    for star in stars[: settings.n_control_stars]:
        epochs = gather(images, np.array([star.x_px, star.y_px]), settings, star.name, read,
                        psf_of).epochs
        usable = epochs.usable.any((1, 2))
        if usable.sum() < LEAST_EPOCHS:
            continue
        with_light, point = (
            fit_lens(epochs, np.zeros((1, 2)), replace(options, extended_light=light))
            for light in ("auto", "none"))
        widths.append(point.found_width["width"])
        flux = np.nanmean(point.flux)
        light = with_light.galaxy.flux + with_light.node_flux.sum()
        found[star.name] = np.nanmean(with_light.flux) / flux - 1, light / flux
    if not found:
        return None
    flux_error, light = np.median(np.abs(list(found.values())), axis=0)
    return Control(list(found), float(flux_error), float(light), widths)


def _read_once(read):
    """Return a reader of an image's product that keeps what it has read."""
    kept = {}

    def reader(image, settings):
        name = image["img_name"]
        if name not in kept:
            kept[name] = read(image, settings)
        return kept[name]
    return reader


def with_field_errors(fit, images, settings):
    """Return the fit with what the field shows in its systematic errors, and lines that say so.

    Parameters
    ----------
    fit : LensFit
    images : list of dict
        Rows of its epochs.
    settings : namespace

    Returns
    -------
    fit : LensFit
        Its log gets a stage "star widths".
    lines : list of str

    Notes
    -----
    Errors of the flat field where the lens fell: of each set the larger of what its skies
    (``flat_error``; ``flat_left`` after the correction) and its stars (``renorm_flat``, with their
    coefficient only) show. The width of the mean star, to which all fluxes refer: a PSF that is
    too wide by w takes w of the light of a star too much where the sky makes the noise, and less
    for bright ones. Images that are wider than their PSF by w at the lens (``psf_lens_width``)
    come out fainter by w, where their width is not fitted. Where the width of the images was held,
    see `held_width`.
    """
    if not np.isfinite(fit.systematic_covariance).all():
        return fit, []
    fit, flat, lines = _with_flat(fit, images, settings)
    fit, of_mean_star = _with_star_widths(fit, images, settings)
    # the PSF at the lens; sets whose stars show nothing have none of these
    width, sigma = (column(images, f"psf_lens_{what}__{settings.psf_name}")
                    for what in ("width", "width_sigma"))
    of_psf = np.zeros(len(images)) if fit.image_width else np.nan_to_num(np.hypot(width, sigma))
    at_lens = float(np.sqrt(np.mean(of_psf**2))) if len(images) else 0.0
    if at_lens:
        lines.append(f"the stars show the images {100 * np.nanmean(width):+.1f} % wider than the "
                     f"PSF at the lens, in {(of_psf > 0).sum()} of {len(images)} images "
                     f"(8_renorm/1a_renormalize): the systematic errors contain "
                     f"{100 * at_lens:.1f} %, of all images of the lens alike")
    total = np.sqrt(flat**2 + of_mean_star**2 + at_lens**2)
    if total:
        change = total * np.nanmean(fit.flux, axis=0)
        fit = replace(fit, systematic_covariance=fit.systematic_covariance
                      + np.outer(change, change))
    return fit, lines


def _with_flat(fit, images, settings):
    """Return the fit with what its cameras do not share, the relative error of all, and lines."""
    skies, stars = (column(images, name) for name in (
        "flat_error", f"renorm_flat__{settings.renorm_name}"))
    # what is left after the skies have corrected it
    left = column(images, "flat_left")
    skies = np.where(np.isfinite(left), left, skies)
    if settings.dec_coefficient != "renorm":
        stars = np.full_like(stars, np.nan)
    # an image whose sky tells nothing has that of the others; NaN: nobody looked
    if np.isfinite(skies).any():
        skies = np.where(np.isfinite(skies), skies, np.nanmedian(skies))
    sigma = np.nan_to_num(np.fmax(skies, stars))
    if not sigma.any():
        return fit, 0.0, []
    flat = db_flat_error.of_lens(images, sigma)
    # of several cameras what they do not share: it differs from epoch to epoch
    away = db_flat_error.between_sets(images, sigma)[:, None] * fit.flux
    total = fit.covariance_total + away[:, :, None] * away[:, None]
    witness = [f"{name} {100 * np.nanmax(values):.2f} %" for name, values in (
        ("skies", skies), ("stars", stars)) if np.nan_to_num(values).any()]
    return replace(fit, covariance_total=total), flat, [
        f"errors of the flat field where the lens fell ({', '.join(witness)} of a set at most): "
        f"{100 * flat:.2f} % of its fluxes, which the systematic errors contain"]


def _with_star_widths(fit, images, settings):
    """Return the fit with the stage of its log, a held width in its errors; error of the mean."""
    scatter, n_stars = (column(images, field) for field in (
        f"star_width_scatter__{settings.psf_name}", f"n_renorm_stars__{settings.renorm_name}"))
    known = np.isfinite(scatter) & (n_stars > 0)
    if not known.any():
        return fit, 0.0
    width = float(np.sqrt(np.mean(scatter[known] ** 2 / n_stars[known])))
    typical = float(np.median(scatter[known]))
    stages = [one for one in fit.log if one["stage"] != STAR_WIDTHS]
    fit = replace(fit, log=[*stages, {"stage": STAR_WIDTHS, "mean_sigma": width,
                                      "scatter": typical}])
    return held_width(fit, typical), width


def held_width(fit, scatter):
    """Return the fit with what a held width of its images may be off by in its systematic errors.

    `scatter` is that of the widths of the stars. A width w +- s that does not differ by three
    errors is held at 0; under a prior of twice that scatter p it is expected at k w, with a
    variance of k s^2, k being p^2 / (p^2 + s^2). The fluxes change in proportion.
    """
    found = fit.found_width
    if fit.image_width or not found or abs(found["width"]) > WIDTH_SIGMAS * found["sigma"]:
        return fit
    width, sigma, prior = found["width"], found["sigma"], LENS_OVER_STARS * scatter
    kept = prior**2 / (prior**2 + sigma**2)
    off = np.hypot(kept * width, np.sqrt(kept) * sigma)
    change = np.array(found["flux_change"]) * off / max(abs(width), LEAST_WIDTH * sigma)
    return replace(fit, systematic_covariance=fit.systematic_covariance + np.outer(change, change))


def with_control(fit, images, settings):
    """Return the fit of the lens with what the control stars show in its systematic errors.

    Reports that, and a galaxy that cannot be told from what single stars get.
    """
    found = control(images, fit, settings)
    if found is None:
        return fit
    log.info("control stars %s: with galaxy and residual light their fluxes change by %.2f %%, "
             "which the systematic errors contain; these get %.2f %% of their light; their widths "
             "differ from that of the PSF by %s %%", " ".join(found.names), 100 * found.flux_error,
             100 * found.light, " ".join(f"{100 * one:+.1f}" for one in found.widths))
    total = np.nanmean(fit.flux, axis=0)[: fit.n_images].sum()  # without flux it is no part of it
    light = abs(fit.galaxy.flux + fit.node_flux.sum()) / total if total > 0 else np.inf
    if light < BELIEVED * found.light:
        log.warning("galaxy and residual light of the lens, %.2f %% of its images, are within "
                    "%g times what single stars get: they may be errors of the PSF. Compare with "
                    'extended_light = "none".', 100 * light, BELIEVED)
    stages = [one for one in fit.log if one["stage"] != CONTROL]
    return with_error(replace(fit, log=[*stages, {"stage": CONTROL} | found._asdict()]), found)


def with_error(fit, found):
    """Return a fit with the error that a `Control` shows in its systematic errors; None: none."""
    if found is None:
        return fit
    error = np.diag((found.flux_error * np.nanmean(fit.flux, axis=0)) ** 2)
    return replace(fit, systematic_covariance=fit.systematic_covariance + error)
