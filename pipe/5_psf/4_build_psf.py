"""Build the PSF of every image from its stars.

Needs   : stamps with marked cosmics (5_psf/2a_extract, 5_psf/3_find_cosmics), the prior
          (5_psf/3b_choose_prior)
Writes  : psf_<psf_name>/<img_name>_psf.fits; FWHM, ellipticity, beta, chi2, stars used, stars
          without a core, light at one side -> database
Settings: psf_name, psf_engine, psf_upsampling, psf_field, psf_min_stars, n_psf_draws
Next    : 5_psf/5_png_check

Run as  : python pipe/5_psf/4_build_psf.py configs/MYLENS

A Moffat plus a grid of pixels with a Gaussian-process prior; psf_engine = "starred" takes STARRED
instead. The Moffat varies over the field where the stars show it: linearly, or its width as a
quadratic in all images of a set (5_psf/3b_choose_prior). Draws from the posterior of each PSF are
kept, for the errors of the fluxes.
"""

from cosmouline.database import notes, paths
from cosmouline.psf import db_build
from cosmouline.psf.io_psf import write_psf
from cosmouline.psf.one_sided import one_sided_light
from cosmouline.run import for_each_image, log_line, run
from cosmouline.stamps import db_stamps

import numpy as np

NEEDS = ("n_psf_cosmics__{psf}", "n_psf_cut__{psf}", "psf_prior__{psf}", "psf_is_curved__{psf}",
         "field_fwhm_px", "lens_x_px", "nx_px", "pixel_scale_arcsec")
WRITES = ("n_psf_used__{psf}", "psf_fwhm_px__{psf}", "psf_fwhm_arcsec__{psf}",
          "psf_ellipticity__{psf}", "psf_beta__{psf}", "psf_chi2__{psf}", "psf_varies__{psf}",
          "n_psf_core_lost__{psf}", "psf_one_sided__{psf}", "psf_curvature__{psf}")
POOR_CHI2 = 1.15  # of the median star; spikes and doughnuts of bright stars are above


def measure(image, settings):
    """Write the PSF of one image; return its numbers."""
    stamps, names, _ = db_stamps.psf_stamps(image, settings)
    fit, names, draws = db_build.build(stamps, names, image, settings)
    write_psf(paths.psf(settings, image["img_name"]), fit, names,
              {"img_name": image["img_name"], "engine": settings.psf_engine}, **draws)
    psf, name = fit.psf, settings.psf_name
    return {
        f"n_psf_used__{name}": int(fit.is_used.sum()),
        f"psf_fwhm_px__{name}": psf.star_fwhm_px,
        f"psf_fwhm_arcsec__{name}": psf.star_fwhm_px * image["pixel_scale_arcsec"],
        f"psf_ellipticity__{name}": psf.ellipticity,
        f"psf_beta__{name}": float(np.exp(psf.moffat[3])),
        f"psf_chi2__{name}": float(np.median(fit.chi2[fit.is_used])),
        f"psf_one_sided__{name}": one_sided_light(psf),
        f"psf_varies__{name}": psf.gradient is not None,
        f"psf_curvature__{name}": psf.curvature,
        f"n_psf_core_lost__{name}": int((~fit.has_core & ~fit.is_used).sum()),
    }


def main(settings, db):
    """Build the PSF of every image."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    chi2 = {image["img_name"]: image.get(f"psf_chi2__{settings.psf_name}", 0)
            for image in (db.rows[image["img_name"]] for image in images)}
    poor = [name for name in chi2 if chi2[name] > POOR_CHI2]
    if poor:
        log_line("%d images have stars that their PSF does not describe (chi2 above %g, worst %s "
                 "%.2f): look at 5_psf/5_png_check; psf_prior = 'auto' or psf_field = 'on' may "
                 "help", len(poor), POOR_CHI2, max(chi2, key=chi2.get), max(chi2.values()))
    db_build.warn_of_doubles(db.select(gogogo=True), settings)
    db_build.tell_of_curved(db.select(gogogo=True), settings)
    notes.log_counts(db, images, f"n_psf_core_lost__{settings.psf_name}",
                     "their cores are masked, they are not in the PSF")
    return counts


if __name__ == "__main__":
    run(main, __doc__)
