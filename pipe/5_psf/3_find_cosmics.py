"""Mark the cosmic rays on the stamps of the PSF stars.

Needs   : stamps (5_psf/2a_extract), sky level, read noise
Writes  : the bit 8 of MASK in psf_<psf_name>/<img_name>_stamps.fits;
          n_psf_cosmics__<psf_name>, n_psf_alike__<psf_name> -> database
Settings: psf_name, cosmic_sigma, cosmic_fraction, cosmic_object
Next    : 5_psf/3b_choose_prior

Run as  : python pipe/5_psf/3_find_cosmics.py configs/MYLENS

These marks are a first guess: the PSF fit leaves them out of its first pass, then compares every
pixel with the model. So the core of a good star is never lost to a false alarm. Where several
stars of an image are suspected at the same place (n_psf_alike), it is the PSF: their cores are
not marked.
"""

from cosmouline.database import notes, paths
from cosmouline.run import for_each_image, run
from cosmouline.stamps import db_stamps
from cosmouline.stamps.cosmics import ALIKE, cosmic_mask, spare_cores
from cosmouline.stamps.io_stamps import update_mask
from cosmouline.stamps.stamps import with_cosmics

NEEDS = ("n_psf_cut__{psf}", "sky_level_e", "read_noise_e", "field_fwhm_px")
WRITES = ("n_psf_cosmics__{psf}", "n_psf_alike__{psf}")


def measure(image, settings):
    """Mark the cosmic rays of one image; return the number of pixels."""
    stamps = with_cosmics(db_stamps.psf_stamps(image, settings)[0], False)
    cosmic = cosmic_mask(stamps, image["field_fwhm_px"], image["read_noise_e"],
                         image["sky_level_e"], settings.cosmic_sigma, settings.cosmic_fraction,
                         settings.cosmic_object)
    cosmic, n_alike = spare_cores(cosmic, stamps, image["field_fwhm_px"])
    update_mask(paths.psf_stamps(settings, image["img_name"]), with_cosmics(stamps, cosmic).mask)
    return {f"n_psf_cosmics__{settings.psf_name}": int(cosmic.sum()),
            f"n_psf_alike__{settings.psf_name}": n_alike}


def main(settings, db):
    """Look at the stamps of every image."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    notes.log_counts(db, images, f"n_psf_alike__{settings.psf_name}", ALIKE)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
