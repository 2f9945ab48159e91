"""Fluxes of a light curve to look at: negative, faint, far from the epochs before and after."""

from cosmouline.robust import MAD_TO_SIGMA, mad_sigma

import numpy as np

FAR_SIGMA = 6.0  # from the median of the neighbours; true variations reach it too
NIGHT_SIGMA = 4.5  # from the others of its night: 1 in 10^5 by chance ...
NIGHT_D = 0.4  # ... which are not farther in time, the nearest ...
NIGHT_NEIGHBOURS = 4
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


def far_from_night(time, flux, sigma):
    """Distance of every flux from the median of the nearest of its night, in units of the error.

    Parameters
    ----------
    time, flux, sigma : ndarray of float, shape (n,)
        NaN where not measured, as is the result, also for the only flux of a night.

    Notes
    -----
    A quasar does not change within minutes: so no variation is allowed for, as in
    `far_from_neighbours`; where the fluxes of most nights scatter more than their errors, these
    count as much larger. Of neighbours that are far from each other, the farthest alone counts:
    the distance of others is 0. Two fluxes of a night are as far from each other.
    """
    time, flux, sigma = (np.asarray(values, dtype=float) for values in (time, flux, sigma))
    known = np.flatnonzero(np.isfinite(flux) & np.isfinite(sigma) & np.isfinite(time))
    distance, groups = np.full(len(flux), np.nan), {}
    for k in known:
        away = np.abs(time[known] - time[k])
        near = known[np.argsort(away, kind="stable")][: NIGHT_NEIGHBOURS + 1]
        groups[k] = near = [j for j in near if j != k and abs(time[j] - time[k]) < NIGHT_D]
        if near:
            of_median = np.pi / 2 if len(near) > 2 else 1.0  # the median of two is their mean
            error2 = sigma[k] ** 2 + of_median * np.mean(sigma[near] ** 2) / len(near)
            distance[k] = (flux[k] - np.median(flux[near])) / np.sqrt(error2)
    if not np.isfinite(distance).any():
        return distance
    distance /= max(1.0, MAD_TO_SIGMA * float(np.nanmedian(np.abs(distance))))
    return np.array([0.0 if any(abs(distance[j]) > abs(one) for j in groups.get(k, ())) else one
                     for k, one in enumerate(distance)])


def reasons(time, flux, sigma, coeff, chi2):
    """Return why each flux of one source deserves a look, as texts; "" without a reason or flux.

    Fluxes and errors are on one scale, chi2 is the reduced one of the images; all (n,).
    """
    found, chi2 = [], np.asarray(chi2, dtype=float)
    known = chi2[np.isfinite(chi2) & np.isfinite(flux)]
    poor = POOR_CHI2 * max(1.0, np.median(known)) if known.size else POOR_CHI2
    for f, s, c, x, d, night in zip(flux, sigma, coeff, chi2,
                                    far_from_neighbours(time, flux, sigma),
                                    far_from_night(time, flux, sigma), strict=True):
        checks = ((f <= 0, "negative flux"), (0 < f < FAINT_SNR * s, f"below {FAINT_SNR:g} sigma"),
                  (abs(d) > FAR_SIGMA, f"{d:+.1f} sigma from its neighbours in time"),
                  (abs(night) > NIGHT_SIGMA, f"{night:+.1f} sigma from the others of its night"),
                  (not c > 0, f"coefficient {c:g}"), (x > poor, f"chi2 {x:.2f}"))
        found.append(", ".join(text for is_so, text in checks if is_so) if np.isfinite(f) else "")
    return found
