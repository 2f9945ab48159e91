"""Combine the chosen bias frames into master bias frames, without overscan.

Needs   : the choice (0_preparation/0b_choose_calibrations)
Writes  : masters/bias_<camera>_<...>.fits with VARIANCE and COUNT; in_bias -> fields
Settings: raw_frames, master_by, master_min_frames, master_days_max, master_temperature_max_c
Next    : 0_preparation/1b_master_dark

Run as  : python pipe/0_preparation/1a_master_bias.py configs/MYLENS
"""

from cosmouline.images.calibration import db_masters
from cosmouline.run import for_all_images, run

NEEDS = ("cal_kind", "cal_use", "frame_config", "frame_night", "frame_mjd", "frame_sigma_adu",
         "frame_hash", "frame_exptime_s", "frame_gain_e_per_adu", "frame_saturation_adu")
WRITES = ("in_bias",)


def measure(images, settings):
    """Make the masters; return the one that each frame is part of."""
    return db_masters.make_all("bias", images, settings)


def main(settings, db):
    """Make the master bias frames of all cameras."""
    images = db.all_in_use(settings, NEEDS)
    results = measure(images, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
