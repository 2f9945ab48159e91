"""List the images in the order of time, and those that are out of use with the reason.

Needs   : the rows of the database (1_character/1a_add_to_database)
Writes  : report_content.txt
Settings: lens_name
Next    : 1_character/2a_astrocalc

Run as  : python pipe/1_character/1c_report.py configs/MYLENS
"""

from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.run import log_line, run

NEEDS = ("datetime_utc",)
WRITES = ()

COLUMNS = ("datetime_utc", "img_name", "telescope", "filter", "exptime_s", "gain_e_per_adu",
           "frame_notes", "pixel_notes", "quality_note")


def main(settings, db):
    """Write the report."""
    images = sorted(db.select(gogogo=True), key=lambda image: image.get("mjd", 0.0))
    rejected = db.select(gogogo=False)
    path = paths.report(settings, "content")
    io_report.write_parts(path, f"{settings.lens_name}: images", [
        io_report.Part(f"{len(images)} images in use", images, COLUMNS),
        io_report.Part(f"{len(rejected)} images out of use", rejected, ("img_name", "whynot"))])
    log_line("%d images in use, %d not: %s", len(images), len(rejected), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
