"""Register the raw frames: what each one is by header and pixels, under a standard name.

Needs   : the frames of raw_frames as the camera gave them, in any folders, with any names
Writes  : one row per frame and detector in raw_frames.json, its kind and the reason -> fields;
          report_raw_frames.txt
Settings: lens_name, raw_frames, lens_ra_deg, lens_dec_deg
Next    : 0_preparation/0b_choose_calibrations

Run as  : python pipe/0_preparation/0a_import_raw.py configs/MYLENS

A standard name is the start of the exposure, C and the number of the camera, and a letter:
20200129T010235C0f is a flat (b bias, d dark, o object, l lamp, x focus, u unclear). The frames
themselves are neither renamed nor copied: `raw_name` is the original name.
Of a mosaic, only the CCDs whose footprint holds the lens are registered.
"""

from collections import Counter

from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.frames.raw import db_raw_frames
from cosmouline.run import for_each_image, log_line, run

NEEDS = ("raw_name",)
WRITES = ("standard_name", "frame_kind", "frame_kind_reason", "frame_flags", "frame_filter",
          "frame_mjd", "frame_night", "frame_exptime_s", "frame_target", "frame_config",
          "frame_temperature_c", "frame_gain_e_per_adu", "frame_read_noise_e",
          "frame_saturation_adu", "frame_overscan_adu", "frame_level_adu", "frame_sigma_adu",
          "frame_saturated", "frame_n_stars", "frame_hash")
COLUMNS = ("standard_name", "raw_name", "frame_kind", "frame_filter", "frame_exptime_s",
           "frame_target", "frame_level_adu", "frame_n_stars", "frame_kind_reason", "frame_flags")
FORMATS = {"frame_level_adu": ".1f", "frame_exptime_s": "g"}


def measure(image, settings):
    """Return what header and pixels of one raw frame say."""
    return db_raw_frames.described(image, settings)


def main(settings, db):
    """Register new frames, look at them, and report what each one is."""
    images = db_raw_frames.register(settings, db)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    known = [image for image in images if "frame_kind" in image]
    for name in sorted({image["set_name"] for image in known}):
        found = Counter(image["frame_kind"] for image in known if image["set_name"] == name)
        log_line("%s: %s", name, ", ".join(f"{n} {kind}" for kind, n in found.most_common()))
    flagged = [image for image in known if "frame_flags" in image]
    path = paths.report(settings, "raw_frames")
    io_report.write_parts(path, f"{settings.lens_name}: raw frames", io_report.by_set(
        images, COLUMNS, lambda image: image.get("standard_name"), "raw frames"), FORMATS)
    if flagged:
        log_line("%d frames are flagged (first: %s: %s): see %s", len(flagged),
                 flagged[0]["standard_name"], flagged[0]["frame_flags"], paths.relative(path))
    return counts


if __name__ == "__main__":
    run(main, __doc__)
