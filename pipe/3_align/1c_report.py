"""List how well every image is aligned, and which are not.

Needs   : the transforms (3_align/1b_identify_stars)
Writes  : report_alignment.txt
Settings: lens_name
Next    : 3_align/3_update_flags

Run as  : python 1c_report.py ../../configs/MYLENS
"""

from cosmouline import paths, reports
from cosmouline.run import log_line, run

NEEDS = ("is_aligned",)
WRITES = ()

ALIGNED = ("img_name", "n_align_stars", "align_rms_px", "align_angle_deg", "align_scale",
           "align_parity", "fwhm_arcsec", "ellipticity", "sky_level_e")
FORMATS = {"align_rms_px": ".3f", "align_angle_deg": ".3f", "align_scale": ".5f",
           "fwhm_arcsec": ".2f", "ellipticity": ".3f", "sky_level_e": ".0f"}


def main(settings, db):
    """Write the report: fewest matches first, for these are the ones to look at."""
    images = db.to_treat(settings, NEEDS)
    aligned = sorted((im for im in images if im["is_aligned"]), key=lambda im: im["n_align_stars"])
    not_aligned = [image for image in images if not image["is_aligned"]]
    text = "\n\n".join([
        f"reference: {db.reference()['img_name']}",
        f"{len(aligned)} images aligned", reports.table(aligned, ALIGNED, FORMATS),
        f"{len(not_aligned)} images not aligned",
        reports.table(not_aligned, ("img_name", "align_note", "n_sources"))])
    path = paths.report(settings, "alignment")
    reports.write_report(path, f"{settings.lens_name}: alignment", text)
    log_line("%d aligned, %d not: %s", len(aligned), len(not_aligned), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
