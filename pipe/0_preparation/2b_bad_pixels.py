"""Map the bad pixels of each camera, from its master frames.

Needs   : masters/*.fits (0_preparation/1a, 1b, 1c)
Writes  : masters/badpix_<camera>_<...>.fits: 1 hot, 2 dead or of low sensitivity, 4 odd bias;
          report_bad_pixels.txt
Settings: lens_name, raw_frames, flat_least, hot_pixel_sigma
Next    : 1_character/1a_add_to_database

Run as  : python pipe/0_preparation/2b_bad_pixels.py configs/MYLENS

2a_calibrate has masked what has no value in a master or too low a flat, and gives hot pixels the
noise of their dark current. This map masks them altogether: give it as the bad_pixel_mask of a
set.
"""

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.files.io_fits import write_image
from cosmouline.images.calibration import db_masters
from cosmouline.images.calibration.masters import HOT, LOW, ODD, bad_pixels
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("cal_kind", "frame_config", "frame_exptime_s")
COLUMNS = ("map", "masters", "hot", "dead or low", "odd bias", "bad", "fraction_percent")


def main(settings, db):
    """Write the map of every camera and size of frames."""
    images = [image for image in db.all_in_use(settings, NEEDS) if image["cal_kind"] == "object"]
    rows = []
    for name, config in sorted({(one["set_name"], one["frame_config"]) for one in images}):
        those = [image for image in images
                 if (image["set_name"], image["frame_config"]) == (name, config)]
        planes = db_masters.planes_of(those[0], settings)
        if not planes:
            continue
        exptime_s = float(np.median([image["frame_exptime_s"] for image in those]))
        bad = bad_pixels(planes, exptime_s, settings.hot_pixel_sigma, settings.flat_least)
        path = paths.masters(settings) / f"badpix_{name}_{config}.fits"
        write_image(path, bad, {"BUNIT": "image", "SETNAME": name, "CONFIG": config})
        counts = [int(np.count_nonzero(bad & bit)) for bit in (HOT, LOW, ODD)]
        n_bad = int(np.count_nonzero(bad))
        rows.append(dict(zip(COLUMNS, (path.name, len(planes), *counts, n_bad,
                                       100 * n_bad / bad.size), strict=True)))
        log_line('%s, %s: %d bad pixels of %d ("bad_pixel_mask": "%s")', name, config, n_bad,
                 bad.size, path)
    if not rows:
        raise UserError("there is no master frame of a camera that has science frames. Run "
                        "0_preparation/1a_master_bias.py to 1c_master_flat.py first.")
    io_report.write_parts(
        paths.report(settings, "bad_pixels"), f"{settings.lens_name}: bad pixels",
        [io_report.Part(f"{len(rows)} maps", rows, COLUMNS)], {"fraction_percent": ".3f"})


if __name__ == "__main__":
    run(main, __doc__)
