"""Fluxes of another program's source lists, star by star and image by image."""

from typing import NamedTuple

from cosmouline.crossmatch import Plane, match
from cosmouline.errors import UserError
from cosmouline.io_source_lists import read_folder

import numpy as np


class Photometry(NamedTuple):
    """Fluxes of M stars in N images.

    Parameters
    ----------
    images, stars : list of str
    places : ndarray of float, shape (M, 2), or None
        RA and Dec in degrees, or x and y in pixels.
    flux, sigma : ndarray of float, shape (N, M)
        NaN where a star was not measured.
    """

    images: list
    stars: list
    places: np.ndarray | None
    flux: np.ndarray
    sigma: np.ndarray


def gather(folder, pattern, columns, tolerance, least):
    """Return the `Photometry` of a folder of source lists.

    Parameters
    ----------
    folder, pattern, columns
        As of `io_source_lists.read_folder`.
    tolerance : float
        Arcsec, or pixels for lists without RA and Dec, which must then be aligned.
    least : float
        Part of the images in which a star must be found.

    Raises
    ------
    UserError
        If no star is in so many of them.
    """
    lists = read_folder(folder, pattern, columns)
    places = [one.xy for one in lists]
    plane = None
    if lists[0].is_sky:
        plane = Plane(*np.median(max(places, key=len), axis=0))
        places = [plane.to(xy) for xy in places]
    found = match(places, [one.flux for one in lists], [one.sigma for one in lists], tolerance,
                  least)
    if not len(found.xy):
        raise UserError(f"no star is in {100 * least:g} % of the {len(lists)} lists of {folder}. "
                        "Is --tolerance right, and are the lists of one field?")
    return Photometry([one.name for one in lists], [f"s{i + 1}" for i in range(len(found.xy))],
                      plane.back(found.xy) if plane else found.xy, found.flux, found.sigma)
