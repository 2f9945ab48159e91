"""Fit every site as the lens was fitted, from the same blind start.

Needs   : stamps with injected sources (fac_injection/2_inject), start.cat (7_deconv/3_write_start)
Writes  : injection_<dec_name>/<site>_fit.npz; injection_fits, a hash of them -> database
Settings: dec_name, deconv_engine, extended_light, psf_name, dec_coefficient, shift_prior,
          point_source_sigma_arcsec, source_epochs, extra_sources, n_control_stars
Next    : fac_injection/4_report

Run as  : python pipe/fac_injection/3_fit.py configs/MYLENS

A site is a task of the engine, and takes as long as the fit of the lens. Those that are finished
stay when a run is killed, and are not done again; --redo does all again.
"""

import hashlib

from cosmouline.database import bands
from cosmouline.engine import tasks
from cosmouline.injection import db_site_fit, db_sites
from cosmouline.run import for_all_images, run

NEEDS = ("n_injected__{dec}", "injection_sites__{dec}", "dec_fit__{dec}", "dec_coeff__{dec}",
         "lens_side_px", "telescope", "field_fwhm_px")
WRITES = ("injection_fits__{dec}",)


def measure(item, settings):
    """Fit one site."""
    return db_site_fit.fit_site(item, bands.only(settings, item["band"]))


def main(settings, db):
    """Fit all sites of every band."""
    images = [row for row in db.select(gogogo=True) if f"n_injected__{settings.dec_name}" in row]
    db.require(images, ("n_injected__" + settings.dec_name,))
    todo, results = [], {}
    for one, those in bands.split(images, settings):
        shared = {"images": db_site_fit.in_order(those, one), "reference": db.reference(),
                  "control": db_site_fit.lens_control(those, one), "band": one.band}
        todo += [shared | {"img_name": f"{one.band} {site['name']}".strip(), "site": site}
                 for site in db_sites.read(one)]
    made = {item["img_name"]: values["made"]
            for item, values in tasks.results(measure, todo, settings, "site")}
    total = hashlib.sha256(repr(sorted(made.items())).encode()).hexdigest()[:12]
    results = {row["img_name"]: {f"injection_fits__{settings.dec_name}": total} for row in images}
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
