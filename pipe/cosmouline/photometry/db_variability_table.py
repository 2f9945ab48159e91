"""The table of the stars of a field, the most variable first."""

from cosmouline.database.columns import family, members, texts
from cosmouline.photometry import variability
from cosmouline.sources.io_external_lists import Photometry

COLUMNS = ("star", "place", "images", "mag", "scatter", "error", "excess", "chi2", "amplitude",
           "varies")
FORMATS = dict.fromkeys(("mag", "scatter", "error", "excess", "amplitude"), ".4f") | {
    "chi2": ".2f"}
STAR_FIELDS = {
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
IMAGE_FIELDS = {
    "image": (str, "", "name"),
    "coeff": (float, "1", "flux x coeff is on the scale of the median image"),
    "coeff_sigma": (float, "1", "its error"),
}


def ours(rows, psf):
    """Return the photometry of our own stars: with a PSF, by its name; in apertures for None."""
    prefix = "aper_{}_e__" if psf is None else f"star_{{}}_e__{psf}__"
    flux, sigma = (prefix.format(what) + "{star}" for what in ("flux", "sigma"))
    names = members(rows, flux)
    return Photometry(texts(rows, "img_name"), names, None, family(rows, flux, names),
                      family(rows, sigma, names))


def stars(photometry, found):
    """Return one line per star, the most variable first.

    Parameters
    ----------
    photometry : outside_lists.Photometry
    found : variability.Variability
    """
    columns = (found.n, found.mag, found.scatter, found.error, found.excess, found.chi2,
               found.amplitude, found.is_variable)
    lines = []
    for k in variability.ranking(found):
        place = ("" if photometry.places is None
                 else "{:.5f} {:.5f}".format(*photometry.places[k]))
        values = (photometry.stars[k], place, *(column[k].item() for column in columns))
        lines.append({name: value for name, value in zip(COLUMNS, values, strict=True)
                      if value == value and value != ""})
    return lines


def images(photometry, found):
    """Return one line per image that has a coefficient."""
    return [{"image": name, "coeff": coeff, "coeff_sigma": sigma}
            for name, coeff, sigma in zip(photometry.images, found.coeff.tolist(),
                                          found.coeff_sigma.tolist(), strict=True)
            if coeff == coeff]
