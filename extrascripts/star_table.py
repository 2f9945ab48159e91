"""Write the photometry of the stars, night by night (or image by image).

Needs   : star fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize)
Writes  : export/<lens>_stars_by_<night, image or minutes>.ecsv
Settings: lens_name, psf_name, renorm_name, join_by, join_minutes, join_center
Next    : extrascripts/zero_point

Run as  : python extrascripts/star_table.py configs/MYLENS

One line per star and point, joined as lcmanip/1_join joins the sources. Magnitudes are
instrumental: -2.5 log10 of the electrons on the scale of the reference image.
"""

from cosmouline.database import bands, columns, paths
from cosmouline.database.columns import column
from cosmouline.files.io_table import write_ecsv
from cosmouline.frames import db_nights
from cosmouline.lightcurve.join import join
from cosmouline.photometry import db_star_magnitudes
from cosmouline.run import log_line, run

import numpy as np

FIELDS = {
    "star": (str, "", "name"), "mhjd": (float, "d", "mean heliocentric date, JD - 2400000.5, UTC"),
    "images": (int, "1", "images of the point"),
    "mag": (float, "mag", "-2.5 log10 of electrons on the reference scale"),
    "magerr": (float, "mag", "its error: photons, read noise, coefficient, scatter"),
    "chi2": (float, "1", "scatter of the images against their errors, reduced chi2")}


def table(rows, settings):
    """Return one line per star and point."""
    names = db_star_magnitudes.star_names(rows, settings.psf_name, settings.renorm_name)
    groups = db_nights.grouped(rows, settings.join_by, settings.join_minutes)
    renorm = settings.renorm_name
    joined = join(groups, *db_star_magnitudes.fluxes(rows, names, settings.psf_name),
                  column(rows, f"renorm__{renorm}"), column(rows, f"renorm_sigma__{renorm}"),
                  center=settings.join_center)
    mhjd = columns.time_of(rows)
    return [{"star": name, "mhjd": mhjd[group].mean(), "images": len(group)}
            | {key: values[g, s] for key, values in (
                ("mag", joined.mag), ("magerr", joined.magerr_cov), ("chi2", joined.chi2_dof))
               if np.isfinite(values[g, s])}
            for s, name in enumerate(names) for g, group in enumerate(groups)
            if np.isfinite(joined.mag[g, s])]


def main(settings, db):
    """Join and write, band by band."""
    rows = [row for row in db.select(gogogo=True, treatme=True)
            if f"renorm__{settings.renorm_name}" in row]
    for one, images in bands.split(rows or db.select(gogogo=True), settings):
        lines = table(images, one)
        name = paths.of_band(f"{one.lens_name}_stars", one)
        path = paths.exports(one) / f"{name}_by_{one.join_by}.ecsv"
        write_ecsv(path, lines, FIELDS)
        log_line("%d stars, %d lines: %s", len({line["star"] for line in lines}), len(lines),
                 paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
