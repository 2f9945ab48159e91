"""Copy every frame as an image in electrons, trimmed, with its celestial coordinates.

Needs   : the raw frames (1_character/1a_add_to_database)
Writes  : ali/<img_name>.fits in electrons; nx_px, ny_px, saturation_e, has_wcs, noise_factor
          (of stacks), master_noise (of calibrated frames, with ali/<img_name>.noise.fits),
          raw_hash, pixel_hash -> database; report_intake.txt again
Settings: sets
Next    : 1_character/1c_report

Run as  : python pipe/1_character/1b_copy_convert.py configs/MYLENS

Pixels that a mask or noise map of the frame knows to be bad become NaN, whether it is an extension
(DQ, BPM, ERR) or a file beside the frame that is named like it (ood, wht, rms, ...).
"""

from functools import partial
from pathlib import Path

from cosmouline.database import notes, paths
from cosmouline.database.bands import set_of
from cosmouline.errors import ProductLost
from cosmouline.files.atomic import digest
from cosmouline.files.io_fits import pixel_hash, shift_wcs, wcs_cards, write_image
from cosmouline.frames import db_consistency, db_intake_report
from cosmouline.frames.check_frame import check_frame, credible, noise_factor, trim_frame
from cosmouline.frames.db_intake import frame_with_sides, refuse_replaced, sides_of_frames
from cosmouline.frames.telescope import checked_overrides, load_telescope
from cosmouline.images.calibration import db_master_noise
from cosmouline.run import for_each_image, run

NEEDS = ("raw_path", "set_name", "gain_e_per_adu", "saturation_adu")
WRITES = ("nx_px", "ny_px", "saturation_e", "has_wcs", "noise_factor", "master_noise",
          "raw_hash", "pixel_hash", "pixel_notes")


def measure(image, settings, shapes, sides):
    """Write one image in electrons; return its size and saturation level."""
    one, path = set_of(image, settings), Path(image["raw_path"])
    if not path.exists():
        raise ProductLost(f"there is no {path} any more. Put it back, or name the image in "
                          "kicklist.txt.")
    refuse_replaced(image, path)
    telescope = load_telescope(one["telescope"])
    frame = frame_with_sides(path, one, image, sides.get(str(path), {}))
    flags = check_frame(frame, shapes.get(image["set_name"]), image["saturation_adu"])
    overrides = checked_overrides(one.get("overrides", {}))
    trim = overrides.get("trim", telescope.trim)
    data_e = credible(trim_frame(frame.data_adu, trim)) * image["gain_e_per_adu"]
    wcs = wcs_cards(frame.header)
    wcs = wcs if wcs is None else shift_wcs(wcs, trim.left, trim.bottom)
    cards = {"BUNIT": "electron", "RAWGAIN": image["gain_e_per_adu"],
             "IMGNAME": image["img_name"], "RAWHASH": digest(path)}
    write_image(paths.image(settings, image["img_name"]), data_e, cards, wcs)
    noise = db_master_noise.keep(path, frame.data_adu.shape, trim, image, settings)
    return {
        "nx_px": data_e.shape[1],
        "ny_px": data_e.shape[0],
        "saturation_e": image["saturation_adu"] * image["gain_e_per_adu"],
        "has_wcs": wcs is not None,
        "noise_factor": noise_factor(frame.header),
        "master_noise": noise,
        "raw_hash": cards["RAWHASH"],
        "pixel_hash": pixel_hash(frame.data_adu),
        "pixel_notes": notes.as_text(flags),
    }


def main(settings, db):
    """Convert every image in use."""
    images = db.to_treat(settings, NEEDS)
    sides = sides_of_frames(settings.sets)
    work = partial(measure, shapes=db_consistency.typical_shapes(db.select()), sides=sides)
    counts = for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)
    db_intake_report.warn_of_duplicates(db)
    db_intake_report.write(settings, db)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
