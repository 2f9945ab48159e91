"""Select the images of the joint deconvolution, with PSF and coefficient, and number them.

Needs   : stamps (6_extract/2_find_cosmics), PSFs (5_psf/4_build_psf), coefficients
Writes  : dec_number, dec_psf, dec_coeff, dec_coeff_sigma, dec_calib, dec_calib_night -> database
Settings: dec_name, psf_name, renorm_name, dec_coefficient, dec_fwhm_max_arcsec,
          dec_ellipticity_max, dec_coeff_max, dec_sky_max_e, dec_trail_min_arcsec
Next    : 7_deconv/2_apply_norm

Run as  : python 1_prepare.py ../../configs/MYLENS

Each band has a deconvolution of its own. Images named in dec_<dec_name>_skiplist.txt of the
lens's folder are left out, and so are those of psf_<psf_name>_skiplist.txt, whose PSF is bad. They
stay in use for everything else. With --test all of 7_deconv and the pictures after it are of a
deconvolution of its own, <dec_name>_test, of the images of testlist.txt: first it, then all.
"""

from collections import defaultdict

from cosmouline.database import bands, skiplists
from cosmouline.database.coefficient_choice import COEFFICIENTS, coefficient
from cosmouline.deconv.db_gather import why_not
from cosmouline.errors import UserError
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("n_object_cosmics", "n_psf_used__{psf}", "field_fwhm_arcsec", "field_ellipticity",
         "sky_level_e", "lens_side_px", "mjd")
WRITES = ("dec_number__{dec}", "dec_psf__{dec}", "dec_coeff__{dec}", "dec_coeff_sigma__{dec}",
          "dec_calib__{dec}", "dec_calib_night__{dec}")


def measure(images, settings):
    """Return the fields of the images that are selected, in the order of time."""
    results, reasons, dec = {}, defaultdict(list), settings.dec_name
    skipped = skiplists.skiplist(settings, f"psf_{settings.psf_name}_skiplist.txt")
    skipped |= skiplists.skiplist(settings, f"dec_{dec}_skiplist.txt")
    for image in sorted(images, key=lambda im: (im["mjd"], im["img_name"])):
        coeff = coefficient(image, settings)
        reason = why_not(image, coeff[0], skipped, settings)
        reasons[reason].append(image["img_name"])
        if not reason:
            results[image["img_name"]] = {
                f"dec_number__{dec}": len(results) + 1, f"dec_psf__{dec}": settings.psf_name,
                f"dec_coeff__{dec}": coeff[0], f"dec_coeff_sigma__{dec}": coeff[1]}
            if settings.dec_coefficient == "renorm":
                results[image["img_name"]] |= {
                    f"dec_{kind}__{dec}": image.get(f"renorm_{kind}__{settings.renorm_name}")
                    for kind in ("calib", "calib_night")}
    for reason, names in reasons.items():
        log_line("%d images %s", len(names),
                 f"left out: {reason} (first: {', '.join(names[:3])})" if reason else "chosen")
    return results


def main(settings, db):
    """Select among the images that have stamps and a PSF; with --test those of testlist.txt."""
    choose = db.to_treat if settings.options.test else db.all_in_use
    images = choose(settings, NEEDS + COEFFICIENTS[settings.dec_coefficient])
    skiplists.tell_unknown(settings, db, f"psf_{settings.psf_name}_skiplist.txt",
                           f"dec_{settings.dec_name}_skiplist.txt")
    results = bands.merged(measure, images, settings)
    if not results:
        raise UserError("no image is left for the deconvolution: see the reasons above.")
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
