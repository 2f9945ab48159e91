"""The page of the photometry of the field: a picture in colour, the stacks, all sources."""

import re

from cosmouline import __version__
from cosmouline.files import io_html
from cosmouline.files.io_html import escape
from cosmouline.images.db_photom_stacks import read_flat
from cosmouline.plots.survey.field_photometry import lupton_rgb, pixel_sigma

import numpy as np

# Filters from blue to red; others stand in the order of their names before these
WAVELENGTHS = "u", "U", "g", "B", "V", "G", "r", "R", "i", "I", "z", "y", "Y", "J", "H", "K"
CIRCLE_FWHM, CIRCLE_SIZES = 2.0, 4.0  # radius of a mark: of a faint source, of one that is wide


def blue_to_red(filters):
    """Return names of filters by their wavelengths, as a letter in them tells: r, rp, SDSS-r."""
    def place(name):
        words = re.findall("[A-Za-z]+", name)
        letter = next((word[0] for word in words if len(word) < 3 and word[0] in WAVELENGTHS), "")
        return (WAVELENGTHS.index(letter) if letter else -1, name)

    return sorted(filters, key=place)


def colour_picture(stacks):
    """Return the picture in colour (ny, nx, 3) of stacks, a dict of filter to path.

    The reddest, the middle and the bluest of three and more filters; of two the mean between
    them; grey of one.
    """
    names = blue_to_red(stacks)
    images = {name: read_flat(stacks[name]).image
              for name in {names[0], names[len(names) // 2], names[-1]}}
    sigmas = {name: pixel_sigma(image) for name, image in images.items()}
    blue, red = names[0], names[-1]
    middle = names[len(names) // 2]
    if len(names) == 2:
        mean = (images[blue] / sigmas[blue] + images[red] / sigmas[red]) / 2
        return lupton_rgb(images[red], mean, images[blue], (sigmas[red], 1.0, sigmas[blue]))
    return lupton_rgb(*(images[name] for name in (red, middle, blue)),
                      tuple(sigmas[name] for name in (red, middle, blue)))


def measured_of(rows, stack, noise):
    """Return what `plots.field_photometry.measured_page` draws of a filter, from the tables."""
    name = stack["filter"]

    def values(table, field):
        return np.array([row.get(field, np.nan) for row in table], float)

    return {"name": name, "fwhm_px": stack["fwhm_px"], "psf_factor": stack["psf_noise"]} | {
        field: values(noise, field) for field in ("radius_px", "factor", "factor_sigma")} | {
        key: values(rows, f"{field}_{name}") for key, field in (
            ("mag", "mag_psf"), ("magerr", "magerr_psf"), ("chi2", "chi2_psf"),
            ("catalogue_mag", "catalogue_mag"))}


def stack_lines(stacks):
    """Return the lines of the table of stacks, from rows of stacks.ecsv."""
    def number(one, key, form):
        return format(one[key], form) if key in one else "-"

    lines = []
    for one in stacks:
        zero = (f"{one['zero_point_mag']:.2f} ± {one['zero_point_sigma_mag']:.3f} {one['band']} "
                f"({one['system']})" if "band" in one else "instrumental")
        check = (f"{one['catalogue_offset_mag']:+.4f} ± {one['catalogue_offset_sigma_mag']:.4f} "
                 f"({one['n_catalogue_stars']} stars)" if "catalogue_offset_mag" in one else "-")
        lines.append((escape(one["filter"]), one["n_images"], number(one, "exptime_s", ".0f"),
                      number(one, "seeing_arcsec", ".2f"), number(one, "airmass", ".2f"),
                      escape(zero), check, number(one, "limit_mag", ".2f"),
                      number(one, "psf_noise", ".2f")))
    return lines


def columns_shown(filters, apertures):
    """Return label, field, decimals and meaning of the columns of the page."""
    first = [("number", "number", None, "brightest first"), ("RA", "ra_deg", 6, "degrees"),
             ("Dec", "dec_deg", 6, "degrees"), ("x", "x_px", 2, "pixels from 0"),
             ("y", "y_px", 2, "pixels from 0")]
    for name in filters:
        first += [(f"mag {name}", f"mag_psf_{name}", 3, "by the PSF"),
                  ("±", f"magerr_psf_{name}", 3, "its error"),
                  (f"chi2 {name}", f"chi2_psf_{name}", 1, "under the PSF: galaxies are above 1")]
        first += [(f"{aperture} {name}", f"mag_{aperture}_{name}", 3, "in this aperture")
                  for aperture in apertures]
    return [*first, ("flags", "flags", None, "2 blended, 4 saturated, 8 edge"),
            ("catalogue", "catalogue_name", None, "name of the star there"),
            ("note", "note", None, "what is special")]


def html(rows, stacks, apertures, picture, checks, shape, title):
    """Return the text of the page.

    Parameters
    ----------
    rows : list of dict
        Of photom.ecsv.
    stacks : list of dict
        Of stacks.ecsv, from blue to red.
    apertures : list of str
    picture, checks : tuple of str
        Paths of two pictures, relative to the page.
    shape : (ny, nx)
        Of the stacks.
    title : str
    """
    filters = [one["filter"] for one in stacks]
    shown = columns_shown(filters, apertures)
    fwhm_px = min(one["fwhm_px"] for one in stacks)
    circles = [[row["number"], round(row["x_px"] + 0.5, 2), round(shape[0] - row["y_px"] - 0.5, 2),
                round(max(CIRCLE_FWHM * fwhm_px, CIRCLE_SIZES * row["a_px"]), 2), "note" in row]
               for row in rows]
    notes = [f"source {row['number']}: {row['note']}" for row in rows if "note" in row]
    data = {"columns": [{"label": label, "decimals": decimals, "title": meaning}
                        for label, _, decimals, meaning in shown],
            "rows": [[row.get(field) for _, field, *_ in shown] for row in rows],
            "circles": circles}
    return io_html.fill(
        io_html.asset("photom.html"), title=escape(title), style=io_html.asset("style.css"),
        summary=escape(f"{len(rows)} sources in {', '.join(filters)}"),
        picture=io_html.url(*picture), checks=io_html.url(*checks), nx=shape[1], ny=shape[0],
        stacks=io_html.table_rows(stack_lines(stacks)),
        notes=io_html.list_items(escape(note) for note in notes),
        data=io_html.script_data(data), script=io_html.asset("photom.js"),
        version=escape(__version__))
