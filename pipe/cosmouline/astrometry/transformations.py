"""Magnitudes of a catalogue in a band: as they stand there, or by published transformations."""

import functools
import re
from pathlib import Path
from typing import NamedTuple

from cosmouline.astrometry import catalogues

import numpy as np
import yaml

TABLE = Path(__file__).with_name("transformations.yaml")
VEGA = {"G", "BP", "RP", "U", "B", "V", "R", "I"}  # all other systems are AB
COLOURS = (("BP", "RP"), ("g_ps1", "r_ps1"), ("g_sdss", "r_sdss"), ("g_skymapper", "r_skymapper"),
           ("B", "V"), ("V", "R"), ("g", "r"))  # pairs of bands, the first that a catalogue has


class Magnitudes(NamedTuple):
    """Magnitudes of n stars in one band."""

    band: str
    system: str  # "Vega" or "AB"
    mag: np.ndarray  # NaN where a star has none, or its colour lies outside of the range
    sigma: np.ndarray
    source: str  # of the transformation; empty for the catalogue's own


@functools.cache
def table():
    """Return the transformations as a list of dict, see ``transformations.yaml``."""
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


def system_of(band):
    """Return "Vega" or "AB", the system of a band by its name."""
    return "Vega" if band in VEGA else "AB"


def colour_of(stars):
    """Return a colour of the stars of a catalogue, (n,), and its bands; NaN and None without."""
    for bands in COLOURS:
        if all(f"mag_{band}" in stars for band in bands):
            return stars[f"mag_{bands[0]}"] - stars[f"mag_{bands[1]}"], bands
    return np.full(catalogues.n_of(stars), np.nan), None


def in_band(stars, band):
    """Return the `Magnitudes` of a catalogue in a band; None where it has and gives none.

    The catalogue's own go before transformed ones; a transformed one has the scatter of the
    transformation in its error.
    """
    if f"mag_{band}" in stars:
        sigma = np.nan_to_num(catalogues.column(stars, f"magerr_{band}"))
        return Magnitudes(band, system_of(band), stars[f"mag_{band}"], sigma, "")
    for one in table():
        needed = {one["from"], *one["colour"]}
        if one["band"] != band or not all(f"mag_{name}" in stars for name in needed):
            continue
        first, second = (stars[f"mag_{name}"] for name in one["colour"])
        colour = first - second
        low, high = one["range"]
        inside = (colour >= low) & (colour <= high)
        step = np.polynomial.polynomial.polyval(colour, one["coefficients"])
        mag = np.where(inside, stars[f"mag_{one['from']}"] - step, np.nan)
        sigma = np.hypot(np.nan_to_num(catalogues.column(stars, f"magerr_{one['from']}")),
                         one["scatter"])
        return Magnitudes(band, one["system"], mag, sigma, one["source"])
    return None


def bands_given(stars):
    """Return all bands in which a catalogue has or gives magnitudes."""
    own = catalogues.bands_of(stars)
    return own + sorted({one["band"] for one in table() if one["band"] not in own
                         and in_band(stars, one["band"]) is not None})


def nearest_band(stars, filter_name):
    """Return the band of a catalogue that is nearest to a filter by its name, else G, or its best.

    ``r``, ``r'``, ``rp`` and ``SDSS-r`` are r of Pan-STARRS, SDSS or SkyMapper; ``R`` and ``Rc``
    are that of Cousins.
    """
    given = bands_given(stars)
    word = re.sub(r"(?i)^(sdss|bessell?|johnson|cousins|ps1|panstarrs)[ _.-]*", "",
                  (filter_name or "").strip())
    letter = re.fullmatch(r"([A-Za-z])(c|'|p|_?(?:sdss|special)?[ _0-9]*)", word)
    if letter:
        name = letter[1]
        for band in (filter_name, name, *(f"{name}_{kind}" for kind in (
                "ps1", "sdss", "skymapper"))):
            if band in given:
                return band
    return next((band for band in ("G", *given) if band in given), None)
