"""Find the stars that vary: among ours, or in the source lists of another program.

Needs   : star fluxes (7_deconv/0_star_photometry, or 4_norm/2a_photometry with --aperture), or
          a folder of source lists, one per image
Writes  : export/<lens>_variables_<name>.ecsv (stars), ..._coefficients.ecsv (images),
          report_variables_<name>.txt, plots/variables_<name>.png
Settings: lens_name, psf_name, sets
Next    : take them out of norm_stars; look at them in plots/stars_<renorm_name>.png

Run as  : python extrascripts/variables.py configs/MYLENS [--aperture]
          [--lists FOLDER --pattern '*.csv' --columns ra dec - - flux error --tolerance 1.5]

All images are brought to one scale by the stars that do not vary, as 4_norm and 8_renorm do it;
then the stars are ranked by the scatter that their errors do not explain. Lists are CSV or ECSV
with columns ra, dec (degrees) or x, y, and flux, error or mag, mag_error; files without a line of
names need --columns. Magnitudes are instrumental, at the scale of the median image.
"""

from pathlib import Path

from cosmouline.database import bands, paths
from cosmouline.files import io_report
from cosmouline.files.io_table import write_ecsv
from cosmouline.pages import drawing
from cosmouline.photometry import db_tables, variability
from cosmouline.plots.curve_pages import variables_page
from cosmouline.run import log_line, run
from cosmouline.sources.io_external_lists import gather

ARGUMENTS = {
    "--aperture": {"action": "store_true", "help": "our aperture fluxes instead of PSF fluxes"},
    "--lists": {"metavar": "FOLDER", "help": "source lists of another program, one per image"},
    "--pattern": {"default": "*.csv", "help": "which files of the folder"},
    "--columns": {"nargs": "+", "metavar": "WORD", "help": "what their columns are, - for none"},
    "--tolerance": {"type": float, "default": 1.5, "help": "arcsec (or px) between lists"},
    "--least": {"type": float, "default": 0.8, "help": "fraction of the images a star must be in"},
    "--name": {"help": "of the products (default: that of the PSF, of the folder)"}}
N_LOGGED = 10


def write(data, name, settings):
    """Measure, write, log and draw."""
    found = variability.measure(data.flux, data.sigma)
    lines = db_tables.variable_stars(data, found)
    stem = paths.of_band(f"{settings.lens_name}_variables_{name}", settings)
    folder = paths.exports(settings)
    write_ecsv(folder / f"{stem}.ecsv", lines, db_tables.VARIABLE_FIELDS)
    write_ecsv(folder / f"{stem}_coefficients.ecsv", db_tables.coefficients(data, found),
               db_tables.COEFFICIENT_FIELDS)
    text = io_report.table(lines, db_tables.VARIABLE_FIELDS, db_tables.VARIABLE_FORMATS)
    title = f"{settings.lens_name}: {len(data.stars)} stars on {len(data.images)} images"
    io_report.write_report(paths.report(settings, f"variables_{name}"), title, text)
    log_line("%s\n%s", title, "\n".join(text.splitlines()[:N_LOGGED + 2]))
    page = variables_page(found.mag, found.scatter, found.error, data.stars, title=title,
                          is_variable=found.is_variable)
    drawing.save_plot(page, f"variables_{name}", settings, __file__)


def main(settings, db):
    """Take the fluxes of others, or ours band by band."""
    options = settings.options
    if options.lists:
        data = gather(options.lists, options.pattern, options.columns, options.tolerance,
                      options.least)
        write(data, options.name or Path(options.lists).resolve().name, settings)
        return
    kind = "aperture" if options.aperture else settings.psf_name
    needs = (("n_phot_stars",) if options.aperture else ("n_psf_phot__{psf}",))
    for one, images in bands.split(db.to_treat(settings, needs), settings):
        data = db_tables.star_photometry(images, None if options.aperture else one.psf_name)
        write(data, options.name or kind, one)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
