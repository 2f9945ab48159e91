"""Rows of CCDs and tiles, their pixels and their world coordinates."""

import hashlib
import json
import logging
import warnings
from pathlib import Path
from typing import NamedTuple

from cosmouline import library
from cosmouline.database import paths
from cosmouline.database.database import has
from cosmouline.database.fields import producer
from cosmouline.errors import ImageRejected, UserError, one_line
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_cards import native

import numpy as np

log = logging.getLogger("cosmouline")
fits, astropy_wcs = library("astropy.io.fits"), library("astropy.wcs")

EXPOSURES, TILES = "exposures", "tiles"  # the set_name of a row
PLANES = ("weights", "flags"), ("tile_weights", "tile_flags")
WCS_CARDS = ("CTYPE", "CUNIT", "CRVAL", "CRPIX", "CD", "PC", "CDELT", "PV", "A_", "B_", "AP_",
             "BP_", "EQUINOX", "RADESYS", "LONPOLE", "LATPOLE")


class Ccd(NamedTuple):
    """Pixels of a CCD or tile: image, weight (0: no data) and flags, each of shape (ny, nx)."""

    image: np.ndarray
    weight: np.ndarray
    flags: np.ndarray


def register(settings, db):
    """Register every CCD of every exposure, and the tiles; return all rows.

    Raises
    ------
    UserError
        If the folder of shape_images does not exist, or holds no exposure.
    """
    where = settings.shape_images
    folder = Path(where["dir"])
    if not where["dir"] or not folder.is_dir():
        raise UserError(f"shape_images: there is no folder '{where['dir']}' (dir).")
    n_new = 0
    for kind in (EXPOSURES, TILES):
        pattern = where[kind]
        files = sorted(folder.glob(pattern)) if pattern else []
        if not files:
            raise UserError(f"shape_images: no file {pattern} in {folder} ({kind}).")
        before, _, after = pattern.rpartition("/")[2].partition("*")
        for path in files:
            stem = path.name.removeprefix(before).removesuffix(after)
            try:
                with fits.open(path) as hdus:
                    images = [i for i, hdu in enumerate(hdus) if hdu.is_image and
                              hdu.header["NAXIS"] == 2]
            except OSError as error:
                log.warning("%s cannot be read and is passed over: %s", path,
                            one_line(str(error)))
                continue
            if not images:
                raise UserError(f"{path} holds no image.")
            for number, extension in enumerate(images):
                name = f"{stem}-{number}" if kind == EXPOSURES else f"tile-{stem}"
                raw = f"{path}[{extension}] {path.stat().st_mtime_ns}"
                row = db.rows.get(name)
                if row is None or row.get("raw_path") != str(path):
                    db.update(name, {
                        "set_name": kind, "raw_path": str(path), "raw_name": stem,
                        "gogogo": True, "treatme": True, "testlist": False, "updating": False})
                    n_new += 1
                elif row.get("ccd_origin", raw) != raw:
                    log.info("%s: the file has changed: it is cut again", name)
                    db.update(name, {"ran__fac_shapes/1a_split_exposures": None})
    log.info("%d CCDs and tiles, %d of them new", len(db.rows), n_new)
    return db.select()


def rows(db, settings, kind, needs=()):
    """Return the rows in use of one kind that have what is needed, in order of name.

    Raises UserError if none is left; the message names the script to run.
    """
    those = [row for row in db.to_treat(settings) if row["set_name"] == kind]
    for field in needs:
        lacking = [row for row in those if not has(row, field)]
        if lacking and len(lacking) < len(those):
            log.warning("%d of %d %s have no '%s' (first: %s): passed over", len(lacking),
                        len(those), kind, field, lacking[0]["img_name"])
        elif lacking:
            raise UserError(f"no one of {len(those)} {kind} has '{field}'. Run "
                            f"{producer(field)}.py first.")
        those = [row for row in those if has(row, field)]
    if not those:
        raise UserError(f"none of the {kind} is in use.")
    return those


def of_script(images, script):
    """Return the rows that a script of fac_shapes treats: 3 the exposures, 4 and later the tiles.

    1 and 2 treat both.
    """
    number = script.rpartition("/")[2][0]
    kinds = {"3": (EXPOSURES,)}.get(number, (TILES,) if number > "3" else (EXPOSURES, TILES))
    return [row for row in images if row["set_name"] in kinds]


def again_if_changed(db, script, images, field, values):
    """Let a script run again on rows whose `field` is not what it would be now.

    For what is made from other rows: `values` gives a hash of them by name.
    """
    for image in images:
        name = image["img_name"]
        if field in image and image[field] != values[name]:
            db.update(name, {f"ran__{script}": None})


def digest_of_overlap(tile, ccds, field):
    """Return a hash of a text field of the CCDs that overlap a tile."""
    texts = [row[field] for row in ccds if tile["img_name"] in row["ccd_tiles"].split()]
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:12]


def seed_of(name):
    """Return a seed for the draws of a CCD or tile: the same on every engine, in any order."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")


def cut(image, settings):
    """Write one CCD with its weight and flags; return its fields.

    Raises ImageRejected where the three do not fit together.
    """
    path, where = Path(image["raw_path"]), settings.shape_images
    is_tile = image["set_name"] == TILES
    number = 0 if is_tile else int(image["img_name"].rpartition("-")[2])
    planes = []
    for pattern in ("", *(where[key] for key in PLANES[is_tile])):
        file = path if not planes else Path(where["dir"]) / pattern.replace(
            "*", image["raw_name"])
        if planes and not pattern:
            planes.append(np.zeros(planes[0].shape, np.int16))
            continue
        try:
            with fits.open(file) as hdus:
                found = [i for i, hdu in enumerate(hdus) if hdu.is_image
                         and hdu.header["NAXIS"] == 2]
                data = native(hdus[found[number]].data)
                if not planes:
                    header, extension = hdus[found[number]].header.copy(), found[number]
        except (OSError, IndexError, TypeError) as error:
            raise ImageRejected(f"{file.name}, image {number}: cannot be read: {error}"
                                ) from error
        if planes and data.shape != planes[0].shape:
            raise ImageRejected(f"{file.name} has {data.shape}, {path.name} {planes[0].shape} "
                                "pixels: they are of different CCDs")
        planes.append(data)
    hdus = [fits.PrimaryHDU(planes[0].astype(np.float32), header),
            fits.ImageHDU(planes[1].astype(np.float32), name="WEIGHT"),
            fits.ImageHDU(planes[2].astype(np.int16), name="FLAG")]
    out = paths.shapes(settings, "ccds", f"{image['img_name']}.fits")
    with atomic_path(out) as temporary:
        fits.HDUList(hdus).writeto(temporary)
    return {"ccd_exposure": image["raw_name"], "ccd_number": number,
            "ccd_nx_px": planes[0].shape[1], "ccd_ny_px": planes[0].shape[0],
            "ccd_origin": f"{path}[{extension}] {path.stat().st_mtime_ns}"}


def read(image, settings):
    """Read the `Ccd` of a row; weights below 0 and NaN become 0, and so do pixels that are NaN."""
    path = paths.shapes(settings, "ccds", f"{image['img_name']}.fits")
    with fits.open(path, memmap=False) as hdus:
        data, weight, flags = (native(hdus[k].data) for k in (0, "WEIGHT", "FLAG"))
    is_bad = ~np.isfinite(data) | ~(weight > 0)
    return Ccd(np.where(np.isfinite(data), data, np.float32(0)),
               np.where(is_bad, np.float32(0), weight), flags)


def header(image, settings):
    """Return the header of a row."""
    return fits.getheader(paths.shapes(settings, "ccds", f"{image['img_name']}.fits"))


def wcs_text(cards):
    """Return the cards of world coordinates of a header as JSON."""
    return json.dumps({key: value for key, value in cards.items() if key.startswith(WCS_CARDS)},
                      sort_keys=True)


def wcs(image):
    """Return the world coordinates of a row (astropy WCS: TAN, TPV or SIP)."""
    cards = fits.Header()
    for key, value in json.loads(image["ccd_wcs"]).items():
        cards[key] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", astropy_wcs.FITSFixedWarning)
        return astropy_wcs.WCS(cards)


def pixels_on(image, sky_deg, margin_px=0.0):
    """Return pixels (n, 2) from 0 of RA and Dec (n, 2), NaN for those that are not on a CCD.

    Only positions near the CCD are converted: far away a distortion has no inverse.
    """
    world, xy = wcs(image), np.full(np.shape(sky_deg), np.nan)
    half = np.hypot(image["ccd_nx_px"], image["ccd_ny_px"]) / 2 + margin_px
    dec = np.radians(image["ccd_dec_deg"])
    east = (np.asarray(sky_deg)[:, 0] - image["ccd_ra_deg"] + 180) % 360 - 180
    away = np.hypot(east * np.cos(dec), np.asarray(sky_deg)[:, 1] - image["ccd_dec_deg"])
    near = away < 1.02 * half * image["ccd_scale_arcsec"] / 3600
    if near.any():
        xy[near] = np.column_stack(world.all_world2pix(*np.asarray(sky_deg)[near].T, 0,
                                                       quiet=True))
    size = np.array([image["ccd_nx_px"], image["ccd_ny_px"]])
    outside = ((xy < -0.5 - margin_px) | (xy > size - 0.5 + margin_px)).any(1)
    xy[outside] = np.nan
    return xy
