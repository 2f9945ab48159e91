"""Look for noise that the epochs of a light curve share, and write their covariance where it is.

Needs   : export/<lens>_<deconvolution>_by_<night, image or minutes>.rdb (lcmanip/1_join), star
          fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize)
Writes  : report_epoch_covariance_<name>.txt; where the epochs are not independent, the name of the
          .rdb with _cov_<source>.txt: a row and a column for each of its points, mag^2
Settings: lens_name, psf_name, renorm_name
Next    : lcmanip/2_plot

Run as  : python lcmanip/1c_opt_epoch_covariance.py configs/MYLENS

The errors of the .rdb are those of points of their own; what the images of a night have in common
(coefficient, PSF, flat field: the scatter of the stars that is alike in a night) is in them. What
lasts from night to night would not be: the constant stars, joined as the lens is, tell whether it
is there. Flux errors of a star last longest where it stays on the same pixels. A constant offset
is in magsys_X, and is none of it.
"""

from cosmouline.database import bands, paths
from cosmouline.files import io_report
from cosmouline.files.io_text import write_text
from cosmouline.lightcurve import db_curves, db_star_curves
from cosmouline.photometry import db_star_magnitudes
from cosmouline.photometry.epoch_noise import covariance, epoch_noise
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("renorm__{renorm}", "star_flux_e__{psf}__{star}")
WRITES = ()


def measure(curve, images, settings):
    """Return what the stars of one curve tell, in words; write the covariances of its sources."""
    table, path = db_curves.read_published(curve), curve.path
    names = db_star_magnitudes.star_names(images, settings.psf_name, settings.renorm_name)
    joined = db_star_curves.joined_stars(images, names, curve.settings)
    mag, sigma = (np.array([joined[what.format(name)] for name in names]).T
                  for what in ("mag_{}", "magerr_{}_cov"))
    found = epoch_noise(joined["mhjd"], mag, sigma)
    if found is None:
        return f"{path.name}: too few stars with 8 points, nothing is known"
    if not found.is_there:
        return (f"{path.name}: {len(names)} stars show no noise that lasts from one epoch to the "
                "next: the covariance of the epochs is diagonal, magerr_X_cov squared")
    for source in curve.sources:
        matrix = covariance(table["mhjd"], table[f"magerr_{source}_cov"], found)
        lines = [" ".join(f"{value:.6g}" for value in row) for row in matrix]
        write_text(path.with_name(f"{path.stem}_cov_{source}.txt"), "\n".join(
            [f"# {settings.lens_name} {source}: mag^2, rows and columns are the points of "
             f"{path.name}", *lines, ""]))
    return (f"{path.name}: {len(names)} stars have noise of {1e3 * found.amplitude:.1f} mmag that "
            f"lasts {found.scale_d:.0f} d (ln likelihood higher by {found.gain:.0f}): see "
            f"{path.stem}_cov_<source>.txt")


def main(settings, db):
    """Look at the curve of every band."""
    images = db.to_treat(settings, NEEDS)
    for curve in db_curves.curves(db, settings):
        those = [row for one, rows in bands.split(images, settings) for row in rows
                 if one.band == curve.settings.band]
        text = measure(curve, those, settings)
        log_line("%s", text)
        io_report.write_report(paths.report(settings, f"epoch_covariance_{curve.name}"),
                               f"{settings.lens_name}: noise that epochs share", text + "\n")


if __name__ == "__main__":
    run(main, __doc__)
