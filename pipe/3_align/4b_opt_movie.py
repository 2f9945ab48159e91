"""Show the images one after the other, turned onto the reference, as GIF: the lens, or all.

Needs   : transforms (3_align/1b_identify_stars), sky maps (2_skysub/1_skysub)
Writes  : plots/movie.gif
Settings: lens_name
Next    : 4_norm/0_pick_stars

Run as  : python pipe/3_align/4b_opt_movie.py configs/MYLENS [--side 30] [--frames 100] [--speed 5]
          [--whole]

In the order of time, without sky, all with the same cuts: what moves is badly aligned, what
blinks is a cosmic ray or varies. Of more images than --frames evenly spaced ones are shown.
--whole shows all of the reference image, made small, instead of the lens.
"""

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.db_lens_position import lens_on_reference
from cosmouline.database import paths
from cosmouline.images import db_images, db_sky
from cosmouline.images.resample import moved, resample, shrunk
from cosmouline.plots.movie import save_movie
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("align_m11", "sky_noise_e", "mjd", "fwhm_arcsec")
WRITES = ()
ARGUMENTS = {
    "--side": {"type": float, "default": 30.0, "help": "side of the cut-out in arcsec"},
    "--frames": {"type": int, "default": 100, "help": "most images that are shown"},
    "--whole": {"action": "store_true", "help": "the whole field, made small"},
    "--speed": {"type": float, "default": 5.0, "help": "images per second"},
}
SIDE_MOST_PX = 400


def cut_out(image, first_px, side_px, settings):
    """Return a square of the reference grid, resampled from one image, without sky."""
    return resample(flat(image, settings), moved(db_transform.matrix(image), *first_px),
                    (side_px, side_px))


def whole(image, reference, settings):
    """Return the reference grid made small, from one image, without sky."""
    shape = reference["ny_px"], reference["nx_px"]
    flat_e = flat(image, settings)
    return shrunk(flat_e, db_transform.matrix(image), shape, -(-max(shape) // SIDE_MOST_PX))


def flat(image, settings):
    """Return an image without sky, its bad pixels NaN."""
    image_e, bad = db_images.image_and_bad(image, settings)
    image_e -= db_sky.sky(image, settings).level()
    image_e[bad] = np.nan
    return image_e


def main(settings, db):
    """Write the film."""
    images = sorted(db.to_treat(settings, NEEDS), key=lambda image: image["mjd"])
    reference, options = db.reference(), settings.options
    some = images[::max(1, -(-len(images) // max(1, options.frames)))]
    side_px = round(options.side / reference["pixel_scale_arcsec"])
    side_px = int(np.clip(side_px, 16, SIDE_MOST_PX))
    first_px = np.rint(lens_on_reference(reference, settings)) - side_px // 2
    shown = [whole(image, reference, settings) if options.whole
             else cut_out(image, first_px, side_px, settings) for image in some]
    titles = [f"{image['img_name']}  {image['fwhm_arcsec']:.2f}\"" for image in some]
    path = paths.plot(settings, "movie").with_suffix(".gif")
    save_movie(path, shown, titles, max(options.speed, 0.1), settings.lens_name)
    log_line("%d of %d images: %s", len(some), len(images), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
