"""Vignets of the objects of a tile: on the tile, and on every epoch."""

from cosmouline import library
from cosmouline.astrometry.tangent import sky_of
from cosmouline.database import paths
from cosmouline.files.fits_cards import native
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.images.ccds import db_ccds, db_masks
from cosmouline.sources.ccds import db_detect
from cosmouline.sources.ccds.detect_weighted import sky_mesh
from cosmouline.sources.ccds.elliptical_moments import blocks_of, cut_around
from cosmouline.stamps.io_vignets import read_store, write_stores

import numpy as np

fits = library("astropy.io.fits")

NEIGHBOUR = 1024  # bit of a pixel of another object of the tile
EPOCH_KINDS = (("image", np.float32), ("weight", np.float32), ("flags", np.int16))
TILE_KINDS = (("tile_image", np.float32), ("tile_weight", np.float32), ("tile_flags", np.int16))


def folder(tile, settings):
    """Return the folder of the vignets of a tile."""
    return paths.shapes(settings, "vignets", tile["img_name"])


def store(tile, settings, kind):
    """Return a store of vignets: image, weight, flags of epochs, or tile_ and one of these."""
    return read_store(folder(tile, settings) / f"{kind}.npy")


def index(tile, settings):
    """Return the table of the epochs: NUMBER, CCD, x_px, y_px, the centre, and the Jacobian.

    ``j11, j12, j21, j22``: d(east, north) in arcsec / d(x, y).
    """
    return read_table(folder(tile, settings) / "index.fits", "EPOCHS")


def jacobians(world, xy):
    """d(east, north) in arcsec / d(x, y) of a WCS at pixels (n, 2), shape (n, 2, 2)."""
    found = np.empty((len(xy), 2, 2))
    for axis in (0, 1):
        step = np.zeros(2)
        step[axis] = 0.5
        after, before = sky_of(world, xy + step), sky_of(world, xy - step)
        east = (after[:, 0] - before[:, 0] + 180) % 360 - 180
        found[:, 0, axis] = east * np.cos(np.radians((after[:, 1] + before[:, 1]) / 2))
        found[:, 1, axis] = after[:, 1] - before[:, 1]
    return 3600 * found


def cut_tile(tile, settings, ccds):
    """Write all vignets of a tile, with sky subtracted; return how many epochs there are.

    Pixels of other objects, by the segments of the tile, have the bit `NEIGHBOUR`, on the epochs
    too. One CCD and a block of vignets are in memory at a time.
    """
    side = settings.shape_psf["side_px"]
    objects, table = db_detect.objects(tile, settings), db_detect.epochs(tile, settings)
    segments = native(fits.getdata(db_detect.segments_path(tile, settings)))
    place = np.column_stack([objects["XWIN_IMAGE"], objects["YWIN_IMAGE"]]) - 1
    by_tile = jacobians(db_ccds.wcs(tile), place)
    n, jacobian = len(table["NUMBER"]), np.full((len(table["NUMBER"]), 2, 2), np.nan)
    is_here = np.zeros(n, dtype=bool)

    def tile_block():
        ccd = db_ccds.read(tile, settings)
        sky, _ = sky_mesh(ccd.image, ~(ccd.weight > 0), db_detect.options_of(tile, settings))
        image, masks = ccd.image - sky, db_masks.read(tile, settings)
        for rows in blocks_of(np.arange(len(place))):
            xy = place[rows]
            others = cut_around(segments, *xy.T, side)
            yield rows, cut_around(image, *xy.T, side), cut_around(ccd.weight, *xy.T, side), (
                cut_around(masks, *xy.T, side, 1) | _neighbours(others, objects["NUMBER"][rows]))

    def epoch_blocks():
        for row in ccds:
            on = np.flatnonzero(table["CCD"] == row["img_name"])
            if not on.size:
                continue
            ccd, world = db_ccds.read(row, settings), db_ccds.wcs(row)
            sky, _ = sky_mesh(ccd.image, ~(ccd.weight > 0), db_detect.options_of(row, settings))
            image, masks = ccd.image - sky, db_masks.read(row, settings)
            is_here[on] = True
            for rows in blocks_of(on):
                xy = np.column_stack([table["x_px"][rows], table["y_px"][rows]])
                jacobian[rows] = jacobians(world, xy)
                number = table["NUMBER"][rows] - 1
                others = _segments_on(segments, place[number], np.linalg.solve(
                    by_tile[number], jacobian[rows]), xy, side)
                yield rows, cut_around(image, *xy.T, side), cut_around(
                    ccd.weight, *xy.T, side), (cut_around(masks, *xy.T, side, 1)
                                               | _neighbours(others, number + 1))

    where = folder(tile, settings)
    write_stores([(where / f"{kind}.npy", dtype) for kind, dtype in TILE_KINDS], len(place), side,
                 tile_block())
    write_stores([(where / f"{kind}.npy", dtype) for kind, dtype in EPOCH_KINDS], n, side,
                 epoch_blocks())
    write_tables(where / "index.fits", {"EPOCHS": table | {"is_cut": is_here} | {
        f"j{i + 1}{j + 1}": jacobian[:, i, j] for i in (0, 1) for j in (0, 1)}})
    return int(is_here.sum())


def _neighbours(segments, own):
    """The bit `NEIGHBOUR` where segments on vignets (n, side, side) are not of the own object."""
    is_other = (segments > 0) & (segments != own[:, None, None])
    return np.where(is_other, NEIGHBOUR, 0).astype(np.int16)


def _segments_on(segments, at_tile, to_tile, xy, side):
    """Numbers of the segments of the tile on the pixels of vignets of epochs."""
    half = side // 2
    axis = np.arange(side) - half
    dx = (np.rint(xy[:, 0]) - xy[:, 0])[:, None, None] + axis[None, None, :]
    dy = (np.rint(xy[:, 1]) - xy[:, 1])[:, None, None] + axis[None, :, None]
    x, y = (at_tile[:, k, None, None] + to_tile[:, k, 0, None, None] * dx
            + to_tile[:, k, 1, None, None] * dy for k in (0, 1))
    ny, nx = segments.shape
    x, y = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
    return np.where(inside, segments[np.clip(y, 0, ny - 1), np.clip(x, 0, nx - 1)], 0)
