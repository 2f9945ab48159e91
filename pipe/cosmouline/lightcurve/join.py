"""Groups of images joined into magnitudes with errors, and their columns in an rdb table."""

import itertools
from dataclasses import dataclass

from cosmouline.dates import mjd_to_iso
from cosmouline.lightcurve import error_bars
from cosmouline.photometry.magnitudes import MAG_PER_LN, mag_error
from cosmouline.robust import median_of_finite

import numpy as np

WINDOW_D = 20.0  # COSMOULINE: time over which a quasar hardly changes
N_MAGERR = 6
_CENTERS = {"median": error_bars.median_flux, "mean": error_bars.weighted_mean}


@dataclass(frozen=True)
class Joined:
    """Fluxes and magnitudes of G groups of images and M sources, on the reference scale.

    NaN where a source has no positive flux (the flux itself stays).

    Attributes
    ----------
    flux_e, mag, magerr_cov, mag_sys, chi2_dof, magerr_norm, magerr_calib : ndarray, (G, M)
        Central flux; its magnitude -2.5 log10(flux); the error of it; the systematic error that
        all groups share, not in the other errors; scatter inside the group against its errors;
        the error from the coefficient, within `magerr_cov`: all sources of a group share it; and
        within it that from the scatter of the stars beyond their errors.
    magerr : ndarray of float, shape (G, M, 6)
        COSMOULINE's error bars 0 to 5.
    flux_cov_e2, mag_cov : ndarray of float, shape (G, M, M)
        Covariance of the sources' fluxes, and of their magnitudes to first order in the errors.
    """

    flux_e: np.ndarray
    mag: np.ndarray
    magerr: np.ndarray
    magerr_cov: np.ndarray
    mag_sys: np.ndarray
    chi2_dof: np.ndarray
    flux_cov_e2: np.ndarray
    mag_cov: np.ndarray
    magerr_norm: np.ndarray
    magerr_calib: np.ndarray

    @property
    def is_complete(self):
        """True for the groups where every source that was measured has a magnitude, shape (G,).

        A source without any flux in the group, such as one that was not fitted, is not counted.
        """
        has = np.isfinite(self.mag)
        return (has | np.isnan(self.flux_e)).all(axis=1) & has.any(axis=1)


def join(groups, flux_e, flux_sigma_e, coeff, coeff_sigma, covariance_e2=None, psf_sigma_e=None,
         sys_sigma_e=None, center="median", calib=0.0, calib_night=0.0):
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
        Systematic error of each source, in electrons of the exposure: one error for all its
        epochs, such as that of the light of the galaxy under it.
    center : {"median", "mean"}
        Which flux is published: COSMOULINE's median, or the weighted mean. `magerr_cov` is the
        error of this one.
    calib, calib_night : float or ndarray of float, shape (N,)
        Relative scatter of the stars beyond their errors, within `coeff_sigma`, and the part of
        it that the images of a group have in common: a mean does not make it smaller.

    Returns
    -------
    Joined

    Raises
    ------
    ValueError
        If a coefficient is not positive, an error not positive, or shapes or names do not fit.

    Notes
    -----
    COSMOULINE's bars come from `error_bars.cosmouline_errors`, ours from
    `error_bars.weighted_mean` and `error_bars.median_flux`. Errors e in flux are
    2.5 log10(1 + e / F) in magnitude, everywhere.
    """
    # The arguments: fluxes and errors are NaN where an image does not count for a source.
    if center not in _CENTERS:
        raise ValueError(f"center must be 'median' or 'mean', not {center!r}")
    if not groups or min(len(g) for g in groups) == 0:
        raise ValueError("groups must hold one image each at least")
    flux_e, sigma_e = np.array(flux_e, dtype=float), np.array(flux_sigma_e, dtype=float)
    if flux_e.ndim != 2 or sigma_e.shape != flux_e.shape:
        raise ValueError("flux_e and flux_sigma_e must have one shape, (images, sources), not "
                         f"{flux_e.shape} and {sigma_e.shape}")
    if (sigma_e <= 0).any():
        raise ValueError("flux_sigma_e must be positive, or NaN where there is none")
    absent = ~(np.isfinite(flux_e) & np.isfinite(sigma_e))
    flux_e[absent] = sigma_e[absent] = np.nan
    # Everything on the scale of the reference image.
    coeff, coeff_sigma = _coefficients(groups, coeff, coeff_sigma, len(flux_e))
    cov_e2 = _covariance(sigma_e, covariance_e2, psf_sigma_e) * coeff[:, None, None] ** 2
    scaled_e = flux_e * coeff[:, None]
    sys_e = np.full((len(groups), flux_e.shape[1]), np.nan)
    if sys_sigma_e is not None:
        scaled_sys_e = np.asarray(sys_sigma_e, dtype=float) * coeff[:, None]
        sys_e = np.array([median_of_finite(scaled_sys_e[g]) for g in groups])
    # Group by group: the flux with its covariance, and COSMOULINE's bars.
    means = [_CENTERS[center](scaled_e[g], cov_e2[g], coeff_sigma[g] / coeff[g]) for g in groups]
    bars_e = np.array([error_bars.cosmouline_errors(
        flux_e[g], sigma_e[g], coeff[g], coeff_sigma[g])[1] for g in groups])
    n_used = np.array([np.isfinite(flux_e[g]).sum(axis=0) for g in groups])
    # Magnitudes, where the flux is positive.
    mean_e = np.array([mean.flux_e for mean in means])
    mean_cov_e2 = np.array([mean.cov_e2 for mean in means])
    positive_e = np.where(mean_e > 0, mean_e, np.nan)
    # The scatter of the stars: of single images, and what the images of a group have in common.
    image2, night2 = (np.array([[np.mean(np.square(np.broadcast_to(one, len(flux_e))[g]))]
                                for g in groups]) for one in (calib, calib_night))
    common2_e2 = night2 * (1 - 1 / np.fmax(n_used, 1)) * mean_e**2
    mean_cov_e2 += np.sqrt(common2_e2[:, :, None] * common2_e2[:, None, :])
    calib_e = np.sqrt(image2 / np.fmax(n_used, 1) * mean_e**2 + common2_e2)
    norm_e = np.sqrt(np.array([mean.norm_sigma_e for mean in means]) ** 2 + common2_e2)
    return Joined(
        flux_e=mean_e,
        mag=-2.5 * np.log10(positive_e),
        magerr=error_bars.fill_scatter(mag_error(bars_e, positive_e[:, :, None]), n_used),
        magerr_cov=mag_error(np.sqrt(np.einsum("gkk->gk", mean_cov_e2)), positive_e),
        mag_sys=mag_error(sys_e, positive_e),
        chi2_dof=np.array([mean.chi2_dof for mean in means]),
        flux_cov_e2=mean_cov_e2,
        mag_cov=MAG_PER_LN**2 * mean_cov_e2 / (positive_e[:, :, None] * positive_e[:, None, :]),
        magerr_norm=mag_error(norm_e, positive_e),
        magerr_calib=mag_error(calib_e, positive_e),
    )


def night_properties(groups, mhjd, fwhm_arcsec, ellipticity, airmass, sky_level_e, coeff,
                     telescope, set_name, mjd=None):
    """Describe each group by the columns that COSMOULINE puts before the magnitudes.

    The properties of the images (N,) are NaN where absent; `mjd` are the dates behind the column
    ``datetime``, by default mhjd as in COSMOULINE.

    Returns
    -------
    dict of ndarray, shape (G,)
        ``mhjd`` (mean), ``datetime`` (mean, ISO to the second), ``telescope`` and ``setname``
        (``A+B`` if mixed), ``nbimg``, and the medians ``fwhm`` (arcsec), ``ellipticity``,
        ``airmass``, ``normcoeff`` and ``relskylevel`` (median sky x median coefficient).
    """
    def median(values):
        return np.array([median_of_finite(np.asarray(values, dtype=float)[g]) for g in groups])

    def names(values):
        return np.array(["+".join(sorted({str(values[i]) for i in g})) for g in groups])

    mean_mhjd = np.array([np.mean(np.asarray(mhjd)[g]) for g in groups])
    dates = mean_mhjd if mjd is None else [np.mean(np.asarray(mjd)[g]) for g in groups]
    return {
        "mhjd": mean_mhjd,
        "datetime": np.array([mjd_to_iso(date, "seconds") for date in dates]),
        "telescope": names(telescope),
        "setname": names(set_name),
        "nbimg": np.array([len(g) for g in groups]),
        "fwhm": median(fwhm_arcsec),
        "ellipticity": median(ellipticity),
        "airmass": median(airmass),
        "relskylevel": median(sky_level_e) * median(coeff),
        "normcoeff": median(coeff),
    }


def night_flags(properties, is_measured, limits=None, n_images_min=1):
    """Return which nights are good; the others are to be masked.

    Parameters
    ----------
    properties : dict of ndarray, shape (G,)
        From `night_properties`.
    is_measured : ndarray of bool, shape (G,)
        Nights where a source, or every source, has a magnitude.
    limits : Limits, optional
        A good night is within all of them; its sky is sky x coefficient.
    n_images_min : int
        A good night has at least that many images.

    Returns
    -------
    ndarray of bool, shape (G,)
        True for a good night. A property that is absent does not meet its limit.
    """
    # NaN is beyond every limit: a night without the property is not good
    good = np.asarray(is_measured) & (properties["nbimg"] >= n_images_min)
    if limits is not None:
        for is_beyond in limits.beyond(
                seeing=properties["fwhm"], ellipticity=properties["ellipticity"],
                sky=properties["relskylevel"], coefficient=properties["normcoeff"]).values():
            good = good & ~is_beyond
    return good


def rdb_columns(properties, flags, joined, sources, is_marked=False):
    """Return the columns of a light curve's rdb table.

    From `night_properties`, the flags of the points with any magnitude (`night_flags`), `join`,
    and the names of the M sources; `is_marked`, (G, M), is True for the magnitudes that deserve a
    look: they are no good points of their source, nor is the common point.

    Returns
    -------
    dict of ndarray
        COSMOULINE's columns in its order; then ``magerr_<source>_cov``, of which
        ``magerr_<source>_norm`` is the error from the coefficient, and of that
        ``magerr_<source>_calib`` from the scatter of the stars, and ``magsys_<source>`` of all
        sources; then the covariance ``magcov_<source>_<other>`` of each pair, and the flags
        ``flag_<source>`` of the single sources. Where a source has no magnitude, that is NaN and
        its errors are infinite (PyCS3 refuses a file with an error that is not positive), and the
        common flag is False: the others keep their point. In order of mhjd, which PyCS3 needs to
        match its properties.
    """
    # COSMOULINE's columns in its order.
    flags, has = np.asarray(flags), np.isfinite(joined.mag)
    columns = {**properties, "flag": flags & joined.is_complete & ~np.any(is_marked, axis=-1)}
    for i, source in enumerate(sources):
        columns[f"mag_{source}"] = joined.mag[:, i]
        for k in range(N_MAGERR):
            columns[f"magerr_{source}_{k}"] = np.where(has[:, i], joined.magerr[:, i, k], np.inf)
    # What COSMOULINE does not have: the best error and its contributions, and covariances.
    for i, source in enumerate(sources):
        columns[f"magerr_{source}_cov"] = np.where(has[:, i], joined.magerr_cov[:, i], np.inf)
        columns[f"magerr_{source}_norm"] = np.where(has[:, i], joined.magerr_norm[:, i], np.inf)
        columns[f"magerr_{source}_calib"] = np.where(has[:, i], joined.magerr_calib[:, i], np.inf)
        columns[f"magsys_{source}"] = joined.mag_sys[:, i]
    for (i, one), (j, other) in itertools.combinations(enumerate(sources), 2):
        columns[f"magcov_{one}_{other}"] = joined.mag_cov[:, i, j]
    good = flags[:, None] & has & ~np.asarray(is_marked)
    columns |= {f"flag_{source}": good[:, i] for i, source in enumerate(sources)}
    # Points by date
    rows = np.argsort(properties["mhjd"], kind="stable")
    rows = rows[has[rows].any(axis=1)]
    return {name: values[rows] for name, values in columns.items()}


def dispersion(mhjd, mag, mag_sigma, window_d=WINDOW_D):
    """Distance of the points of a light curve from their neighbours, in units of their errors.

    Parameters
    ----------
    mhjd, mag, mag_sigma : ndarray of float, shape (G,)
        Dates in order, magnitudes and errors. Nights with a NaN are skipped.
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
    known = np.isfinite(mhjd) & np.isfinite(mag) & np.isfinite(mag_sigma)
    t, m, sigma = (np.asarray(values, dtype=float)[known] for values in (mhjd, mag, mag_sigma))
    # Three nights in a row, close in time: the line from the first to the third at the second.
    span = t[2:] - t[:-2]
    near = (span > 0) & (span <= window_d)
    fraction = (t[1:-1] - t[:-2])[near] / span[near]
    line = (1 - fraction) * m[:-2][near] + fraction * m[2:][near]
    distance = np.abs(m[1:-1][near] - line) / sigma[1:-1][near]
    if distance.size == 0:
        return np.nan, np.nan, 0
    return float(distance.mean()), float(np.median(distance)), distance.size


def rms_in_windows(mhjd, mag, window_d=WINDOW_D):
    """Return the median of the standard deviations inside windows of time, in magnitudes.

    The windows begin at the first date, and count with two nights or more; NaN if there is none.
    NaN magnitudes are skipped.
    """
    known = np.isfinite(mhjd) & np.isfinite(mag)
    t, m = np.asarray(mhjd, dtype=float)[known], np.asarray(mag, dtype=float)[known]
    # The scatter inside each window, where variations of the quasar are small.
    window = np.floor((t - t.min(initial=np.inf)) / window_d)
    parts = [m[window == w] for w in np.unique(window)]
    return float(median_of_finite(np.array([p.std(ddof=1) for p in parts if p.size > 1])))


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
