"""Compare where the images lie: common and total area, and the images that miss the lens.

Needs   : coordinates (fac_astrometry/2_plate_solve)
Writes  : footprint, lens_inside, lens_edge_arcsec -> database; report_footprints.txt,
          plots/footprints.png, plots/footprints_stars.png (with the stars of the catalogue)
Settings: lens_name, lens_ra_deg, lens_dec_deg, lens_position_px, catalogue, star_ruwe_max,
          star_mag_range
Next    : fac_astrometry/4_catalogue_stars

Run as  : python pipe/fac_astrometry/3_footprints.py configs/MYLENS

An image whose coordinates were solved and that does not hold the lens is rejected; one whose
coordinates are those of its header, unchecked, is reported only.
"""

from cosmouline.astrometry import db_footprints
from cosmouline.database import paths
from cosmouline.errors import ImageRejected
from cosmouline.files import io_report
from cosmouline.pages import drawing
from cosmouline.plots.footprints import footprint_page
from cosmouline.run import for_each_image, log_line, run

NEEDS = ("wcs_origin", "nx_px", "ny_px")
WRITES = ("footprint", "lens_inside", "lens_edge_arcsec")
COLUMNS = ("img_name", "wcs_origin", "wcs_ra_deg", "wcs_dec_deg", "wcs_scale_arcsec",
           "wcs_north_deg", "wcs_parity", "n_wcs_stars", "wcs_rms_px", "lens_edge_arcsec",
           "wcs_note")
FORMATS = {"wcs_ra_deg": ".5f", "wcs_dec_deg": ".5f", "wcs_scale_arcsec": ".4f",
           "wcs_north_deg": ".2f", "wcs_rms_px": ".3f", "lens_edge_arcsec": ".1f"}


def measure(image, settings):
    """Return the corners of one image, and where the lens lies on it."""
    found = db_footprints.fields(image, settings)
    if found.get("lens_inside") is False and image["wcs_origin"] == "solved":
        raise ImageRejected(f"the lens lies {-found['lens_edge_arcsec']:.1f} arcsec outside of it")
    return found


def main(settings, db):
    """Measure the footprints, write the report, draw them."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    there = [image for image in db.in_use(settings) if "footprint" in image]
    if not there:
        log_line("no image has coordinates: nothing to compare")
        return counts
    sky = db_footprints.Sky.of(there, settings)
    text = sky.summary()
    log_line("%s", text)
    outside = [image["img_name"] for image in there if image.get("lens_inside") is False]
    if outside:
        log_line("%d images do not hold the lens (first: %s)", len(outside), outside[0])
    io_report.write_report(paths.report(settings, "footprints"),
                           f"{settings.lens_name}: footprints",
                           f"{text}\n\n{io_report.table(there, COLUMNS, FORMATS)}")
    if settings.options.no_pictures:
        return counts
    title = f"{drawing.lens(settings)}: footprints of {len(there)} images"
    drawing.save_plot(footprint_page(**sky.drawn(), title=title, info=text), "footprints",
                      settings, __file__)
    if (stars := sky.stars(there, settings)) is not None:
        drawing.save_plot(footprint_page(**sky.drawn(), **stars, title=title, info=text),
                          "footprints_stars", settings, __file__)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
