"""Measure the errors of the flat field of each set: what the skies of its images have in common.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), sky/<img_name>.fits
          (2_skysub/1_skysub)
Writes  : flat/<set>.fits, the map, where there are errors; flat_error -> database
Settings: none
Next    : 2_skysub/2_sky_pngs

Run as  : python pipe/2_skysub/1c_flat_errors.py configs/MYLENS

The sky lights all pixels alike. Where it departs from its map at the same pixels in all images,
the flat field is wrong there by as much, or light was added; 4_norm/2f_flat_by_stars tells which,
and stamps are cut from corrected images. Twelve images of a set are enough; with fewer than four,
or without a sky, nothing is known. It is measured again when a set has grown by half.
"""

from cosmouline.engine import tasks
from cosmouline.images import db_flat_error
from cosmouline.run import for_all_images, run

NEEDS = ("n_hot_px", "sky_level_e", "sky_noise_e", "sky_box_px")
WRITES = ("flat_error",)


def make(one, settings):
    """Measure a set; return the fields of all its images."""
    found = None if settings.options.redo else db_flat_error.kept(
        one["img_name"], one["images"], settings)
    if found is None:
        found = db_flat_error.measured(one["img_name"], one["images"], settings)
    return {image["img_name"]: found for image in one["images"]}


def measure(images, settings):
    """Measure every set; return the field of each image."""
    names = dict.fromkeys(image["set_name"] for image in images)
    todo = [{"img_name": name, "images": [im for im in images if im["set_name"] == name]}
            for name in names]
    results = {}
    for _, values in tasks.results(make, todo, settings, "set"):
        results |= values
    return results


def main(settings, db):
    """Measure all sets."""
    images = db.all_in_use(settings, NEEDS)
    results = measure(images, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
