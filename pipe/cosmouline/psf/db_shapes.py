"""Widths and stretches of the stars by set: what is wrong with its PSFs, and at the lens."""

import logging

from cosmouline.database import bands
from cosmouline.database.columns import column, family
from cosmouline.psf.shape_patterns import (
    EXTENDED_SIGMA,
    LEAST_STARS,
    UNLIKE_LEAST,
    extended_stars,
    growth_with_peak,
    growth_with_seeing,
    joined_slope,
    pattern,
    scatter,
    slope,
    star_means,
    wide_stars,
)
from cosmouline.robust import median_of_finite

import numpy as np

log = logging.getLogger("cosmouline")

STRETCHES = ("along", "diagonal")
SUSPECTED_BY_CHANCE = 0.01  # a pattern that explains a star that is too wide
TEN_KE = 1e4  # electrons for which a slope with the peak is told
# The brighter-fatter effect makes 1 to 2 % of the width at a full well of 10^5 e- (Guyonnet et al.
# 2015, A&A 575, A41)
BRIGHTER_FATTER_MOST = 0.03


def check(found, images, names, colour, settings):
    """Report what the shapes of the stars tell of each set, and add it to the fields by image.

    Parameters
    ----------
    found : dict of str to dict
        Fields by image; ``star_width_scatter`` is added, and ``psf_lens_width`` and its error to
        those of the sets whose stars show a pattern: by how much a source at the lens is wider
        than its PSF. Where they show a slope with the peak, ``psf_peak_slope``, its error, and the
        peak of the stars whose width the PSF has; where all sets together show one with the
        colour, ``psf_colour_slope`` and its error.
    images : list of dict
        Rows of one band.
    names : sequence of str
        Of the stars.
    colour : ndarray of float, shape (n_stars,)
        NaN where unknown.
    """
    by_camera = {}
    of_psf, of_aperture = (family(images, f"{what}__{{star}}", names) for what in (
        f"star_flux_e__{settings.psf_name}", "aper_flux_e"))
    positive = (of_psf > 0) & (of_aperture > 0)
    ratio = np.log(np.where(positive, of_psf, np.nan) / np.where(positive, of_aperture, 1.0))
    sets = np.array([image["set_name"] for image in images])
    for name in dict.fromkeys(sets.tolist()):
        rows = np.flatnonzero(sets == name)
        those = [images[k] for k in rows]
        over_field, slopes, peak_e, unlike, without = _of_set(
            name, those, names, ratio[rows], colour, settings)
        by_camera.setdefault(those[0]["telescope"], []).append((those, slopes, peak_e))
        for image in those if unlike is not None else ():
            found.get(image["img_name"], {})[f"star_width_scatter__{settings.psf_name}"] = unlike
        if without:
            _add(found, those, *without, settings.psf_name)
        if over_field:
            _add(found, those, over_field.at_place, over_field.sigma, settings.psf_name)
    _set_colour_slope(found, joined_slope([slopes[2] for parts in by_camera.values()
                                           for _, slopes, _ in parts]), settings)
    everywhere = joined_slope([slopes[0] for parts in by_camera.values()
                               for _, slopes, _ in parts])
    for camera, parts in by_camera.items():
        widening, fading = (joined_slope([slopes[k] for _, slopes, _ in parts]) for k in (0, 1))
        if widening and widening.is_significant:
            everywhere = None  # all together tell no more
            _name_slope(camera, parts, widening, fading)
            for those, *_ in parts:
                _set_slope(found, those, names, widening, settings.psf_name)
    if len(by_camera) > 1 and everywhere and everywhere.is_significant:
        log.warning("bright stars are %s than faint ones in all cameras together, by %.2f +- "
                    "%.2f %% for 10000 e- of the peak, in none of them beyond its errors: the "
                    "brighter-fatter effect?", "wider" if everywhere.slope > 0 else "narrower",
                    100 * TEN_KE * abs(everywhere.slope), 100 * TEN_KE * everywhere.sigma)


def _set_slope(found, images, names, widening, psf_name):
    """Add the slope of the width with the peak, and the mean peak, to what the images have."""
    peak_e, sigma = (family(images, f"star_{what}__{psf_name}__{{star}}", names)
                     for what in ("peak_e", "width_sigma"))
    weight = np.where(np.isfinite(peak_e) & (sigma > 0), sigma, np.inf) ** -2.0
    mean_e = (weight * np.nan_to_num(peak_e)).sum(1) / np.maximum(weight.sum(1), 1e-30)
    for image, mean in zip(images, mean_e.tolist(), strict=True):
        if mean > 0 and image["img_name"] in found:
            found[image["img_name"]] |= {
                f"psf_peak_slope__{psf_name}": widening.slope, f"psf_peak_e__{psf_name}": mean,
                f"psf_peak_slope_sigma__{psf_name}": widening.sigma}


def _set_colour_slope(found, slope_of_all, settings):
    """Report a slope of the width with the colour, and add it to what all images have."""
    if slope_of_all is None or not slope_of_all.is_significant:
        return
    log.info("the stars are wider by %+.2f +- %.2f %% for 1 mag of %s, in all sets together: "
             "7_deconv/6_readout corrects images of the lens for the colour that they have beyond "
             "their mean", 100 * slope_of_all.slope, 100 * slope_of_all.sigma,
             " - ".join(bands.names(settings)[:2]))
    for one in found.values():
        one |= {f"psf_colour_slope__{settings.psf_name}": slope_of_all.slope,
                f"psf_colour_slope_sigma__{settings.psf_name}": slope_of_all.sigma}


def _add(found, images, width, sigma, psf_name):
    """Add a width at the lens, and its error, to what the images have."""
    names = [f"psf_lens_{what}__{psf_name}" for what in ("width", "width_sigma")]
    for one in (found[image["img_name"]] for image in images if image["img_name"] in found):
        one[names[0]] = one.get(names[0], 0.0) + width
        one[names[1]] = float(np.hypot(one.get(names[1], 0.0), sigma))


def _of_set(name, images, names, ratio, colour, settings):
    """Report on one set; return what is found.

    Pattern over the field, slopes with the peak and the colour, mean peak, scatter of the widths,
    and width with its error of the other stars where some are too wide: the PSF has these in it.
    """
    psf = settings.psf_name
    width, sigma, peak_e, *stretches = (
        family(images, f"star_{what}__{psf}__{{star}}", names)
        for what in ("width", "width_sigma", "peak_e", *STRETCHES))
    size = np.stack([column(images, field) for field in ("nx_px", "ny_px")], 1)
    places = [family(images, f"star_{axis}_px__{psf}__{{star}}", names) for axis in "xy"]
    uv = np.stack([median_of_finite(2 * place / size[:, k, None] - 1)
                   for k, place in enumerate(places)], 1)
    lens = np.median(2 * np.stack([column(images, f"lens_{axis}_px") for axis in "xy"], 1)
                     / size - 1, axis=0)
    mean, error = star_means(width, sigma)
    growth = growth_with_seeing(width, sigma, column(images, "field_fwhm_px"))
    is_wide = wide_stars(mean, error) | extended_stars(mean, growth)
    known = np.isfinite(mean) & np.isfinite(error) & np.isfinite(uv).all(1)
    of_place = is_wide.any() and pattern(
        mean[known], error[known], uv[known], lens, by_chance=SUSPECTED_BY_CHANCE)
    for k in np.flatnonzero(is_wide):
        _name_wide(name, names[k], mean[k] - np.nanmedian(mean), error[k], growth[k], of_place)
    good = np.isfinite(mean) & np.isfinite(error) & ~is_wide & np.isfinite(uv).all(1)
    if good.sum() < LEAST_STARS:
        return None, (None, None, None), 0.0, None, None

    # over the field
    n_tests = 1 + len(STRETCHES)
    over_field = pattern(mean[good], error[good], uv[good], lens, n_tests)
    stretched = [pattern(*(one[good] for one in star_means(what, sigma)), uv[good], lens, n_tests)
                 for what in stretches]
    _name_pattern(name, images[0], over_field, stretched, uv[good], lens)
    unlike = float(scatter(mean[good], error[good]))
    if not over_field and unlike > UNLIKE_LEAST:
        order = np.flatnonzero(good)[np.argsort(mean[good])]
        log.warning("%s: the stars differ in width by %.1f %% rms beyond their noise, the "
                    "narrowest %s, the widest %s (%+.1f and %+.1f %%): galaxies or close doubles "
                    "among them, different colours, or a PSF that varies over the field? The PSF "
                    "is between them. Leave the wide ones out (psf_stars)", name, 100 * unlike,
                    *(names[order[k]] for k in (0, -1)), *(100 * mean[order[k]] for k in (0, -1)))

    # with the peak, what the place and the colour make left out
    others = [uv[good] @ axis for axis in np.eye(2)] if over_field else []
    others += [(uv[good] ** 2).sum(1)] if over_field else []
    peak = median_of_finite(peak_e)[good]
    coloured = [colour[good]] if np.isfinite(colour[good]).all() else []
    with_colour = slope(mean[good], error[good], *coloured, [*others, peak]) if coloured else None
    others += coloured
    of_ratio = star_means(ratio, np.where(np.isfinite(ratio), sigma, np.nan))
    slopes = [slope(*(one[good] for one in pair), peak, others) if np.isfinite(
        pair[0][good]).all() else None for pair in ((mean, error), of_ratio)]
    slopes[0] = joined_slope([slopes[0], growth_with_peak(growth, median_of_finite(peak_e), good)])
    slopes.append(with_colour)
    weight = error[good] ** -2.0
    without = (0.0, unlike) if not over_field and unlike > UNLIKE_LEAST else None
    if is_wide.any():
        without = (float(np.average(mean[good], weights=weight)), float(
            np.hypot(weight.sum() ** -0.5, 0.0 if over_field else unlike)))
        log.warning("%s: without %s the stars are %+.1f +- %.1f %% wider than the PSF: the images "
                    "of the lens are taken to be so", name, ", ".join(
                        names[k] for k in np.flatnonzero(is_wide)), *(100 * w for w in without))
    return (over_field, slopes, float(np.average(peak, weights=weight)), unlike,
            without)


def _name_wide(name, star, away, error, growth, of_place):
    """Report a star whose width is not that of the others."""
    cause = "its colour, a double, or the place in the field"
    if of_place:
        cause += f"; {of_place.name} explains it, that is, a PSF that varies over the field"
    if growth and away > 0 and growth.slope > EXTENDED_SIGMA * growth.sigma:
        cause = f"by {100 * growth.slope:+.1f} % more so in good seeing, as a galaxy or a double"
    log.warning("%s: star %s is %s than the others by %.1f +- %.1f %%: %s. Leave it out of the "
                "PSF (psf_stars)", name, star, "wider" if away > 0 else "narrower",
                100 * abs(away), 100 * error, cause)


def _name_pattern(name, image, over_field, stretched, uv, lens):
    """Report what the stars show over the field that the PSFs do not hold."""
    shown = [one for one in (over_field, *stretched) if one]
    if not shown:
        return
    half_px = np.array([image["nx_px"], image["ny_px"]]) / 2
    away_px = np.hypot(*((lens - uv.mean(0)) * half_px))
    spread_px = np.sqrt((((uv - uv.mean(0)) * half_px) ** 2).sum(1).mean())
    parts = [f"{what} by {100 * one.rms:.1f} % rms, {one.name} (at the lens "
             f"{100 * one.at_place:+.1f} +- {100 * one.sigma:.1f} %)" for what, one in zip(
                 ("width", "stretch in x", "stretch along the diagonal"),
                 (over_field, *stretched), strict=True) if one]
    log.warning("%s: the PSF varies over the field more than its model holds: the stars depart "
                "from it in %s. The lens is %.0f px from the centre of the stars, which are "
                "%.0f px from it: give stars nearer to the lens (psf_stars), or try psf_field = "
                "'on'. The fluxes of the lens are off by about as much as the width at the lens",
                name, "; ".join(parts), away_px, spread_px)


def _name_slope(camera, parts, widening, fading):
    """Report that bright stars of a camera are wider, or narrower, than faint ones."""
    per_cent = 100 * TEN_KE
    of_ratio = (f"; PSF over aperture flux {per_cent * fading.slope:+.2f} +- "
                f"{per_cent * fading.sigma:.2f} %" if fading else "")
    is_wider = widening.slope > 0
    at_most = 100 * abs(widening.slope) * max(peak_e for *_, peak_e in parts)
    sets = ", ".join(those[0]["set_name"] for those, *_ in parts)
    cause = ("counts that do not grow with the light: a picture that a program has stretched, "
             "saturation, a detector that is not linear? The changes of the lens are wrong with it"
             if at_most > 100 * BRIGHTER_FATTER_MOST else
             "the brighter-fatter effect, or saturation" if is_wider else
             "a detector that is not linear?")
    log.warning(
        "%s (%s): bright stars are %s than faint ones, by %.2f +- %.2f %% for 10000 e- of the peak"
        "%s: %s. A source much fainter than the stars is %.2f %% %s than its PSF, and up to as "
        "much too %s: 7_deconv/6_readout corrects that", camera, sets,
        "wider" if is_wider else "narrower", per_cent * abs(widening.slope),
        per_cent * widening.sigma, of_ratio, cause, at_most,
        *(("narrower", "bright") if is_wider else ("wider", "faint")))
