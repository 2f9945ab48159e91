"""Copy every frame as an image in electrons, trimmed, with its celestial coordinates.

Needs   : the raw frames (1_character/1a_add_to_database)
Writes  : ali/<img_name>.fits in electrons; nx_px, ny_px, saturation_e, has_wcs -> database
Settings: sets
Next    : 1_character/1c_report

Run as  : python 1b_copy_convert.py ../../configs/MYLENS
"""

from pathlib import Path

from cosmouline import paths, telescope
from cosmouline.checkframe import check_frame
from cosmouline.io_fits import read_frame, trimmed, wcs_cards, write_image
from cosmouline.run import for_each_image, run

NEEDS = ("raw_path", "set_name", "gain_e_per_adu", "saturation_adu")
WRITES = ("nx_px", "ny_px", "saturation_e", "has_wcs", "pixel_notes")


def measure(image, settings):
    """Write one image in electrons; return its size and saturation level."""
    one = next(one for one in settings.sets if one["name"] == image["set_name"])
    frame = read_frame(Path(image["raw_path"]), one.get("extension"))
    notes = check_frame(frame)
    trim = telescope.trim_of(telescope.load_telescope(one["telescope"]), one.get("overrides", {}))
    data_adu, wcs = trimmed(frame.data_adu, wcs_cards(frame.header), trim)
    gain = image["gain_e_per_adu"]
    cards = {"GAIN": (1.0, "the pixels are electrons"), "RAWGAIN": (gain, "[e-/ADU] applied"),
             "BUNIT": "electron", "IMGNAME": image["img_name"]}
    write_image(paths.image(settings, image["img_name"]), data_adu * gain, cards, wcs)
    return {
        "nx_px": data_adu.shape[1],
        "ny_px": data_adu.shape[0],
        "saturation_e": image["saturation_adu"] * gain,
        "has_wcs": wcs is not None,
        "pixel_notes": "; ".join(notes) or None,
    }


def main(settings, db):
    """Convert every image in use."""
    images = db.to_treat(settings)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
