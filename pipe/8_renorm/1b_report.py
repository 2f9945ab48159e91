"""List the coefficients, faintest image first.

Needs   : renorm (8_renorm/1a_renormalize)
Writes  : report_<renorm_name>.txt
Settings: lens_name, renorm_name, psf_name, renorm_reference_star, renorm_stars, norm_stars
Next    : 8_renorm/2_plot_star_curves

Run as  : python pipe/8_renorm/1b_report.py configs/MYLENS

On top one line for each set and telescope, with the normalised flux there of the reference star
(or the first one), relative to the first line. psf_note: in what PSF and aperture fluxes of the
stars disagree beyond the noise.
"""

from cosmouline.database import bands, paths
from cosmouline.database.fields import expand
from cosmouline.files import io_report
from cosmouline.photometry.db_tables import by_set
from cosmouline.run import log_line, run
from cosmouline.sources import db_stars

NEEDS = ("renorm__{renorm}", "medcoeff")
WRITES = ()
COLUMNS = ("img_name", "renorm__{renorm}", "renorm_sigma__{renorm}", "n_renorm_stars__{renorm}",
           "renorm_chi2__{renorm}", "renorm_calib__{renorm}", "medcoeff", "field_fwhm_arcsec",
           "sky_level_e", "psf_aperture_scatter__{psf}", "psf_note__{psf}")
FORMATS = (None, ".4f", ".4f", "d", ".2f", ".4f", ".4f", ".2f", ".0f", ".4f", None)


def main(settings, db):
    """Write the report of each band."""
    name = f"renorm__{settings.renorm_name}"
    columns = expand(COLUMNS, settings)
    star = settings.renorm_reference_star or db_stars.renorm_stars(settings)[0].name
    formats = {c: f for c, f in zip(columns, FORMATS, strict=True) if f}
    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        path = paths.report(one, settings.renorm_name)
        images.sort(key=lambda image: -image[name])
        title = f"{settings.lens_name}: {settings.renorm_name} {one.band}".rstrip()
        summary = by_set(images, *columns[1:4], f"star_flux_e__{settings.psf_name}__{star}")
        io_report.write_report(path, title, f"star: {star}\n{summary}\n"
                               + io_report.table(images, columns, formats))
        log_line("%d coefficients: %s", len(images), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
