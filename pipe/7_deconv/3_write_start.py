"""Write where the point sources are looked for first.

Needs   : dec_<dec_name>/epochs.npz (7_deconv/2_apply_norm)
Writes  : dec_<dec_name>/start.cat, pixels of the reference image; dec_start -> database
Settings: dec_name, point_sources, point_sources_unit, lens_ra_deg, lens_dec_deg,
          lens_position_px, north_angle_deg, is_mirrored, extra_sources
Next    : 7_deconv/4_deconv

Run as  : python pipe/7_deconv/3_write_start.py configs/MYLENS

From point_sources of the settings; a number of sources lets them be found on the sharpest images.
With bands, they are found in that of the reference image. Given ones are slid up to 5 px to where
they fit, and must fit better than turned or mirrored ones. The start stays when images are added,
until they are twice as many; --redo looks again.
"""

import hashlib

from cosmouline.database import bands, paths
from cosmouline.database.script_header import settings_names
from cosmouline.deconv import db_products
from cosmouline.deconv.db_sources import start_stars
from cosmouline.deconv.db_warm_start import start_stays
from cosmouline.files import io_catalog
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("dec_epochs__{dec}",)
WRITES = ("dec_start__{dec}",)


def measure(reference, settings, found, stays):
    """Find the sources or take them over, and write; return them, and the hash of the file."""
    path = paths.deconvolution(settings) / "start.cat"
    if stays:
        stars = db_products.start_sources(settings)
        log_line("%s stays: %d point sources", paths.relative(path), len(stars))
        return stars, _digest(path)
    stars, notes = start_stars(reference, settings, found)
    io_catalog.write_cat(path, stars, "start positions: pixels of the reference image, from 1")
    for line in notes:
        log_line("%s", line)
    names = ", ".join(star.name for star in stars)
    log_line("%d point sources (%s): %s", len(stars), names, paths.relative(path))
    return stars, _digest(path)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def main(settings, db):
    """Write the positions, and note them in the rows of the epochs."""
    epochs, start = f"dec_epochs__{settings.dec_name}", f"dec_start__{settings.dec_name}"
    results, stars, reference = {}, (), db.reference()
    first = bands.of(reference, settings)
    split = bands.split([row for row in db.select() if epochs in row], settings)
    for one, images in sorted(split, key=lambda pair: pair[0].band != first):
        stays = start_stays(images, one, db.runs, settings_names(__doc__))
        stars, written = measure(reference, one, stars, stays)
        results |= {image["img_name"]: {start: written} for image in images}
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
