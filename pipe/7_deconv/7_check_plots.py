"""Draw checks of the fluxes of the deconvolution: shifts, sky, chi2, histograms.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/dec_<dec_name>_checks.png
Settings: lens_name, dec_name
Next    : 7_deconv/8_inspect_flux

Run as  : python pipe/7_deconv/7_check_plots.py configs/MYLENS

What to look for: shifts about zero, below half a pixel; a sky that is zero within its noise; chi2
near 1. In the histograms the normalised fluxes (blue) are narrower than the raw ones (grey), but
for a source that varies more than the clouds; a source far off in one image, or negative (red
line), is a bad fit: look at that page of 5a_png_check. Fluxes against the number show what changes
with season or camera.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, time_of
from cosmouline.database.fields import expand
from cosmouline.lightcurve.db_columns import rows_with_fluxes
from cosmouline.pages import drawing
from cosmouline.plots.flux_checks import flux_checks_page
from cosmouline.run import run

import numpy as np

NEEDS = ("flux_e__{dec}__{source}", "dec_number__{dec}")
WRITES = ()


def measure(rows, sources, settings):
    """Return the page of one band."""
    dec = settings.dec_name
    rows = sorted(rows, key=lambda row: row[f"dec_number__{dec}"])
    shift_px = np.column_stack([column(rows, f"dec_shift_{axis}_px__{dec}") for axis in "xy"])
    return flux_checks_page(
        column(rows, f"dec_number__{dec}"), time_of(rows), shift_px,
        column(rows, f"dec_sky_e__{dec}"), column(rows, f"dec_chi2__{dec}"),
        family(rows, f"flux_e__{dec}__{{source}}", sources).T, column(rows, f"dec_coeff__{dec}"),
        sources, title=f"{drawing.lens(settings)}: checks of {dec}",
        epochs=[row["img_name"] for row in rows])


def main(settings, db):
    """Draw the page of every band."""
    rows, sources = rows_with_fluxes(db, settings.dec_name)
    db.require(rows, expand(NEEDS, settings))
    for one, those in bands.split(rows, settings):
        page = measure(those, sources, one)
        drawing.save_plot(page, f"dec_{settings.dec_name}_checks", one, __file__)


if __name__ == "__main__":
    run(main, __doc__)
