"""Coefficients of images, summed up for every set and telescope."""

from cosmouline.database.columns import column
from cosmouline.files import io_report

import numpy as np

FORMATS = {"median": ".4f", "lowest": ".4f", "highest": ".4f", "error_percent": ".2f",
           "stars": ".0f"}


def by_set(images, coeff, sigma, n_stars, star_flux=None):
    """Return a table, one line for each set and telescope.

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
    groups = sorted({(image["set_name"], image["telescope"]) for image in images})
    rows = [_row(images, group, coeff, sigma, n_stars) for group in groups]
    if star_flux is not None:
        _add_star(rows, groups, images, coeff, star_flux)
    return io_report.table(rows, rows[0], FORMATS | {"star": ".4f", "star_scatter_percent": ".2f"})


def _members(images, group):
    return [image for image in images if (image["set_name"], image["telescope"]) == group]


def _row(images, group, coeff, sigma, n_stars):
    own = _members(images, group)
    values = column(own, coeff)
    return {"set": group[0], "telescope": group[1], "images": len(own),
            "median": np.median(values), "lowest": values.min(), "highest": values.max(),
            "error_percent": 100 * np.nanmedian(column(own, sigma) / values),
            "stars": np.nanmedian(column(own, n_stars))}


def _add_star(rows, groups, images, coeff, star_flux):
    """Add the normalised flux of one star in every set."""
    unit = None
    for row, group in zip(rows, groups, strict=True):
        own = _members(images, group)
        flux = column(own, coeff) * column(own, star_flux)
        flux = flux[np.isfinite(flux)]
        if not flux.size:
            continue
        unit = unit or np.median(flux)
        row |= {"star": np.median(flux) / unit,
                "star_scatter_percent": 100 * np.std(flux) / np.median(flux)}
    for row in rows:
        row.setdefault("star", None)
        row.setdefault("star_scatter_percent", None)
