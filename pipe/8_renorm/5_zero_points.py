"""Fit the zero point of every set to the magnitudes of the catalogue, with a colour term.

Needs   : star fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize); catalogue
          with magnitudes, and coordinates of the reference image (fac_astrometry)
Writes  : zero_point_mag of each image, zero_point_scale_mag of the light curve, errors, colour
          term -> database; report_, plots/zero_points_<renorm_name>
Settings: lens_name, psf_name, renorm_name, catalogue, use_proper_motion, zero_point_band,
          zero_point_flat_degree, zero_point_range_mag, lens_colour_mag
Next    : 7_deconv/1_prepare

Run as  : python pipe/8_renorm/5_zero_points.py configs/MYLENS

The light curve itself stays on its relative scale, good to 0.1 %; lcmanip/1_join adds calibrated
columns. An image whose zero point is far from the others of its set is rejected. Without a
catalogue there is nothing to do.
"""

from functools import partial

from cosmouline.astrometry.db_catalogue import catalogue
from cosmouline.database import bands, paths
from cosmouline.database.columns import column, texts, time_of
from cosmouline.errors import ImageRejected
from cosmouline.files import io_report
from cosmouline.pages import drawing
from cosmouline.photometry.zero_points import db_zero_points
from cosmouline.plots.zero_points import zero_point_page
from cosmouline.run import for_each_image, log_line, run

NEEDS = ("renorm__{renorm}", "star_flux_e__{psf}__{star}", "exptime_s", "set_name")
WRITES = ("zero_point_mag__{renorm}", "zero_point_sigma_mag__{renorm}",
          "zero_point_scale_mag__{renorm}", "zero_point_scale_sigma_mag__{renorm}",
          "zero_point_scatter_mag__{renorm}", "n_zero_point_stars__{renorm}",
          "colour_term__{renorm}", "colour_term_sigma__{renorm}", "zero_point_band__{renorm}")
COLUMNS = ("set", "star", "catalogue", "instrumental", "colour", "residual", "used")
FORMATS = dict.fromkeys(COLUMNS[2:6], ".4f")


def measure(image, settings, results, rejected):
    """Return the zero point of one image."""
    if image["img_name"] in rejected:
        raise ImageRejected(rejected[image["img_name"]])
    return results.get(image["img_name"], {})


def of_band(rows, reference, settings):
    """Fit one band, report and draw it; return the fields of its images, and who is rejected."""
    sets = db_zero_points.of_sets(rows, reference, settings)
    if not sets:
        return {}, {}
    results = db_zero_points.fields(rows, sets, settings)
    log_line("%s", text := "\n".join(map(db_zero_points.summary, sets)))
    name = f"zero_points_{settings.renorm_name}"
    io_report.write_report(paths.report(settings, name), f"{settings.lens_name}: zero points",
                           f"{text}\n\n" + io_report.table(
                               db_zero_points.lines(sets), COLUMNS, FORMATS))
    there = [row | results[row["img_name"]] for row in rows]
    if not settings.options.no_pictures:
        drawing.save_plot(zero_point_page(
            [db_zero_points.drawn(one) for one in sets], time_of(there),
            column(there, f"zero_point_mag__{settings.renorm_name}"), texts(there, "set_name"),
            column(there, "airmass"), f"{drawing.lens(settings)}: zero points"),
            name, settings, __file__)
    return results, db_zero_points.far(results, rows, settings)


def main(settings, db):
    """Fit every band; store the zero points of the images."""
    images, results, rejected = db.all_in_use(settings, NEEDS), {}, {}
    if catalogue(settings) is None:
        log_line("no star catalogue: no zero points (fac_astrometry/1_fetch_catalogue makes one)")
    for one, rows in bands.split(images, settings) if catalogue(settings) is not None else ():
        found, out = of_band(rows, db.reference(), one)
        results, rejected = results | found, rejected | out
    return for_each_image(partial(measure, results=results, rejected=rejected), images, settings,
                          db, needs=NEEDS, writes=WRITES, is_quick=True)


if __name__ == "__main__":
    run(main, __doc__)
