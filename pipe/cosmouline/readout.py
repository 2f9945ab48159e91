"""Fields of the database from a joint fit."""

import numpy as np


def fields(fit, psf_error, content, sources, dec_name):
    """Return the fields of every image that has fluxes, by image name.

    Parameters
    ----------
    fit : LensFit
    psf_error : ndarray of float, shape (n_epochs, n_sources)
        Relative errors from the PSFs.
    content : EpochFile
        What went into the fit.
    sources : sequence of str
        Names of the point sources.
    dec_name : str

    Notes
    -----
    The fit's fluxes are on the common scale; divided by the coefficient they are electrons of the
    exposure again. The error of a flux joins its total covariance with the PSF's error. A
    systematic error that the engine does not know is left out.
    """
    return {name: _of_source(fit, psf_error, content.epochs, e, sources, dec_name)
            | _of_epoch(fit, content.epochs, e, dec_name)
            for e, name in enumerate(content.names) if fit.measured[e]}


def _of_source(fit, psf_error, epochs, e, sources, dec):
    """Return the fields of all point sources in one epoch."""
    coeff, values = epochs.coeff[e], {}
    flux_e = fit.flux[e] / coeff
    total_e2, random_e2 = fit.covariance_total[e] / coeff**2, fit.covariance[e] / coeff**2
    psf_e = np.abs(psf_error[e] * flux_e)
    relative_sys = fit.flux_systematic / np.nanmean(fit.flux, axis=0)
    for i, name in enumerate(sources):
        key = f"{dec}__{name}"
        values |= {
            f"flux_e__{key}": flux_e[i],
            f"flux_sigma_e__{key}": np.sqrt(total_e2[i, i] + psf_e[i] ** 2),
            f"flux_random_e__{key}": np.sqrt(random_e2[i, i]),
            f"flux_psf_e__{key}": psf_e[i],
        }
        if np.isfinite(relative_sys[i]):
            values[f"flux_sys_e__{key}"] = abs(relative_sys[i] * flux_e[i])
        values |= {f"flux_cov_e2__{key}__{other}": total_e2[i, j]
                   for j, other in enumerate(sources) if j >= i}
    return values


def _of_epoch(fit, epochs, e, dec):
    """Return the fields of one epoch that are not of a source."""
    shift_px = fit.shift_px[e] - epochs.shift_px[e]
    return {
        f"dec_shift_x_px__{dec}": shift_px[0],
        f"dec_shift_y_px__{dec}": shift_px[1],
        f"dec_sky_e__{dec}": fit.sky[e] / epochs.coeff[e],
        f"dec_chi2__{dec}": fit.chi2_reduced[e],
        f"n_dec_masked__{dec}": int(fit.n_masked[e]),
    }
