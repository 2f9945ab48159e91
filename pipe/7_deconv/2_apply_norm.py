"""Gather the lens's stamps of all epochs with their PSFs and coefficients in one file.

Needs   : the selection (7_deconv/1_prepare), stamps (6_extract/2_find_cosmics), PSFs
Writes  : dec_<dec_name>/epochs.npz; dec_epochs, its hash -> database
Settings: dec_name, dec_psf_names, psf_name, point_sources, point_sources_unit, lens_ra_deg,
          lens_dec_deg, lens_position_px, north_angle_deg, is_mirrored, shift_prior
Next    : 7_deconv/3_write_start

Run as  : python pipe/7_deconv/2_apply_norm.py configs/MYLENS

Epochs gathered before, whose files are the same, are taken over; --redo reads all again.
"""

from cosmouline.astrometry.db_lens_position import lens_centre_and_radius
from cosmouline.database import bands, manifest, paths
from cosmouline.deconv import db_gather, db_products
from cosmouline.deconv.io_fit import digest_epochs, write_epochs
from cosmouline.errors import UserError
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("dec_number__{dec}", "lens_side_px", "n_object_cosmics", "n_psf_used__{dec_psf}",
         "telescope", "field_fwhm_px", "align_m11", "star_x_px__{dec_psf}__{star}")
WRITES = ("dec_epochs__{dec}",)


def known(path, settings):
    """Return the epochs that were gathered before; None without, and with --redo."""
    if settings.options.redo or not path.is_file() or manifest.step_trouble(path, settings):
        return None
    return db_products.gathered_epochs(settings)


def measure(images, reference, settings):
    """Gather and write; return the fields of all epochs."""
    centre_px, _ = lens_centre_and_radius(reference, settings)
    path = paths.deconvolution(settings) / "epochs.npz"
    content = db_gather.gather(images, centre_px, settings, known=known(path, settings))
    write_epochs(path, content)
    sigma_px = content.epochs.shift_sigma_px
    if np.isfinite(sigma_px).any():
        log_line("position of the lens from the stars of %d images, to %.3f px",
                 np.isfinite(sigma_px).sum(), np.nanmedian(sigma_px))
    log_line("%d epochs of %d x %d pixels: %s", len(images), *content.epochs.data_e.shape[1:],
             paths.relative(path))
    fields = {f"dec_epochs__{settings.dec_name}": digest_epochs(content)}
    return {name: fields for name in content.names}


def main(settings, db):
    """Gather the selected images, in their order."""
    number = f"dec_number__{settings.dec_name}"
    images = sorted((image for image in db.select(gogogo=True) if number in image),
                    key=lambda image: image[number])
    if not images:
        raise UserError("no image is selected. Run 7_deconv/1_prepare.py first.")
    db.require(images, ("lens_side_px", "telescope"))
    results = bands.merged(lambda those, one: measure(those, db.reference(), one), images,
                           settings)
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
