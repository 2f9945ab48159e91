"""Take the fringes of thin CCDs out: one pattern per set and night, from dithered images.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : fringes/<set>_<night>.fits, plots/fringes.png; sky/<img_name>.fits anew, sky_noise_e,
          fringe_frame, fringe_scale, fringe_rms_e -> database
Settings: lens_name, sky_box_px, fringe_by
Next    : 2_skysub/2_sky_pngs

Run as  : python pipe/2_skysub/1b_opt_fringes.py configs/MYLENS

The pattern is stored with the sky map, so that apertures and stamps subtract it; images are not
changed, and a repetition changes nothing. A night needs three images, dithered by more than the
size of the stars; others keep the sky of 1_skysub, and the reason is logged (fringe_by = "set"
takes all nights together; 1b_alt_fringes_no_dither needs no dithering). Run it again when images
were added. 1_skysub leaves its images as they are (--redo there takes the fringes back).
"""

from collections import Counter
from functools import partial
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.files import io_fits
from cosmouline.images import db_fringes, db_images, db_sky
from cosmouline.images.fringes import sky_with_fringes
from cosmouline.images.sky import sky_map
from cosmouline.pages import drawing
from cosmouline.run import for_each_image, log_line, make_options, run

NEEDS = ("saturation_e", "n_hot_px", "mjd")
WRITES = ("sky_box_px", "sky_range_e", "sky_noise_e", "fringe_frame", "fringe_scale",
          "fringe_rms_e")


def measure(image, settings, frames):
    """Write the sky map of one image with its fringes; return its noise and their height."""
    image_e, bad = db_images.image_and_bad(image, settings)
    name, path, values = frames.get(image["img_name"]), None, {}
    if name is None:  # fringes of an earlier run, whose night has no usable pattern any more
        sky = sky_map(image_e, bad, settings.sky_box_px)
    else:
        head, path = db_fringes.header(name, settings), paths.fringes(settings, name)
        sky = sky_with_fringes(image_e, bad, io_fits.read_image(path), head["NOISE"],
                               head["NIMAGES"], settings.sky_box_px)
        values = {"fringe_frame": name, "fringe_scale": sky.fringe_scale,
                  "fringe_rms_e": sky.fringe_scale * head["RMS"]}
    return values | db_sky.keep(sky, image, settings, path)


def main(settings, db):
    """Make the patterns that are missing, then fit them to all images that they are made of."""
    images = db.to_treat(settings, NEEDS)
    groups = db_fringes.groups(db.all_in_use(settings, NEEDS), settings)
    groups = {name: those for name, those in groups.items() if any(im in those for im in images)}
    names, remade, reasons = db_fringes.make_all(groups, settings)
    for reason, those in reasons.items():
        log_line("%d %ss left as they are (first: %s): %s", len(those), settings.fringe_by,
                 those[0], reason)
    frames = {image["img_name"]: name for name in names for image in groups[name]}
    changed = [image for name in names if name in remade for image in groups[name]]
    kept = [image for image in images if image["img_name"] in frames and image not in changed]
    without = [image for image in images if "fringe_frame" in image and
               image["img_name"] not in frames]
    again = SimpleNamespace(**vars(settings) | {"options": make_options(
        **vars(settings.options) | {"redo": True})})
    work = partial(measure, frames=frames)
    counts = Counter()
    for how, those in ((again, changed + without), (settings, kept)):
        if those:
            counts += Counter(for_each_image(work, those, how, db, needs=NEEDS, writes=WRITES))
    if names:
        drawing.save_plot(db_fringes.sheet(names, settings), "fringes", settings, __file__)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
