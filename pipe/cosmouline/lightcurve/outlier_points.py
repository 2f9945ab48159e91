"""Fluxes of a light curve that deserve a look: negative, faint, far from their neighbours."""

import numpy as np

FAR_SIGMA = 6.0  # from the line through the neighbours; true variations reach it too
FAINT_SNR = 3.0
POOR_CHI2 = 1.5


def far_from_neighbours(time, flux, sigma):
    """Distance of every flux from the median of its neighbours in time, in units of the error.

    Parameters
    ----------
    time, flux, sigma : ndarray of float, shape (n,)
        NaN where not measured.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where not measured, or with fewer than three neighbours.

    Notes
    -----
    Of the two fluxes before and the two after it; their own scatter about the median joins the
    errors, so that a source that varies fast is not all outliers.
    """
    result = np.full(len(flux), np.nan)
    there = np.flatnonzero(np.isfinite(flux) & np.isfinite(sigma))
    there = there[np.argsort(np.asarray(time)[there], kind="stable")]
    for place, k in enumerate(there):
        first = int(np.clip(place - 2, 0, max(len(there) - 5, 0)))
        near = np.array([j for j in there[first:first + 5] if j != k])
        if len(near) < 3:
            continue
        middle = np.median(flux[near])
        spread = 1.4826 * np.median(np.abs(flux[near] - middle))
        error = np.sqrt(sigma[k] ** 2 + np.mean(sigma[near] ** 2) / len(near) + spread**2)
        result[k] = (flux[k] - middle) / error
    return result


def reasons(time, flux, sigma, coeff, chi2):
    """Why each flux of one source deserves a look.

    Parameters
    ----------
    time, flux, sigma, coeff, chi2 : ndarray of float, shape (n,)
        Dates, fluxes and errors on one scale, coefficients, reduced chi2 of the images.

    Returns
    -------
    list of str
        Empty where there is no reason, or no flux.
    """
    away = far_from_neighbours(time, flux, sigma)
    told = []
    for f, s, c, x, d in zip(flux, sigma, coeff, chi2, away, strict=True):
        checks = ((f <= 0, "negative"), (0 < f < FAINT_SNR * s, f"below {FAINT_SNR:g} sigma"),
                  (abs(d) > FAR_SIGMA, f"{d:+.1f} sigma from its neighbours"),
                  (not c > 0, f"coefficient {c:g}"), (x > POOR_CHI2, f"chi2 {x:.2f}"))
        told.append(", ".join(text for is_so, text in checks if is_so) if np.isfinite(f) else "")
    return told
