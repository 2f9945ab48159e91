"""Write a deconvolution as one HDF5 file: stamps, PSFs, geometry and result, for other programs.

Needs   : dec_<dec_name>/epochs.npz and fit.npz (7_deconv/2_apply_norm, 4_deconv)
Writes  : export/<lens>_<dec_name>.h5, or ..._lightcurver.h5
Settings: lens_name, lens_ra_deg, lens_dec_deg, dec_name
Next    : doc/notebooks, or a model of your own

Run as  : python pipe/9_export/2_opt_hdf5.py configs/MYLENS [--draws] [--lightcurver-keys]

Data, noise and fluxes are electrons on the scale of the reference image; `is_used` is False where
the fit has masked a pixel; `transform` leads from offsets on the reference image to offsets from
the centre of a stamp. --draws adds the PSFs that their errors are made of. --lightcurver-keys
gives the names, units and conventions of LightCurver's prepared cutouts in place of ours.
"""

from cosmouline.astrometry.db_lens_position import lens_on_reference, pixels_per_arcsec
from cosmouline.database import bands, paths
from cosmouline.deconv import db_products
from cosmouline.errors import UserError
from cosmouline.lightcurve import db_hand_off, io_hdf5
from cosmouline.run import log_line, run

import numpy as np

ARGUMENTS = {"--draws": {"action": "store_true", "help": "also the draws of the PSFs"},
             "--lightcurver-keys": {"action": "store_true", "help": "as LightCurver writes them"}}


def write(rows, settings):
    """Write the file of one band; return its path."""
    content = db_products.gathered_epochs(settings)
    fit, psf_error = db_products.joint_fit(settings)
    by_name = {row["img_name"]: row for row in rows}
    images = [by_name[name] for name in content.names if name in by_name]
    if len(images) < len(content.names) or len(fit.flux) != len(images):
        raise UserError("the fit is older than its epochs, or images were removed since. Run "
                        "7_deconv/2_apply_norm.py and 4_deconv.py again.")
    conditions = db_hand_off.conditions(images, settings.dec_name)
    lens_deg = settings.lens_ra_deg, settings.lens_dec_deg
    wcs = []
    if None not in lens_deg:
        reference = by_name[images[0]["ref_img_name"]]
        lens_px = lens_on_reference(reference, settings)
        of_reference = np.linalg.inv(pixels_per_arcsec(reference, settings, lens_px))
        wcs = db_hand_off.stamp_wcs(content.epochs, io_hdf5.shifts(content, fit), of_reference,
                                    of_reference @ (content.centre_px - lens_px), lens_deg)
    headers = [one.to_header_string() for one in wcs]
    name = paths.of_band(f"{settings.lens_name}_{settings.dec_name}", settings)
    attributes = {"lens": settings.lens_name, "band": settings.band or "",
                  "unit": "electrons on the scale of the reference image",
                  "upsampling": content.epochs.geometry.upsampling,
                  "sources": [star.name for star in db_products.start_sources(settings)]}
    if not settings.options.lightcurver_keys:
        path, datasets = paths.exports(settings) / f"{name}.h5", io_hdf5.ours(
            content, fit, psf_error, conditions, headers, settings.options.draws)
    elif not wcs:
        raise UserError("LightCurver needs the place of the lens on the sky. Set lens_ra_deg and "
                        "lens_dec_deg.")
    else:
        path, datasets = paths.exports(settings) / f"{name}_lightcurver.h5", io_hdf5.lightcurvers(
            content, fit, conditions, headers, np.array([db_hand_off.north_deg(one)
                                                         for one in wcs]))
    io_hdf5.write_hdf5(path, datasets, attributes)
    return path


def main(settings, db):
    """Write the files of all bands."""
    rows = [row for row in db.select() if f"dec_fit__{settings.dec_name}" in row]
    if not rows:
        raise UserError("there is no fit yet. Run 7_deconv/4_deconv.py first.")
    for one, those in bands.split(rows, settings):
        path = write(db.select(), one)
        log_line("%d epochs, %.1f MB: %s", len(those), path.stat().st_size / 1e6,
                 paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
