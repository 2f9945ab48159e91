"""Draw every image, with what is known about it.

Needs   : ali/<img_name>.fits, seeing (1_character/3b_measure_seeing), sky (4a_sky_stats)
Writes  : img_png/<img_name>.png, img_png/order.txt, plots/images_<n>.png
Settings: lens_name
Next    : 1_character/5b_opt_hand_check

Run as  : python pipe/1_character/5a_opt_make_pngs.py configs/MYLENS

Pictures that are up to date are kept. order.txt lists them by set and time, in the form in which
ffmpeg makes a film of them (ffmpeg -f concat -r 5 -i order.txt film.mp4). The sheets
plots/images_1.png and so on show all of them, in the same order.
"""

from cosmouline.database import notes
from cosmouline.images import db_images
from cosmouline.pages import contact_sheets, drawing
from cosmouline.plots.frame import frame_page
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("datetime_utc", "telescope", "fwhm_arcsec", "ellipticity", "n_good_stars",
         "sky_level_e", "sky_sigma_e", "n_hot_px")
WRITES = ()


def info(image):
    """Return the lines next to the picture."""
    lines = [image["datetime_utc"].replace("T", " "),
             f"{image['telescope']}, set {image['set_name']}", f"{image['exptime_s']:.0f} s",
             f"seeing {image['fwhm_arcsec']:.2f} arcsec, {image['fwhm_px']:.1f} px",
             f"ellipticity {image['ellipticity']:.2f}", f"{image['n_good_stars']} stars",
             f"sky {image['sky_level_e']:.0f} e-, scatter {image['sky_sigma_e']:.1f} e-"]
    lines += [f"airmass {image['airmass']:.2f}"] if "airmass" in image else []
    return lines + [note.text for note in notes.of(image, "frame_notes", "pixel_notes",
                                                   "astro_note")]


def measure(image, settings):
    """Draw the page of one image."""
    image_e, bad = db_images.image_and_bad(image, settings)
    page = frame_page(np.where(bad, np.nan, image_e), drawing.title(image, settings), info(image))
    drawing.save_page(page, "img", image["img_name"], settings, __file__)
    return {}


def main(settings, db):
    """Draw the pages that are missing or out of date, then all on sheets."""
    images = contact_sheets.in_order(db.to_treat(settings, NEEDS))
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    contact_sheets.write_order(images, "img", settings)
    contact_sheets.save(images, "images", settings, __file__, contact_sheets.frame,
                        status=lambda image: "used" if image["gogogo"] else "rejected",
                        note=lambda image: f"{image['fwhm_arcsec']:.2f}\"  "
                                           f"e {image['ellipticity']:.2f}  "
                                           f"sky {image['sky_level_e']:.0f}")
    return counts


if __name__ == "__main__":
    run(main, __doc__)
