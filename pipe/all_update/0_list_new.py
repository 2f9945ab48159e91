"""List the frames that are not in the reduction yet, and what an update rests on.

Needs   : raw frames, and the reduction so far
Writes  : nothing
Settings: sets
Next    : all_update/1_update

Run as  : python pipe/all_update/0_list_new.py configs/MYLENS
"""

from cosmouline.database import bands
from cosmouline.frames import db_update
from cosmouline.run import log_line, run
from cosmouline.sources import db_stars

NEEDS = ("img_name",)
WRITES = ()
SHOWN = 3  # names per set


def main(settings, db):
    """List new frames by set; then the reference images, the stars, and the fits."""
    for name, new in db_update.new_frames(settings, db.rows).items():
        n_known = sum(row["set_name"] == name for row in db.rows.values())
        shown = ", ".join(new[:SHOWN]) + (" .." if len(new) > SHOWN else "")
        log_line("%s: %d images known, %d new%s", name, n_known, len(new),
                 f": {shown}" if new else "")
    images = [row for row in db.select(gogogo=True) if "medcoeff" in row]
    for one, those in bands.split(images, settings):
        if those:
            scale = bands.reference(those, db, one)["img_name"]
            n_fitted = sum(f"dec_chi2__{settings.dec_name}" in row for row in those)
            log_line("%scoefficients are relative to %s; %d of %d images have fluxes",
                     f"{one.band}: " if one.band else "", scale, n_fitted, len(those))
    if images:
        log_line("aligned to %s; stars: %s", db.reference()["img_name"],
                 ", ".join(star.name for star in db_stars.norm_stars(settings)))


if __name__ == "__main__":
    run(main, __doc__)
