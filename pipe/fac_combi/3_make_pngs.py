"""Draw every stack, and a sheet of all of them.

Needs   : the stacks (fac_combi/2_combine)
Writes  : combi_<combi_group_name>_png/, plots/combi_<combi_group_name>.png
Settings: lens_name, combi_group_name
Next    : fac_combi/4_stack_photometry

Run as  : python pipe/fac_combi/3_make_pngs.py configs/MYLENS
"""

from cosmouline.database import paths
from cosmouline.engine import tasks
from cosmouline.files.io_fits import read_image, read_image_header
from cosmouline.images import db_stack
from cosmouline.pages import drawing
from cosmouline.plots.frame import frame_page
from cosmouline.plots.pages import contact_sheet
from cosmouline.run import log_line, run

NEEDS = ()
WRITES = ()
N_MOST = 84  # stacks on the sheet, spread evenly


def facts(header):
    """Return the lines next to a picture."""
    return [f"{header['NCOMBINE']} images, {header['EXPTIME']:.0f} s, {header['COMBINE']}",
            f"middle {header['DATE-OBS'][:16]} UT",
            f"gain {header['GAIN']:.2f} e-/ADU", f"sky {header['SKYLEVEL']:.0f} ADU",
            f"sky noise {header['SKYSIG']:.1f} ADU per pixel",
            f"scatter of the pixels {header['PIXSIG']:.1f} ADU"]


def draw(stack, settings):
    """Draw the page of a stack."""
    path, header = stack["path"], read_image_header(stack["path"])
    page = frame_page(read_image(path) - header["SKYLEVEL"],
                      f"{settings.lens_name}: {path.parent.name} {path.stem}", facts(header))
    drawing.save_page(page, f"combi_{settings.combi_group_name}",
                      f"{path.parent.name}_{path.stem}", settings, __file__)
    return {}


def main(settings, db):
    """Draw the pages."""
    stacks = db_stack.stacks_made(settings)
    folder = f"combi_{settings.combi_group_name}"
    todo = [{"img_name": str(paths.relative(path)), "path": path} for path in stacks]
    list(tasks.results(draw, todo, settings, "stack"))
    some = stacks[::max(1, -(-len(stacks) // N_MOST))]
    headers = [read_image_header(path) for path in some]
    page = contact_sheet(
        [read_image(path) for path in some],
        [f"{path.parent.name} {header['DATE-OBS'][:10]}"
         for path, header in zip(some, headers, strict=True)],
        notes=[f"{header['NCOMBINE']} images" for header in headers],
        title=f"{settings.lens_name}: stacks {settings.combi_group_name}")
    drawing.save_plot(page, folder, settings, __file__)
    log_line("%d stacks drawn", len(stacks))


if __name__ == "__main__":
    run(main, __doc__)
