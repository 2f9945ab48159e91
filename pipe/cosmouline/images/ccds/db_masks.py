"""The masks of a CCD or tile, from its flags, weights and the star catalogue."""

from cosmouline import library
from cosmouline.astrometry import catalogues, db_catalogue
from cosmouline.database import paths
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.files.io_text import write_text
from cosmouline.images.ccds import db_ccds, masks

import numpy as np

fits, astropy_table = library("astropy.io.fits"), library("astropy.table")

PIVOT_MAG = 13.8  # of the sizes in shape_masks
MARGIN_ARCSEC = 60.0  # stars outside the image whose masks reach into it
INT16 = 2**15


def stars(image, settings):
    """Write the catalogue stars on and around a CCD; return how many are on it.

    shapes/stars/<name>.ecsv has ra_deg, dec_deg, x_px, y_px (from 0) and mag, NaN without one.
    """
    catalogue = db_catalogue.catalogue(settings)
    if catalogue is None:
        raise UserError("shape masks need a star catalogue: run fac_astrometry/1_fetch_catalogue, "
                        "or set catalogue to a table with ra_deg, dec_deg and mag_<band>.")
    sky = np.column_stack([catalogues.column(catalogue, name) for name in ("ra_deg", "dec_deg")])
    xy = db_ccds.pixels_on(image, sky, MARGIN_ARCSEC / image["ccd_scale_arcsec"])
    mag = catalogues.brightness(catalogue)
    near = np.isfinite(xy[:, 0])
    path = paths.shapes(settings, "stars", f"{image['img_name']}.ecsv")
    table = astropy_table.Table({
        "ra_deg": sky[near, 0], "dec_deg": sky[near, 1], "x_px": xy[near, 0], "y_px": xy[near, 1],
        "mag": np.where(np.isfinite(mag), mag, np.nan)[near]})
    with atomic_path(path) as temporary:
        table.write(temporary, format="ascii.ecsv", overwrite=True)
    size = image["ccd_nx_px"], image["ccd_ny_px"]
    on = ((xy[near] > -0.5) & (xy[near] < np.subtract(size, 0.5))).all(1)
    return {"n_ccd_catalogue_stars": int(on.sum())}


def polygons(image, settings, found):
    """Return (bit, corners, words) of every mask by polygon on a CCD, and n stars with one.

    `found` are the stars of `stars`. Halos and spikes of stars brighter than their limits, and
    circles around extended objects.
    """
    chosen, scale = settings.shape_masks, image["ccd_scale_arcsec"]
    mag, missing = masks.without_magnitude(found["mag"], chosen["no_mag_taken_as"])
    shapes, masked = [], np.zeros(len(mag), dtype=bool)
    for kind in ("halo", "spike"):
        bit = chosen[f"{kind}_flag"]
        bright = (mag < chosen[f"{kind}_mag_max"]) & (bit > 0)
        sizes = masks.size_of_star(mag, PIVOT_MAG, chosen[f"{kind}_slope"])
        for k in np.flatnonzero(bright & (sizes > 0)):
            size = sizes[k] / scale
            outline = (masks.halo_polygon(size * chosen["halo_radius_arcsec"]) if kind == "halo"
                       else masks.spike_polygon(size * chosen["spike_length_arcsec"],
                                                size * chosen["spike_width_arcsec"],
                                                chosen["spike_angle_deg"]))
            words = f"{kind} {'no magnitude' if missing[k] else f'{mag[k]:.1f} mag'}"
            at = np.array([found["x_px"][k], found["y_px"][k]])
            shapes.append((bit, outline + at, words))
            masked[k] = True
    if chosen["objects"]:
        table = read_ecsv_columns(settings.config_dir / chosen["objects"])
        radius = table["radius_arcsec"] * (1 + chosen["objects_plus"]) / scale
        sky = np.column_stack([table["ra_deg"], table["dec_deg"]])
        # a circle counts by its distance from the image, also where no corner is inside it
        xy = db_ccds.pixels_on(image, sky, float(np.max(radius, initial=0)))
        shapes += [(chosen["objects_flag"], masks.halo_polygon(r) + at, "extended object")
                   for r, at in zip(radius, xy, strict=True) if np.isfinite(at).all()]
    return shapes, int(masked.sum())


def mask(image, settings):
    """Write the flag image of a CCD and its regions for ds9; return its fields.

    Raises
    ------
    ImageRejected
        If a fraction `missing_remove` of its pixels has no data.
    """
    chosen, ccd = settings.shape_masks, db_ccds.read(image, settings)
    bits = [value for key, value in chosen.items() if key.endswith("_flag")
            and key != "missing_flag"]
    if any(not isinstance(bit, int) or bit & (bit - 1) or not 0 <= bit < INT16 for bit in bits):
        raise UserError(f"shape_masks: each flag is a power of 2 below {INT16}, or 0: {bits}.")
    missing = float((ccd.image == 0).mean())
    if missing >= chosen["missing_remove"]:
        raise ImageRejected(f"{100 * missing:.0f} % of its pixels have no data (missing_remove "
                            f"{100 * chosen['missing_remove']:.0f} %)")
    flags = ccd.flags.astype(np.int16)
    odd = (ccd.weight <= 0) | (ccd.weight > chosen["weight_max"])
    flags |= np.where(odd, chosen["weight_flag"], 0).astype(np.int16)
    masks.add_border(flags, chosen["border_px"], chosen["border_flag"])
    name = image["img_name"]
    found = read_ecsv_columns(paths.shapes(settings, "stars", f"{name}.ecsv"))
    shapes, n_stars = polygons(image, settings, found)
    for bit, corners, _ in shapes:
        masks.add_polygon(flags, corners, bit)
    path = paths.shapes(settings, "masks", f"{name}.fits")
    hdu = fits.PrimaryHDU(flags)
    hdu.header["MRATIO"] = (missing, "fraction of pixels without data")
    hdu.header["MFLAG"] = (missing >= chosen["missing_flag"], "many pixels without data")
    with atomic_path(path) as temporary:
        hdu.writeto(temporary)
    lines = ["# Region file format: DS9", "image"]
    lines += [f"polygon({','.join(f'{v:.2f}' for v in (corners + 1).ravel())}) # text={{{words}}}"
              for _, corners, words in shapes]
    write_text(path.with_suffix(".reg"), "\n".join(lines) + "\n")
    return {"ccd_masked": float((flags != 0).mean()), "ccd_missing": missing,
            "n_ccd_haloes": n_stars}


def read(image, settings):
    """Return the flag image of a row, int16 of shape (ny, nx)."""
    return fits.getdata(paths.shapes(settings, "masks", f"{image['img_name']}.fits")).astype(
        np.int16)
