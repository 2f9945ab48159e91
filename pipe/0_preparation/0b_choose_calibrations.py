"""Choose which bias, dark and flat frames go into the master frames, and show them.

Needs   : the kinds of the raw frames (0_preparation/0a_import_raw)
Writes  : cal_kind, cal_use and cal_reason -> fields; calibrations.txt, the list of the choice;
          plots/calibrations_1.png, small pictures of all calibration frames
Settings: work_dir, raw_frames, flat_level_limits, calibration_saturated_max
Next    : 0_preparation/1a_master_bias

Run as  : python pipe/0_preparation/0b_choose_calibrations.py configs/MYLENS [--auto]
          [--limits 0.2 0.8]

To choose by hand: copy calibrations.txt from work_dir into the folder of the lens and edit it.
Each line has a name and "use", "skip", or the kind that the frame is (bias, dark, flat, object,
...). --auto ignores that list for once, --limits stands for flat_level_limits.
"""

from cosmouline.database import paths
from cosmouline.files.io_text import write_text
from cosmouline.frames.raw import db_raw_frames
from cosmouline.images.calibration import db_choice
from cosmouline.pages import contact_sheets
from cosmouline.plots.pages import THUMBNAIL_PX
from cosmouline.plots.scaling import shrink
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("frame_kind", "frame_level_adu", "frame_saturated", "frame_n_stars",
         "frame_hash", "frame_config", "frame_night", "frame_exptime_s", "frame_saturation_adu",
         "frame_gain_e_per_adu", "standard_name")
WRITES = ("cal_kind", "cal_use", "cal_reason")
ARGUMENTS = {
    "--auto": {"action": "store_true", "help": "by the limits alone, without calibrations.txt"},
    "--limits": {"nargs": 2, "type": float, "metavar": ("LOW", "HIGH"),
                 "help": "levels of flats in saturation levels (default: flat_level_limits)"}}


def measure(images, settings, db):
    """Return kind and choice of every raw frame."""
    return db_choice.choose(images, settings, db)


def thumbnail(image, settings):
    """Return a small picture of a raw frame."""
    return shrink(db_raw_frames.raw_image(image, settings).data_adu, THUMBNAIL_PX)[0]


def main(settings, db):
    """Choose, write the list, and draw the contact sheet."""
    images = db.all_in_use(settings, NEEDS)
    results = measure(images, settings, db)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    shown = sorted((image for image in images if image["cal_kind"] in db_choice.USED_KINDS),
                   key=lambda one: (one["set_name"], one["cal_kind"], one["img_name"]))
    lines = [f"{image['standard_name']} {'use' if image['cal_use'] else 'skip'}  "
             f"{image['cal_kind']}: {image['cal_reason']}" for image in shown]
    path = settings.work_dir / db_raw_frames.CHOICES_FILE
    write_text(path, "# name, and use, skip or the kind of the frame; the rest is a comment\n"
               + "".join(f"{line}\n" for line in lines))
    contact_sheets.save(
        shown, "calibrations", settings, __file__, thumbnail,
        note=lambda one: (f"{one['cal_kind']} {one.get('frame_filter', '')}: "
                          if one["cal_kind"] == "flat" else f"{one['cal_kind']}: ")
        + one["cal_reason"],
        status=lambda one: "used" if one["cal_use"] else "rejected", note_lines=2,
        title="calibration frames")
    out = [image for image in shown if not image["cal_use"]]
    log_line("%d calibration frames are used, %d are not%s; the list: %s", len(shown) - len(out),
             len(out), f" (first: {out[0]['standard_name']}: {out[0]['cal_reason']})" if out
             else "", paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
