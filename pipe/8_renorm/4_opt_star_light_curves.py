"""Join the fluxes of followed stars into light curves, and report which of them vary.

Needs   : star fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize)
Writes  : export/<lens>_<star>_<renorm_name>_by_<night, image or minutes>.rdb for each star,
          report_star_curves_<renorm_name>.txt
Settings: lens_name, psf_name, renorm_name, photom_stars, join_by, join_minutes, join_center,
          night_fwhm_max_arcsec, night_ellipticity_max, night_sky_max_e, night_coeff_max,
          night_min_images
Next    : 7_deconv/1_prepare

Run as  : python pipe/8_renorm/4_opt_star_light_curves.py configs/MYLENS [--star v a]

To follow a variable star of the field: put it into photomstars.cat of the folder of the lens
(name, x, y on the reference image) and run on from 6_extract/1_extract_objects. It is measured as
the other stars are, but does not count for PSF and coefficients. The stars are those of
photomstars.cat; with none there, or by name with --star, any star with PSF fluxes. Stars that
touch each other are point_sources of a lens of their own.
"""

from cosmouline.database import bands, paths
from cosmouline.database.columns import members
from cosmouline.database.fields import expand
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.lightcurve import db_star_curves
from cosmouline.lightcurve.io_rdb import write_rdb
from cosmouline.run import log_line, run
from cosmouline.sources import db_stars

NEEDS = ("renorm__{renorm}", "renorm_sigma__{renorm}", "star_flux_e__{psf}__{star}",
         "n_psf_phot__{psf}")
WRITES = ()
ARGUMENTS = {"--star": {"nargs": "+", "metavar": "NAME", "help": "these stars only"}}
FORMATS = {"mag": ".3f", "rms_mag": ".4f", "error_mag": ".4f", "chi2": ".2f"}


def chosen(images, settings):
    """Return the names of the stars to write."""
    pattern, = expand(NEEDS[2:3], settings)
    known = members(images, pattern)
    for name in settings.options.star or ():
        if name not in known:
            raise UserError(f"--star {name}: {settings.psf_name} has {', '.join(known)}.")
    followed = [star.name for star in db_stars.photom_stars(settings) if star.name in known]
    return settings.options.star or followed or known


def measure(name, images, settings):
    """Write the light curve of one star; return its scatter and chi2."""
    seen = [image for image in images if f"star_flux_e__{settings.psf_name}__{name}" in image]
    if not seen:
        return {"star": name, "points": 0}
    table = db_star_curves.joined_stars(seen, [name], settings)
    file = f"{settings.lens_name}_{name}_{settings.renorm_name}"
    path = paths.exports(settings) / f"{paths.of_band(file, settings)}_by_{settings.join_by}.rdb"
    write_rdb(path, table)
    return {"star": name} | db_star_curves.variability(table, name) | {
        "file": str(paths.relative(path))}


def main(settings, db):
    """Write the curves of every band, the most variable star first in the report."""
    images = db.to_treat(settings, NEEDS)
    for one, those in bands.split(images, settings):
        rows = [measure(name, those, one) for name in chosen(images, settings)]
        rows.sort(key=lambda row: -row.get("chi2", 0))
        path = paths.report(one, f"star_curves_{one.renorm_name}")
        columns = ("star", "points", "mag", "rms_mag", "error_mag", "chi2", "file")
        io_report.write_report(path, f"{settings.lens_name}: stars with {settings.renorm_name}",
                               io_report.table(rows, columns, FORMATS))
        log_line("%d stars: %s", len(rows), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
