"""Measure the normalisation stars in round apertures, on the pixels as they fell.

Needs   : the stars (4_norm/0_pick_stars), transforms, sky maps (2_skysub/1_skysub)
Writes  : aper_flux_e__<star>, aper_sigma_e__<star>, aper_radius_px, n_phot_stars -> database
Settings: norm_stars, aperture_fwhm, correct_flat
Next    : 4_norm/2f_flat_by_stars

Run as  : python pipe/4_norm/2a_photometry.py configs/MYLENS

What the skies of all images have in common at the same pixels (2_skysub/1c_flat_errors) is taken
out of the sky under the stars.
"""

from cosmouline.images import db_flat_error, db_images, db_sky
from cosmouline.photometry.aperture import aperture_fluxes
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_stars

import numpy as np

NEEDS = ("align_m11", "star_list", "field_fwhm_px", "sky_noise_e", "saturation_e", "n_hot_px")
WRITES = ("aper_flux_e__{star}", "aper_sigma_e__{star}", "aper_radius_px", "n_phot_stars")


def measure(image, settings):
    """Return the aperture fluxes of one image; a star that cannot be measured is absent."""
    stars = db_stars.norm_stars(settings)
    xy = db_stars.on_image(db_stars.star_positions(stars), image, settings)
    image_e, bad = db_images.image_and_bad(image, settings)
    sky = db_sky.sky(image, settings)
    if settings.correct_flat and image.get("flat_error"):
        image_e = db_flat_error.corrected(image_e, sky.level(), image, settings,
                                          db_flat_error.SUBTRACTED)
    radius_px = settings.aperture_fwhm * image["field_fwhm_px"]
    found = aperture_fluxes(image_e, sky.level, sky.sigma_at(*xy.T), *xy.T, [radius_px], bad,
                            db_images.saturation_e(image))
    flux_e, sigma_e = found.flux_e[:, 0], found.sigma_e[:, 0]
    good = np.isfinite(flux_e) & (flux_e > 0)
    values = {"aper_radius_px": radius_px, "n_phot_stars": int(good.sum())}
    for star, flux, sigma in zip(np.array([s.name for s in stars])[good], flux_e[good],
                                 sigma_e[good], strict=True):
        values |= {f"aper_flux_e__{star}": flux, f"aper_sigma_e__{star}": sigma}
    return values


def main(settings, db):
    """Measure every aligned image."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
