"""What speaks against the flux of a single source of a fit: residuals, transients, the field."""

from cosmouline.deconv.checks import source_chi2
from cosmouline.deconv.picture import model_images
from cosmouline.robust import median_of_finite

import numpy as np

CHI2_DOUBTFUL = 1.5  # within 1 FWHM of a source, in the median epoch; noise gives 1 ...
CHI2_SIGMAS = 5.0  # ... within so many of its errors
CHI2_TRANSIENT = 1.5  # in single epochs, over that of the source in the median epoch ...
OVER_OTHERS = 1.5  # ... and its excess over that of the other sources, whose circles may overlap
FEWEST_TRANSIENT = 2  # epochs: a single one is a cosmic ray
MOST_TRANSIENT = 0.5  # of the epochs: in more of them the source is a double, or its PSF is wrong
FIELD_SIGMAS = 5.0  # of the light that the field is expected to have there
FIELD_LEAST = 0.01  # of the source's own light


def source_doubts(fit, epochs, names, epoch_names):
    """Return a line for each source whose flux is in doubt, and why.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.
    names, epoch_names : sequence of str
        Of the sources, and of the images.

    Returns
    -------
    list of str

    Notes
    -----
    A chi2 of the whole stamp near 1 proves nothing: a companion within the seeing changes a few
    dozen of its pixels. The residuals are those of all pixels without a mask of their own, also
    where the fit has left pixels out because light stood out there.
    """
    points, extended, sky = model_images(fit, epochs)
    model_e = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    residuals = (epochs.data_e - model_e) / np.sqrt(fit.variance_e2)
    residuals = np.where(epochs.usable & ~epochs.cosmic, residuals, np.nan)
    residuals[~fit.measured] = np.nan
    chi2, _, radius_px = source_chi2(fit, epochs, residuals)
    error = np.sqrt(2 / (np.pi * radius_px**2))[:, None]  # of chi2 in one epoch
    lines, seen = [], np.isfinite(chi2)
    excess = np.nan_to_num(chi2 - median_of_finite(chi2, 0))
    for i in np.flatnonzero(seen.any(0)):
        # The residual in the median epoch
        typical, n = float(np.nanmedian(chi2[:, i])), int(seen[:, i].sum())
        if typical > max(CHI2_DOUBTFUL, 1 + CHI2_SIGMAS * float(np.median(error)) / np.sqrt(n)):
            lines.append(f"{names[i]}: chi2 of {typical:.1f} within 1 FWHM in the median of {n} "
                         f"images ({CHI2_DOUBTFUL:g} is allowed): a second source within the "
                         "seeing, or a PSF that does not fit. Try one more of point_sources, and "
                         "look at 7_deconv/5a_png_check")
            continue
        # Residuals in some epochs, at this source only
        limit = typical * np.maximum(CHI2_TRANSIENT, 1 + CHI2_SIGMAS * error[:, 0])
        others = np.delete(excess, i, axis=1).max(1, initial=0.0)
        odd = np.flatnonzero((chi2[:, i] > limit) & (excess[:, i] > OVER_OTHERS * others))
        if FEWEST_TRANSIENT <= len(odd) <= MOST_TRANSIENT * n:
            lines.append(f"{names[i]}: chi2 of {np.median(chi2[odd, i]):.1f} within 1 FWHM in "
                         f"{len(odd)} of {n} images, {typical:.1f} in the others, and at this "
                         "source only: a transient, or a moving object, next to it? First: "
                         f"{', '.join(epoch_names[e] for e in odd[:3])}")
    return lines + _bright_field(fit, names)


def _bright_field(fit, names):
    """Return a line for each source under which the field is brighter than its prior expects."""
    if not len(fit.nodes_px):
        return []
    options, lines = fit.options, []
    mean = np.nanmean(fit.flux, axis=0)
    # The floors of the amplitudes: flux per squared FWHM, and fraction of the galaxy
    flat = options.flat_floor * mean[: fit.n_images].max() * np.pi
    for i in range(fit.n_images):
        near = np.hypot(*(fit.nodes_px - fit.position_px[i]).T) < fit.field_fwhm_px
        light = float(fit.node_flux[near].sum())
        galaxy = options.galaxy_fraction_floor * fit.field_galaxy_flux[near].sum()
        expected = np.hypot(flat, galaxy) * np.sqrt(len(options.field_scales_fwhm))
        if abs(light) > max(FIELD_SIGMAS * expected, FIELD_LEAST * mean[i]):
            lines.append(f"{names[i]}: residual light of {light:+.0f} e- within 1 FWHM, "
                         f"{100 * light / mean[i]:+.1f} % of its flux and "
                         f"{abs(light) / expected:.0f} times what is expected: an arc, an "
                         "undeclared source, or errors of the PSF; its flux depends on which")
    return lines
