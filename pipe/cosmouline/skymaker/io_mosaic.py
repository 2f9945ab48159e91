"""A mosaic on the disk: multi-extension exposures, a tile, a star catalogue, and the truth."""

import logging

from cosmouline import library
from cosmouline.files.atomic import atomic_path
from cosmouline.skymaker import mosaic as model

import numpy as np

fits, astropy_table = library("astropy.io.fits"), library("astropy.table")
log = logging.getLogger("cosmouline")


def draw_mosaic(mosaic, folder):
    """Draw all exposures and the tile into a folder.

    Writes exposures/image-<exposure>.fits, weight-, flag- with one extension per CCD,
    tiles/image-<tile>.fits and weight-, catalogue.ecsv, truth.ecsv.
    """
    ccds, tile = model.chips(mosaic)
    found = model.objects(mosaic)
    rng = np.random.default_rng([mosaic.seed, 3])
    for exposure in sorted({chip.exposure for chip in ccds}):
        planes = {"image": [], "weight": [], "flag": []}
        for chip in (one for one in ccds if one.exposure == exposure):
            light = model.expected(mosaic, chip, found, [chip])
            for kind, data in zip(planes, model.exposed(mosaic, chip, light, rng), strict=True):
                planes[kind].append((data, chip))
        for kind, those in planes.items():
            hdus = [fits.PrimaryHDU()] + [fits.ImageHDU(data, _header(chip)) for data, chip
                                          in those]
            _write(folder / "exposures" / f"{kind}-{exposure}.fits", hdus)
        log.info("exposure %d: %d CCDs", exposure, len(planes["image"]))
    light = model.expected(mosaic, tile, found, ccds)
    for kind, data in zip(("image", "weight"), model.tiled(mosaic, light, rng), strict=True):
        _write(folder / "tiles" / f"{kind}-{tile.name}.fits",
               [fits.PrimaryHDU(data, _header(tile))])
    # the catalogue of the stars, as from the network; one has no magnitude
    stars = found[found["kind"] == "star"]
    mag = np.where(stars["has_mag"], stars["mag"], np.nan)
    _write_table(folder / "catalogue.ecsv", {
        "ra_deg": stars["ra_deg"], "dec_deg": stars["dec_deg"], "mag_r": mag})
    _write_table(folder / "truth.ecsv", {name: found[name] for name in found.dtype.names} | {
        "g1": np.where(found["kind"] == "galaxy", mosaic.g1, 0.0),
        "g2": np.where(found["kind"] == "galaxy", mosaic.g2, 0.0)})
    log.info("tile %s: %d stars, %d galaxies in %s", tile.name, len(stars),
             len(found) - len(stars), folder)


def _header(chip):
    """Return the header of an image."""
    header = fits.Header()
    header.update(chip.cards)
    header["GAIN"], header["SATURATE"] = 1.0, model.SATURATION
    header["PHOTZP"], header["FILTER"] = model.ZERO_POINT_MAG, "r"
    return header


def _write(path, hdus):
    """Write a FITS file, complete or not at all."""
    with atomic_path(path) as temporary:
        fits.HDUList(hdus).writeto(temporary)


def _write_table(path, columns):
    """Write an ECSV table."""
    with atomic_path(path) as temporary:
        astropy_table.Table(columns).write(temporary, format="ascii.ecsv", overwrite=True)
