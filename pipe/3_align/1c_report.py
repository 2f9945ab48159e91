"""List how well every image is aligned, and which are not.

Needs   : the transforms (3_align/1b_identify_stars)
Writes  : report_alignment.txt
Settings: lens_name
Next    : 3_align/3_update_flags

Run as  : python pipe/3_align/1c_report.py configs/MYLENS
"""

from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.run import log_line, run

NEEDS = ("is_aligned",)
WRITES = ()

ALIGNED = ("img_name", "n_align_stars", "align_rms_px", "align_angle_deg", "align_scale",
           "align_parity", "fwhm_arcsec", "ellipticity", "sky_level_e", "align_note")


def main(settings, db):
    """Write the report: fewest matches first, for these are the ones to look at."""
    images = db.to_treat(settings, NEEDS)
    aligned = sorted((im for im in images if im["is_aligned"]), key=lambda im: im["n_align_stars"])
    not_aligned = [image for image in images if not image["is_aligned"]]
    path = paths.report(settings, "alignment")
    io_report.write_parts(path, f"{settings.lens_name}: alignment", [
        f"reference: {db.reference()['img_name']}",
        io_report.Part(f"{len(aligned)} images aligned", aligned, ALIGNED),
        io_report.Part(f"{len(not_aligned)} images not aligned", not_aligned,
                       ("img_name", "align_note", "n_sources"))])
    log_line("%d aligned, %d not: %s", len(aligned), len(not_aligned), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
