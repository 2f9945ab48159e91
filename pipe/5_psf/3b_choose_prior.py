"""Choose what the PSFs of many images share: how far they may depart from a Moffat, curved widths.

Needs   : stamps with marked cosmics (5_psf/2a_extract, 5_psf/3_find_cosmics)
Writes  : psf_prior__<psf_name>, the same for all images, psf_is_curved__<psf_name>, the same for
          all of a set -> database
Settings: psf_name, psf_engine, psf_prior, psf_wings, psf_upsampling, psf_min_stars, psf_field
Next    : 5_psf/4_build_psf

Run as  : python pipe/5_psf/3b_choose_prior.py configs/MYLENS

Three numbers in psf_prior are taken as they are. psf_prior = "auto" takes the size and the
correlation length that five images, from the sharpest to a bad one, find most probable. Five
images of each set tell whether its PSFs have a width that is a quadratic over the field. Both are
decided once: new images get the same, until --redo.
"""

from cosmouline.database import provenance
from cosmouline.database.fields import with_variant
from cosmouline.database.script_header import settings_names
from cosmouline.psf import db_build
from cosmouline.run import for_all_images, log_line, run
from cosmouline.stamps import db_stamps

NEEDS = ("n_psf_cosmics__{psf}", "n_psf_cut__{psf}", "field_fwhm_px", "nx_px")
WRITES = ("psf_prior__{psf}", "psf_is_curved__{psf}")
SCRIPT = "5_psf/3b_choose_prior"


def decided_before(field, images, settings, runs):
    """Return what was chosen before, as the rows have it; None where it is to be chosen."""
    used = provenance.settings_used(settings, settings_names(__doc__))
    key = with_variant(SCRIPT, settings.psf_name)
    found = [image.get(field.format(psf=settings.psf_name)) for image in images
             if not provenance.changed_settings(image, key, runs, used)]
    chosen = [one for one in found if one is not None]
    return chosen[0] if chosen and not settings.options.redo else None


def measure(images, settings):
    """Return the prior that the images find most probable, as the rows keep it."""
    prior, gain = db_build.choose_prior(images, db_stamps.psf_stamps, settings)
    log_line("psf_prior = (%g, %g, %g): its log evidence is higher than that of the default by "
             "%.0f", *prior, gain)
    return db_build.text_of(prior, settings.psf_wings)


def main(settings, db):
    """Take the prior of the settings or choose it; choose which sets are curved."""
    images, rows = db.to_treat(settings, NEEDS), db.rows.values()
    if settings.psf_prior != db_build.AUTO:
        text = db_build.text_of(settings.psf_prior, settings.psf_wings)
    else:
        text = decided_before(WRITES[0], rows, settings, db.runs) or measure(images, settings)
    results, names = {}, [one.format(psf=settings.psf_name) for one in WRITES]
    for set_name in dict.fromkeys(image["set_name"] for image in images):
        those = [image for image in images if image["set_name"] == set_name]
        known = [row for row in rows if row.get("set_name") == set_name]
        is_curved = decided_before(WRITES[1], known, settings, db.runs)
        if is_curved is None:
            gain = db_build.curvature(those, db_stamps.psf_stamps, settings)
            is_curved = bool(gain > db_build.CURVED_MIN_GAIN)
        results |= {image["img_name"]: dict(zip(names, (text, is_curved), strict=True))
                    for image in those}
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
