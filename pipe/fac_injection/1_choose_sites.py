"""Choose empty places near the lens where its light is injected, to test its error bars.

Needs   : the fit of the lens (7_deconv/4_deconv, 7_deconv/6_readout), star fluxes
Writes  : injection_<dec_name>/sites.ecsv; injection_sites, its hash -> database
Settings: dec_name, n_injection_sites, psf_name, psf_stars, norm_stars, photom_stars,
          point_sources, lens_stamp_px
Next    : fac_injection/2_inject

Run as  : python pipe/fac_injection/1_choose_sites.py configs/MYLENS

A site is a stamp away from the lens and from every other site, its core on good pixels without
light in 4 of 5 frames. Sites M1, M2 ... get the lens by the PSF; at C1, C2 ... its images are
copies of a real star, for which the PSF is built without that star. The injected light curves are
those of the lens, half and twice of it, with a step, a wave, and delays. doc/certificate.md says
what is proved by it.
"""

import hashlib

from cosmouline.database import bands, paths
from cosmouline.errors import UserError
from cosmouline.injection import db_sites
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("dec_fit__{dec}", "dec_chi2__{dec}", "lens_side_px", "field_fwhm_px",
         "star_flux_e__{dec_psf}__{star}")
WRITES = ("injection_sites__{dec}",)


def measure(images, reference, settings):
    """Choose and write the sites of a band; return the fields of its images."""
    sites = db_sites.choose(images, reference, settings)
    path = db_sites.write(sites, settings)
    stars = [site["star"] for site in sites if site["star"]]
    copies = f"{len(stars)} with copies of the stars {', '.join(stars)}" if stars else "no copies"
    log_line("%d sites with light by the PSF, %s: %s", len(sites) - len(stars), copies,
             paths.relative(path))
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return {image["img_name"]: {f"injection_sites__{settings.dec_name}": found}
            for image in images}


def main(settings, db):
    """Choose the sites of every band."""
    images = [row for row in db.select(gogogo=True) if f"dec_chi2__{settings.dec_name}" in row]
    if not images:
        raise UserError("no image has a fit. Run 7_deconv/4_deconv.py and 6_readout.py first.")
    results = bands.merged(lambda those, one: measure(those, db.reference(), one), images,
                           settings)
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
