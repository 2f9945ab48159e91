"""List the stars of the field, and pick those for normalisation and PSF.

Needs   : transforms (3_align/1b_identify_stars), catalogues (1_character/3a_detect), sky maps
Writes  : field_stars.ecsv, normstars.cat and .reg in work_dir; star_list, field_fwhm_px,
          field_fwhm_arcsec, field_ellipticity, n_field_stars -> database
Settings: norm_stars, n_norm_stars, star_snr_min, star_lens_distance_px, catalogue,
          star_ruwe_max, star_mag_range
Next    : 4_norm/1a_image_stats

Run as  : python pipe/4_norm/0_pick_stars.py configs/MYLENS

A file normstars.cat in the folder of the lens goes before the automatic choice. Stars once chosen
stay when images are added later; --redo chooses again. To correct the choice, copy normstars.cat
from work_dir to the folder of the lens and edit it there.
"""

from cosmouline.astrometry.db_coordinates import reference_to_pixels
from cosmouline.astrometry.db_transform import pixel_scale_arcsec
from cosmouline.database import paths
from cosmouline.files import io_catalog
from cosmouline.run import for_all_images, log_line, run
from cosmouline.sources import db_lens_light, db_star_catalogue, db_stars

NEEDS = ("align_m11", "lens_x_px", "n_sources", "sky_noise_e", "fwhm_px", "ellipticity",
         "pa_deg", "n_good_stars", "pixel_scale_arcsec")
WRITES = ("star_list", "field_fwhm_px", "field_fwhm_arcsec", "field_ellipticity",
          "n_field_stars")


def measure(images, stars, reference, settings):
    """Measure the seeing again from the stars that recur; return the fields of all images."""
    seeings, stars, n_found = db_star_catalogue.common_seeing(images, stars, settings)
    results = {}
    for image, seeing, n in zip(images, seeings, n_found, strict=True):
        results[image["img_name"]] = {
            "field_fwhm_px": seeing.fwhm_px,
            "field_fwhm_arcsec": seeing.fwhm_px * pixel_scale_arcsec(image, reference),
            "field_ellipticity": seeing.ellipticity,
            "n_field_stars": int(n),
        }
    return results, stars


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
    """List, pick and write."""
    images = db.all_in_use(settings, NEEDS)
    reference = db.reference(images)
    stars = db_star_catalogue.list_stars(images, reference, settings)
    db_lens_light.check(images, stars, reference, settings)
    results, stars = measure(images, stars, reference, settings)
    picked = chosen(images, stars, reference, db.runs, settings)
    db_star_catalogue.write(stars, picked, settings)
    digest = db_star_catalogue.digest(picked, reference, settings)
    results = {name: values | {"star_list": digest} for name, values in results.items()}
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    log_line("%d stars in the field, %d picked: %s", len(stars), len(picked),
             paths.relative(paths.picked_stars(settings)))


if __name__ == "__main__":
    run(main, __doc__)
