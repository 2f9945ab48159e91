"""List the stars of the field, and pick those for normalisation and PSF.

Needs   : transforms (3_align/1b_identify_stars), catalogues (1_character/3a_detect), sky maps
Writes  : field_stars.ecsv, normstars.cat and .reg in work_dir; star_list, field_fwhm_px,
          field_fwhm_arcsec, field_ellipticity, n_field_stars -> database
Settings: norm_stars, n_norm_stars, star_snr_min, star_lens_distance_px, star_mag_range,
          star_ruwe_max, catalogue
Next    : 4_norm/1a_image_stats

Run as  : python pipe/4_norm/0_pick_stars.py configs/MYLENS

A file normstars.cat in the folder of the lens goes before the automatic choice. Stars once chosen
stay when images are added later, and the list of all stars until the images have grown by half;
--redo makes both again. To correct the choice, copy normstars.cat from work_dir there, and edit.
"""

from cosmouline.astrometry.db_coordinates import reference_to_pixels
from cosmouline.astrometry.db_transform import pixel_scale_arcsec
from cosmouline.database import paths
from cosmouline.files import io_catalog
from cosmouline.run import for_all_images, log_line, not_done, run
from cosmouline.sources import db_lens_light, db_star_catalogue, db_stars

NEEDS = ("align_m11", "lens_x_px", "n_sources", "sky_noise_e", "fwhm_px", "ellipticity",
         "pa_deg", "n_good_stars", "pixel_scale_arcsec")
WRITES = "star_list", "field_fwhm_px", "field_fwhm_arcsec", "field_ellipticity", "n_field_stars"


def measure(images, seeings, n_found, digest, reference):
    """Return the fields of images, by the seeing from the stars that recur."""
    return {image["img_name"]: {
        "star_list": digest,
        "field_fwhm_px": seeing.fwhm_px,
        "field_fwhm_arcsec": seeing.fwhm_px * pixel_scale_arcsec(image, reference),
        "field_ellipticity": seeing.ellipticity, "n_field_stars": int(n),
    } for image, seeing, n in zip(images, seeings, n_found, strict=True)}


def chosen(images, stars, reference, runs, settings):
    """Return the stars of the lens's own list, those chosen before, or a new choice."""
    own = db_star_catalogue.own_list(settings)
    before = paths.picked_stars(settings)
    if own.is_file():
        log_line("stars taken from %s", own)
        picked = io_catalog.read_cat(own, to_pixels=reference_to_pixels(settings))
        db_star_catalogue.check_on_images(picked, images, own)
        db_star_catalogue.check_on_field(picked, stars, reference, own)
    elif before.is_file() and db_star_catalogue.is_kept(images, reference, settings, runs):
        picked = io_catalog.read_cat(before)
    else:
        picked = db_star_catalogue.pick(images, stars, reference, settings)
    db_stars.only_named(picked, settings.norm_stars, "norm_stars")  # stops at a wrong name
    db_stars.psf_stars(settings, picked)
    return picked


def main(settings, db):
    """List, pick and write; where the list stays, measure the images that were added."""
    images = db.all_in_use(settings, NEEDS)
    reference = db.reference(images)
    todo = not_done(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    if len(todo) < len(images) and db_star_catalogue.list_stays(images, settings):
        picked = db_stars.picked_stars(settings)
        seeings, n_found = db_star_catalogue.added_seeing(todo, settings)
        log_line("the list of stars stays: %d images to add", len(todo))
    else:
        todo, stars = images, db_star_catalogue.list_stars(images, reference, settings)
        db_lens_light.check(images, stars, reference, settings)
        seeings, stars, n_found = db_star_catalogue.common_seeing(images, stars, settings)
        picked = chosen(images, stars, reference, db.runs, settings)
        db_star_catalogue.write(stars, picked, settings)
        log_line("%d stars in the field, %d picked: %s", len(stars), len(picked),
                 paths.relative(paths.picked_stars(settings)))
    digest = db_star_catalogue.digest(picked, reference, settings)
    for_all_images(measure(todo, seeings, n_found, digest, reference), todo, settings, db,
                   measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
