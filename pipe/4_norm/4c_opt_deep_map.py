"""Draw the deep stack of every band, with the stars by their names and the lens.

Needs   : the stack (4_norm/4b_opt_combine_deep), the stars (4_norm/0_pick_stars)
Writes  : plots/deep_<combi_name>.png
Settings: lens_name, combi_name, norm_stars, psf_stars
Next    : 4_norm/5_histograms

Run as  : python pipe/4_norm/4c_opt_deep_map.py configs/MYLENS

What to look for: a neighbour of a star that no single image shows, the arcs of the lens, a field
that is not flat.
"""

from cosmouline.database import bands, paths
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image, read_image_header
from cosmouline.pages import drawing
from cosmouline.run import run

NEEDS = ("combi_number__{combi}", "align_m11")
WRITES = ()
CUTS_SIGMA = (-6, 250)  # on a logarithmic scale: faint neighbours show, and stars are black


def facts(header):
    """Return the lines next to the picture."""
    return [f"{header['NCOMBINE']} images, {header['EXPTIME']:.0f} s, {header['COMBINE']}",
            f"sky noise {header['SKYSIG']:.2f} e- per pixel",
            f"scatter of the pixels {header['PIXSIG']:.2f} e-",
            f"grid of {header['REFIMG']}"]


def main(settings, db):
    """Draw one map per band."""
    images = db.all_in_use(settings, NEEDS)
    for one, _ in bands.split(images, settings):
        path = paths.deep(one)
        if not path.is_file():
            raise UserError(f"there is no {path}. Run 4_norm/4b_opt_combine_deep.py first.")
        header = read_image_header(path)
        title = f"{one.lens_name}: deep stack {one.combi_name} {one.band}".rstrip()
        limits = tuple(sigmas * header["PIXSIG"] for sigmas in CUTS_SIGMA)
        page = drawing.star_map(read_image(path), db.reference(), one, title, facts(header),
                                limits=limits)
        drawing.save_plot(page, f"deep_{one.combi_name}", one, __file__)


if __name__ == "__main__":
    run(main, __doc__)
