"""Remove the images in electrons that no later script reads any more, to free the disk.

Needs   : photometry (4_norm/2a_photometry) and stamps (5_psf/2a_extract, 6_extract)
Writes  : nothing; removes ali/<img_name>.fits, and the note on it in the database
Settings: psf_name, band_ref_img_names
Next    : 7_deconv/0_star_photometry

Run as  : python pipe/2_skysub/3_opt_remove_electrons.py configs/MYLENS [--pretend]

An image is removed once its stars are measured and all stamps are cut, and only if its raw frame
is still there: 1_character/1b_copy_convert.py --redo --only <img_name> makes it again. Impossible
until then: other stars, another PSF with other stamps, fringes, stacks, and all pictures of
frames. The reference images stay, and so do sky maps, catalogues and stamps, which are small.
Images out of use are removed too: they come back only from the raw frame anyway.
"""

from pathlib import Path

from cosmouline.database import fields, paths, status
from cosmouline.errors import UserError
from cosmouline.run import log_line, run

NEEDS = ()
WRITES = ("made__{script}",)  # its note on the file goes
ARGUMENTS = {"--pretend": {"action": "store_true",
                           "help": "log what would be removed, and leave it"}}
MADE = "made__1_character/1b_copy_convert"
LAST_READ = ("n_phot_stars", "n_psf_cut__{psf}", "n_objects")  # by the scripts that write these


def why_not(image, keep, settings, runs):
    """Return why the pixels of an image must stay; empty if they may go."""
    if image["img_name"] in keep:
        return "a reference image"
    if not Path(image.get("raw_path", "")).is_file():
        return "its raw frame is gone"
    if not image["gogogo"]:
        return ""
    for name in fields.expand(LAST_READ, settings):
        if name not in image:
            return f"{fields.lookup(name).producer}.py is not done"
    needs = fields.expand(LAST_READ, settings)
    return next((f"{line.split(': ', 1)[1]}" for line in
                 status.out_of_date(needs, [image], settings, runs)), "")


def main(settings, db):
    """Remove what may go, and log what stays."""
    keep = {db.reference()["img_name"], *settings.band_ref_img_names.values(),
            *(image.get("band_ref_img_name") for image in db.select())}
    n_removed, n_bytes, reasons = 0, 0, {}
    for image in db.select():
        path = paths.image(settings, image["img_name"])
        if not path.is_file():
            continue
        reason = why_not(image, keep, settings, db.runs)
        if reason:
            reasons.setdefault(reason, []).append(image["img_name"])
            continue
        n_removed, n_bytes = n_removed + 1, n_bytes + path.stat().st_size
        if not settings.options.pretend:
            path.unlink()
            db.update(image["img_name"], {MADE: None})
    for reason, names in reasons.items():
        log_line("%d images stay (first: %s): %s", len(names), names[0], reason)
    if not n_removed:
        raise UserError("no image can be removed: the reasons for those that are left are above.")
    log_line("%d images %s, %.1f MB", n_removed, "would be removed" if
             settings.options.pretend else "removed", n_bytes / 1e6)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
