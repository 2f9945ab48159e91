"""Draw the PSF of every image: stars, residuals, PSF, radial profile.

Needs   : stamps (5_psf/2a_extract) and PSFs (5_psf/4_build_psf)
Writes  : psf_<psf_name>_png/<img_name>.png
Settings: lens_name, psf_name
Next    : 6_extract/1_extract_objects

Run as  : python pipe/5_psf/5_png_check.py configs/MYLENS [--all]

What to look for: residuals like noise. A ring or a dipole in all stars means that the PSF cannot
follow (trailed, or varying over the field); in one star, that this star is double. "beside the
Moffat" is what the grid of pixels adds: structure of the telescope, not specks of noise. Of more
than 8 images those are drawn whose PSF stands out most; all with --all.
"""

from dataclasses import replace

from cosmouline.database.columns import column
from cosmouline.pages import drawing
from cosmouline.plots.psf import PsfPage, psf_page
from cosmouline.psf import db_psf
from cosmouline.psf.model import field_coordinates, render
from cosmouline.run import for_each_image, run
from cosmouline.stamps import db_stamps

import numpy as np

NEEDS = ("n_psf_used__{psf}", "psf_fwhm_px__{psf}", "psf_ellipticity__{psf}", "psf_beta__{psf}",
         "pixel_scale_arcsec")
WRITES = ()


def model_of(found, position_px, shape):
    """Return the fitted stars on their stamps, and their centres in pixels of the stamps."""
    offset_px = np.column_stack([found.stars["x_px"], found.stars["y_px"]])
    flux_e, side_px = np.nan_to_num(found.stars["flux_e"]), found.psf.side_px
    narrow = found.psf.narrow(field_coordinates(position_px, shape))
    unit = render(narrow, np.nan_to_num(offset_px), side_px, found.psf.upsampling)
    return flux_e[:, None, None] * unit, offset_px + (side_px - 1) / 2


def measure(image, settings):
    """Draw the page of one image."""
    stamps, _, _ = db_stamps.psf_stamps(image, settings)
    use = stamps.is_usable
    found = db_psf.psf(image, settings)
    shape = image["ny_px"], image["nx_px"]
    model_e, centre_px = model_of(found, stamps.position_px[use], shape)
    sigma_e = np.sqrt(stamps.sky_sigma_e[use] ** 2 + np.maximum(model_e, 0))
    numbers = {name: image[f"psf_{name}__{settings.psf_name}"]
               for name in ("fwhm_px", "fwhm_arcsec", "ellipticity", "beta")}
    stars, psf = found.stars, found.psf
    moffat = replace(psf, residual=np.zeros_like(psf.residual)).narrow()
    page = psf_page(PsfPage(
        stamps.data_e[use], model_e, sigma_e, centre_px, stars["flux_e"], stars["name"],
        psf.narrow(), stars["chi2"], stars["is_used"], found.good,
        departure=psf.narrow() - moffat, title=drawing.title(image, settings), **numbers))
    drawing.save_page(page, f"psf_{settings.psf_name}", image["img_name"], settings, __file__)
    return {}


def main(settings, db):
    """Draw the pages that are missing or out of date."""
    images, psf = db.to_treat(settings, NEEDS), settings.psf_name
    images = drawing.to_draw(images, settings, f"psf_{psf}", *(
        column(images, f"psf_{name}__{psf}") for name in ("chi2", "ellipticity", "fwhm_px")))
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__, drawing.ALL)
