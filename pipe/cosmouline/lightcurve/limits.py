"""Which images make a light curve, and which of them belong together."""

import numpy as np


def select_images(fwhm_arcsec, ellipticity, relative_sky_e, coeff, *, fwhm_max_arcsec=None,
                  ellipticity_max=None, relative_sky_max_e=None, coeff_max=None):
    """Choose the images that are good enough for a light curve.

    Parameters
    ----------
    fwhm_arcsec, ellipticity, relative_sky_e, coeff : ndarray of float, shape (N,)
        Properties of the images; NaN where absent. The relative sky is sky x coefficient.
    fwhm_max_arcsec, ellipticity_max, relative_sky_max_e, coeff_max : float, optional
        Largest values kept. None: no limit, and the property may be absent.

    Returns
    -------
    keep : ndarray of bool, shape (N,)
    reasons : dict of int
        Number of images dropped by reason; an image counts for its first reason only.

    Notes
    -----
    COSMOULINE's 1_join, but an image without a positive coefficient is dropped, where COSMOULINE
    stops (none) or divides by zero (0).
    """
    coeff = np.asarray(coeff, dtype=float)
    cuts = [("no positive coefficient", ~(coeff > 0))]
    for what, values, limit in (
        ("seeing", fwhm_arcsec, fwhm_max_arcsec),
        ("ellipticity", ellipticity, ellipticity_max),
        ("relative sky level", relative_sky_e, relative_sky_max_e),
        ("coefficient", coeff, coeff_max),
    ):
        if limit is not None:
            cuts.append((f"no {what}", np.isnan(values)))
            cuts.append((f"{what} above {limit:g}", np.asarray(values) > limit))
    keep, reasons = np.ones(coeff.shape, dtype=bool), {}
    for reason, is_cut in cuts:
        reasons[reason] = int(np.sum(keep & is_cut))
        keep &= ~is_cut
    return keep, {reason: n for reason, n in reasons.items() if n}
