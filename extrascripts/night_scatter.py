"""Compare the scatter of stars and point sources inside the nights with their errors.

Needs   : renorm (8_renorm/1a_renormalize), fluxes of the sources if there are any
          (7_deconv/6_readout)
Writes  : report_night_scatter.txt
Settings: lens_name, psf_name, renorm_name, dec_name, sum_sources
Next    : lcmanip/1_join

Run as  : python extrascripts/night_scatter.py configs/MYLENS

Nights with two images or more. The ratio is scatter over error: 1 where the errors are right;
above 1 they are too small, or the object varies within hours. Sources far above 1 with stars near
1 point to the deconvolution; stars above 1 too point to the PSF or the noise of the images.
"""

from cosmouline.database import bands, paths
from cosmouline.database.columns import members
from cosmouline.files import io_report
from cosmouline.frames import db_nights
from cosmouline.lightcurve import db_curves, db_quicklook, night_scatter
from cosmouline.photometry import db_star_magnitudes
from cosmouline.run import log_line, run

COLUMNS = ("object", "nights", "images", "rms", "error", "ratio", "+-")
FORMATS = {"rms": ".4f", "error": ".4f", "ratio": ".2f", "+-": ".2f"}


def lines_of(rows, names, mags, sigmas):
    """Return one line per object; magnitudes and errors are (n images, n objects)."""
    groups = db_nights.grouped(rows, "night", None)
    found = [night_scatter.measure(groups, mag, sigma)
             for mag, sigma in zip(mags.T, sigmas.T, strict=True)]
    return [dict(zip(COLUMNS, (name, *one), strict=True))
            for name, one in zip(names, found, strict=True)]


def star_lines(images, settings):
    """Return the lines of the stars."""
    names = db_star_magnitudes.star_names(images, settings.psf_name, settings.renorm_name)
    return lines_of(images, [f"star {name}" for name in names],
                    *db_star_magnitudes.magnitudes(images, names, settings.psf_name,
                                                   settings.renorm_name))


def source_lines(images, sources, settings):
    """Return the lines of the point sources."""
    found = db_quicklook.by_image(images, sources, settings)
    return lines_of(found.rows, [f"source {name}" for name in sources], found.mags.T,
                    found.sigmas.T)


def main(settings, db):
    """Measure, log and write the table, band by band."""
    used = db.select(gogogo=True, treatme=True)
    dec = settings.dec_name
    has_sources = members(used, f"flux_e__{dec}__{{source}}")
    rows, sources = db_curves.rows_with_sums(db, settings) if has_sources else ([], [])
    for one, images in bands.split(used, settings):
        stars = [row for row in images if f"renorm__{settings.renorm_name}" in row]
        mine = [row for row in rows if row["img_name"] in {i["img_name"] for i in images}]
        lines = star_lines(stars, one) + (source_lines(mine, sources, one) if mine else [])
        text = io_report.table(lines, COLUMNS, FORMATS)
        log_line("%s", text.rstrip())
        path = paths.report(one, "night_scatter")
        io_report.write_report(path, f"{one.lens_name}: scatter inside the nights", text)
        log_line("%s", paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
