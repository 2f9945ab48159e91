"""The headers of all CCDs and tiles, merged into the rows and checked."""

import logging

from cosmouline import library
from cosmouline.astrometry.tangent import scale_and_north, sky_of
from cosmouline.errors import ImageRejected, one_line
from cosmouline.images.ccds import db_ccds

import numpy as np

log = logging.getLogger("cosmouline")
astropy_wcs = library("astropy.wcs")

LARGEST_WCS_ERROR_PX = 1e-3  # from a pixel to the sky and back
WCS_GRID = 5  # points per side that are tried


def merged(image, settings):
    """Return the fields of one header, without the tiles; ImageRejected where it lacks some."""
    cards = db_ccds.header(image, settings)
    found = {"ccd_wcs": db_ccds.wcs_text(cards)}
    shape = image["ccd_ny_px"], image["ccd_nx_px"]
    try:
        world = db_ccds.wcs(found)
        if not world.has_celestial:
            raise ImageRejected("the header has no world coordinates (CTYPE1)")
        # every pixel must come back: a wrong distortion has no inverse
        grid = np.stack(np.meshgrid(*(np.linspace(0, n - 1, WCS_GRID) for n in shape[::-1])),
                        -1).reshape(-1, 2)
        back = np.column_stack(world.all_world2pix(*sky_of(world, grid).T, 0))
    except (ValueError, astropy_wcs.NoConvergence, astropy_wcs.SingularMatrixError) as error:
        raise ImageRejected(f"its world coordinates cannot be used: {one_line(str(error))}"
                            ) from error
    error_px = float(np.abs(back - grid).max())
    if not error_px < LARGEST_WCS_ERROR_PX:
        raise ImageRejected(f"its world coordinates are off by {error_px:.3g} px from a pixel to "
                            f"the sky and back (limit {LARGEST_WCS_ERROR_PX:g})")
    middle = (np.array(shape[::-1]) - 1) / 2
    ra_deg, dec_deg = sky_of(world, middle[None])[0]
    found |= {"ccd_wcs_error_px": error_px, "ccd_ra_deg": float(ra_deg),
              "ccd_dec_deg": float(dec_deg),
              "ccd_scale_arcsec": scale_and_north(world, middle)[0]}
    for field, key, card in (("ccd_zero_point_mag", "zero_point_mag", "PHOTZP"),
                             ("ccd_gain_e_per_adu", "gain_e_per_adu", "GAIN")):
        value = settings.shape_images[key]
        value = cards.get(card) if value is None else value
        if not isinstance(value, int | float):
            raise ImageRejected(f"the header has no {card}: give shape_images a {key}")
        if not np.isfinite(value) or (card == "GAIN" and value <= 0):
            raise ImageRejected(f"{card} = {value:g}: give shape_images a {key}")
        found[field] = float(value)
    if isinstance(cards.get("SATURATE"), int | float):
        found["ccd_saturation_adu"] = float(cards["SATURATE"])
    return found


def overlaps(found, images):
    """Return the names of the tiles that each CCD overlaps, by name, from the fields of all.

    A CCD overlaps a tile where one of its pixels of a grid falls on it.
    """
    whole = {row["img_name"]: row | found[row["img_name"]] for row in images
             if row["img_name"] in found}
    tiles = [row for row in whole.values() if row["set_name"] == db_ccds.TILES]
    names = {}
    for name, row in whole.items():
        edges = (np.linspace(0, row[side] - 1, 2 * WCS_GRID)
                 for side in ("ccd_nx_px", "ccd_ny_px"))
        grid = np.stack(np.meshgrid(*edges), -1).reshape(-1, 2)
        sky = sky_of(db_ccds.wcs(row), grid)
        names[name] = " ".join(tile["img_name"] for tile in tiles if np.isfinite(
            db_ccds.pixels_on(tile, sky)).any())
    return names


def merge(images, settings, reject):
    """Return the fields of all rows by name; ``reject(name, why)`` is called for a bad one."""
    found = {}
    for image in images:
        try:
            found[image["img_name"]] = merged(image, settings)
        except ImageRejected as problem:
            log.warning("%s rejected: %s", image["img_name"], problem)
            reject(image["img_name"], str(problem))
    for name, tiles in overlaps(found, images).items():
        found[name]["ccd_tiles"] = tiles
    alone = [name for name, values in found.items() if not values["ccd_tiles"]]
    log.info("%d headers; world coordinates come back to %.1e px at worst; %d CCDs on no tile%s",
             len(found), max((v["ccd_wcs_error_px"] for v in found.values()), default=0),
             len(alone), f" (first: {alone[0]})" if alone else "")
    return found
