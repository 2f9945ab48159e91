"""Remove the pattern that the sky has in all frames of a filter, or of a filter and target.

Needs   : calibrated/<camera>/*.fits (0_preparation/2a_calibrate), three and more per filter
Writes  : masters/sky_<camera>_<...>.fits; calibrated_sky/<camera>/<standard_name>.fits, the frames
          without that pattern, their level kept
Settings: raw_frames
Next    : 1_character/1a_add_to_database

Run as  : python pipe/0_preparation/2c_opt_master_sky.py configs/MYLENS [--per-target]

For the infrared and for thin CCDs, whose sky is not flat after the flat field. The telescope must
have moved between the frames. Give calibrated_sky/<camera> as the raw_dir of the set. Without it,
2_skysub/1b_opt_fringes does the same night by night.
"""

from cosmouline.database import paths
from cosmouline.engine import tasks
from cosmouline.errors import UserError
from cosmouline.images.calibration import db_master_sky
from cosmouline.run import log_line, run

NEEDS = ("used_flat", "standard_name", "frame_config")
ARGUMENTS = {"--per-target": {"action": "store_true",
                              "help": "a master sky for each target, not of all targets"}}


def main(settings, db):
    """Make every master sky and the frames without it."""
    images = [image for image in db.in_use(settings) if "used_flat" in image]
    if not images:
        raise UserError("no frame is calibrated. Run 0_preparation/2a_calibrate.py first.")
    items = db_master_sky.groups(images, getattr(settings.options, "per_target", False))
    if not items:
        raise UserError("no filter has three calibrated frames: no master sky is made.")
    list(tasks.results(db_master_sky.make, items, settings, "master sky"))
    for name in sorted({image["set_name"] for image in images}):
        log_line("the frames without it: %s", paths.without_master_sky(settings, name))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
