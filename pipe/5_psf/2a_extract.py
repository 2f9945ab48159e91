"""Cut the PSF stars out of every image, with noise maps and masks.

Needs   : the stars (4_norm/0_pick_stars), catalogues, sky maps, transforms
Writes  : psf_<psf_name>/<img_name>_stamps.fits; n_psf_cut__<psf_name> -> database
Settings: psf_name, psf_stars, norm_stars, psf_stamp_fwhm, use_drawn_masks
Next    : 5_psf/3_find_cosmics

Run as  : python pipe/5_psf/2a_extract.py configs/MYLENS

Stamps are cut at the nearest pixel and never interpolated. Bad and saturated pixels, neighbours
and what lies outside of the image are marked in MASK, each with its own bit. A psf_<psf_name>.cat
in the folder of the lens goes before psf_stars. Regions of DS9, psf_<psf_name>_mask_<star>.reg
there, drawn on the reference image, mask what is inside (5_psf/2b_opt_masks shows them).
"""

from functools import partial

from cosmouline.database import paths
from cosmouline.errors import ImageRejected
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_star_catalogue, db_stars
from cosmouline.stamps import db_cut, db_drawn_masks
from cosmouline.stamps.io_stamps import write_stamps
from cosmouline.stamps.stamps import stamp_side

NEEDS = ("star_list", "field_fwhm_px", "sky_noise_e", "saturation_e", "n_hot_px", "flat_map",
         "n_sources", "align_m11")
WRITES = ("n_psf_cut__{psf}",)


def measure(image, settings, drawn):
    """Write the stamps of one image; return how many of them are usable."""
    stars = db_stars.psf_stars(settings)
    side_px = stamp_side(image["field_fwhm_px"], settings.psf_stamp_fwhm)
    stamps = db_cut.star_stamps(image, stars, side_px, settings)
    stamps = db_drawn_masks.applied(stamps, [star.name for star in stars], drawn, image)
    n_usable = int(stamps.is_usable.sum())
    if n_usable == 0:
        raise ImageRejected(f"none of its {len(stars)} PSF stars is inside, unsaturated and good")
    write_stamps(paths.psf_stamps(settings, image["img_name"]), stamps,
                 [star.name for star in stars], {"img_name": image["img_name"]})
    return {f"n_psf_cut__{settings.psf_name}": n_usable}


def main(settings, db):
    """Cut the stars of every image that is aligned."""
    images, stars = db.to_treat(settings, NEEDS), db_stars.psf_stars(settings)
    db_star_catalogue.check_own(stars, db.all_in_use(settings, NEEDS), db_stars.psf_list(settings))
    work = partial(measure, drawn=db_drawn_masks.of_psf(stars, db.reference(), settings))
    return for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
