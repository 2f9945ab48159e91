"""Draw how seeing, ellipticity and sky of every image were found: three histograms per image.

Needs   : sources (1_character/3a_detect), seeing (3b_measure_seeing), sky (4a_sky_stats)
Writes  : check_png/<img_name>.png
Settings: lens_name
Next    : 2_skysub/1_skysub

Run as  : python pipe/1_character/4c_opt_plot_checks.py configs/MYLENS [--only IMG]

What to look for: the measured value (dashed) at the peak of the stars: cosmics make a second peak
at smaller FWHM, galaxies a tail at larger ones. The sky level on top of the pixels, and its
scatter as wide as their peak. Worth it for images that stand out in the reports.
"""

from cosmouline.images import db_images
from cosmouline.pages import drawing
from cosmouline.plots.histograms import check_page
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_stars

NEEDS = ("n_sources", "fwhm_px", "ellipticity", "sky_level_e", "sky_sigma_e", "n_hot_px")
WRITES = ()


def measure(image, settings):
    """Draw the page of one image."""
    found = db_stars.sources(image, settings)
    image_e, bad = db_images.image_and_bad(image, settings)
    stars = found[~found["is_saturated"]]
    page = check_page(stars["fwhm_px"], stars["ellipticity"], image_e[~bad],
                      image["fwhm_px"], image["ellipticity"],
                      image["sky_level_e"], image["sky_sigma_e"],
                      drawing.title(image, settings))
    drawing.save_page(page, "check", image["img_name"], settings, __file__)
    return {}


def main(settings, db):
    """Draw the pages that are missing or out of date."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
