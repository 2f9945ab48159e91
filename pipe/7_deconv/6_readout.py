"""Read the fluxes of the joint fit into the database.

Needs   : dec_<dec_name>/fit.npz (7_deconv/4_deconv)
Writes  : flux_e, its errors, covariances and notes, shift, sky, chi2 of every image -> database
Settings: dec_name
Next    : 7_deconv/7_check_plots

Run as  : python pipe/7_deconv/6_readout.py configs/MYLENS

Fluxes are electrons of the exposure, as they fell: multiply them by dec_coeff to compare images.
Where bright stars are wider than faint ones, or red ones (8_renorm/1a_renormalize), they are
corrected for what the PSF of the stars loses or gains of an image of another brightness or colour:
flux_width_factor.
"""

from cosmouline.database import bands
from cosmouline.deconv import db_products, db_readout
from cosmouline.errors import UserError
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("dec_coeff__{dec}", "dec_fit__{dec}")
WRITES = ("flux_e__{dec}__{source}", "flux_sigma_e__{dec}__{source}",
          "flux_random_e__{dec}__{source}", "flux_psf_e__{dec}__{source}",
          "flux_sys_e__{dec}__{source}", "flux_note__{dec}__{source}",
          "flux_width_factor__{dec}__{source}", "flux_cov_e2__{dec}__{source}__{other}",
          "dec_shift_x_px__{dec}", "dec_shift_y_px__{dec}", "dec_sky_e__{dec}",
          "dec_chi2__{dec}", "n_dec_masked__{dec}")


def measure(images, settings):
    """Return the fields of all epochs of the fit that have fluxes."""
    fit, psf_error = db_products.joint_fit(settings)
    content = db_products.gathered_epochs(settings)
    if len(fit.flux) != len(content.names):
        raise UserError("the fit is older than its epochs. Run 7_deconv/4_deconv.py again.")
    sources = [star.name for star in db_products.start_sources(settings)]
    of_fit = fit, content, images, settings
    width = db_readout.joined([
        db_readout.width_correction(*of_fit),
        db_readout.colour_correction(*of_fit, db_readout.colours_of_images(settings))])
    if width is not None:
        log_line("%s", db_readout.corrected_line(width, images, sources, settings))
    doubts = next((one for one in fit.log if "notes" in one), None)
    if doubts is None:
        raise UserError("the fit is of an older version. Run 7_deconv/4_deconv.py --redo.")
    return db_readout.fields(fit, psf_error, content, sources, settings.dec_name,
                             np.array(doubts["notes"], object), width)


def main(settings, db):
    """Write the fields of every image."""
    fitted = [row for row in db.select() if f"dec_fit__{settings.dec_name}" in row]
    results = bands.merged(measure, fitted, settings)
    removed = sorted(results.keys() - db.rows.keys())
    if removed:
        raise UserError(f"the fit holds {removed[0]}, which is not in the database. "
                        "Run 7_deconv from 1_prepare.py again.")
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)
    log_line("%d images have fluxes", len(results))
    without = [row["img_name"] for row in fitted if row["img_name"] not in results]
    if without:
        log_line("%d of %d images have no flux (the lens is masked, or beyond the edge), and are "
                 "missing in the light curve: %s", len(without), len(fitted), ", ".join(without))


if __name__ == "__main__":
    run(main, __doc__)
