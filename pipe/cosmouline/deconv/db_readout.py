"""What a joint fit found: a summary in words, and the fields of the database."""

from typing import NamedTuple

from cosmouline.astrometry.db_lens_position import arcsec_from_lens, sky_of_places
from cosmouline.database import bands
from cosmouline.database.columns import column
from cosmouline.deconv import db_products
from cosmouline.deconv.checks import NO_FLUX_SIGMAS, mean_flux, partners, percent_of
from cosmouline.deconv.db_control import LEAST_WIDTH
from cosmouline.deconv.db_gather import settings_of_dec
from cosmouline.deconv.image_width import WIDTH_SIGMAS
from cosmouline.deconv.psf_error import width_response
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import Star, to_ds9
from cosmouline.psf.peak_width import lost_by_width
from cosmouline.robust import median_of_finite

import numpy as np

LIKE_STARS = 2.0  # times the scatter of the widths of the stars
BLENDED = 0.3  # error of a correction of the width: light under an image takes a part of it
TRADING = 0.03  # relative systematic error, above which it is reported who has the light


def summary(fit, psf_error, names):
    """Yield lines on how a fit ended, and on the flux of every source with its errors.

    `psf_error` (n_epochs, n_sources) are relative errors from the PSFs, NaN where they are not
    known; `names` those of the sources.
    """
    change = "" if fit.convergence is None else f", last change {fit.convergence:.3f} sigma"
    galaxy = "a" if fit.has_galaxy else "no"
    held = next((one for one in fit.log if one["stage"] == "held scene"), None)
    if held:
        yield (f"{held['n_new']} new epochs under the scene of the last complete fit, "
               f"{fit.n_held} since it; the fluxes of the old ones have moved with the scene by "
               f"{held['moved_sigma']:.3f} of their errors at most")
    yield (f"{fit.n_iterations} steps ({fit.ended}){change}, chi2 "
           f"{np.nanmedian(fit.chi2_reduced):.3f}, {galaxy} Sersic galaxy, {fit.cpu_s:.1f} CPU s")
    if fit.ended != "converged":
        yield ("the fit has not settled: its errors may be too small. Look at the pictures, leave "
               "out bad epochs (dec_<dec_name>_skiplist.txt), check point_sources, and run "
               "4_deconv.py --redo.")
    if fit.shift_scatter_px is not None:
        yield (f"the lens scatters by {fit.shift_scatter_px:.3f} px about the position that the "
               "stars predict")
    yield from _width(fit, names)
    given_back = [one["given_back"] for one in fit.log if one["stage"] == "negative light"]
    mean_e = mean_flux(fit)[0]
    for i, part in enumerate(given_back[-1] if given_back else ()):
        if part:
            yield (f"{names[i]}: the light of galaxy and residuals under it came out negative, "
                   f"{percent_of(part * mean_e[i], fit, i)} of its flux: the PSFs do not fit "
                   '(5_psf/5_png_check). The flux is corrected for it; '
                   'compare with extended_light = "none"')
    scales, n_epochs = np.unique(fit.extended_scale[fit.measured], return_counts=True)
    if len(scales) > 1:
        parts = [f"{one:.3f} ({n} epochs)" for one, n in zip(scales, n_epochs, strict=True)]
        yield f"brightness of the galaxy against the stars, by camera: {', '.join(parts)}"
    widths, n_epochs = np.unique(fit.camera_width[fit.measured], return_counts=True)
    if len(widths) > 1:
        parts = [f"{100 * one:+.1f} % ({n} epochs)" for one, n in zip(widths, n_epochs,
                                                                      strict=True)]
        yield f"width of the images by camera, beyond that of all: {', '.join(parts)}"
    for i, (name, mean, sigma) in enumerate(zip(names, *mean_flux(fit), strict=True)):
        if not mean > NO_FLUX_SIGMAS * sigma:
            yield (f"{name}: no flux: {mean:.0f} +- {sigma:.0f} e-, below {NO_FLUX_SIGMAS} sigma. "
                   "It is not measured, and the others may be wrong with it. Check "
                   "point_sources, and look at 7_deconv/5a_png_check")
            continue
        random, constant = (error / mean for error in (
            fit.flux_sigma[:, i], fit.flux_systematic[i]))
        yield (f"{name}: flux {mean:.0f} e-, errors: random {_percent(random)}, PSF "
               f"{_percent(psf_error[:, i])}, systematic {_percent(constant)}")
        if constant > TRADING and i < fit.n_images:
            percent, light = partners(fit, i)
            others = [f"{names[k]} has {percent_of(part / 100 * mean_e[k], fit, k)}"
                      for k, part in enumerate(percent) if k != i and np.isfinite(part)]
            yield (f"{name}: with {100 * constant:+.1f} % "
                   f"{', '.join([*others, f'galaxy and residual light {light:+.0f} e-'])}: the "
                   "images do not tell these apart. Positions from HST help (point_sources, "
                   "point_source_sigma_arcsec)")
    for entry in fit.log:
        yield from entry.get("lines", ())


def _width(fit, names):
    """Yield a line where the PSF of the images has not the width of that of the stars."""
    found = fit.found_width
    stars = next((one for one in fit.log if one["stage"] == "star widths"), {})
    sigma = np.hypot(found["sigma"] if found else 0.0, stars.get("mean_sigma", 0.0))
    if fit.image_width and abs(fit.image_width) < WIDTH_SIGMAS * sigma:
        yield (f"the width of the images, {100 * fit.image_width:+.1f} +- {100 * sigma:.1f} % "
               "from that of the stars, is fitted, and agrees")
    elif fit.image_width:
        width, colour = ("narrower", "bluer") if fit.image_width < 0 else ("wider", "redder")
        scatter = stars.get("scatter", 0.0)
        cause = (f"as for sources {colour} than the stars"
                 if abs(fit.image_width) > LIKE_STARS * scatter
                 else f"as for single stars, which differ by {100 * scatter:.1f} %")
        error = f" +- {100 * sigma:.1f}" if found else ""
        yield (f"the images are {width} than the stars: a PSF of {100 * fit.image_width:+.1f}"
               f"{error} % in width is fitted to them, {cause}")
    elif found and found["width"] > WIDTH_SIGMAS * found["sigma"]:
        parts = (f"{name} {percent_of(light, fit, i)}" for i, (name, light) in enumerate(
            zip(names, found["flux_change"], strict=True)))
        yield (f"the images are wider than the stars by {100 * found['width']:.1f} +- "
               f"{100 * found['sigma']:.1f} %: light beside them that the model lacks (arcs, "
               "a source within the seeing), or stars of another colour. They are fitted with "
               f"the width of the stars; with their own the fluxes change by {', '.join(parts)}, "
               "which the systematic errors contain")


def _percent(ratio):
    """Write the median of ratios in per cent."""
    median = median_of_finite(np.abs(np.atleast_1d(ratio)))
    return f"{100 * median:.2f} %" if np.isfinite(median) else "not known"


class WidthCorrection(NamedTuple):
    """What corrects fluxes (n_epochs, n_sources) by multiplication, and its relative error."""

    factor: np.ndarray
    sigma: np.ndarray


def width_correction(fit, content, images, settings):
    """Return the `WidthCorrection` of the fluxes of a fit; None where no star shows the effect.

    Parameters
    ----------
    fit : LensFit
    content : EpochFile
        The epochs of the fit.
    images : list of dict
        Rows of their images. Those of cameras whose stars show a slope of the width with the peak
        beyond three of its errors have it (8_renorm/1a_renormalize); without one no flux changes.
    settings : namespace

    Notes
    -----
    The PSF has the width of the stars that made it, weighted as they know it, and with it their
    peak. An image of the lens with another peak is wider or narrower by the slope times the
    difference. Where the lens has a width of its own, that is the width of the mean image. What
    galaxy and neighbours take of a common width is known from the fit (`found_width`).
    """
    rows = {image["img_name"]: image for image in images}
    rows = [rows.get(name, {}) for name in content.names]
    slope, sigma, of_stars_e = (np.array([row.get(
        f"psf_{what}__{settings_of_dec(row, settings).psf_name}", np.nan) for row in rows])
        for what in ("peak_slope", "peak_slope_sigma", "peak_e"))
    known = np.isfinite(slope) & fit.measured
    if not known.any():
        return None
    epochs, lost, width = content.epochs, np.full(fit.flux.shape, np.nan), np.zeros(fit.flux.shape)
    side_px, upsampling = epochs.geometry.side_px, epochs.geometry.upsampling
    for e in np.flatnonzero(known):
        sky_e2 = float(np.median(epochs.sky_variance_e2[e][epochs.usable[e]]))
        lost[e], peak_e = lost_by_width(epochs.psf[e], upsampling, side_px,
                                        fit.flux[e] / epochs.coeff[e], sky_e2)
        peak_e = np.where(np.isfinite(peak_e), np.maximum(peak_e, 0), np.nan)  # none without light
        reference_e = of_stars_e[e]
        if fit.image_width and np.nansum(peak_e) > 0:
            reference_e = np.nansum(peak_e**2) / np.nansum(peak_e)
        width[e] = slope[e] * (peak_e - reference_e)
    # The mean width of all images moves light between them and what lies under them: as the fit
    # with a free width has it. What a single one has beyond it is lost as of an isolated source
    weight = np.nan_to_num(np.where(known[:, None], np.maximum(fit.flux, 0), 0))
    mean = float((weight * np.nan_to_num(width)).sum() / max(weight.sum(), 1e-30))
    by_mean, doubt, found = median_of_finite(lost), 1.0, fit.found_width
    if found and abs(found["width"]) > LEAST_WIDTH * found["sigma"]:
        by_mean = np.array(found["flux_change"]) / found["width"] / median_of_finite(fit.flux)
        doubt = BLENDED
    change = by_mean * mean + lost * (width - mean)
    change = np.where(known[:, None] & np.isfinite(change), change, 0.0)
    relative = np.nan_to_num(sigma / np.where(known, slope, 1.0))[:, None]
    error = np.abs(change) * np.hypot(relative, doubt)
    factor = 1 + change
    return WidthCorrection(factor, error)


def colours_of_images(settings):
    """Colours of the images of the lens in mag, beyond their mean weighted by flux, (n_images,).

    From the mean fluxes of the fits of the first two bands, those of the colours of the stars
    (8_renorm/1a_renormalize); None where there is no second band, or no fit of one of them.
    """
    try:
        fits = [db_products.joint_fit(bands.only(settings, name))[0]
                for name in bands.names(settings)[:2]]
    except UserError:
        return None
    if len(fits) < 2 or fits[0].n_images != fits[1].n_images:
        return None
    first, second = (mean_flux(fit)[0][: fit.n_images] for fit in fits)
    positive = (first > 0) & (second > 0)
    if positive.sum() < 2:
        return None
    colour = -2.5 * np.log10(np.where(positive, first, 1) / np.where(positive, second, 1))
    return np.where(positive, colour - np.average(colour[positive], weights=first[positive]), 0.0)


def colour_correction(fit, content, images, settings, colour):
    """Return the `WidthCorrection` for images whose colours differ; None where there is none.

    Parameters as `width_correction`, and ``colour`` from `colours_of_images`.

    Notes
    -----
    Images of unlike colours, as those behind dust, have the width of their mean in the fit. What
    each has beyond it is the slope of the widths of the stars with their colours times the colour;
    what that does to the fluxes, with all light around them, is known to first order
    (`psf_error.width_response`).
    """
    slope, sigma = (float(median_of_finite(column(
        images, f"psf_colour_slope{what}__{settings.psf_name}"))) for what in ("", "_sigma"))
    if colour is None or not np.isfinite(slope):
        return None
    change = width_response(fit, content.epochs, slope * colour) / mean_flux(fit)[0]
    relative = np.hypot(BLENDED, sigma / slope)
    change = np.tile(np.nan_to_num(change), (len(fit.flux), 1))
    return WidthCorrection(1 - change, relative * np.abs(change))


def joined(corrections):
    """Return one `WidthCorrection` of several, None for none; what is None has no part in it."""
    known = [one for one in corrections if one is not None]
    if not known:
        return None
    return WidthCorrection(np.prod([one.factor for one in known], axis=0),
                           np.sqrt(sum(one.sigma**2 for one in known)))


def corrected_line(found, images, names, settings):
    """Return a line on a `WidthCorrection` that fluxes of sources `names` have been given."""
    by_peak, by_colour = (column(images, f"psf_{what}_slope__{settings.psf_name}")
                          for what in ("peak", "colour"))
    percent = ", ".join(f"{name} {100 * (np.nanmedian(factor) - 1):+.2f} +- "
                        f"{100 * np.nanmedian(sigma):.2f} %" for name, factor, sigma in zip(
                            names, found.factor.T, found.sigma.T, strict=True))
    shown = [f"{factor * np.nanmedian(slope):.2f} % for {unit}" for slope, factor, unit in (
        (by_peak, 1e6, "10000 e- of their peak"), (by_colour, 1e2, "1 mag of their colour"))
        if np.isfinite(slope).any()]
    return (f"stars are wider by {' and '.join(shown)} (8_renorm/1a_renormalize): fluxes "
            f"corrected by {percent}; the systematic errors contain the errors of that")


def fields(fit, psf_error, content, sources, dec_name, notes=None, width=None):
    """Return the fields of every image that has fluxes, by image name.

    Parameters
    ----------
    fit : LensFit
    psf_error : ndarray of float, shape (n_epochs, n_sources)
        Relative errors from the PSFs.
    content : EpochFile
        What went into the fit.
    sources : sequence of str
        Names of the point sources.
    dec_name : str
    notes : ndarray of str, shape (n_epochs, n_sources), optional
        Why a flux deserves a look (`odd_epochs.notes`).
    width : WidthCorrection, optional
        Of the fluxes, where bright stars are wider; its error joins the systematic one.

    Notes
    -----
    A source that does not shine in an epoch has no fields there. The fit's fluxes are on the
    common scale; divided by the coefficient they are electrons of the exposure again. The error
    of a flux joins its total covariance with the PSF's error. A systematic error or one from the
    PSF that the engine does not know is left out.
    """
    found, factor, systematic = {}, np.ones(fit.flux.shape), fit.flux_systematic
    if width is not None:  # its error is the same for all epochs: one slope is behind all of them
        factor = width.factor
        systematic = np.hypot(systematic * np.nanmean(factor, axis=0),
                              np.nanmean(width.sigma * np.abs(fit.flux), axis=0))
    for e in np.flatnonzero(fit.measured):
        coeff, values = content.epochs.coeff[e], {}
        # Of each source that shines: flux, errors, covariances with itself and those after it
        flux_e, by = fit.flux[e] / coeff * factor[e], np.outer(factor[e], factor[e]) / coeff**2
        total_e2, random_e2 = fit.covariance_total[e] * by, fit.covariance[e] * by
        psf_e, systematic_e = np.abs(psf_error[e] * flux_e), systematic / coeff
        for i in np.flatnonzero(np.isfinite(flux_e)):
            key = f"{dec_name}__{sources[i]}"
            values |= {
                f"flux_e__{key}": flux_e[i],
                f"flux_sigma_e__{key}": np.sqrt(total_e2[i, i] + np.nan_to_num(psf_e[i]) ** 2),
                f"flux_random_e__{key}": np.sqrt(random_e2[i, i]),
            }
            known = {f"flux_psf_e__{key}": psf_e[i], f"flux_sys_e__{key}": systematic_e[i]}
            values |= {name: value for name, value in known.items() if np.isfinite(value)}
            if factor[e, i] != 1:
                values[f"flux_width_factor__{key}"] = factor[e, i]
            if notes is not None and notes[e, i]:
                values[f"flux_note__{key}"] = notes[e, i]
            values |= {f"flux_cov_e2__{key}__{other}": total_e2[i, j]
                       for j, other in enumerate(sources) if j >= i and np.isfinite(flux_e[j])}
        # Of the epoch
        shift_px = fit.shift_px[e] - content.epochs.shift_px[e]
        found[content.names[e]] = values | {
            f"dec_shift_x_px__{dec_name}": shift_px[0],
            f"dec_shift_y_px__{dec_name}": shift_px[1],
            f"dec_sky_e__{dec_name}": fit.sky[e] / coeff,
            f"dec_chi2__{dec_name}": fit.chi2_reduced[e],
            f"n_dec_masked__{dec_name}": int(fit.n_masked[e]),
        }
    return found


def convergence(fit, dec_name):
    """Return the fields on how a joint fit ended, the same for all its epochs."""
    found = {f"dec_objective__{dec_name}": fit.objective, f"dec_ended__{dec_name}": fit.ended,
             f"n_dec_steps__{dec_name}": fit.n_iterations,
             f"n_dec_held__{dec_name}": fit.n_held}
    if fit.convergence is None:
        return found
    return found | {f"dec_change_sigma__{dec_name}": fit.convergence}


def source_rows(fit, centre_px, start, reference, settings):
    """Return a row of every source, and all of them as a list of stars.

    Parameters
    ----------
    fit : LensFit
    centre_px : ndarray of float, shape (2,)
        Pixel of the reference image from which its positions are counted.
    start : list of Star
        Where the sources were looked for.
    reference : dict
        Row of the reference image.
    settings : namespace

    Returns
    -------
    rows : list of dict
        Pixels from 1, arcsec from the lens, RA and Dec where there is a WCS, and magnitudes
        -2.5 log10 of the mean flux in electrons of the reference image. A source without light
        has no magnitude.
    stars : list of Star
        Pixels from 0, a flux that is not positive left out.
    """
    xy = fit.position_px + centre_px
    moved = np.hypot(*(xy - [(star.x_px, star.y_px) for star in start]).T)
    offset = arcsec_from_lens(reference, settings, xy)
    sky, shown = sky_of_places(reference, settings, xy), to_ds9(xy)
    rows, stars = [], []
    for k, star in enumerate(start):
        flux = fit.flux[:, k][np.isfinite(fit.flux[:, k])]
        mean = float(flux.mean()) if flux.size else float("nan")
        row = {"source": star.name, "x_px": shown[k, 0], "y_px": shown[k, 1],
               "moved_px": moved[k], "east_arcsec": offset[k, 0], "north_arcsec": offset[k, 1]}
        if sky is not None:
            row |= {"ra_deg": sky[k, 0], "dec_deg": sky[k, 1]}
        row["flux_e"] = mean
        if mean > 0:
            per_flux = 2.5 / np.log(10) / mean
            row |= {"mag": -2.5 * np.log10(mean), "scatter_mag": per_flux * flux.std(),
                    "systematic_mag": per_flux * fit.flux_systematic[k]}
        rows.append(row)
        stars.append(Star(star.name, *xy[k].tolist(), mean if mean > 0 else None))
    return rows, stars


def pasted(rows, n_images):
    """Return the positions as a line for settings.py: point_sources, and extra_sources if any."""
    lines = []
    for name, part in (("point_sources", rows[:n_images or None]),
                       ("extra_sources", rows[n_images:] if n_images else [])):
        places = ", ".join(f'"{row["source"]}": ({row["east_arcsec"]:.4f}, '
                           f'{row["north_arcsec"]:.4f})' for row in part)
        lines += [f"{name} = {{{places}}}"] if part else []
    return "\n".join(lines)
