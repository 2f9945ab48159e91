"""Zero points of the images of a lens, from the stars that the catalogue of its field knows."""

import logging
from typing import NamedTuple

from cosmouline.astrometry.transformations import (
    Magnitudes,
    bands_given,
    colour_of,
    in_band,
    nearest_band,
)
from cosmouline.database.columns import column, texts
from cosmouline.errors import UserError, did_you_mean
from cosmouline.photometry import db_star_magnitudes
from cosmouline.photometry.zero_points import zero_point
from cosmouline.robust import median_of_finite
from cosmouline.sources import db_stars
from cosmouline.sources.db_catalogue_stars import of_reference

import numpy as np

log = logging.getLogger("cosmouline")


class SetZeroPoint(NamedTuple):
    """The fit of one set, and what it is made of, for reports and pictures."""

    set_name: str
    stars: list  # names
    magnitudes: Magnitudes  # of these stars
    colour: np.ndarray
    colour_bands: tuple
    mag: np.ndarray  # instrumental
    sigma: np.ndarray
    place: np.ndarray  # (n, 2), from -1 to 1
    found: zero_point.ColourZeroPoint
    at_lens: tuple  # zero point and error at the colour of the lens


def of_sets(rows, reference, settings):
    """Return the `SetZeroPoint` of every set of one band of images, in order of their names.

    Empty where there is no catalogue, or none of its stars was measured.

    Raises
    ------
    UserError
        If the catalogue neither has nor gives the band of the settings.
    """
    known = {star.name: star for star in db_stars.object_stars(settings)}
    names = [name for name in db_star_magnitudes.star_names(
        rows, settings.psf_name, settings.renorm_name) if name in known]
    xy = db_stars.star_positions([known[name] for name in names])
    line, stars = of_reference(xy, reference, settings)
    if stars is None or (line < 0).all():
        log.warning("no star with a flux is in the catalogue, or %s has no coordinates: no zero "
                    "points", reference["img_name"])
        return []
    names = [name for name, row in zip(names, line, strict=True) if row >= 0]
    line = line[line >= 0]
    found = []
    for set_name in sorted(set(texts(rows, "set_name"))):
        mine = [row for row in rows if row["set_name"] == set_name]
        magnitudes = _wanted(stars, mine, settings)
        magnitudes = magnitudes._replace(mag=magnitudes.mag[line], sigma=magnitudes.sigma[line])
        colour, colour_bands = colour_of(stars)
        mag, sigma = db_star_magnitudes.means(mine, names, settings.psf_name,
                                              settings.renorm_name)
        # mean places on the frames, from the fitted centres
        place = np.column_stack([median_of_finite(np.array([
            column(mine, f"star_{axis}_px__{settings.psf_name}__{name}")
            / (column(mine, f"n{axis}_px") - 1) * 2 - 1 for name in names]), axis=1)
            for axis in "xy"])
        try:
            fitted = zero_point.of_set(magnitudes.mag, magnitudes.sigma, mag, sigma, colour[line],
                                       np.nan_to_num(place), settings.zero_point_flat_degree)
        except ValueError:
            log.warning("set %s: no star has a magnitude in %s", set_name, magnitudes.band)
            continue
        found.append(SetZeroPoint(set_name, names, magnitudes, colour[line], colour_bands, mag,
                                  sigma, place, fitted,
                                  fitted.at_colour(*settings.lens_colour_mag)))
        low, high = fitted.colour_range
        if fitted.colour_term_sigma and not low <= settings.lens_colour_mag[0] <= high:
            log.warning("%s: the colour of the lens, %.2f, lies beyond those of the stars, %.2f "
                        "to %.2f: the colour term is not followed there, and its error grows",
                        set_name, settings.lens_colour_mag[0], low, high)
    return found


def _wanted(stars, rows, settings):
    """Return the `Magnitudes` in the band of the settings, or nearest to the filter of rows."""
    band = settings.zero_point_band or nearest_band(stars, rows[0].get("filter"))
    found = in_band(stars, band) if band else None
    if found is None:
        given = bands_given(stars)
        raise UserError(f"zero_point_band = {band!r}: the catalogue gives "
                        f"{', '.join(given) or 'no magnitudes'}.{did_you_mean(str(band), given)}")
    return found


def fields(rows, sets, settings):
    """Return the fields of the images of one band by name; none for a set without zero point."""
    renorm, results = settings.renorm_name, {}
    sigma = np.fmax(column(rows, f"renorm_abs_sigma__{renorm}"),  # NaN without draws of the PSF
                    column(rows, f"renorm_sigma__{renorm}"))
    by_set = {one.set_name: one for one in sets}
    for row, error in zip(rows, sigma, strict=True):
        one = by_set.get(row["set_name"])
        if one is None:
            results[row["img_name"]] = {}
            continue
        # of the image itself, at the mean colour of the stars
        scale = zero_point.ZeroPoint(one.found.zero_point, one.found.sigma, 0.0, None, None)
        value, value_sigma = zero_point.of_images(scale, row[f"renorm__{renorm}"], error,
                                                  row["exptime_s"])
        results[row["img_name"]] = {f"{name}__{renorm}": number for name, number in {
            "zero_point_mag": float(value), "zero_point_sigma_mag": float(value_sigma),
            "zero_point_scale_mag": one.at_lens[0], "zero_point_scale_sigma_mag": one.at_lens[1],
            "zero_point_scatter_mag": one.found.scatter, "n_zero_point_stars": one.found.n_stars,
            "colour_term": one.found.colour_term,
            "colour_term_sigma": one.found.colour_term_sigma,
            "zero_point_band": f"{one.magnitudes.band} ({one.magnitudes.system})"}.items()}
    return results


def far(results, rows, settings):
    """Return why images are rejected, by name: zero points far from the median of their set."""
    name, found = f"zero_point_mag__{settings.renorm_name}", {}
    if settings.zero_point_range_mag is None:
        return found
    for set_name in set(texts(rows, "set_name")):
        mine = [row["img_name"] for row in rows if row["set_name"] == set_name
                and name in results.get(row["img_name"], {})]
        values = np.array([results[one][name] for one in mine])
        for one, away in zip(mine, values - np.median(values) if mine else (), strict=True):
            if abs(away) > settings.zero_point_range_mag:
                where, why = (("above", "a wrong exposure time?") if away > 0
                              else ("below", "clouds?"))
                found[one] = (f"its zero point is {abs(away):.2f} mag {where} the median of its "
                              f"set, more than {settings.zero_point_range_mag:g} mag: {why}")
    return found


def summary(one):
    """Return one line on the zero point of a set."""
    found, band = one.found, one.magnitudes
    text = (f"{one.set_name}: calibrated = instrumental + {found.zero_point:.4f} +- "
            f"{found.sigma:.4f} mag in {band.band} ({band.system})")
    if found.colour_term_sigma:
        text += (f", colour term {found.colour_term:+.4f} +- {found.colour_term_sigma:.4f} per "
                 f"mag of {' - '.join(one.colour_bands)} about {found.colour_0:.2f}")
    if len(found.place):
        text += f", place {' '.join(f'{value:+.4f}' for value in found.place)}"
    text += (f"; {found.n_stars} of {np.isfinite(found.residual).sum()} stars scatter by "
             f"{found.scatter:.4f} mag beyond their errors; at the colour of the lens "
             f"{one.at_lens[0]:.4f} +- {one.at_lens[1]:.4f}")
    return text + (f" ({band.source})" if band.source else "")


def lines(sets):
    """Return one line per star of the fit of each set."""
    return [{"set": one.set_name, "star": name, "catalogue": catalogue, "instrumental": mag,
             "colour": colour, "residual": residual, "used": used}
            for one in sets for name, catalogue, mag, colour, residual, used in zip(
                one.stars, one.magnitudes.mag.tolist(), one.mag.tolist(), one.colour.tolist(),
                one.found.residual.tolist(), one.found.used.tolist(), strict=True)]


def drawn(one):
    """Return what a page of zero points draws of a set."""
    return {"name": one.set_name, "colour": one.colour, "mag": one.magnitudes.mag,
            "x": one.place[:, 0], "y": one.place[:, 1], "residual": one.found.residual,
            "sigma": np.hypot(one.sigma, one.magnitudes.sigma), "used": one.found.used}
