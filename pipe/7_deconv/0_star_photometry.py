"""Measure every star of every image with the PSF of the image.

Needs   : stamps (6_extract/1_extract_objects, 6_extract/2_find_cosmics; of stars of the PSF alone
          5_psf/2a_extract), PSFs (5_psf/4_build_psf)
Writes  : star_flux_e, star_sigma_e, star_chi2, star_x_px, star_y_px, star_xy_sigma_px,
          star_peak_e, star_width, its error, star_along, star_diagonal of every star,
          n_psf_phot, n_core_hits, n_core_lost, psf_sum_error -> database
Settings: psf_name
Next    : 8_renorm/1a_renormalize

Run as  : python pipe/7_deconv/0_star_photometry.py configs/MYLENS

Flux and position of each star are solved on its own pixels, cosmic rays in its core are masked
(n_core_hits counts the pixels). A star whose core is lost (masked by more than half, or more than
a fifth where it is undersampled) has no flux, and counts in n_core_lost. psf_sum_error is the
relative error that all fluxes of an image have in common. How each star differs from the PSF in
width and shape is kept: 8_renorm/1a_renormalize tells from it what is wrong with the PSF.
"""

from cosmouline.database import notes
from cosmouline.photometry.absolute_error import sum_error
from cosmouline.psf import db_psf
from cosmouline.psf.core_cosmics import fluxes_without_hits
from cosmouline.psf.model import field_coordinates
from cosmouline.psf.photometry import has_core, is_reliable
from cosmouline.psf.star_shapes import star_shapes
from cosmouline.run import for_each_image, run
from cosmouline.stamps import db_stamps
from cosmouline.stamps.stamps import MASK_COSMIC

import numpy as np

NEEDS = ("n_objects", "n_object_cosmics", "n_psf_used__{psf}", "field_fwhm_px")
WRITES = ("star_flux_e__{psf}__{star}", "star_sigma_e__{psf}__{star}",
          "star_chi2__{psf}__{star}", "star_x_px__{psf}__{star}", "star_y_px__{psf}__{star}",
          "star_xy_sigma_px__{psf}__{star}", "star_peak_e__{psf}__{star}",
          "star_width__{psf}__{star}", "star_width_sigma__{psf}__{star}",
          "star_along__{psf}__{star}", "star_diagonal__{psf}__{star}", "n_psf_phot__{psf}",
          "n_core_hits__{psf}", "n_core_lost__{psf}", "psf_sum_error__{psf}")


def measure(image, settings):
    """Return the fluxes of the stars of one image; a star that is not reliable is absent."""
    found = db_psf.psf(image, settings)
    psf, scale = found.psf, found.draw_scale
    stamps, names = db_stamps.of_photometry(image, psf.side_px, settings)
    names = np.array(names)
    use = stamps.is_usable & (names != "lens")
    uv = field_coordinates(stamps.position_px[use], (image["ny_px"], image["nx_px"]))
    narrow = psf.narrow(uv) if psf.gradient is not None else psf.narrow()
    good = (stamps.mask[use] & ~MASK_COSMIC) == 0  # the model rejects cosmic rays
    pixels, fwhm_px = (stamps.data_e[use], stamps.sky_sigma_e[use] ** 2), image["field_fwhm_px"]
    found, hit = fluxes_without_hits(*pixels, good, narrow, psf.upsampling,
                                     stamps.offset_px[use], fwhm_px)
    shapes = star_shapes(*pixels, found, narrow, psf.upsampling, fwhm_px)
    reliable, name = is_reliable(found, fwhm_px), settings.psf_name
    corner_px = (stamps.position_px - stamps.offset_px)[use]
    return db_psf.star_fields(found, shapes, corner_px, reliable, names[use], name) | {
        f"n_psf_phot__{name}": int(reliable.sum()),
        f"n_core_hits__{name}": int(hit.sum()),
        f"n_core_lost__{name}": int((~has_core(found, fwhm_px)).sum()),
        f"psf_sum_error__{name}": sum_error(scale) if scale is not None else None}


def main(settings, db):
    """Measure every image that has a PSF."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    notes.log_counts(db, images, f"n_core_lost__{settings.psf_name}",
                     "too much of their cores is masked: no flux, and no part of the coefficient")
    return counts


if __name__ == "__main__":
    run(main, __doc__)
