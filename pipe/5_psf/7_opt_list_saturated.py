"""List the PSF stars that come near to saturation, image by image.

Needs   : stamps (5_psf/2a_extract), sky level
Writes  : report_psf_<psf_name>_saturated.txt, psf_<psf_name>/saturated.txt (a list of images)
Settings: lens_name, psf_name, psf_peak_max
Next    : 6_extract/1_extract_objects

Run as  : python pipe/5_psf/7_opt_list_saturated.py configs/MYLENS

Stars whose highest pixel, sky included, is above psf_peak_max of the saturation level. Saturated
pixels themselves (above 0.9 of it) are masked and such stars never used; this is about the range
below, where some detectors are no longer linear. Leave a star that is often listed out of
psf_stars; the list of images can be copied into kicklist.txt or a skiplist.
"""

from cosmouline.database import paths
from cosmouline.files import io_catalog, io_report
from cosmouline.run import log_line, run
from cosmouline.stamps import db_stamps
from cosmouline.stamps.stamps import MASK_BAD, MASK_COSMIC

import numpy as np

NEEDS = ("n_psf_cut__{psf}", "sky_level_e", "saturation_e")
WRITES = ()
INNER = 0.25  # of the side, about the middle: the star, and not its neighbours


def measure(image, settings):
    """Return name and peak, as a fraction of saturation, of the stars above the limit."""
    stamps, names, _ = db_stamps.psf_stamps(image, settings)
    side_px = stamps.side_px
    inner = slice(int(side_px * (0.5 - INNER)), int(np.ceil(side_px * (0.5 + INNER))))
    good = (stamps.mask & (MASK_BAD | MASK_COSMIC)) == 0
    peak_e = np.where(good, stamps.data_e, -np.inf)[:, inner, inner].max((1, 2))
    fractions = (peak_e + image["sky_level_e"]) / image["saturation_e"]
    return [(name, float(fraction)) for name, fraction in zip(names, fractions, strict=True)
            if fraction > settings.psf_peak_max]


def main(settings, db):
    """Write the report and the list of images."""
    images = db.to_treat(settings, NEEDS)
    found = {image["img_name"]: measure(image, settings) for image in images}
    found = {name: stars for name, stars in found.items() if stars}
    n_by_star = {star: sum(star == name for stars in found.values() for name, _ in stars)
                 for stars in found.values() for star, _ in stars}
    rows = [{"img_name": name, "star": star, "peak / saturation": fraction}
            for name, stars in found.items() for star, fraction in stars]
    often = [{"star": star, "images": n} for star, n in sorted(n_by_star.items(),
                                                               key=lambda pair: -pair[1])]
    path = paths.report(settings, f"psf_{settings.psf_name}_saturated")
    io_report.write_report(
        path, f"{settings.lens_name}: stars of {settings.psf_name} above "
        f"{settings.psf_peak_max:g} of the saturation level", "\n".join([
            io_report.table(often, ("star", "images")),
            io_report.table(rows, ("img_name", "star", "peak / saturation"),
                            {"peak / saturation": ".3f"})]) if rows else "none")
    io_catalog.write_image_list(
        paths.psf(settings, "x").with_name("saturated.txt"),
        {name: "saturated: " + ", ".join(star for star, _ in stars)
         for name, stars in found.items()})
    log_line("%d of %d images have stars above %g of the saturation level%s: %s", len(found),
             len(images), settings.psf_peak_max,
             f" (most often {often[0]['star']})" if often else "", paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
