"""Select the images of the joint deconvolution, with PSF and coefficient, and number them.

Needs   : stamps (6_extract/2_find_cosmics), PSFs (5_psf/4_build_psf), coefficients
Writes  : dec_number, dec_psf, dec_coeff, dec_coeff_sigma, dec_calib, dec_calib_night -> database
Settings: dec_name, dec_psf_names, psf_name, renorm_name, dec_coefficient, dec_fwhm_max_arcsec,
          dec_ellipticity_max, dec_coeff_max, dec_sky_max_e, dec_trail_min_arcsec
Next    : 7_deconv/2_apply_norm

Run as  : python pipe/7_deconv/1_prepare.py configs/MYLENS

Each band has a fit of its own; an image gets the first PSF of dec_psf_names that it has and that
psf_<psf_name>_skiplist.txt does not refuse it. dec_<dec_name>_skiplist.txt leaves out images here
alone. With --test all of 7_deconv is of <dec_name>_test, of the images of testlist.txt.
"""

from collections import defaultdict

from cosmouline.database import bands, fields, skiplists
from cosmouline.database.coefficient_choice import COEFFICIENTS, coefficient
from cosmouline.deconv.db_gather import why_not
from cosmouline.errors import UserError
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("n_object_cosmics", "n_psf_used__{dec_psf}", "field_fwhm_arcsec", "field_ellipticity",
         "sky_level_e", "lens_side_px", "mjd")
WRITES = ("dec_number__{dec}", "dec_psf__{dec}", "dec_coeff__{dec}", "dec_coeff_sigma__{dec}",
          "dec_calib__{dec}", "dec_calib_night__{dec}")


def psf_of(image, bad):
    """Return the first PSF that an image has and its skip list allows; or None, and why not."""
    there = [psf for psf in bad if f"n_psf_used__{psf}" in image]
    good = [psf for psf in there if image["img_name"] not in bad[psf]]
    return (good[0], "") if good else (
        None, f"skiplist: {bad[there[0]][image['img_name']]}" if there else
        f"no PSF of {', '.join(bad)}")


def measure(images, settings):
    """Return the fields of the images that are selected, in the order of time."""
    results, reasons, dec = {}, defaultdict(list), settings.dec_name
    skipped = skiplists.skiplist(settings, f"dec_{dec}_skiplist.txt")
    bad = {psf: skiplists.skiplist(settings, f"psf_{psf}_skiplist.txt")
           for psf in fields.psf_names(settings)}
    for image in sorted(images, key=lambda im: (im["mjd"], im["img_name"])):
        coeff = coefficient(image, settings)
        psf, why = psf_of(image, bad)
        reason = why or why_not(image, coeff[0], skipped, settings)
        reasons[reason].append(image["img_name"])
        if not reason:
            results[image["img_name"]] = {
                f"dec_number__{dec}": len(results) + 1, f"dec_psf__{dec}": psf,
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
    psfs = fields.psf_names(settings)
    needs = [need for need in NEEDS if len(psfs) == 1 or fields.ANY_PSF not in need]
    images = choose(settings, (*needs, *COEFFICIENTS[settings.dec_coefficient]))
    skiplists.tell_unknown(settings, db, *(f"psf_{psf}_skiplist.txt" for psf in psfs),
                           f"dec_{settings.dec_name}_skiplist.txt")
    results = bands.merged(measure, images, settings)
    if not results:
        raise UserError("no image is left for the deconvolution: see the reasons above.")
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
