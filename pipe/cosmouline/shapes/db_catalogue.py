"""The final catalogue of a tile, of all tiles, and random points of the same sky."""

from cosmouline.astrometry.tangent import sky_of
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.images.ccds import db_ccds, db_masks
from cosmouline.photometry.magnitudes import MAG_PER_LN
from cosmouline.shapes.db_shapes import shapes_path
from cosmouline.shapes.duplicates import duplicates
from cosmouline.shapes.metacal import SHEARS
from cosmouline.sources.ccds import db_detect

import numpy as np

NO_ELLIPTICITY, NO_ERROR, NO_SIZE_ERROR, NO_FLUX_ERROR = -10.0, -10.0, 1e30, -1.0
RANDOM_BLOCK = 100_000


def catalogue_path(tile, settings):
    """Return the path of the catalogue of a tile."""
    return paths.shapes(settings, "catalogue", f"{tile['img_name']}.fits")


def merged_path(settings):
    """Return the path of the catalogue of all tiles."""
    return paths.shapes(settings, "catalogue.fits")


def make(tile, settings):
    """Write the catalogue of a tile; return its fields.

    All columns of the detection, the spread model, and of each version of metacalibration <p>_ELL
    (2), ELL_ERR, T, T_ERR, Tpsf, SNR, FLUX, FLUX_ERR, MAG, MAG_ERR, FLAGS, ELL_PSFo, T_PSFo, with
    _1M ... _NOSHEAR behind, and <p>_MCAL_FLAGS; <p> is the `prefix`. An object without a shape has
    ELL -10, ELL_ERR -10, T 0, T_ERR 1e30, FLUX_ERR -1: the values of ShapePipe.
    """
    prefix = settings.shape_catalogue["prefix"]
    columns = db_detect.objects(tile, settings)
    n = len(columns["NUMBER"])
    columns["TILE_ID"] = np.full(n, tile["ccd_exposure"])
    spread = read_table(paths.shapes(settings, "spread", f"{tile['img_name']}.fits"), "SPREAD")
    shapes = read_table(shapes_path(tile, settings), "SHAPES")
    for table, what in ((spread, "5b_spread_model"), (shapes, "6_shapes")):
        if not np.array_equal(table["NUMBER"], columns["NUMBER"]):
            raise UserError(f"{tile['img_name']}: the objects are not those of fac_shapes/{what}: "
                            "run it again.")
    for name in ("SPREAD_MODEL", "SPREADERR_MODEL", "SPREAD_CLASS"):
        columns[name] = spread[name]
    failed = shapes["flags"] != 0
    zero_point = tile["ccd_zero_point_mag"]
    for kind in SHEARS:
        one = {name: shapes[f"{name}_{kind}"] for name in (
            "e1", "e2", "size", "flux", "flux_error", "e_error")}
        with np.errstate(invalid="ignore", divide="ignore"):
            snr = one["flux"] / one["flux_error"]
            values = {
                "ELL": (np.column_stack([one["e1"], one["e2"]]), NO_ELLIPTICITY),
                "ELL_ERR": (np.column_stack([one["e_error"], one["e_error"]]), NO_ERROR),
                "T": (one["size"], 0.0), "T_ERR": (one["size"] * 2 / snr, NO_SIZE_ERROR),
                "Tpsf": (shapes["psf_size"], 0.0), "SNR": (snr, 0.0), "FLUX": (one["flux"], 0.0),
                "FLUX_ERR": (one["flux_error"], NO_FLUX_ERROR),
                "MAG": (zero_point - 2.5 * np.log10(one["flux"]), 0.0),
                "MAG_ERR": (MAG_PER_LN / snr, 0.0),
                "ELL_PSFo": (np.column_stack([shapes["psf_e1"], shapes["psf_e2"]]),
                             NO_ELLIPTICITY),
                "T_PSFo": (shapes["psf_size"], 0.0)}
        for name, (value, default) in values.items():
            bad = failed if value.ndim == 1 else failed[:, None]
            columns[f"{prefix}_{name}_{kind}"] = np.where(bad | ~np.isfinite(value), default,
                                                          value)
        columns[f"{prefix}_FLAGS_{kind}"] = np.where(np.isfinite(one["e1"]), 0, 1).astype(
            np.int32)
    columns[f"{prefix}_MCAL_FLAGS"] = shapes["flags"]
    columns["N_EPOCH_SHAPE"] = shapes["n_epochs"]
    write_tables(catalogue_path(tile, settings), {"RESULTS": columns})
    return {"n_tile_catalogue": n}


def merge(tiles, settings):
    """Join the catalogues of all tiles; return n objects and n of them twice.

    IS_PRIMARY is False for the one of two objects of different tiles within `duplicate_arcsec`
    that lies nearer to the edge of its tile.
    """
    tables, edges = [], []
    for tile in tiles:
        table = read_table(catalogue_path(tile, settings), "RESULTS")
        x, y = table["XWIN_IMAGE"], table["YWIN_IMAGE"]
        edges.append(np.minimum.reduce([x, y, tile["ccd_nx_px"] - x, tile["ccd_ny_px"] - y])
                     * tile["ccd_scale_arcsec"])
        tables.append(table)
    joined = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    number = np.repeat(np.arange(len(tiles)), [len(table["NUMBER"]) for table in tables])
    twice = duplicates(joined["XWIN_WORLD"], joined["YWIN_WORLD"], number, np.concatenate(edges),
                       settings.shape_catalogue["duplicate_arcsec"])
    write_tables(merged_path(settings), {"RESULTS": joined | {"IS_PRIMARY": ~twice}})
    return len(twice), int(twice.sum())


def random_points(tile, settings):
    """Write random points on the pixels of a tile without a mask; return n and square arcmin.

    shapes/random/<tile>.fits has RA, DEC, x_px, y_px.
    """
    flags = db_masks.read(tile, settings)
    free = flags == 0
    area = tile["ccd_scale_arcsec"] ** 2 * float(free.sum()) / 3600
    n = round(area * settings.shape_catalogue["random_per_arcmin2"])
    rng = np.random.default_rng(db_ccds.seed_of(tile["img_name"]))
    places, got = [np.zeros((0, 2))], 0
    while got < n and free.any():
        xy = rng.uniform(-0.5, np.array(flags.shape[::-1]) - 0.5, (RANDOM_BLOCK, 2))
        pixel = np.clip(np.rint(xy).astype(int), 0, np.array(flags.shape[::-1]) - 1)
        xy = xy[free[pixel[:, 1], pixel[:, 0]]]
        places.append(xy)
        got += len(xy)
    xy = np.concatenate(places)[:n]
    ra, dec = sky_of(db_ccds.wcs(tile), xy).T if n else np.zeros((2, 0))
    write_tables(paths.shapes(settings, "random", f"{tile['img_name']}.fits"), {"RANDOM": {
        "RA": ra, "DEC": dec, "x_px": xy[:, 0], "y_px": xy[:, 1]}}, {"AREA": area})
    return n, area
