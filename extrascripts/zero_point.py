"""Find the zero point from stars of known magnitude: of the reference scale, night and image.

Needs   : star fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize), and a list
          of the magnitudes: lines `name mag [error]`, or an ECSV with name, mag and mag_error
Writes  : report_zero_point.txt, export/<lens>_zero_points.ecsv
Settings: lens_name, psf_name, renorm_name
Next    : add it to the magnitudes of the .rdb table

Run as  : python extrascripts/zero_point.py configs/MYLENS --catalogue mags.txt [--band R]

Names are those of normstars.cat. calibrated = instrumental + zero point, where instrumental is
the magnitude of the light curve. The zero point of an image is that for the electrons of one
second; its error holds renorm_abs_sigma, the error of the coefficient as an absolute one. The
lens's colour is its own: its magnitude is as good as the scatter of the stars, not better.
"""

from cosmouline.database import bands, paths
from cosmouline.database.columns import column
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.files.io_table import write_ecsv
from cosmouline.photometry import db_star_magnitudes, db_tables
from cosmouline.photometry.zero_points import zero_point
from cosmouline.photometry.zero_points.io_magnitudes import read_magnitudes
from cosmouline.robust import median_of_finite
from cosmouline.run import log_line, run

import numpy as np

ARGUMENTS = {"--catalogue": {"required": True, "help": "magnitudes of stars, by name"},
             "--band": {"help": "the band of these magnitudes, where the sets have bands"}}
COLUMNS = ("star", "catalogue", "instrumental", "zero point", "used")
FORMATS = dict.fromkeys(COLUMNS[1:4], ".4f")


def stars_of(rows, settings):
    """Return names, catalogue magnitudes with errors, own magnitudes and errors of the stars."""
    known = read_magnitudes(settings.options.catalogue)
    names = db_star_magnitudes.star_names(rows, settings.psf_name, settings.renorm_name)
    names = [name for name in names if name in known]
    if not names:
        raise UserError(f"{settings.options.catalogue} has no star of normstars.cat.")
    return names, np.array([known[name] for name in names]), *db_star_magnitudes.means(
        rows, names, settings.psf_name, settings.renorm_name)


def main(settings, db):
    """Measure, write and log."""
    options, rows = settings.options, db.select(gogogo=True, treatme=True)
    rows = [row for row in rows if f"renorm__{settings.renorm_name}" in row]
    split = {one.band: (one, images) for one, images in bands.split(rows, settings)}
    if (options.band or "") not in split:
        known = ", ".join(filter(None, split))
        raise UserError(f"--band must be one of {known}." if known else
                        f"--band {options.band}: the sets of this lens have no bands.")
    one, images = split[options.band or ""]
    names, known, mag, sigma = stars_of(images, one)
    found = zero_point.of_stars(known[:, 0], known[:, 1], mag, sigma)
    lines = [dict(zip(COLUMNS, values, strict=True)) for values in zip(
        names, known[:, 0], mag, found.offsets, found.used.tolist(), strict=True)]
    table = db_tables.zero_points(images, found, one.renorm_name)
    first = (f"calibrated = instrumental + {found.zero_point:.4f} +- {found.sigma:.4f} mag; "
             f"{int(found.used.sum())} stars scatter by {found.scatter:.4f} mag\nimages: median "
             f"zero point {median_of_finite(column(table, 'zero_point')):.3f} mag for 1 e-/s")
    log_line("%s", first)
    path = paths.exports(one) / f"{paths.of_band(f'{one.lens_name}_zero_points', one)}.ecsv"
    write_ecsv(path, table, db_tables.ZERO_POINT_FIELDS)
    io_report.write_report(paths.report(one, "zero_point"), f"{one.lens_name}: zero point",
                           f"{first}\n\n{io_report.table(lines, COLUMNS, FORMATS)}")
    log_line("%d images: %s", len(table), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
