"""Add the frames of every set to the database, from their headers.

Needs   : raw frames in the raw_dir of each set; kicklist.txt and testlist.txt of the lens, if any
Writes  : one row per frame: names, telescope, time, exposure, gain, noise, site -> database
Settings: sets
Next    : 1_character/1b_copy_convert

Run as  : python 1a_add_to_database.py ../../configs/MYLENS
"""

from pathlib import Path

from cosmouline import dates, telescope
from cosmouline.intake import known_and_new, mark_lists, tell_assumptions
from cosmouline.io_fits import read_header
from cosmouline.run import for_each_image, run

NEEDS = ("raw_path", "set_name")
WRITES = ("telescope", "filter", "datetime_utc", "mjd", "exptime_s", "gain_e_per_adu",
          "read_noise_e", "saturation_adu", "pixel_scale_arcsec", "site_lon_deg",
          "site_lat_deg", "site_height_m", "frame_notes")


def measure(image, settings):
    """Return what the header of one raw frame says."""
    one = next(one for one in settings.sets if one["name"] == image["set_name"])
    header = read_header(Path(image["raw_path"]), one.get("extension"))
    camera = telescope.load_telescope(one["telescope"])
    exposure = telescope.read_exposure(header, camera, one.get("overrides", {}))
    return {
        "telescope": exposure.telescope,
        "filter": exposure.filter,
        "mjd": exposure.mjd,
        "datetime_utc": dates.isot(exposure.mjd),
        "exptime_s": exposure.exptime_s,
        "gain_e_per_adu": exposure.gain_e_per_adu,
        "read_noise_e": exposure.read_noise_e,
        "saturation_adu": exposure.saturation_adu,
        "pixel_scale_arcsec": exposure.pixel_scale_arcsec,
        "site_lon_deg": exposure.site_lon_deg,
        "site_lat_deg": exposure.site_lat_deg,
        "site_height_m": exposure.site_height_m,
        "frame_notes": "; ".join(exposure.warnings) or None,
    }


def main(settings, db):
    """Register new frames, read the headers, and mark what the lists of the lens name."""
    images = known_and_new(settings, db)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    tell_assumptions(images, settings)
    mark_lists(settings, db)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
