"""Objects of the CCDs and tiles of the database, and the epochs of each."""

import logging

from cosmouline import library
from cosmouline.astrometry.tangent import sky_of
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.images.ccds import db_ccds, db_masks
from cosmouline.sources.ccds.detect_weighted import detect_weighted

import numpy as np

fits, spatial = library("astropy.io.fits"), library("scipy.spatial")
log = logging.getLogger("cosmouline")

STAR_MATCH_PX = 5.0  # of objects and catalogue stars, to see whether the coordinates are right
MATCHED_LEAST, OFFSET_LARGE_PX = 5, 1.0
ZERO_POINT_SNR, ZERO_POINT_WITHIN_MAG = 20.0, 0.1  # of objects that are on a CCD and on the tile


def options_of(image, settings):
    """Return the options of `detect_weighted` for exposures or the tile."""
    chosen = settings.shape_detection
    first = "tile_" if image["set_name"] == db_ccds.TILES else ""
    return {key: chosen[first + key] for key in ("sigma", "min_area_px", "deblend", "sky_box_px")}


def path_of(image, settings):
    """Return the path of the objects of a CCD or tile."""
    return paths.shapes(settings, "objects", f"{image['img_name']}.fits")


def objects(image, settings):
    """Return the columns of the objects of a CCD or tile."""
    path = path_of(image, settings)
    if not path.is_file():
        raise UserError(f"there is no {path}. Run fac_shapes/3a or 4a.")
    return read_table(path, "OBJECTS")


def detected(image, settings):
    """Find the objects of a row; return columns, segments, and fields of the database."""
    ccd, options = db_ccds.read(image, settings), options_of(image, settings)
    columns, segments, sky, sigma = detect_weighted(
        ccd.image, ccd.weight, db_masks.read(image, settings), options,
        image["ccd_zero_point_mag"], image["ccd_gain_e_per_adu"],
        image.get("ccd_saturation_adu", np.inf))
    xy = np.column_stack([columns["XWIN_IMAGE"], columns["YWIN_IMAGE"]]) - 1
    world = sky_of(db_ccds.wcs(image), xy)
    columns["XWIN_WORLD"], columns["YWIN_WORLD"] = world.T
    found = {"n_objects": len(xy), "sky_adu": sky, "sky_sigma_adu": sigma}
    # the coordinates against something independent: the stars of the catalogue
    stars = read_ecsv_columns(paths.shapes(settings, "stars", f"{image['img_name']}.ecsv"))
    if len(stars["x_px"]):
        known = np.column_stack([stars["x_px"], stars["y_px"]])
        away, which = spatial.cKDTree(xy).query(known, distance_upper_bound=STAR_MATCH_PX)
        near = np.isfinite(away)
        if near.sum() >= MATCHED_LEAST:
            offset = np.median(xy[which[near]] - known[near], axis=0)
            found["offset_px"] = float(np.hypot(*offset))
    return columns, segments, found


def detect_exposure(image, settings):
    """Write the objects of a CCD; return its fields."""
    columns, _, found = detected(image, settings)
    write_tables(path_of(image, settings), {"OBJECTS": columns})
    return {"n_ccd_objects": found["n_objects"], "ccd_sky_adu": found["sky_adu"],
            "ccd_sky_sigma_adu": found["sky_sigma_adu"], "ccd_offset_px": found.get("offset_px")}


def detect_tile(image, settings, ccds):
    """Write the objects of a tile, their epochs and its segments; return its fields.

    An epoch is a CCD (a row of `ccds`) on one of whose pixels the object lies. The table EPOCHS
    has NUMBER of the object, CCD, and its position x_px, y_px there, from 0.
    """
    columns, segments, found = detected(image, settings)
    sky = np.column_stack([columns["XWIN_WORLD"], columns["YWIN_WORLD"]])
    numbers, names, places = [], [], []
    for ccd in ccds:
        if image["img_name"] not in ccd["ccd_tiles"].split():
            continue
        xy = db_ccds.pixels_on(ccd, sky)
        on = np.flatnonzero(np.isfinite(xy[:, 0]))
        numbers.append(columns["NUMBER"][on])
        names.append(np.full(on.size, ccd["img_name"]))
        places.append(xy[on])
    if not numbers:
        raise UserError(f"{image['img_name']}: no exposure overlaps it.")
    numbers, places = np.concatenate(numbers), np.concatenate(places)
    columns["N_EPOCH"] = np.bincount(numbers, minlength=len(sky) + 1)[1:].astype(np.int32)
    epochs = {"NUMBER": numbers, "CCD": np.concatenate(names), "x_px": places[:, 0],
              "y_px": places[:, 1]}
    write_tables(path_of(image, settings), {"OBJECTS": columns, "EPOCHS": epochs})
    path = segments_path(image, settings)
    with atomic_path(path) as temporary:
        fits.PrimaryHDU(segments).writeto(temporary)
    return {"n_tile_objects": found["n_objects"], "tile_sky_sigma_adu": found["sky_sigma_adu"],
            "tile_offset_px": found.get("offset_px"),
            "tile_mean_epochs": float(columns["N_EPOCH"].mean()),
            "tile_headers": db_ccds.digest_of_overlap(image, ccds, "ccd_wcs")}


def report_zero_points(tiles, ccds, settings):
    """Warn of CCDs whose objects are brighter or fainter than the same ones on the tiles."""
    away, by_name = {}, {ccd["img_name"]: ccd for ccd in ccds}
    for tile in tiles:
        if not path_of(tile, settings).is_file():
            continue
        on_tile, places = objects(tile, settings), epochs(tile, settings)
        row_of = np.zeros(int(on_tile["NUMBER"].max(initial=0)) + 1, int)
        row_of[on_tile["NUMBER"]] = np.arange(len(on_tile["NUMBER"]))
        for name in np.unique(places["CCD"]):
            here, own = places["CCD"] == name, objects(by_name[name], settings)
            tree = spatial.cKDTree(np.column_stack([own["XWIN_IMAGE"], own["YWIN_IMAGE"]]) - 1)
            apart, which = tree.query(np.column_stack([places["x_px"], places["y_px"]])[here],
                                      distance_upper_bound=OFFSET_LARGE_PX)
            near, rows = np.isfinite(apart), row_of[places["NUMBER"][here]]
            mag = own["MAG_AUTO"][which[near]] - on_tile["MAG_AUTO"][rows[near]]
            both = (own["SNR_WIN"][which[near]] > ZERO_POINT_SNR) & np.isfinite(mag)
            if both.sum() >= MATCHED_LEAST:
                away.setdefault(name, []).append(float(np.median(mag[both])))
    away = {name: float(np.mean(values)) for name, values in away.items()}
    off = {name: mag for name, mag in away.items() if abs(mag) > ZERO_POINT_WITHIN_MAG}
    if off:
        worst = max(off, key=lambda name: abs(off[name]))
        log.warning("%d of %d CCDs have other magnitudes than the tile for the same objects "
                    "(worst: %s, %+.2f mag): a zero point or a gain of the header is wrong, or "
                    "there were clouds. Their light is off by as much in the sums of epochs",
                    len(off), len(away), worst, off[worst])


def segments_path(image, settings):
    """Return the path of the map of segments of a tile."""
    return paths.shapes(settings, "segments", f"{image['img_name']}.fits")


def epochs(image, settings):
    """Return the table of epochs of the objects of a tile."""
    return read_table(path_of(image, settings), "EPOCHS")


def report_offsets(images, field):
    """Log how far the objects are from the stars of the catalogue; warn of a CCD that is off."""
    images = [row for row in images if row["gogogo"]]
    offsets = {row["img_name"]: row[field] for row in images if field in row}
    if not offsets:
        log.warning("no CCD has %d objects near stars of the catalogue: coordinates are not "
                    "checked", MATCHED_LEAST)
        return
    unknown = [row["img_name"] for row in images if field not in row]
    if unknown:
        log.warning("%d of %d have fewer than %d objects near stars of the catalogue: their "
                    "coordinates are not checked (first: %s)", len(unknown), len(images),
                    MATCHED_LEAST, unknown[0])
    worst = max(offsets, key=offsets.get)
    log.info("objects minus stars of the catalogue: median %.3f px, at worst %.3f px (%s)",
             np.median(list(offsets.values())), offsets[worst], worst)
    n_off = sum(one > OFFSET_LARGE_PX for one in offsets.values())
    if n_off:
        log.warning("%s%s: the objects are %.1f px away from the stars of the catalogue (limit "
                    "%g): its world coordinates are wrong, or the catalogue is of another "
                    "epoch", worst, f" and {n_off - 1} others" * (n_off > 1), offsets[worst],
                    OFFSET_LARGE_PX)
