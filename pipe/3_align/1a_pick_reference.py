"""Propose the reference image: sharp, deep, round, and with most stars in common.

Needs   : catalogues (1_character/3a_detect), seeing, sky
Writes  : ref_img_name, ref_score -> database
Settings: ref_img_name, align_method, align_rms_max_px, allow_mirror_images, fwhm_max_arcsec,
          ellipticity_max, sky_level_max_e
Next    : 3_align/1b_identify_stars

Run as  : python pipe/3_align/1a_pick_reference.py configs/MYLENS

Only images within the limits of 3_update_flags can be chosen, and of all sets some are compared.
The choice stays when images are added later, which then have no score; --redo chooses again, and
then everything from here on is done again. To choose yourself, set ref_img_name.
"""

from cosmouline.astrometry.align import align_catalogs
from cosmouline.errors import ImageRejected, UserError
from cosmouline.run import for_all_images, log_line, not_done, run
from cosmouline.sources import db_reference, db_stars
from cosmouline.sources.star_catalogue import first_reference, positions, reference_scores

NEEDS = ("n_sources", "n_good_stars", "fwhm_px", "fwhm_arcsec", "ellipticity", "sky_sigma_e",
         "sky_level_e")
WRITES = ("ref_img_name", "ref_score")


def measure(images, settings):
    """Return the scores of the best images, relative to the best one."""
    best = db_reference.candidates(images, settings)
    catalogs = [db_stars.sources(image, settings) for image in best]
    first, matrices = first_reference(
        catalogs, lambda reference, catalog: aligned(reference, catalog, settings))
    scores = reference_scores(
        catalogs, matrices, [image["sky_sigma_e"] for image in best],
        [image["fwhm_px"] for image in best], [image["ellipticity"] for image in best], first)
    return {image["img_name"]: score for image, score in zip(
        best, (scores / (scores.max() or 1)).tolist(), strict=True)}


def aligned(reference, catalog, settings):
    """Return the transform between two catalogues, None if there is none."""
    parities = (1, -1) if settings.allow_mirror_images else (1,)
    try:
        return align_catalogs(positions(reference), positions(catalog), parities,
                              method=settings.align_method,
                              rms_max_px=settings.align_rms_max_px).matrix
    except ImageRejected:
        return None


def chosen_before(images, settings):
    """Return the name of the reference image: set by the user, or chosen before; None without."""
    if settings.ref_img_name is not None:
        if settings.ref_img_name not in [image["img_name"] for image in images]:
            raise UserError(f"ref_img_name = '{settings.ref_img_name}' is not among the images "
                            "in use (see run_all.py --status).")
        return settings.ref_img_name
    usable = {image["img_name"] for image in db_reference.within_limits(images, settings)}
    before = {image.get("ref_img_name") for image in images} & usable
    return before.pop() if before and not settings.options.redo else None


def main(settings, db):
    """Choose, and write the choice into every row."""
    images, rows = db.all_in_use(settings, NEEDS), db.select()  # also of images out of use
    reference, scores = chosen_before(images, settings), {}
    todo = not_done(measure, rows, settings, db, needs=NEEDS, writes=WRITES)
    if reference is None or len(todo) == len(rows):
        todo, scores = rows, measure(images, settings)
        reference = reference or max(scores, key=scores.get)
    log_line("reference image: %s%s", reference, "" if scores else
             f", as before; {len(todo)} images to add")
    results = {row["img_name"]: {"ref_img_name": reference, "ref_score": scores.get(
        row["img_name"])} for row in todo}
    for_all_images(results, todo, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
