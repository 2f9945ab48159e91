"""What the stars of every image tell of its PSF and of the errors of its coefficient."""

import logging

from cosmouline.database import bands
from cosmouline.database.columns import column, family, texts
from cosmouline.frames import db_nights
from cosmouline.photometry import calibration, coefficients
from cosmouline.photometry.psf_aperture import compare, log_ratio, single_stars
from cosmouline.photometry.star_widths import star_widths
from cosmouline.robust import median_of_finite

import numpy as np

log = logging.getLogger("cosmouline")

RESTLESS, RESTLESS_IMAGES = 2.0, 10  # scatter of a star over its errors; images that show it
WIDE_STARS = 0.005  # scatter of the widths of the stars, above which it is told


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
    ratio, sigma = log_ratio(*fluxes_e, *(family(images, f"aper_{kind}_e__{{star}}", names)
                                          for kind in ("flux", "sigma")))
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


def check_widths(images, names, colour, settings):
    """Compare the widths of the stars with those of their PSFs, set by set; return fields."""
    psf, checked = settings.psf_name, {}
    sets = np.array(texts(images, "set_name"))
    for name in dict.fromkeys(sets.tolist()):
        those = [images[k] for k in np.flatnonzero(sets == name)]
        flux, x, y = (median_of_finite(family(those, f"star_{what}__{psf}__{{star}}", names))
                      for what in ("flux_e", "x_px", "y_px"))
        far2 = sum((2 * place / column(those, f"n{axis}_px")[0] - 1) ** 2
                   for place, axis in ((x, "x"), (y, "y")))
        found = star_widths(family(those, f"star_width__{psf}__{{star}}", names), {
            "place": far2, "colour": colour,
            "brightness": flux / max(np.nan_to_num(flux).max(initial=0.0), 1.0)})
        if found is None:
            continue
        checked |= {one["img_name"]: {f"star_width_scatter__{psf}": found.scatter}
                    for one in those}
        words = {"place": "wider by {:+.1f} % at the edges: a PSF that varies over the field in "
                          "another way than fitted",
                 "colour": "wider by {:+.1f} % per mag of the colour of the first two bands",
                 "brightness": "wider by {:+.1f} % where they are bright (brighter-fatter?)"}
        parts = [words[key].format(100 * values[key == "place"])
                 for key, values in found.terms.items()]
        if found.scatter > WIDE_STARS or parts:
            log.warning("%s: the widths of the stars scatter by %.1f %% about that of their "
                        "PSF%s. The lens gets a width of its own where its images show one", name,
                        100 * found.scatter, "".join(f"; they are {one}" for one in parts))
    return checked


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


def fields(images, names, found, fluxes_e, colour, settings):
    """Return the errors of the coefficients, and what is behind them, as fields by image.

    `found` are the `Coefficients` from the fluxes and errors `fluxes_e` of the stars.
    """
    renorm, nights = settings.renorm_name, np.zeros(len(images), int)
    checked = check_psfs(images, names, fluxes_e, colour, settings)
    widths = check_widths(images, names, colour, settings)
    checked = {name: one | widths.get(name, {}) for name, one in checked.items()}
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
    gains = set(column(images, "gain_e_per_adu").tolist())
    calibration.log_calibration(extra, gains.pop() if len(gains) == 1 else None)
    # that of an object is in the error of its coefficient
    sigma = np.hypot(found.coeff_sigma, found.coeff * np.nan_to_num(extra.sigma))
    for i, one in enumerate(checked.values()):
        one[f"renorm_sigma__{renorm}"] = float(sigma[i])
        if np.isfinite(extra.sigma[i]):
            one[f"renorm_calib__{renorm}"] = float(extra.sigma[i])
            one[f"renorm_calib_night__{renorm}"] = float(extra.night_sigma[i])
    return checked
