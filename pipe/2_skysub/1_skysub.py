"""Map the sky and its noise on every image.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : sky/<img_name>.fits, a small mesh; sky_box_px, sky_range_e, sky_noise_e,
          sky_noise_ratio -> database
Settings: sky_box_px
Next    : 2_skysub/1c_flat_errors

Run as  : python pipe/2_skysub/1_skysub.py configs/MYLENS

No sky-subtracted image is written: a script that needs one subtracts the spline through this mesh
on just the pixels that it uses. Pixels are never resampled or rounded on the way to a flux.
sky_noise_ratio compares the noise with sqrt(sky level + read noise^2): it is near 1 where the gain
is right, whatever the header says.
"""

from cosmouline.images import db_images, db_sky
from cosmouline.images.sky import sky_map
from cosmouline.run import for_each_image, run

NEEDS = ("saturation_e", "n_hot_px", "sky_level_e", "read_noise_e")
WRITES = ("sky_box_px", "sky_range_e", "sky_noise_e", "sky_noise_ratio", "fringe_frame",
          "fringe_scale", "fringe_rms_e")


def measure(image, settings):
    """Write the sky map of one image; return its mesh size and range."""
    image_e, bad = db_images.image_and_bad(image, settings)
    fields = db_sky.keep(sky_map(image_e, bad, settings.sky_box_px), image, settings)
    return fields | db_sky.noise_ratio(fields["sky_noise_e"], image)


def main(settings, db):
    """Map the sky of every image in use."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    mapped = [db.rows[image["img_name"]] for image in images]
    for warn in (db_sky.warn_of_noise, db_sky.warn_of_sets, db_sky.warn_of_gain):
        warn(mapped)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
