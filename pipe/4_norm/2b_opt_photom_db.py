"""Measure any list of stars in several round apertures.

Needs   : the stars (4_norm/0_pick_stars, photomstars.cat), transforms, sky maps
Writes  : photom_flux_e and photom_sigma_e of every aperture and star, photom_radius_px,
          n_photom_stars -> database
Settings: norm_stars, psf_stars, photom_stars, photom_apertures
Next    : 4_norm/2c_opt_peak_db

Run as  : python pipe/4_norm/2b_opt_photom_db.py configs/MYLENS

The stars for normalisation and PSF, and those of photomstars.cat in the folder of the lens. A
field is called after its aperture, photom_flux_e__1.5fwhm__a. The coefficients come from the
aperture of 4_norm/2a_photometry; these are to compare: a star that is brighter in the larger
aperture when the seeing is bad has a neighbour. "auto" is Kron's aperture, COSMOULINE's FLUX_AUTO.
"""

from cosmouline.database.notation import AUTO, radius_px
from cosmouline.images import db_images, db_sky
from cosmouline.photometry.aperture import aperture_fluxes, kron_fluxes
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_stars

import numpy as np

NEEDS = ("align_m11", "star_list", "field_fwhm_px", "pixel_scale_arcsec", "sky_noise_e",
         "saturation_e", "n_hot_px")
WRITES = ("photom_flux_e__{aperture}__{star}", "photom_sigma_e__{aperture}__{star}",
          "photom_radius_px__{aperture}", "n_photom_stars")


def fluxes(image, xy, settings):
    """Return fluxes and errors, shape (n stars, n apertures), and the radii of the apertures."""
    names = settings.photom_apertures
    fwhm_px, sky = image["field_fwhm_px"], db_sky.sky(image, settings)
    radius = np.array([radius_px(name, fwhm_px, image["pixel_scale_arcsec"]) for name in names])
    flux_e, sigma_e = np.full((2, len(xy), len(names)), np.nan)
    image_e, bad = db_images.image_and_bad(image, settings)
    round_ones, sky_sigma_e = np.isfinite(radius), sky.sigma_at(*xy.T)
    if round_ones.any():
        found = aperture_fluxes(image_e, sky.level, sky_sigma_e, *xy.T, radius[round_ones], bad,
                                db_images.saturation_e(image))
        flux_e[:, round_ones], sigma_e[:, round_ones] = found.flux_e, found.sigma_e
    if AUTO in names:
        k = names.index(AUTO)
        saturated = image_e >= db_images.saturation_e(image)
        flux_e[:, k], sigma_e[:, k], kron_px = kron_fluxes(
            image_e, sky.level(), sky_sigma_e, *xy.T, fwhm_px, bad | saturated)
        radius[k] = np.nanmedian(kron_px) if np.isfinite(kron_px).any() else np.nan
    return flux_e, sigma_e, radius


def measure(image, settings):
    """Return the aperture fluxes of one image; a star that cannot be measured is absent."""
    stars = db_stars.object_stars(settings)
    xy = db_stars.on_image(db_stars.star_positions(stars), image, settings)
    flux_e, sigma_e, radius = fluxes(image, xy, settings)
    good = np.isfinite(flux_e) & (flux_e > 0)
    values = {"n_photom_stars": int(good.any(1).sum())}
    for k, name in enumerate(settings.photom_apertures):
        values[f"photom_radius_px__{name}"] = radius[k] if np.isfinite(radius[k]) else None
        for i in np.flatnonzero(good[:, k]):
            values |= {f"photom_flux_e__{name}__{stars[i].name}": flux_e[i, k],
                       f"photom_sigma_e__{name}__{stars[i].name}": sigma_e[i, k]}
    return values


def main(settings, db):
    """Measure every aligned image."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
