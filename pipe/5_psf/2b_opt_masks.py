"""Show the masks that were drawn with DS9 on the stars and the lens.

Needs   : the stars (4_norm/0_pick_stars), transforms; regions in the folder of the lens
Writes  : plots/masks.png
Settings: lens_name, psf_name, psf_stars, norm_stars, photom_stars, psf_stamp_fwhm,
          use_drawn_masks, point_sources, point_sources_unit, lens_ra_deg, lens_dec_deg,
          lens_position_px, north_angle_deg, is_mirrored
Next    : 5_psf/2a_extract

Run as  : python pipe/5_psf/2b_opt_masks.py configs/MYLENS

Draw circles and boxes on the reference image in DS9 and save them in image, physical, fk5 or icrs
coordinates: as psf_<psf_name>_mask_<star>.reg for a PSF star, as obj_<name>_mask.reg for the lens
or a star under 6_extract. 5_psf/2a_extract and 6_extract/1_extract_objects read them whenever they
cut stamps, so that they survive a new search for cosmics. This script only shows them, on the
reference image.
"""

from cosmouline.astrometry.db_lens_position import lens_centre_and_radius
from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.pages import drawing
from cosmouline.plots.stamps import stamps_page
from cosmouline.run import log_line, run
from cosmouline.sources import db_stars
from cosmouline.stamps import db_cut, db_drawn_masks
from cosmouline.stamps.stamps import MASK_DRAWN, join_stamps, stamp_side

import numpy as np

NEEDS = ("star_list", "field_fwhm_px", "medcoeff", "sky_noise_e", "saturation_e", "n_hot_px",
         "is_aligned")
WRITES = ()


def measure(reference, settings):
    """Return the stamps of everything with a mask, and what to call them."""
    side_px = stamp_side(reference["field_fwhm_px"], 1.5 * settings.psf_stamp_fwhm)
    lens_xy, radius_px = lens_centre_and_radius(reference, settings)
    psf, stars = db_stars.psf_stars(settings), db_stars.object_stars(settings)
    lens = db_cut.lens_stamp(reference, lens_xy, radius_px, side_px, settings)
    objects = join_stamps(lens, db_cut.star_stamps(reference, stars, side_px, settings))
    both = []
    for stamps, names, regions, kind in (
            (db_cut.star_stamps(reference, psf, side_px, settings), [s.name for s in psf],
             db_drawn_masks.of_psf(psf, reference, settings), f"psf_{settings.psf_name}"),
            (objects, ["lens", *[star.name for star in stars]],
             db_drawn_masks.of_objects(stars, lens_xy, reference, settings), "obj")):
        stamps = db_drawn_masks.applied(stamps, names, regions, reference)
        chosen = [k for k, name in enumerate(names) if name in regions]
        both.append((stamps.only(chosen), [f"{kind} {names[k]}" for k in chosen]))
    return join_stamps(both[0][0], both[1][0]), both[0][1] + both[1][1]


def main(settings, db):
    """Draw the stamps of the reference image that have masks."""
    reference = db.reference(db.all_in_use(settings, NEEDS))
    if not paths.drawn_masks(settings) or not settings.use_drawn_masks:
        raise UserError(f"there is no psf_{settings.psf_name}_mask_<star>.reg nor obj_<name>_mask."
                        f"reg in {paths.relative(settings.config_dir)} (or use_drawn_masks = "
                        "False).")
    stamps, names = measure(reference, settings)
    for name, mask in zip(names, stamps.mask, strict=True):
        log_line("%s: %d pixels masked", name, np.count_nonzero(mask & MASK_DRAWN))
    sigma_e = np.sqrt(stamps.sky_sigma_e**2 + np.maximum(stamps.data_e, 0))
    page = stamps_page(stamps.data_e, stamps.mask, names, sigma_e,
                       title=f"{settings.lens_name}: masks on {reference['img_name']}")
    drawing.save_plot(page, "masks", settings, __file__)


if __name__ == "__main__":
    run(main, __doc__)
