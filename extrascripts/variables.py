"""Find the stars that vary: among ours, or in the source lists of another program.

Needs   : star fluxes (7_deconv/0_star_photometry; 4_norm/2a_photometry), or a folder of lists
Writes  : export/<lens>_variables_<name>.ecsv (stars), ..._coefficients.ecsv (images),
          report_variables_<name>.txt, plots/variables_<name>.png
Settings: lens_name, psf_name, sets, aperture_fwhm
Next    : take them out of norm_stars; look at them in plots/stars_<renorm_name>.png

Run as  : python extrascripts/variables.py configs/MYLENS [--aperture] [--field]
          [--lists FOLDER --pattern '*.csv' --columns ra dec - - flux error --tolerance 1.5]

The images of each camera of a band are brought to one scale by the stars that do not vary, as
4_norm and 8_renorm do it; then stars are ranked by the scatter beyond their errors. --field: all
stars of the field. Lists are CSV or ECSV with columns ra, dec (degrees) or x, y, and flux, error
or mag, mag_error; without a line of names they need --columns. Magnitudes are instrumental.
"""

from pathlib import Path

from cosmouline.database import bands, paths
from cosmouline.database.columns import texts
from cosmouline.files import io_report
from cosmouline.files.io_table import write_ecsv
from cosmouline.frames.new_lens import clean
from cosmouline.pages import drawing
from cosmouline.photometry import db_field, db_tables, variability
from cosmouline.plots.curve_pages import variables_page
from cosmouline.run import log_line, run
from cosmouline.sources.io_external_lists import gather

ARGUMENTS = {
    "--aperture": {"action": "store_true", "help": "our aperture fluxes instead of PSF fluxes"},
    "--field": {"action": "store_true", "help": "apertures on all stars of the field"},
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
    stem = paths.exports(settings) / paths.of_band(
        f"{settings.lens_name}_variables_{name}", settings)
    write_ecsv(f"{stem}.ecsv", lines, db_tables.VARIABLE_FIELDS)
    write_ecsv(f"{stem}_coefficients.ecsv", db_tables.coefficients(data, found),
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
        name = options.name or Path(options.lists).resolve().name
        return write(gather(options.lists, options.pattern, options.columns, options.tolerance,
                            options.least), name, settings)
    psf = None if options.field or options.aperture else settings.psf_name
    kind = options.name or psf or ("field" if options.field else "aperture")
    images = db.to_treat(settings, ("n_psf_phot__{psf}",) if psf else ("n_phot_stars",))
    for one, of_band in bands.split(images, settings):
        for camera in sorted(set(texts(of_band, "telescope"))):
            those = [image for image in of_band if image.get("telescope", "") == camera]
            name = kind if len(those) == len(of_band) else f"{kind}_{clean(camera)}"
            write(db_field.photometry(those, one) if options.field
                  else db_tables.star_photometry(those, psf), name, one)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
