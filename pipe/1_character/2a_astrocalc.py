"""Compute heliocentric time, airmass, Moon and Sun for every image.

Needs   : mjd and the site (1_character/1a_add_to_database)
Writes  : mhjd, airmass, alt_deg, az_deg, Moon and Sun, astro_note -> database
Settings: lens_ra_deg, lens_dec_deg
Next    : 1_character/2b_report

Run as  : python pipe/1_character/2a_astrocalc.py configs/MYLENS

Without lens_ra_deg and lens_dec_deg the heliocentric time is left out, and light curves are drawn
against mjd. Nothing is downloaded.
"""

from cosmouline.frames import ephemeris
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("mjd",)
WRITES = ("mhjd", "airmass", "alt_deg", "az_deg", "moon_dist_deg", "moon_alt_deg",
          "moon_percent", "sun_alt_deg", "sun_dist_deg", "astro_note")
SITE = ("site_lon_deg", "site_lat_deg", "site_height_m")


def measure(images, settings):
    """Return the fields of all images, those of one site at a time; none without a position."""
    if settings.lens_ra_deg is None or settings.lens_dec_deg is None:
        log_line("lens_ra_deg or lens_dec_deg is not set: no heliocentric time, no airmass")
        return {}
    results = {}
    for site in {tuple(image.get(name) for name in SITE) for image in images}:
        here = [image for image in images if tuple(image.get(name) for name in SITE) == site]
        table = ephemeris.ephemeris([image["mjd"] for image in here], settings.lens_ra_deg,
                                    settings.lens_dec_deg, *site)
        for image, row in zip(here, ephemeris.rows(table), strict=True):
            note = ephemeris.is_fishy(row, image["mjd"])
            results[image["img_name"]] = row | {"astro_note": note}
    return results


def main(settings, db):
    """Compute for all images in use, and report what is impossible."""
    images = db.to_treat(settings, NEEDS)
    results = measure(images, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    flagged = [name for name, row in results.items() if row.get("astro_note")]
    if flagged:
        log_line("%d images are flagged for their time or position (first: %s, %s)", len(flagged),
                 flagged[0], results[flagged[0]]["astro_note"])


if __name__ == "__main__":
    run(main, __doc__)
