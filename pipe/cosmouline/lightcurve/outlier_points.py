"""Fluxes of a light curve to look at: negative, faint, far from the epochs before and after."""

from cosmouline.robust import mad_sigma

import numpy as np

FAR_SIGMA = 6.0  # from the median of the neighbours; true variations reach it too
FAINT_SNR = 3.0
POOR_CHI2 = 1.5  # times the typical one, where that is above 1: all images share that misfit


def far_from_neighbours(time, flux, sigma):
    """Distance of every flux from the median of its neighbours in time, in units of the error.

    Parameters
    ----------
    time, flux, sigma : ndarray of float, shape (n,)
        NaN where not measured, as is the result, also with fewer than three neighbours.

    Notes
    -----
    Of the two fluxes before and the two after it; their own scatter about the median is added to
    the errors, so that not every flux of a source that varies fast is an outlier.
    """
    result = np.full(len(flux), np.nan)
    known = np.flatnonzero(np.isfinite(flux) & np.isfinite(sigma))
    known = known[np.argsort(np.asarray(time)[known], kind="stable")]
    for position, k in enumerate(known):
        # Two before and two after; at the ends of the curve the four nearest.
        first = int(np.clip(position - 2, 0, max(len(known) - 5, 0)))
        near = np.array([j for j in known[first:first + 5] if j != k])
        if len(near) < 3:
            continue
        middle = np.median(flux[near])
        # Errors of the flux and of the median, and how fast the source varies there.
        error = np.sqrt(sigma[k] ** 2 + np.mean(sigma[near] ** 2) / len(near)
                        + mad_sigma(flux[near]) ** 2)
        result[k] = (flux[k] - middle) / error
    return result


def reasons(time, flux, sigma, coeff, chi2):
    """Return why each flux of one source deserves a look, as texts; "" without a reason or flux.

    Fluxes and errors are on one scale, chi2 is the reduced one of the images; all (n,).
    """
    found, chi2 = [], np.asarray(chi2, dtype=float)
    known = chi2[np.isfinite(chi2) & np.isfinite(flux)]
    poor = POOR_CHI2 * max(1.0, np.median(known)) if known.size else POOR_CHI2
    for f, s, c, x, d in zip(flux, sigma, coeff, chi2, far_from_neighbours(time, flux, sigma),
                             strict=True):
        checks = ((f <= 0, "negative flux"), (0 < f < FAINT_SNR * s, f"below {FAINT_SNR:g} sigma"),
                  (abs(d) > FAR_SIGMA, f"{d:+.1f} sigma from its neighbours in time"),
                  (not c > 0, f"coefficient {c:g}"), (x > poor, f"chi2 {x:.2f}"))
        found.append(", ".join(text for is_so, text in checks if is_so) if np.isfinite(f) else "")
    return found
