"""Make a catalogue of every stack: sources, shapes, and fluxes in apertures.

Needs   : the stacks (fac_combi/2_combine)
Writes  : combi_<combi_group_name>/<set>/<stack>.ecsv
Settings: combi_group_name, detect_threshold_sigma, detect_min_area_px
Next    : fac_combi/5_opt_new_config, to reduce the stacks as images

Run as  : python pipe/fac_combi/4_stack_photometry.py configs/MYLENS

Apertures have radii of 1, 1.5, 2 and 3 FWHM of the stack, and a ring for the sky. Fluxes are in
electrons by the gain of the stack. The errors are those that count for a flux: the scatter of the
pixels is too small, because resampling has correlated them (NOISEFAC in the header of the stack).
"""

from cosmouline.database import paths
from cosmouline.engine import tasks
from cosmouline.errors import ImageRejected
from cosmouline.files.io_table import write_ecsv
from cosmouline.images import db_stack
from cosmouline.images.io_stack import read_stack
from cosmouline.photometry.aperture import aperture_fluxes
from cosmouline.run import log_line, run
from cosmouline.sources.detect import detect_sources
from cosmouline.sources.seeing import frame_seeing

import numpy as np

NEEDS = ()
WRITES = ()
RADII_FWHM, RING_FWHM = (1.0, 1.5, 2.0, 3.0), (5.0, 8.0)
SHAPES = {"x_px": ("px", "from 0"), "y_px": ("px", "from 0"), "fwhm_px": ("px", "of a Moffat"),
          "ellipticity": ("", "1 - b/a"), "pa_deg": ("deg", "long axis from x towards y")}


def columns():
    """Return type, unit and meaning of each column."""
    found = {name: (float, unit, what) for name, (unit, what) in SHAPES.items()}
    for radius in RADII_FWHM:
        found[f"flux_{radius:g}fwhm_e"] = (float, "e-", f"inside {radius:g} FWHM")
        found[f"sigma_{radius:g}fwhm_e"] = (float, "e-", "its error")
    found["ra_deg"] = found["dec_deg"] = (float, "deg", "J2000, of stacks with coordinates")
    return found | {"is_saturated": (bool, "", "in one of the images at least")}


def catalogue(path, settings):
    """Return the sources of a stack, brightest first."""
    image, _, count, header = read_stack(path)
    gain = header["GAIN"]
    image_e, saturation_e = image * gain, header["SATURLVL"] * gain
    found = detect_sources(image_e, saturation_e, None, settings.detect_threshold_sigma,
                           settings.detect_min_area_px)
    fwhm_px, x, y = frame_seeing(found).fwhm_px, found["x_px"], found["y_px"]
    there = count[np.rint(y).astype(int), np.rint(x).astype(int)]
    sigma_e = header["SKYSIG"] * gain * np.sqrt(header["NCOMBINE"] / np.maximum(there, 1))
    radii_px, ring_px = ([r * fwhm_px for r in radii] for radii in (RADII_FWHM, RING_FWHM))
    fluxes = aperture_fluxes(image_e, header["SKYLEVEL"] * gain, sigma_e, x, y, radii_px,
                             saturation_e=saturation_e, annulus_px=ring_px)
    return db_stack.catalogue_rows(found, fluxes, RADII_FWHM, header)


def add_catalogue(stack, settings):
    """Write the catalogue of a stack next to it."""
    try:
        rows = catalogue(stack["path"], settings)
        write_ecsv(stack["path"].with_suffix(".ecsv"), rows, columns())
        log_line("%d sources", len(rows))
    except ImageRejected as reason:
        log_line("%s has no catalogue: %s", stack["img_name"], reason)
    return {}


def main(settings, db):
    """Write a catalogue next to every stack."""
    todo = [{"img_name": str(paths.relative(path)), "path": path}
            for path in db_stack.stacks_made(settings)]
    list(tasks.results(add_catalogue, todo, settings, "stack"))


if __name__ == "__main__":
    run(main, __doc__)
