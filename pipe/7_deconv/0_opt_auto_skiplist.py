"""List the images that the limits leave out of the joint deconvolution, and why.

Needs   : seeing and ellipticity (4_norm/0_pick_stars), sky level, coefficients if there are
Writes  : report_dec_<dec_name>_left_out.txt, dec_<dec_name>/skiplist.txt (a list of images)
Settings: lens_name, dec_name, renorm_name, dec_coefficient, dec_fwhm_max_arcsec,
          dec_ellipticity_max, dec_coeff_max, dec_sky_max_e, dec_trail_min_arcsec
Next    : 7_deconv/1_prepare

Run as  : python pipe/7_deconv/0_opt_auto_skiplist.py configs/MYLENS

7_deconv/1_prepare leaves out what is beyond the dec_ limits by itself, and what stands in
dec_<dec_name>_skiplist.txt of the folder of the lens. This script only reports what that will be,
to try limits. Copy skiplist.txt from work_dir there as dec_<dec_name>_skiplist.txt to keep the
selection when limits change, or to edit it by hand.
"""

from collections import Counter

from cosmouline.database import bands, paths, skiplists
from cosmouline.database.coefficient_choice import coefficient
from cosmouline.database.limits import Limits
from cosmouline.deconv.db_gather import values, why_not
from cosmouline.files import io_catalog, io_report
from cosmouline.run import log_line, run

NEEDS = ("field_fwhm_arcsec", "field_ellipticity", "sky_level_e")
WRITES = ()
FORMATS = {"seeing": ".2f", "ellipticity": ".3f", "coefficient": ".3f", "sky": ".0f"}


def coefficient_if_known(image, settings):
    """Return the coefficient of an image; None before there is one."""
    try:
        return coefficient(image, settings)[0]
    except KeyError:
        return None


def measure(images, settings):
    """Return a row of the report for every image that is left out."""
    rows, skipped = [], skiplists.skiplist(settings, f"dec_{settings.dec_name}_skiplist.txt")
    for image in images:
        coeff = coefficient_if_known(image, settings)
        reason = why_not(image, coeff, skipped, settings)
        if reason:
            rows.append({"img_name": image["img_name"], "why": reason} | values(image, coeff))
    return rows


def main(settings, db):
    """Write the report and the list of every band."""
    skiplists.tell_unknown(settings, db, f"dec_{settings.dec_name}_skiplist.txt")
    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        rows = measure(images, one)
        limits = Limits.of(settings, "dec_")._asdict()
        columns = ["img_name", "why", *(name for name in limits if limits[name] is not None)]
        path = paths.report(one, f"dec_{settings.dec_name}_left_out")
        text = io_report.table(rows, columns, FORMATS) if rows else "none"
        io_report.write_report(path, f"{settings.lens_name}: left out of {settings.dec_name}",
                               text)
        io_catalog.write_image_list(paths.deconvolution(one) / "skiplist.txt",
                                    {row["img_name"]: row["why"] for row in rows})
        for reason, n in Counter(row["why"].split(":")[0] for row in rows).most_common():
            log_line("%d of %d images left out: %s", n, len(images), reason)
        log_line("%d of %d images stay: %s", len(images) - len(rows), len(images),
                 paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
