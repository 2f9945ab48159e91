"""Tables of coefficients by set, of variable stars, and of the zero points of images."""

from cosmouline.database.columns import column, family, members, texts
from cosmouline.files import io_report
from cosmouline.frames import db_nights
from cosmouline.photometry import variability
from cosmouline.photometry.zero_points import zero_point
from cosmouline.robust import median_of_finite
from cosmouline.sources.io_external_lists import Photometry

import numpy as np

SET_FORMATS = {"median": ".4f", "lowest": ".4f", "highest": ".4f", "error_percent": ".2f",
               "stars": ".0f", "star": ".4f", "star_scatter_percent": ".2f"}
VARIABLE_FORMATS = dict.fromkeys(("mag", "scatter", "error", "excess", "amplitude"), ".4f") | {
    "chi2": ".2f"}
VARIABLE_FIELDS = {
    "star": (str, "", "name"),
    "place": (str, "", "RA and Dec in degrees, or x and y in pixels"),
    "images": (int, "1", "images in which it was measured"),
    "mag": (float, "mag", "median, -2.5 log10 flux at the scale of the median image"),
    "scatter": (float, "mag", "standard deviation"),
    "error": (float, "mag", "root mean square of its errors, those of the coefficients in them"),
    "excess": (float, "mag", "scatter beyond the errors"),
    "chi2": (float, "1", "chi2 per degree of freedom about its mean"),
    "amplitude": (float, "mag", "5 to 95 % range"),
    "varies": (bool, "", "left out of the coefficients"),
}
COEFFICIENT_FIELDS = {
    "image": (str, "", "name"),
    "coeff": (float, "1", "flux x coeff is on the scale of the median image"),
    "coeff_sigma": (float, "1", "its error"),
}
ZERO_POINT_FIELDS = {
    "img_name": (str, "", "image"), "mjd": (float, "d", "middle of the exposure, UTC"),
    "night": (int, "1", "number of the night, from 1"),
    "zero_point": (float, "mag", "magnitude of a star of one electron per second"),
    "zero_point_sigma": (float, "mag", "its error"),
    "night_zero_point": (float, "mag", "median of its night")}


def by_set(images, coeff, sigma, n_stars, star_flux=None):
    """Return a table of coefficients, one line for each set and telescope.

    Parameters
    ----------
    images : list of dict
        Rows of the database.
    coeff, sigma, n_stars : str
        Fields of the coefficient, its error, and the number of stars behind it.
    star_flux : str, optional
        Field of the flux of one star: its median normalised flux in each set, relative to that
        in the first line, is shown, and how it scatters.
    """
    rows, unit = [], None
    for group in sorted({(image["set_name"], image["telescope"]) for image in images}):
        own = [image for image in images if (image["set_name"], image["telescope"]) == group]
        values = column(own, coeff)
        row = {"set": group[0], "telescope": group[1], "images": len(own),
               "median": np.median(values), "lowest": values.min(), "highest": values.max(),
               "error_percent": 100 * np.nanmedian(column(own, sigma) / values),
               "stars": np.nanmedian(column(own, n_stars))}
        if star_flux is not None:
            row |= {"star": None, "star_scatter_percent": None}
            flux = values * column(own, star_flux)
            flux = flux[np.isfinite(flux)]
            if flux.size:
                # relative to the first set that has the star
                unit = unit or np.median(flux)
                row |= {"star": np.median(flux) / unit,
                        "star_scatter_percent": 100 * np.std(flux) / np.median(flux)}
        rows.append(row)
    return io_report.table(rows, rows[0], SET_FORMATS)


def star_photometry(rows, psf):
    """Return the photometry of our own stars: with a PSF, by its name; in apertures for None."""
    prefix = "aper_{}_e__" if psf is None else f"star_{{}}_e__{psf}__"
    flux, sigma = (prefix.format(what) + "{star}" for what in ("flux", "sigma"))
    names = members(rows, flux)
    return Photometry(texts(rows, "img_name"), names, None, family(rows, flux, names),
                      family(rows, sigma, names))


def variable_stars(photometry, found):
    """Return the lines of the stars of a `Photometry` with their `Variability`, largest first."""
    columns = (found.n, found.mag, found.scatter, found.error, found.excess, found.chi2,
               found.amplitude, found.is_variable)
    lines = []
    for k in variability.ranking(found):
        position = ("" if photometry.places is None
                    else "{:.5f} {:.5f}".format(*photometry.places[k]))
        values = (photometry.stars[k], position, *(column[k].item() for column in columns))
        lines.append({name: value for name, value in zip(VARIABLE_FIELDS, values, strict=True)
                      if value == value and value != ""})
    return lines


def coefficients(photometry, found):
    """Return one line per image of a `Photometry` that has a coefficient in a `Variability`."""
    return [{"image": name, "coeff": coeff, "coeff_sigma": sigma}
            for name, coeff, sigma in zip(photometry.images, found.coeff.tolist(),
                                          found.coeff_sigma.tolist(), strict=True)
            if coeff == coeff]


def zero_points(rows, found, renorm):
    """Return one line per image: its zero point for electrons per second.

    Parameters
    ----------
    rows : list of dict
        Images that have the coefficient.
    found : ZeroPoint
        Of the reference scale.
    renorm : str
        Name of the coefficient.
    """
    sigma = np.fmax(column(rows, f"renorm_abs_sigma__{renorm}"),  # NaN without draws of the PSF
                    column(rows, f"renorm_sigma__{renorm}"))
    values, sigma = zero_point.of_images(found, column(rows, f"renorm__{renorm}"), sigma,
                                         column(rows, "exptime_s"))
    lines = [{"img_name": name, "mjd": row.get("mjd"), "zero_point": value,
              "zero_point_sigma": error}
             for name, row, value, error in zip(texts(rows, "img_name"), rows, values, sigma,
                                                strict=True)]
    # the median of every night
    for number, group in enumerate(db_nights.grouped(rows, "night", None), 1):
        for i in group:
            lines[i] |= {"night": number, "night_zero_point": median_of_finite(values[group])}
    return lines
