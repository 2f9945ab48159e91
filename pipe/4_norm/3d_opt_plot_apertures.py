"""Draw every star in several apertures, the coefficient behind it.

Needs   : fluxes in several apertures (4_norm/2b_opt_photom_db), medcoeff (4_norm/3a_medcoeff)
Writes  : plots/apertures.png
Settings: lens_name, photom_apertures
Next    : 4_norm/5_histograms

Run as  : python pipe/4_norm/3d_opt_plot_apertures.py configs/MYLENS

What to look for: the apertures lie on each other. A large one that scatters more is sky or a
neighbour; a small one that follows the coefficient (in grey) is the seeing.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, members, time_of
from cosmouline.errors import UserError
from cosmouline.pages import drawing
from cosmouline.plots.aperture_curves import aperture_curves_page
from cosmouline.run import run

import numpy as np

NEEDS = ("medcoeff", "n_photom_stars")
WRITES = ()
PATTERN = "photom_flux_e__{}__{{star}}"


def measure(images, settings):
    """Return the page of the images of one band."""
    apertures = settings.photom_apertures[:5]
    names = sorted({name for one in apertures for name in members(images, PATTERN.format(one))},
                   key=lambda name: (len(name), name))
    if not names:
        raise UserError(f"no image has fluxes in the apertures {', '.join(apertures)}. "
                        "Run 4_norm/2b_opt_photom_db.py.")
    coeff = column(images, "medcoeff")
    flux_e = np.stack([family(images, PATTERN.format(one), names).T for one in apertures])
    return aperture_curves_page(time_of(images), flux_e * coeff, names, apertures, coeff,
                                title=f"{drawing.lens(settings)}: stars in apertures")


def main(settings, db):
    """Draw one page for each band."""
    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        drawing.save_plot(measure(images, one), "apertures", one, __file__)


if __name__ == "__main__":
    run(main, __doc__)
