"""What the stars of every image tell of its PSF and of the errors of its coefficient."""

import logging

from cosmouline.database import bands
from cosmouline.database.columns import column, family, texts
from cosmouline.frames import db_nights
from cosmouline.photometry import calibration, coefficients
from cosmouline.photometry.detector_errors import (
    between_places,
    between_sets,
    shutter_error_s,
    slope_with_peak,
)
from cosmouline.photometry.outlier_images import two_kinds
from cosmouline.photometry.psf_aperture import compare, log_ratio, lone_apertures, single_stars
from cosmouline.robust import median_of_finite

import numpy as np

LINEAR_SIGMA, LINEAR_LEAST = 4.0, 0.002  # of the flux over the peaks of the stars of a set

log = logging.getLogger("cosmouline")

RESTLESS, RESTLESS_IMAGES = 2.0, 10  # scatter of a star over its errors; images that show it


def colours(images, names, settings):
    """Return the colours of the stars in mag, from their apertures in the first two bands.

    NaN for all of them with a single band; the zero point is that of the median star.
    """
    means = [median_of_finite(family(those, "aper_flux_e__{star}", names)
                              / column(those, "exptime_s")[:, None])
             for _, those in bands.split(images, settings)[:2]]
    if len(means) < 2:
        return np.full(len(names), np.nan)
    colour = -2.5 * np.log10(means[0] / means[1])
    return colour - median_of_finite(colour)


def compare_with_apertures(found, images, names, reference, settings):
    """Log the scatter of the stars next to that in apertures, where those were measured."""
    fluxes = [family(images, f"aper_{kind}_e__{{star}}", names) for kind in ("flux", "sigma")]
    if all((flux == flux).sum(1).min() > 1 for flux in fluxes):
        aperture = coefficients.solve(*fluxes, images.index(reference), settings.renorm_method,
                                      texts(images, "set_name"))
        coefficients.log_scatter(found, aperture, column(images, "mjd"))


def check_psfs(images, names, fluxes_e, colour, settings):
    """Compare the PSF fluxes of the stars with those of the apertures; return fields by image."""
    psf = settings.psf_name
    apertures = [family(images, f"aper_{kind}_e__{{star}}", names) for kind in ("flux", "sigma")]
    ratio, sigma = log_ratio(*fluxes_e, *apertures)
    alone = lone_apertures(fluxes_e[0], *apertures)
    for i, j in np.argwhere(np.isfinite(alone)):
        log.warning("%s: star %s has no core to measure, and its aperture %+.0f %% against its "
                    "other images: an asteroid or a cosmic ray on it? It is not used there",
                    images[i]["img_name"], names[j], 100 * alone[i, j])
    # brightness and place of the stars in every image
    mag = -2.5 * np.log10(np.where(fluxes_e[0] > 0, fluxes_e[0], np.nan))
    x, y = (2 * family(images, f"star_{axis}_px__{psf}__{{star}}", names)
            / column(images, f"n{axis}_px")[:, None] - 1 for axis in "xy")
    for i, j in np.argwhere(single_stars(ratio, sigma)):
        log.warning("%s: the aperture of star %s alone has %+.0f %% against its PSF flux: an "
                    "asteroid or a cosmic ray next to it? A flux that is off is not used for the "
                    "coefficient", images[i]["img_name"], names[j],
                    100 * (np.exp(np.nanmedian(ratio[i]) - ratio[i, j]) - 1))
    checked, notes = {}, {}
    for i, name in enumerate(image["img_name"] for image in images):
        values, note = compare(ratio[i], sigma[i], {
            "mag": mag[i], "x": x[i], "y": y[i], "colour": colour})
        checked[name] = {f"psf_aperture_{key}__{psf}": value for key, value in values.items()}
        if note:
            checked[name][f"psf_note__{psf}"] = notes[name] = note
    if notes:
        worst = max(notes, key=lambda name: checked[name][f"psf_aperture_scatter__{psf}"])
        log.warning("the PSFs of %d images disagree with the apertures (worst: %s, %s): see "
                    "psf_note in report_%s.txt and 5_psf/5_png_check. The errors of these images "
                    "grow by the scatter of their stars", len(notes), worst, notes[worst],
                    settings.renorm_name)
    return checked


def warn_of_two_kinds(images, residual, sigma):
    """Name the images of a set in which the stars have other fluxes than in the rest.

    `residual` and `sigma` (n_images, n_stars) are relative, of all stars.
    """
    sets = np.array(texts(images, "set_name"))
    for name in dict.fromkeys(sets.tolist()):
        rows = np.flatnonzero(sets == name)
        is_other, apart = two_kinds(residual[rows], sigma[rows])
        if is_other.any():
            others = [images[i]["img_name"] for i in rows[is_other]]
            log.warning("%s: in %d of %d images the stars differ from those of the rest by %.1f "
                        "%%, in all of them alike: another filter (or none), whatever the header "
                        "says, or a flat field that was changed or turned? First: %s", name,
                        len(others),
                        len(rows), 100 * apart, ", ".join(others[:3]))


def warn_of_restless(found, names, sigma):
    """Name the stars, of those that count as constant, that scatter more than their errors hold.

    `sigma` (n_images, n_stars) are relative errors with the scatter of most stars in them.
    """
    pull2 = np.where(found.used & np.isfinite(found.residual), found.residual / sigma, np.nan) ** 2
    n = np.isfinite(pull2).sum(0)
    pull = np.sqrt(np.nansum(pull2, axis=0) / np.maximum(n - 1, 1))
    restless = (n >= RESTLESS_IMAGES) & ~found.is_variable & (pull > RESTLESS)
    if restless.any():
        log.warning("stars that scatter more than the errors of all hold: %s: variable, at an "
                    "edge or next to bad pixels, or of another colour? norm_stars can leave them "
                    "out", ", ".join(f"{names[k]} ({pull[k]:.1f} times)"
                                     for k in np.flatnonzero(restless)))


def check_flat_fields(images, names, found, residual, sigma, colour, settings):
    """Report errors of the flat fields that the stars show; return that of each image, 0 if none.

    `residual` and `sigma`, (n_images, n_stars), are the departures of the constant stars behind
    the `Coefficients` and the relative errors of their fluxes.
    """
    error, sets = np.zeros(len(images)), np.array(texts(images, "set_name"))
    places = np.stack([family(images, f"star_{axis}_px__{settings.psf_name}__{{star}}", names)
                       for axis in "xy"], -1)
    between = {}
    if found.terms is not None:
        width = family(images, f"star_width__{settings.psf_name}__{{star}}", names)
        width = np.array([median_of_finite(width[sets == name]) for name in found.terms.sets])
        between = dict(zip(found.terms.sets, between_sets(
            found.terms, found.is_variable, colour, width), strict=True))
    for name in dict.fromkeys(sets.tolist()):
        rows, known = sets == name, np.isfinite(colour).all()
        moved = between_places(residual[rows], sigma[rows], places[rows])
        if moved:
            log.warning("%s: flat field: the flux of a star differs by %.2f %% between images in "
                        "which it is %.0f px apart on the detector, more than where it is %.0f px "
                        "apart", name, 100 * moved.error, moved.far_px, moved.near_px)
        if between.get(name):
            log.warning("%s: flat field: the stars differ by %.2f %% from those of the other sets"
                        "%s. So may the lens", name, 100 * between[name], ", more than their "
                        "colours and widths tell" if known else ", by that or by their colours")
        error[rows] = max(moved.error if moved else 0.0, between.get(name, 0.0))
    return error


def check_detectors(images, names, residual, sigma, settings):
    """Report fluxes that follow the peaks of the stars, or the exposure times at some places.

    Arguments as `check_flat_fields`.
    """
    peak_e = family(images, f"star_peak_e__{settings.psf_name}__{{star}}", names)
    sets, exptime_s = np.array(texts(images, "set_name")), column(images, "exptime_s")
    for name in dict.fromkeys(sets.tolist()):
        rows = sets == name
        slope, error = slope_with_peak(residual[rows], sigma[rows], peak_e[rows])
        span_e = np.ptp(median_of_finite(peak_e[rows])) if error == error else 0.0
        if abs(slope) > LINEAR_SIGMA * error and abs(slope) * span_e > LINEAR_LEAST:
            log.warning("%s: fluxes change by %+.2f +- %.2f %% for 10000 e- of the peak, %+.1f %% "
                        "from the faintest to the brightest star: a detector that is not linear, "
                        "saturation, or a PSF that depends on the brightness. Faint images of the "
                        "lens are off by that against the stars", name, 1e6 * slope, 1e6 * error,
                        100 * slope * span_e)
        late_s = shutter_error_s(residual[rows], sigma[rows], np.isfinite(residual[rows]),
                                 exptime_s[rows])
        if late_s:
            log.warning("%s: the stars differ by %.3f s in their exposures, %.2f %% of the "
                        "shortest (%.1f s): a shutter that is not as fast everywhere. Leave short "
                        "exposures out", name, late_s, 100 * late_s / np.nanmin(exptime_s[rows]),
                        np.nanmin(exptime_s[rows]))


def fields(images, names, found, fluxes_e, colour, settings):
    """Return the errors of the coefficients, and what is behind them, as fields by image.

    `found` are the `Coefficients` from the fluxes and errors `fluxes_e` of the stars.
    """
    renorm, nights = settings.renorm_name, np.zeros(len(images), int)
    checked = check_psfs(images, names, fluxes_e, colour, settings)
    noted = np.array([f"psf_note__{settings.psf_name}" in one for one in checked.values()])
    if settings.renorm_method == "median":  # COSMOULINE's errors, as they are
        for one, value in zip(checked.values(), found.coeff_sigma.tolist(), strict=True):
            one[f"renorm_sigma__{renorm}"] = value
        return checked
    # the scatter of the stars by set and night, and in the images that were noted
    for k, group in enumerate(db_nights.grouped(images, "night", None)):
        nights[group] = k
    extra = calibration.calibrate(np.where(found.is_variable, np.nan, found.residual),
                                  fluxes_e[1] / fluxes_e[0], found.used,
                                  texts(images, "set_name"), nights, noted,
                                  column(images, "mjd"))
    warn_of_restless(found, names, np.hypot(fluxes_e[1] / fluxes_e[0],
                                            np.nan_to_num(extra.sigma)[:, None]))
    warn_of_two_kinds(images, found.residual, fluxes_e[1] / fluxes_e[0])
    gains = {}
    for image in images:
        gains.setdefault(image["set_name"], set()).add(image["gain_e_per_adu"])
    calibration.log_calibration(extra, {name: min(one) if len(one) == 1 else None
                                        for name, one in gains.items()})
    # with the airmass colours change the stars in a night as their places do
    relative, good = fluxes_e[1] / fluxes_e[0], found.used & ~found.is_variable
    residual = calibration.without_slow_changes(
        np.where(good, found.residual, np.nan), good, nights, column(images, "mjd"))[0]
    flat = check_flat_fields(images, names, found, residual, relative, colour, settings)
    check_detectors(images, names, residual, relative, settings)
    # that of an object is in the error of its coefficient
    sigma = np.hypot(found.coeff_sigma, found.coeff * np.nan_to_num(extra.sigma))
    for i, one in enumerate(checked.values()):
        one[f"renorm_sigma__{renorm}"] = float(sigma[i])
        if flat[i]:
            one[f"renorm_flat__{renorm}"] = float(flat[i])
        if np.isfinite(extra.sigma[i]):
            one[f"renorm_calib__{renorm}"] = float(extra.sigma[i])
            one[f"renorm_calib_night__{renorm}"] = float(extra.night_sigma[i])
    return checked
