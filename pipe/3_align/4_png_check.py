"""Draw the reference image with the outlines of all images, and a sheet of all of them turned.

Needs   : transforms (3_align/1b_identify_stars), sky maps (2_skysub/1_skysub)
Writes  : plots/alignment.png, plots/alignment_sheet.png
Settings: lens_name
Next    : 4_norm/0_pick_stars

Run as  : python pipe/3_align/4_png_check.py configs/MYLENS

On the sheet every image is turned onto the reference: the same stars must have the same
positions. Pixels are interpolated for this picture only.
"""

from cosmouline.astrometry import db_transform
from cosmouline.images import db_images, db_sky
from cosmouline.images.resample import shrunk
from cosmouline.pages import drawing
from cosmouline.plots.pages import contact_sheet
from cosmouline.run import log_line, run

NEEDS = ("align_angle_deg", "sky_noise_e", "fwhm_arcsec")
WRITES = ()
N_MOST = 84  # images on the sheet, spread evenly
THUMBNAIL_PX = 200  # longer side of the turned images


def thumbnail(image, reference, settings):
    """Return an image without sky, turned onto the reference and made small."""
    image_e, _ = db_images.image_and_bad(image, settings)
    shape = reference["ny_px"], reference["nx_px"]
    step = max(1, max(shape) // THUMBNAIL_PX)
    flat_e = image_e - db_sky.sky(image, settings).level()
    return shrunk(flat_e, db_transform.matrix(image), shape, step)


def main(settings, db):
    """Draw the map and the sheet."""
    images = db.to_treat(settings, NEEDS)
    reference = db.reference()
    drawing.save_plot(drawing.field_map(images, reference, settings), "alignment", settings,
                      __file__)
    some = images[::max(1, -(-len(images) // N_MOST))]
    log_line("%d of %d images on the sheet", len(some), len(images))
    page = contact_sheet(
        [thumbnail(image, reference, settings) for image in some],
        [image["img_name"] for image in some],
        ["reference" if image is reference else "used" for image in some],
        [f"{image['fwhm_arcsec']:.2f}\"  {image['align_angle_deg']:z.1f} deg" for image in some],
        title=f"{settings.lens_name}: all images on the reference")
    drawing.save_plot(page, "alignment_sheet", settings, __file__)


if __name__ == "__main__":
    run(main, __doc__)
