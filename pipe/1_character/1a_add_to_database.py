"""Add the frames of every set to the database, from their headers.

Needs   : raw frames in the raw_dir of each set; kicklist.txt and testlist.txt of the lens, if any
Writes  : one row per frame: names, telescope, time, exposure, gain, noise, site -> database;
          report_intake.txt: what is refused or flagged, and why
Settings: sets, lens_ra_deg, lens_dec_deg
Next    : 1_character/1b_copy_convert

Run as  : python pipe/1_character/1a_add_to_database.py configs/MYLENS
"""

import math
from dataclasses import asdict
from pathlib import Path

from cosmouline.database import notes
from cosmouline.database.bands import set_of
from cosmouline.dates import mjd_to_iso
from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import read_header
from cosmouline.frames import db_consistency, db_intake_report
from cosmouline.frames.companions import kind_by_header
from cosmouline.frames.db_intake import (
    known_and_new,
    log_assumptions,
    mark_lists,
    overrides_of,
    warn_of_twins,
)
from cosmouline.frames.header_pointing import pointing_flag
from cosmouline.frames.telescope import load_telescope, read_exposure
from cosmouline.run import for_each_image, run

NEEDS = ("raw_path", "set_name")
WRITES = ("telescope", "filter", "datetime_utc", "mjd", "exptime_s", "gain_e_per_adu",
          "read_noise_e", "saturation_adu", "pixel_scale_arcsec", "site_lon_deg",
          "site_lat_deg", "site_height_m", "raw_nx_px", "raw_ny_px", "header_notes",
          "frame_notes")


def measure(image, settings):
    """Return what the header of one raw frame says; unknown values are left out."""
    one = set_of(image, settings)
    path = Path(image["raw_path"])
    header = read_header(path, one.get("extension"))
    if other := kind_by_header(header):
        raise ImageRejected(f"no frame: a {other[0]} by {other[1]}")
    exposure = read_exposure(header, load_telescope(one["telescope"]), overrides_of(one, path))
    known = {name: value for name, value in asdict(exposure).items() if name in WRITES}
    size = header["NAXIS1"], header["NAXIS2"]
    field_deg = exposure.pixel_scale_arcsec * math.hypot(*size) / 2 / 3600
    away = pointing_flag(header, settings.lens_ra_deg, settings.lens_dec_deg, field_deg)
    if away and one.get("lens_only"):
        raise ImageRejected(away)
    return known | {
        "raw_nx_px": size[0],
        "raw_ny_px": size[1],
        "datetime_utc": mjd_to_iso(exposure.mjd),
        "header_notes": notes.as_text(exposure.notes),
        "frame_notes": notes.as_text([*exposure.flags, away]),
    }


def main(settings, db):
    """Register new frames, read the headers, and mark what the lists of the lens name."""
    images = known_and_new(settings, db)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    log_assumptions(images)
    warn_of_twins(images)
    mark_lists(settings, db)
    db_intake_report.write(settings, db)
    db_consistency.refuse_impossible_gains(images)
    db_consistency.refuse_impossible_exposures([image for image in images if image["gogogo"]])
    db_consistency.refuse_mixed_filters([image for image in images if image["gogogo"]])
    return counts


if __name__ == "__main__":
    run(main, __doc__)
