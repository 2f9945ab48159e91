"""Write where the point sources are looked for first.

Needs   : dec_<dec_name>/epochs.npz (7_deconv/2_apply_norm)
Writes  : dec_<dec_name>/start.cat, pixels of the reference image; dec_start -> database
Settings: dec_name, point_sources, point_sources_unit, lens_ra_deg, lens_dec_deg,
          lens_position_px, north_angle_deg, is_mirrored
Next    : 7_deconv/4_deconv

Run as  : python 3_write_start.py ../../configs/MYLENS

From point_sources of the settings; a number of sources lets them be found on the sharpest images.
They must be good to about a third of a pixel; the fit moves them.
"""

import hashlib

from cosmouline import io_catalog, paths, products
from cosmouline.deconv import find_sources
from cosmouline.errors import UserError
from cosmouline.io_catalog import Star
from cosmouline.position import sources_on_reference
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("dec_epochs__{dec}",)
WRITES = ("dec_start__{dec}",)


def start_places(reference, settings):
    """Return names and places (n, 2) on the reference image, given or found."""
    names, places = sources_on_reference(reference, settings)
    if places is not None:
        return names, places
    content = products.gathered_epochs(settings)
    try:
        offsets = find_sources(content.epochs, len(names))
    except ValueError as problem:
        raise UserError(f"the point sources cannot be found: {problem}. "
                        "Give their positions in point_sources.") from problem
    return names, content.centre_px + offsets


def measure(reference, settings):
    """Find or take over, and write; return the hash of the file."""
    names, places = start_places(reference, settings)
    path = paths.deconvolution(settings) / "start.cat"
    stars = [Star(name, *place, None) for name, place in zip(names, places.tolist(), strict=True)]
    io_catalog.write_cat(path, stars, "start positions: pixels of the reference image, from 1")
    log_line("%d point sources (%s): %s", len(names), ", ".join(names), paths.relative(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def main(settings, db):
    """Write the places, and note them in the rows of the epochs."""
    epochs, start = f"dec_epochs__{settings.dec_name}", f"dec_start__{settings.dec_name}"
    written = measure(db.reference(), settings)
    results = {name: {start: written} for name, row in db.rows.items() if epochs in row}
    for_all_images(results, db.select(), settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
