"""Calibrate the science frames: overscan, bias, linearity, dark, flat; mask and noise of masters.

Needs   : masters/*.fits (0_preparation/1a, 1b, 1c), or the key 'masters' of raw_frames
Writes  : calibrated/<camera>/<standard_name>.fits in ADU, with MASK (1 bad, 2 saturated) and the
          variance that the masters brought in; the masters used -> fields
Settings: raw_frames, master_days_max, master_temperature_max_c, flat_least, mark_cosmics
Next    : 0_preparation/2b_bad_pixels

Run as  : python pipe/0_preparation/2a_calibrate.py configs/MYLENS [--cosmics | --no-cosmics]

The folder calibrated/<camera> is the raw_dir of a set for 1_character.
"""

import argparse
from functools import partial

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.images.calibration import db_calibrate
from cosmouline.images.calibration.io_master import masters_in
from cosmouline.run import for_each_image, log_line, run

NEEDS = ("cal_kind", "standard_name", "frame_config", "frame_mjd", "frame_exptime_s",
         "frame_gain_e_per_adu", "frame_read_noise_e", "frame_saturation_adu")
WRITES = ("cal_recipe", "used_bias", "used_dark", "used_flat", "cal_notes", "cal_level_adu",
          "cal_n_saturated_px", "cal_n_bad_px", "cal_master_noise")
ARGUMENTS = {"--cosmics": {"action": argparse.BooleanOptionalAction, "default": None,
                           "help": "mask cosmic rays, or not, whatever mark_cosmics says"}}


def measure(image, settings, there):
    """Write one calibrated frame; return the masters that were used. Others have nothing to do."""
    if image["cal_kind"] != "object":
        return {}
    return db_calibrate.calibrate(image, settings, there)


def main(settings, db):
    """Calibrate every science frame."""
    if getattr(settings.options, "cosmics", None) is not None:
        settings.mark_cosmics = settings.options.cosmics
    images = db.to_treat(settings, NEEDS)
    objects = [image for image in images if image["cal_kind"] == "object"]
    if not objects:
        raise UserError("no raw frame is of the kind object: see report_raw_frames.txt, and "
                        "correct kinds in calibrations.txt (0_preparation/0b).")
    there = masters_in(paths.masters(settings))
    for image in objects:  # frames whose masters have changed are done again
        if image.get("cal_recipe") != db_calibrate.recipe_of(image, settings, there):
            db.update(image["img_name"], {"ran__0_preparation/2a_calibrate": None})
    work = partial(measure, there=there)
    counts = for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)
    db_calibrate.report_missing([row for row in db.to_treat(settings) if "used_flat" in row])
    for name in sorted({image["set_name"] for image in objects}):
        log_line('the calibrated frames: {"name": "%s", "telescope": "%s", "raw_dir": "%s"}', name,
                 next(one["telescope"] for one in settings.raw_frames if one["name"] == name),
                 paths.calibrated(settings, name))
    return counts


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
