"""Put the light of the lens on the sites of every image: in stamps, never in a frame.

Needs   : the sites (fac_injection/1_choose_sites), the fit of the lens (7_deconv/4_deconv), PSFs
          (5_psf/4_build_psf), stamps (6_extract/1_extract_objects)
Writes  : injection_<dec_name>/images/<img_name>.fits; n_injected -> database; where stars are
          copied <img_name>_psf.fits, injection_coeff, injection_star_e, injection_star_sigma_e
Settings: dec_name, psf_name, renorm_stars, norm_stars, psf_stars, psf_engine, psf_field,
          psf_upsampling, psf_min_stars, n_psf_draws, cosmic_sigma, cosmic_fraction, cosmic_object
Next    : fac_injection/3_fit

Run as  : python pipe/fac_injection/2_inject.py configs/MYLENS [--images 20]

The pixels of the site, with their sky and defects, get the light that the joint fit found of the
lens, as the exposure would have seen it, and photon noise of it. Its PSF is one drawn from the
posterior of the PSF of the image, not the one that the fit will use. Complete nights, spread over
the campaign, are taken until there are 20 images: 12 sites tell a scatter to 5 %.
"""

from functools import partial

from cosmouline.database import bands
from cosmouline.injection import db_inject
from cosmouline.run import for_each_image, log_line, run

NEEDS = ("injection_sites__{dec}", "dec_fit__{dec}", "dec_coeff__{dec}", "field_fwhm_px",
         "read_noise_e", "sky_level_e", "lens_x_px")
WRITES = ("n_injected__{dec}", "injection_coeff__{dec}", "injection_star_e__{dec}__{star}",
          "injection_star_sigma_e__{dec}__{star}")
ARGUMENTS = {"--images": {"type": int, "default": 20, "metavar": "N",
                          "help": "into at least N images, in complete nights (0: all)"}}


def measure(image, settings, plans):
    """Write the stamps of one image; return its fields."""
    band = bands.of(image, settings)
    return db_inject.inject(image, bands.only(settings, band), plans[band])


def main(settings, db):
    """Inject into every image that is part of the fit."""
    sites = f"injection_sites__{settings.dec_name}"
    fitted = [row for row in db.select(gogogo=True) if sites in row]
    plans = {one.band: db_inject.plan(those, db.reference(), one)
             for one, those in bands.split(fitted, settings) if those}
    chosen = set().union(*(db_inject.spread_nights(those, settings.options.images)
                           for _, those in bands.split(fitted, settings) if those))
    if len(chosen) < len(fitted):
        log_line("%d of %d images, in complete nights (--images 0: all)", len(chosen), len(fitted))
    images = [row for row in db.to_treat(settings, NEEDS) if row["img_name"] in chosen]
    return for_each_image(partial(measure, plans=plans), images, settings, db, needs=NEEDS,
                          writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
