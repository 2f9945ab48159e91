"""Cut the lens and the stars out of every image, with noise maps and masks.

Needs   : the stars (4_norm/0_pick_stars), catalogues, sky maps, transforms
Writes  : objects/<img_name>.fits; n_objects, object_side_px, lens_side_px -> database
Settings: norm_stars, photom_stars, psf_stamp_fwhm, point_sources, point_sources_unit,
          lens_ra_deg, lens_dec_deg, lens_position_px, north_angle_deg, is_mirrored,
          lens_stamp_fwhm, lens_stamp_px, extra_sources, use_drawn_masks
Next    : 6_extract/2_find_cosmics

Run as  : python pipe/6_extract/1_extract_objects.py configs/MYLENS

All objects of an image are in one file: cubes DATA, SIGMA and MASK, and a table OBJECTS. The first
object is the lens; stars of a PSF alone are on the stamps of 5_psf/2a_extract, so that the stamps
here are those of every PSF. The side of the stamps is the same in all images; it stays when images
are added, and is chosen again by --redo. Stars of photomstars.cat in the folder of the lens are
cut too, to be followed. Regions of DS9 there, obj_<name>_mask.reg (lens or a star), mask what is
inside.
"""

from functools import partial

from cosmouline.astrometry.db_lens_position import extra_on_reference, lens_centre_and_radius
from cosmouline.database import paths
from cosmouline.run import for_each_image, log_line, run
from cosmouline.sources import db_star_catalogue, db_stars
from cosmouline.stamps import db_cut, db_drawn_masks
from cosmouline.stamps.io_stamps import write_stamps
from cosmouline.stamps.stamps import join_stamps, stamp_side

NEEDS = ("star_list", "field_fwhm_px", "sky_noise_e", "saturation_e", "n_hot_px", "flat_map",
         "n_sources", "align_m11")
WRITES = ("n_objects", "object_side_px", "lens_side_px")
LENS = "lens"


def measure(image, settings, stars, lens_xy, radius_px, lens_side_px, extra_xy, drawn):
    """Write the stamps of one image; return how many are usable, and their side."""
    side_px = max(stamp_side(image["field_fwhm_px"], settings.psf_stamp_fwhm), lens_side_px)
    lens = db_cut.lens_stamp(image, lens_xy, radius_px, side_px, settings, extra_xy)
    stamps = join_stamps(lens, db_cut.star_stamps(image, stars, side_px, settings))
    names = [LENS, *[star.name for star in stars]]
    stamps = db_drawn_masks.applied(stamps, names, drawn, image)
    write_stamps(paths.objects(settings, image["img_name"]), stamps, names,
                 {"img_name": image["img_name"], "lens_radius_px": radius_px})
    return {"n_objects": int(stamps.is_usable.sum()), "object_side_px": side_px,
            "lens_side_px": lens_side_px}


def main(settings, db):
    """Cut the objects of every image that is aligned."""
    images = db.to_treat(settings, NEEDS)
    lens_xy, radius_px = lens_centre_and_radius(db.reference(), settings)
    all_images, stars = db.all_in_use(settings, NEEDS), db_stars.cut_stars(settings)
    side_px = db_cut.lens_side(all_images, radius_px, settings, db.runs)
    log_line("stamps of the lens: %d pixels", side_px)
    field = db_stars.field_stars(settings)
    _, extra_xy = extra_on_reference(db.reference(), settings, field, side_px)
    db_star_catalogue.check_own(stars, all_images, db_stars.photom_list(settings))
    drawn = db_drawn_masks.of_objects(stars, lens_xy, db.reference(), settings)
    work = partial(measure, stars=stars, lens_xy=lens_xy, radius_px=radius_px,
                   lens_side_px=side_px, extra_xy=extra_xy, drawn=drawn)
    return for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
