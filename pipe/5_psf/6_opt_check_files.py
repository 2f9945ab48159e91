"""List the images without a PSF, and why.

Needs   : stamps (5_psf/2a_extract), PSFs (5_psf/4_build_psf)
Writes  : report_psf_<psf_name>_missing.txt
Settings: lens_name, psf_name
Next    : 5_psf/7_opt_list_saturated

Run as  : python pipe/5_psf/6_opt_check_files.py configs/MYLENS

Images that were rejected, that failed, whose PSF is missing on the disk or cannot be read.
"""

from cosmouline.database import fields, paths, provenance
from cosmouline.errors import ProductLost, UserError
from cosmouline.files import io_report
from cosmouline.psf import db_psf
from cosmouline.run import log_line, run

NEEDS = ("star_list",)
WRITES = ()
SCRIPTS = ("5_psf/2a_extract", "5_psf/3_find_cosmics", "5_psf/4_build_psf")


def why(image, settings):
    """Return why an image has no PSF; empty if it has one that can be read."""
    if f"n_psf_used__{settings.psf_name}" in image:
        try:
            db_psf.psf(image, settings)
        except ProductLost:
            return f"{paths.psf(settings, image['img_name'])} is missing"
        except (OSError, KeyError, ValueError) as error:
            return f"the PSF cannot be read ({error})"
        return ""
    if not image["gogogo"]:
        return image.get("whynot", "rejected")
    for script in SCRIPTS:
        key = fields.with_variant(script, settings.psf_name)
        word, *_, message = provenance.outcome(image, key)
        if word not in ("done", None):
            return f"{script} {word}: {message}"
    return "not built yet"


def main(settings, db):
    """Write the list of the images that are aligned but have no PSF."""
    images = [image for image in db.select(treatme=True) if image.get("is_aligned")]
    if not images:
        raise UserError("no image is aligned. Run 3_align/1b_identify_stars.py first.")
    reasons = {image["img_name"]: why(image, settings) for image in images}
    rows = [{"img_name": name, "why": reason} for name, reason in reasons.items() if reason]
    path = paths.report(settings, f"psf_{settings.psf_name}_missing")
    text = io_report.table(rows, ("img_name", "why")) if rows else "none"
    io_report.write_report(path, f"{settings.lens_name}: images without {settings.psf_name}", text)
    log_line("%d of %d images have no PSF: %s", len(rows), len(images), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
