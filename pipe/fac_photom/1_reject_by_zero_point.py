"""Choose the images of the stacks by their zero points: none too faint, none too bright.

Needs   : renorm (8_renorm/1a_renormalize), resampled images (3_align/2a_opt_align); with a
          catalogue the zero points (8_renorm/5_zero_points)
Writes  : photom_filter, photom_zero_point_mag, photom_note -> database;
          report_photom_<photom_name>.txt
Settings: lens_name, sets, photom_name, renorm_name, photom_zero_point_range_mag
Next    : fac_photom/2_stack

Run as  : python pipe/fac_photom/1_reject_by_zero_point.py configs/MYLENS

An image whose zero point is far from the median of its filter, above or below, would only add
noise, or something is wrong with its exposure time or gain: it is in no stack, and stays in use
for the light curve. Without a catalogue the zero points are those of the coefficients: as good
among themselves, and the magnitudes instrumental.
"""

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.files import io_report
from cosmouline.images import db_photom_stacks, db_stack
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("aligned_noise", "renorm__{renorm}", "mjd", "set_name", "exptime_s")
WRITES = ("photom_filter__{photom}", "photom_zero_point_mag__{photom}", "photom_note__{photom}")
COLUMNS = ("filter", "img_name", "zero_point", "off", "fwhm_arcsec", "exptime_s", "note")
FORMATS = {"zero_point": ".3f", "off": "+.3f", "fwhm_arcsec": ".2f", "exptime_s": ".0f"}


def measure(images, settings):
    """Return the fields of every image, and write the report."""
    filters = np.array([db_photom_stacks.filter_of(image, settings) for image in images])
    fwhm_arcsec, found = column(images, "fwhm_arcsec"), np.zeros(len(images))
    results, rows = {}, []
    for name in sorted(set(filters)):
        mine = np.flatnonzero(filters == name)
        found[mine], is_calibrated = db_photom_stacks.zero_points([images[k] for k in mine],
                                                                  settings)
        reasons = db_photom_stacks.far_from_the_others(
            found[mine], settings.photom_zero_point_range_mag, name)
        middle = np.median(found[mine])
        for k, reason in zip(mine, reasons, strict=True):
            image = images[k]["img_name"]
            results[image] = {
                f"{field}__{settings.photom_name}": value for field, value in {
                    "photom_filter": str(name), "photom_note": reason or None,
                    "photom_zero_point_mag": None if reason else float(found[k])}.items()}
            rows.append({"filter": str(name), "img_name": image, "zero_point": float(found[k]),
                         "off": float(found[k] - middle), "fwhm_arcsec": float(fwhm_arcsec[k]),
                         "exptime_s": images[k]["exptime_s"], "note": reason})
            if reason:
                log_line("%s is in no stack: %s", image, reason)
        log_line("filter %s: %d of %d images, median zero point %.3f mag%s", name,
                 reasons.count(""), mine.size, middle, "" if is_calibrated else " (instrumental)")
    path = paths.report(settings, f"photom_{settings.photom_name}")
    io_report.write_report(path, f"{settings.lens_name}: images of the stacks of the field",
                           io_report.table(rows, COLUMNS, FORMATS))
    log_line("report: %s", paths.relative(path))
    return results


def main(settings, db):
    """Look at the images in use."""
    images = db.all_in_use(settings, (*NEEDS, *db_stack.NEEDS))
    for_all_images(measure(images, settings), db.select(), settings, db, measure=measure,
                   needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
