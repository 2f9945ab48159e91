"""Compare several coefficients in one picture: medcoeff and any renormalisations.

Needs   : medcoeff (4_norm/3a_medcoeff), renorm (8_renorm/1a_renormalize) under one or more names
Writes  : plots/compare_coefficients.png
Settings: lens_name
Next    : 8_renorm/3_opt_inspect_star

Run as  : python pipe/8_renorm/2b_opt_compare_coefficients.py configs/MYLENS
          [--names medcoeff renorm1]

The first name is what the others are divided by; without --names all that the database has are
shown. What to look for: a ratio that follows the seeing (a coefficient from apertures that lose
light), or that differs between sets (stars of other colours).
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, members, texts, time_of
from cosmouline.errors import UserError
from cosmouline.pages import drawing
from cosmouline.plots.compare import compare_page
from cosmouline.run import run

import numpy as np

NEEDS = ("medcoeff",)
WRITES = ()
ARGUMENTS = {"--names": {"nargs": "+", "metavar": "NAME", "help": "coefficients to compare"}}


def chosen(images, wanted):
    """Return the fields of the coefficients to compare, by name."""
    known = {"medcoeff": "medcoeff"} | {name: f"renorm__{name}" for name in
                                        members(images, "renorm__{renorm}")}
    for name in wanted or ():
        if name not in known:
            raise UserError(f"--names {name}: the database has {', '.join(known)}.")
    return {name: known[name] for name in wanted or known}


def main(settings, db):
    """Draw the page of each band."""
    images = db.to_treat(settings, NEEDS)
    names = chosen(images, settings.options.names)
    for one, those in bands.split(images, settings):
        coefficients = np.array([column(those, field) for field in names.values()])
        page = compare_page(time_of(those), coefficients, list(names),
                            column(those, "field_fwhm_arcsec"), "seeing (arcsec)",
                            texts(those, "set_name"), title=f"{drawing.lens(one)}: coefficients")
        drawing.save_plot(page, "compare_coefficients", one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
