"""Report the master frames, and what the calibration frames show about the camera.

Needs   : the choice, and masters/*.fits (0_preparation/0b to 1c)
Writes  : report_masters.txt, plots/masters.png
Settings: lens_name, raw_frames
Next    : 0_preparation/2a_calibrate

Run as  : python pipe/0_preparation/1d_report.py configs/MYLENS

Gain and read noise from pairs of flats and biases are compared with header and description:
a difference of more than 10 % is told, and so are frames with the same pixels, stars in flats,
faint flats, and darks that look like a light leak.
"""

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.images.calibration import db_checks
from cosmouline.images.calibration.io_master import masters_in, read_planes
from cosmouline.pages import drawing
from cosmouline.plots.pages import THUMBNAIL_PX, contact_sheet
from cosmouline.plots.scaling import shrink
from cosmouline.run import log_line, run

NEEDS = ("cal_kind", "cal_use", "cal_reason")
FORMATS = {"gain_e_per_adu": ".3f", "gain_sigma": ".3f", "gain_known": ".3f",
           "read_noise_e": ".2f", "read_noise_known": ".2f", "level": ".4g", "noise": ".3g",
           "lowest quarter": ".4g", "highest quarter": ".4g"}
PAIRS = ("camera", "config", "night", "filter", "gain_e_per_adu", "gain_sigma", "gain_known",
         "read_noise_e", "read_noise_known")
MASTERS = ("master", "frames", "level", "noise", "lowest quarter", "highest quarter", "no value")


def main(settings, db):
    """Write the report and draw the masters."""
    images = db.all_in_use(settings, NEEDS)
    masters = masters_in(paths.masters(settings))
    if not masters and not any("masters" in one for one in settings.raw_frames):
        raise UserError("there is no master frame. Run 0_preparation/1a_master_bias.py to "
                        "1c_master_flat.py first.")
    table, lines = db_checks.master_lines(masters, images)
    pairs = db_checks.pairs(images, settings)
    lines += db_checks.differences(pairs)
    lines += [f"{image['standard_name']}: {image['cal_reason']}" for image in images
              if image["cal_kind"] in ("bias", "dark", "flat") and (
                  not image["cal_use"] or ";" in image["cal_reason"])]
    for line in lines:
        log_line("%s", line)
    path = paths.report(settings, "masters")
    io_report.write_parts(path, f"{settings.lens_name}: master frames", [
        io_report.Part(f"{len(table)} masters: bias in ADU, dark in ADU/s, flat relative", table,
                       MASTERS),
        io_report.Part("gain and read noise by pairs of flats and biases", pairs, PAIRS),
        "what is odd:\n" + ("\n".join(lines) or "nothing")], FORMATS)
    if masters and not settings.options.no_pictures:
        pictures = [shrink(read_planes(one).image, THUMBNAIL_PX)[0] for one in masters]
        page = contact_sheet(pictures, [one.name for one in masters],
                             notes=[f"{one.n_frames} frames" for one in masters],
                             title=f"{settings.lens_name}: master frames",
                             per_row=max(3, min(7, len(masters))))
        drawing.save_plot(page, "masters", settings, __file__)
    log_line("%d masters, %d lines on what is odd: %s", len(masters), len(lines),
             paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
