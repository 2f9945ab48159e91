"""Light curves: groups of images joined into magnitudes with errors, ready for an rdb table."""

import itertools
from dataclasses import dataclass

from cosmouline.dates import mjd_to_iso
from cosmouline.lightcurve.error_bars import (
    cosmouline_errors,
    fill_scatter,
    median_flux,
    weighted_mean,
)
from cosmouline.photometry.magnitudes import MAG_PER_LN, _mag_error
from cosmouline.robust import median_of_finite

import numpy as np

WINDOW_D = 20.0  # COSMOULINE: time over which a quasar hardly changes
N_MAGERR = 6
_CENTERS = {"median": median_flux, "mean": weighted_mean}


@dataclass(frozen=True)
class Joined:
    """Fluxes and magnitudes of G groups of images and M sources, on the reference scale.

    NaN where a source has no positive flux (the flux itself stays).

    Attributes
    ----------
    n_images : ndarray of int, shape (G,)
    flux_e, mag, magerr_cov, mag_sys, chi2_dof : ndarray of float, shape (G, M)
        Central flux; its magnitude -2.5 log10(flux); the error of it; the systematic error that
        all groups share, not in the other errors; scatter inside the group against its errors.
    magerr : ndarray of float, shape (G, M, 6)
        COSMOULINE's error bars 0 to 5.
    flux_cov_e2 : ndarray of float, shape (G, M, M)
        Covariance of the sources' fluxes.
    mag_cov : ndarray of float, shape (G, M, M)
        Covariance of their magnitudes, to first order in the errors.
    magerr_norm : ndarray of float, shape (G, M)
        The part of `magerr_cov` that is the coefficient's: all sources of a group share it.
    """

    n_images: np.ndarray
    flux_e: np.ndarray
    mag: np.ndarray
    magerr: np.ndarray
    magerr_cov: np.ndarray
    mag_sys: np.ndarray
    chi2_dof: np.ndarray
    flux_cov_e2: np.ndarray
    mag_cov: np.ndarray
    magerr_norm: np.ndarray

    @property
    def is_complete(self):
        """True for the groups where every source that was measured has a magnitude, shape (G,).

        A source that does not shine there, and so has no flux at all, asks for nothing.
        """
        has = np.isfinite(self.mag)
        return (has | np.isnan(self.flux_e)).all(axis=1) & has.any(axis=1)


def join(groups, flux_e, flux_sigma_e, coeff, coeff_sigma, covariance_e2=None, psf_sigma_e=None,
         sys_sigma_e=None, center="median"):
    """Join the fluxes of each group of images into one magnitude per source, with its errors.

    Parameters
    ----------
    groups : list of ndarray of int
        Images of each of G groups.
    flux_e, flux_sigma_e : ndarray of float, shape (N, M)
        Fluxes of M sources in the exposures and their errors, coefficient left out, in
        electrons. An image counts for a source where both are finite.
    coeff, coeff_sigma : ndarray of float, shape (N,)
        Normalised flux = coeff x flux, and the error of that coefficient as a mean of stars
        (COSMOULINE: ``renorm_err`` / sqrt(number of stars)).
    covariance_e2 : ndarray of float, shape (N, M, M), optional
        Random covariance of the fluxes of one image. None: `flux_sigma_e` is all there is, and
        the sources are independent.
    psf_sigma_e : ndarray of float, shape (N, M), optional
        Errors from the PSF, that `covariance_e2` does not contain.
    sys_sigma_e : ndarray of float, shape (N, M), optional
        Error of the constant part, in electrons of the exposure: one error for all epochs of a
        source, such as the light of the galaxy under it.
    center : {"median", "mean"}
        Which flux is published: COSMOULINE's median, or the weighted mean. `magerr_cov` is the
        error of this one.

    Returns
    -------
    Joined

    Raises
    ------
    ValueError
        If a coefficient is not positive, an error not positive, or shapes or names do not fit.

    Notes
    -----
    COSMOULINE's bars come from `join_errors.cosmouline_errors`, ours from
    `join_errors.weighted_mean` and `join_errors.median_flux`. Errors e in flux are
    2.5 log10(1 + e / F) in magnitude, everywhere.
    """
    if center not in _CENTERS:
        raise ValueError(f"center must be 'median' or 'mean', not {center!r}")
    flux_e, sigma_e = _fluxes(groups, flux_e, flux_sigma_e)
    coeff, coeff_sigma = _coefficients(groups, coeff, coeff_sigma, len(flux_e))
    cov_e2 = _covariance(sigma_e, covariance_e2, psf_sigma_e) * coeff[:, None, None] ** 2
    scaled_e = flux_e * coeff[:, None]
    means = [_CENTERS[center](scaled_e[g], cov_e2[g], coeff_sigma[g] / coeff[g]) for g in groups]
    bars_e = np.array([cosmouline_errors(flux_e[g], sigma_e[g], coeff[g], coeff_sigma[g])[1]
                       for g in groups])
    n_used = np.array([np.isfinite(flux_e[g]).sum(axis=0) for g in groups])
    sys_e = _constant_error(groups, flux_e, sys_sigma_e, coeff)
    return _joined(means, bars_e, n_used, sys_e, [len(g) for g in groups])


def night_properties(groups, mhjd, fwhm_arcsec, ellipticity, airmass, sky_level_e, coeff,
                     telescope, set_name, mjd=None):
    """Describe each group by the columns that COSMOULINE puts before the magnitudes.

    Parameters
    ----------
    groups : list of ndarray of int
        Images of each of G groups.
    mhjd, fwhm_arcsec, ellipticity, airmass, sky_level_e, coeff : ndarray of float, shape (N,)
        Properties of the images; NaN where absent.
    telescope, set_name : sequence of str, shape (N,)
        Where the images come from.
    mjd : ndarray of float, shape (N,), optional
        Dates behind the column ``datetime``; None: mhjd, as in COSMOULINE.

    Returns
    -------
    dict of ndarray, shape (G,)
        ``mhjd`` (mean), ``datetime`` (mean, ISO to the second), ``telescope`` and ``setname``
        (``A+B`` if mixed), ``nbimg``, and the medians ``fwhm`` (arcsec), ``ellipticity``,
        ``airmass``, ``normcoeff`` and ``relskylevel`` (median sky x median coefficient).
    """
    medians = {
        name: np.array([median_of_finite(np.asarray(values, dtype=float)[g]) for g in groups])
        for name, values in (("fwhm", fwhm_arcsec), ("ellipticity", ellipticity),
                             ("airmass", airmass), ("relskylevel", sky_level_e),
                             ("normcoeff", coeff))
    }
    medians["relskylevel"] = medians["relskylevel"] * medians["normcoeff"]
    mean_mhjd = np.array([np.mean(np.asarray(mhjd)[g]) for g in groups])
    dates = mean_mhjd if mjd is None else [np.mean(np.asarray(mjd)[g]) for g in groups]
    return {
        "mhjd": mean_mhjd,
        "datetime": np.array([mjd_to_iso(date, "seconds") for date in dates]),
        "telescope": np.array([_mixed(telescope, g) for g in groups]),
        "setname": np.array([_mixed(set_name, g) for g in groups]),
        "nbimg": np.array([len(g) for g in groups]),
        **medians,
    }


def night_flags(properties, is_complete, limits=None, n_images_min=1):
    """Tell the good nights from those to be masked.

    Parameters
    ----------
    properties : dict of ndarray, shape (G,)
        From `night_properties`.
    is_complete : ndarray of bool, shape (G,)
        Nights where every source has a magnitude (`Joined.is_complete`).
    limits : Limits, optional
        A good night is within all of them; its sky is sky x coefficient.
    n_images_min : int
        A good night has at least that many images.

    Returns
    -------
    ndarray of bool, shape (G,)
        True for a good night. A property that is absent does not meet its limit.
    """
    good = np.asarray(is_complete) & (properties["nbimg"] >= n_images_min)
    if limits is not None:
        for is_beyond in limits.beyond(
                seeing=properties["fwhm"], ellipticity=properties["ellipticity"],
                sky=properties["relskylevel"], coefficient=properties["normcoeff"]).values():
            good = good & ~is_beyond
    return good


def rdb_columns(properties, flags, joined, sources, keep_incomplete=False):
    """Put together the columns of a light curve's rdb table.

    Parameters
    ----------
    properties : dict of ndarray, shape (G,)
        From `night_properties`.
    flags : ndarray of bool, shape (G,)
        From `night_flags`.
    joined : Joined
        From `join`.
    sources : sequence of str, length M
        Names of the sources.
    keep_incomplete : bool
        Keep the nights where a source has no magnitude, as NaN. PyCS3 refuses a file with an error
        that is not positive, so they are left out unless asked for.

    Returns
    -------
    dict of ndarray
        COSMOULINE's columns in its order; then ``magerr_<source>_cov``, of which
        ``magerr_<source>_norm`` is the part that all sources share, and ``magsys_<source>`` of all
        sources; then the covariance ``magcov_<source>_<other>`` of each pair. Rows in order of
        mhjd, which PyCS3 needs to match its properties.
    """
    columns = {**properties, "flag": np.asarray(flags)}
    for i, source in enumerate(sources):
        columns[f"mag_{source}"] = joined.mag[:, i]
        for k in range(N_MAGERR):
            columns[f"magerr_{source}_{k}"] = joined.magerr[:, i, k]
    for i, source in enumerate(sources):
        columns[f"magerr_{source}_cov"] = joined.magerr_cov[:, i]
        columns[f"magerr_{source}_norm"] = joined.magerr_norm[:, i]
        columns[f"magsys_{source}"] = joined.mag_sys[:, i]
    for (i, one), (j, other) in itertools.combinations(enumerate(sources), 2):
        columns[f"magcov_{one}_{other}"] = joined.mag_cov[:, i, j]
    rows = np.argsort(properties["mhjd"], kind="stable")
    if not keep_incomplete:
        rows = rows[joined.is_complete[rows]]
    return {name: values[rows] for name, values in columns.items()}


def dispersion(mhjd, mag, mag_sigma, window_d=WINDOW_D):
    """Scatter of a light curve about its neighbours, in units of its errors.

    Parameters
    ----------
    mhjd, mag, mag_sigma : ndarray of float, shape (G,)
        Dates in order, magnitudes and errors. Nights with a NaN are passed over.
    window_d : float
        Three nights in a row count if they lie within this time.

    Returns
    -------
    mean, median : float
        Of ``|m_2 - line from m_1 to m_3 at t_2| / sigma_2``; NaN without such nights.
    n : int
        How many there are.

    Notes
    -----
    COSMOULINE's quicklook (its "chi red"). Correct Gaussian errors of equal size on even dates
    give a mean of sqrt(1.5) sqrt(2 / pi) = 0.977, for the line's ends scatter too.
    """
    there = np.isfinite(mhjd) & np.isfinite(mag) & np.isfinite(mag_sigma)
    t, m, sigma = (np.asarray(values, dtype=float)[there] for values in (mhjd, mag, mag_sigma))
    span = t[2:] - t[:-2]
    near = (span > 0) & (span <= window_d)
    part = (t[1:-1] - t[:-2])[near] / span[near]
    line = (1 - part) * m[:-2][near] + part * m[2:][near]
    weight = np.abs(m[1:-1][near] - line) / sigma[1:-1][near]
    if weight.size == 0:
        return np.nan, np.nan, 0
    return float(weight.mean()), float(np.median(weight)), weight.size


def rms_in_windows(mhjd, mag, window_d=WINDOW_D):
    """Median of the standard deviations inside windows of time.

    Parameters
    ----------
    mhjd, mag : ndarray of float, shape (G,)
        Dates and magnitudes; NaN magnitudes are passed over.
    window_d : float
        Length of the windows; the first one begins at the first date.

    Returns
    -------
    float
        In magnitudes, over windows with two nights or more; NaN if there is none.
    """
    there = np.isfinite(mhjd) & np.isfinite(mag)
    t, m = np.asarray(mhjd, dtype=float)[there], np.asarray(mag, dtype=float)[there]
    window = np.floor((t - t.min(initial=np.inf)) / window_d)
    parts = [m[window == w] for w in np.unique(window)]
    return float(median_of_finite(np.array([p.std(ddof=1) for p in parts if p.size > 1])))


def _fluxes(groups, flux_e, flux_sigma_e):
    """Return fluxes and errors as arrays, NaN where an image does not count for a source."""
    flux_e, sigma_e = np.array(flux_e, dtype=float), np.array(flux_sigma_e, dtype=float)
    if flux_e.ndim != 2 or sigma_e.shape != flux_e.shape:
        raise ValueError("flux_e and flux_sigma_e must have one shape, (images, sources), not "
                         f"{flux_e.shape} and {sigma_e.shape}")
    if (sigma_e <= 0).any():
        raise ValueError("flux_sigma_e must be positive, or NaN where there is none")
    if not groups or min(len(g) for g in groups) == 0:
        raise ValueError("groups must hold one image each at least")
    absent = ~(np.isfinite(flux_e) & np.isfinite(sigma_e))
    flux_e[absent] = sigma_e[absent] = np.nan
    return flux_e, sigma_e


def _coefficients(groups, coeff, coeff_sigma, n):
    """Return the coefficients and their errors as arrays, checked where they are used."""
    coeff, coeff_sigma = np.asarray(coeff, dtype=float), np.asarray(coeff_sigma, dtype=float)
    if coeff.shape != (n,) or coeff_sigma.shape != (n,):
        raise ValueError(f"coeff and coeff_sigma must have one value for each of {n} images")
    used = np.concatenate(groups)
    if not (np.isfinite(coeff[used]) & (coeff[used] > 0)).all():
        raise ValueError("coeff must be positive; leave out the images without one")
    if not (coeff_sigma[used] >= 0).all():
        raise ValueError("coeff_sigma must not be negative or NaN")
    return coeff, coeff_sigma


def _covariance(sigma_e, covariance_e2, psf_sigma_e):
    """Return the covariance of the fluxes of every image, (N, M, M), coefficient left out."""
    n, m = sigma_e.shape
    if covariance_e2 is None:
        if psf_sigma_e is not None:
            raise ValueError("psf_sigma_e needs covariance_e2: flux_sigma_e holds it already")
        return sigma_e[:, :, None] ** 2 * np.eye(m)
    covariance_e2 = np.asarray(covariance_e2, dtype=float)
    if covariance_e2.shape != (n, m, m):
        raise ValueError(f"covariance_e2 must have shape {(n, m, m)}, not {covariance_e2.shape}")
    if psf_sigma_e is not None:
        psf_sigma_e = np.asarray(psf_sigma_e, dtype=float)
        covariance_e2 = covariance_e2 + psf_sigma_e[:, :, None] ** 2 * np.eye(m)
    if not (np.einsum("ikk->ik", covariance_e2)[np.isfinite(sigma_e)] > 0).all():
        raise ValueError("covariance_e2 must be positive on its diagonal where there is a flux")
    return covariance_e2


def _constant_error(groups, flux_e, sys_sigma_e, coeff):
    """Error of the constant part of every group and source on the reference scale, (G, M)."""
    if sys_sigma_e is None:
        return np.full((len(groups), flux_e.shape[1]), np.nan)
    scaled_e = np.asarray(sys_sigma_e, dtype=float) * coeff[:, None]
    return np.array([median_of_finite(scaled_e[g]) for g in groups])


def _joined(means, bars_e, n_used, sys_e, n_images):
    """Turn the fluxes and errors of all groups into magnitudes."""
    flux_e = np.array([mean.flux_e for mean in means])
    cov_e2 = np.array([mean.cov_e2 for mean in means])
    positive_e = np.where(flux_e > 0, flux_e, np.nan)
    return Joined(
        n_images=np.array(n_images),
        flux_e=flux_e,
        mag=-2.5 * np.log10(positive_e),
        magerr=fill_scatter(_mag_error(bars_e, positive_e[:, :, None]), n_used),
        magerr_cov=_mag_error(np.sqrt(np.einsum("gkk->gk", cov_e2)), positive_e),
        mag_sys=_mag_error(sys_e, positive_e),
        chi2_dof=np.array([mean.chi2_dof for mean in means]),
        flux_cov_e2=cov_e2,
        mag_cov=MAG_PER_LN**2 * cov_e2 / (positive_e[:, :, None] * positive_e[:, None, :]),
        magerr_norm=_mag_error(np.array([mean.norm_sigma_e for mean in means]), positive_e),
    )


def _mixed(names, group):
    """Join the different names of a group by ``+``."""
    return "+".join(sorted({str(names[i]) for i in group}))
