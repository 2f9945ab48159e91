"""Make the folder of a lens whose frames are the stacks, to reduce them as images.

Needs   : the stacks (fac_combi/2_combine)
Writes  : settings.py, normstars.cat and lists of sources in the folder named by --to
Settings: lens_name, work_dir, combi_group_name, sets
Next    : run_all.py on the new folder

Run as  : python pipe/fac_combi/5_opt_new_config.py configs/MYLENS --to configs/MYLENS_nights
          [--work-dir ~/cosmouline/MYLENS_nights]

The settings of the lens are taken over, with the stacks of each set as a set of the telescope
"Combi". All stacks lie on one grid, so the stars and the position of the lens hold for them too.
A settings.py that the new folder has already is not overwritten: remove it first.
"""

import shutil
from pathlib import Path

from cosmouline.astrometry.db_coordinates import has_sky
from cosmouline.database import paths
from cosmouline.database.settings import differences
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import to_ds9
from cosmouline.files.io_fits import read_image_header
from cosmouline.files.io_text import write_text
from cosmouline.images import db_stack
from cosmouline.run import log_line, run

NEEDS = ("lens_x_px", "has_wcs")
WRITES = ()
ARGUMENTS = {
    "--to": {"help": "the folder to make, such as configs/MYLENS_nights"},
    "--work-dir": {"help": "its work_dir (default: that of the lens, with combi_<name> behind)"},
}
OWN = ("sets", "work_dir", "ref_img_name", "band_ref_img_names", "lens_position_px",
       "allow_mirror_images")  # of the frames, not of the lens


def new_sets(stacks, settings):
    """Return the sets of the stacks."""
    made = {path.parent.name: path.parent for path in stacks}
    return [{"name": one["name"], "telescope": "Combi", "raw_dir": str(made[one["name"]])}
            | ({"band": one["band"]} if "band" in one else {})
            for one in settings.sets if one["name"] in made]


def position_of_lens(reference, stacks):
    """Return the position of the lens, for frames without celestial coordinates."""
    if has_sky(reference):
        return {}
    largest = max(stacks, key=lambda path: read_image_header(path)["NCOMBINE"])
    xy = to_ds9([reference["lens_x_px"], reference["lens_y_px"]])
    return {"ref_img_name": f"{largest.parent.name}_{largest.stem}",
            "lens_position_px": tuple(round(float(value), 3) for value in xy)}


def main(settings, db):
    """Write the folder."""
    if not settings.options.to:
        raise UserError("name the folder to make: --to configs/MYLENS_nights")
    folder, stacks = Path(settings.options.to), db_stack.stacks_made(settings)
    if (folder / "settings.py").exists():
        raise UserError(f"{folder / 'settings.py'} is there already. Remove it, or name another "
                        "folder.")
    work_dir = settings.options.work_dir or str(
        settings.work_dir.with_name(f"{settings.work_dir.name}_{paths.stacks(settings).name}"))
    values = {name: value for name, value in differences(settings).items() if name not in OWN}
    values |= position_of_lens(db.reference(), stacks)
    values |= {"work_dir": work_dir, "sets": new_sets(stacks, settings),
               "find_hot_pixels": False}  # the stars of all stacks lie on the same pixels
    lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    write_text(folder / "settings.py", f'"""Stacks made by fac_combi."""\n\n{lines}\n')
    for path in (paths.picked_stars(settings), *settings.config_dir.glob("*.cat")):
        if path.is_file():
            shutil.copy(path, folder / path.name)
    log_line("%d stacks as frames: %s", len(stacks), folder / "settings.py")


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
