"""What injected sources prove of the error bars: bias, scatter, slope, and noise in common."""

from dataclasses import dataclass
from typing import NamedTuple

from cosmouline.robust import median_of_finite

import numpy as np

TOLERANCE = 0.02  # to which the errors of a right set are right themselves, of the scatter
STAR_TOLERANCE = 0.1  # of the scatter of single stars, whose errors lack the error of the PSF
SLOPE_TOLERANCE = 0.005  # of the slope
COMMON_TOLERANCE = 0.05  # of the part of the noise that images or nights share
CORRELATION_TOLERANCE = 0.05  # of the correlations between the sources
WIDTH_TOLERANCE = 0.003  # of the width of copies of a star against the PSF of the others
SKY_TOLERANCE = 0.03  # of the noise of the sky against its level
FAILED_SIGMAS = 3.0
LEAST_FOR_SLOPE = 0.02  # relative variation of what was injected, for a slope of its own
LEAST_IN_HALF, LEAST_SITES = 4, 2  # values; sites for a scatter of them
OUTLIER_SIGMAS = 6.0  # a single flux so far off is counted apart: it would carry the mean square


@dataclass(frozen=True, eq=False)
class SiteResult:
    """What was injected at a site and what its fit found, on the common scale.

    Attributes
    ----------
    name, series, star : str
        `star` is empty where the light is by the PSF.
    index : ndarray of int, shape (n,)
        Numbers of its epochs among all images.
    true, flux : ndarray of float, shape (n, n_sources)
        NaN where not measured.
    covariance : ndarray of float, shape (n, n_sources, n_sources)
        All that is quoted for a single image, without what all images share.
    psf_sigma : ndarray of float, shape (n, n_sources)
        Of that the error from the PSF, which the sites of an image share.
    systematic : ndarray of float, shape (n_sources,)
        Quoted error of the part that all epochs share.
    width : tuple of float
        By how much its images are wider than the PSF, relative, and the error; NaN: not known.
    """

    name: str
    series: str
    star: str
    index: np.ndarray
    true: np.ndarray
    flux: np.ndarray
    covariance: np.ndarray
    psf_sigma: np.ndarray
    systematic: np.ndarray
    width: tuple = (np.nan, np.nan)

    @property
    def sigma(self):
        """Quoted random errors, (n, n_sources)."""
        return np.sqrt(np.einsum("ekk->ek", self.covariance))

    @property
    def residual(self):
        """Found minus true flux, (n, n_sources)."""
        return self.flux - self.true

    @property
    def bias(self):
        """Mean of the residuals weighted by the errors, and its random error; (n_sources,)."""
        return weighted(self.residual, self.sigma)

    @property
    def deviations(self):
        """Residuals from their weighted mean in quoted errors, a degree of freedom less or NaN."""
        seen = np.isfinite(self.residual).sum(0)
        away = (self.residual - self.bias[0]) / self.sigma
        return away * np.sqrt(np.where(seen > 1, seen / np.maximum(seen - 1, 1), np.nan))


class Check(NamedTuple):
    """One line of the certificate: what was found, its error, and what right errors give.

    With `is_upper` only a value above what is expected is a fault.
    """

    what: str
    found: float
    error: float
    expected: float
    n: int
    is_upper: bool = False

    @property
    def sigmas(self):
        """By how many errors it is off."""
        away = (self.found - self.expected) / self.error if self.error > 0 else np.nan
        return max(away, 0.0) if self.is_upper else away

    @property
    def is_passed(self):
        """True unless it is off by 3 errors; what could not be measured is not passed."""
        return bool(np.isfinite(self.sigmas) and abs(self.sigmas) < FAILED_SIGMAS)


def weighted(values, sigma):
    """Mean weighted by 1 / sigma^2 along the first axis, and its error; NaN is skipped."""
    known = np.isfinite(values) & (sigma > 0)
    weight = np.where(known, 1 / np.where(known, sigma, 1.0) ** 2, 0.0)
    total = weight.sum(0)
    total = np.where(total > 0, total, np.nan)
    return (weight * np.where(known, values, 0.0)).sum(0) / total, 1 / np.sqrt(total)


def scatter(sites):
    """Scatter within the sites over the quoted random errors, by source.

    Returns
    -------
    ratio, error : ndarray of float, shape (n_sources,); NaN where no site has two values
    n_dof, n_outliers : ndarray of int, shape (n_sources,)

    Notes
    -----
    Root of the mean square of the deviations without those beyond 6 sigmas, which are counted.
    Its error is that of independent Gaussians, 1 / sqrt(2 n), or what the sites show among
    themselves, if that is larger.
    """
    away = [site.deviations for site in sites]
    kept = [np.where(np.abs(one) < OUTLIER_SIGMAS, one, np.nan) for one in away]
    squares = np.array([np.nansum(one**2, axis=0) for one in kept])
    n = np.array([np.isfinite(one).sum(0) for one in kept])
    dof = np.maximum(n.sum(0) - (n > 0).sum(0), 1)
    ratio = np.sqrt(squares.sum(0) / np.where(n.sum(0) > 0, n.sum(0), np.nan))
    error = ratio / np.sqrt(2 * dof)
    if len(sites) > 2:
        single = np.sqrt(squares / np.maximum(n, 1))
        among = np.std(single, axis=0, ddof=1) / np.sqrt(len(sites))
        error = np.where(np.isfinite(ratio), np.fmax(error, among), np.nan)
    n_outliers = sum((np.abs(one) >= OUTLIER_SIGMAS).sum(0) for one in away)
    return ratio, error, dof, n_outliers


def static_bias(sites):
    """Bias of the constant part of the fluxes, relative, by source.

    Returns
    -------
    bias, error : ndarray of float, shape (n_sources,)
        Mean over the sites, each counted once, and the error by their scatter, at least that by
        their random errors: the scatter of few sites is small by chance.
    quoted : ndarray of float, shape (n_sources,)
        Median of the quoted systematic errors, relative.
    pulls : ndarray of float, shape (n_sites, n_sources)
        Bias over its quoted error (systematic and random).
    """
    level = np.array([np.nanmean(site.true, axis=0) for site in sites])
    bias = np.array([site.bias[0] for site in sites]) / level
    random = np.array([site.bias[1] for site in sites]) / level
    quoted = np.array([site.systematic for site in sites]) / level
    n = np.isfinite(bias).sum(0)
    error = np.sqrt(np.nansum(random**2, axis=0)) / n
    if len(sites) > 1:
        error = np.fmax(error, np.nanstd(bias, axis=0, ddof=1) / np.sqrt(n))
    return (np.nanmean(bias, axis=0), error, median_of_finite(quoted),
            bias / np.hypot(np.nan_to_num(quoted), random))


def slope(sites):
    """Slope of found against injected flux within the sites, pooled, by source.

    Returns
    -------
    slope, error : ndarray of float, shape (n_sources,)
        NaN where no site varies by 2 %.

    Notes
    -----
    Weighted least squares with a constant of each site, so that a static bias does not enter.
    """
    top, bottom = 0.0, 0.0
    for site in sites:
        known = np.isfinite(site.residual)
        weight = np.where(known, 1 / site.sigma**2, 0.0)
        total = np.maximum(weight.sum(0), 1e-300)
        true = np.where(known, site.true, 0.0)
        off = np.where(known, true - (weight * true).sum(0) / total, 0.0)
        varies = np.nanstd(site.true, axis=0) > LEAST_FOR_SLOPE * np.nanmean(site.true, axis=0)
        top = top + np.where(varies, (weight * off * np.nan_to_num(site.residual)).sum(0), 0.0)
        bottom = bottom + np.where(varies, (weight * off**2).sum(0), 0.0)
    known = np.asarray(bottom) > 0
    bottom = np.where(known, bottom, np.nan)
    return 1 + top / bottom, 1 / np.sqrt(bottom)


def linearity(sites, scales):
    """Ratio of found to injected flux of the sites of other brightness to that of the lens's own.

    `scales` are the series that count as other brightness. Returned are, by source, the mean of
    their relative biases minus that of all other sites, and its error; NaN where either has fewer
    than two sites.
    """
    def of(some):
        if len(some) < LEAST_SITES:
            return np.full((2, some[0].flux.shape[1] if some else 1), np.nan)
        level = np.array([np.nanmean(site.true, axis=0) for site in some])
        bias = np.array([site.bias[0] for site in some]) / level
        return bias.mean(0), bias.std(0, ddof=1) / np.sqrt(len(some))

    one, other = (of([site for site in sites if (site.series in scales) is is_in])
                  for is_in in (True, False))
    return one[0] - other[0], np.hypot(one[1], other[1])


def common_part(sites, labels, same_site):
    """Part of the variance of the deviations that is common to a group of images, all sources.

    Parameters
    ----------
    sites : list of SiteResult
    labels : ndarray of int, shape (n_images,)
        Group of each image, such as its night; with `same_site` False groups are single images.
    same_site : bool
        Pairs are images of one group at one site, else sites in one group.

    Returns
    -------
    part, error : float
        Mean product of two deviations of a group; its error from the scatter of the groups.
    n_groups : int
    """
    # One table of deviations: site, group, source
    tops, bottoms = [], []
    away = np.full((len(sites), len(labels), sites[0].flux.shape[1]), np.nan)
    for row, site in zip(away, sites, strict=True):
        row[site.index] = np.where(np.abs(site.deviations) < OUTLIER_SIGMAS, site.deviations,
                                   np.nan)
    for group in np.unique(labels):
        members = away[:, labels == group]
        # of independent deviations the products of pairs vanish on average
        members = members.swapaxes(0, 1) if same_site else members.reshape(
            -1, *members.shape[2:])
        seen = np.isfinite(members)
        n, total = seen.sum(0), np.nansum(members, axis=0)
        pairs = n * (n - 1)
        if pairs.sum():
            tops.append(float((total**2 - np.nansum(members**2, axis=0)).sum()))
            bottoms.append(float(pairs.sum()))
    if len(tops) < 2:
        return np.nan, np.nan, len(tops)
    tops, bottoms = np.array(tops), np.array(bottoms)
    part = tops.sum() / bottoms.sum()
    error = np.sqrt(((tops - part * bottoms) ** 2).sum()) / bottoms.sum()
    return float(part), float(error), len(tops)


def correlations(sites):
    """Correlation of the noise of two sources: predicted, found, and the error of the latter.

    Returns
    -------
    predicted, found, error : ndarray of float, shape (n_sources, n_sources)
    """
    away = np.concatenate([np.where(np.abs(site.deviations) < OUTLIER_SIGMAS, site.deviations,
                                    np.nan) for site in sites])
    predicted = np.concatenate([site.covariance / (site.sigma[:, :, None] * site.sigma[:, None])
                                for site in sites])
    products = away[:, :, None] * away[:, None]
    scale = np.sqrt(np.nanmean(away**2, axis=0))
    n = np.isfinite(products).sum(0)
    found = np.nanmean(products, axis=0) / np.outer(scale, scale)
    error = np.nanstd(products, axis=0) / np.outer(scale, scale) / np.sqrt(np.maximum(n, 1))
    return np.nanmean(predicted, axis=0), found, error


def halves(away, value):
    """Bias and scatter where a quantity is low and where it is high.

    Parameters
    ----------
    away, value : ndarray of float, shape (n,)
        Deviations in quoted errors, and the quantity; NaN is left out.

    Returns
    -------
    bias : tuple of float
        Mean deviation of the upper half minus that of the lower, and its error.
    ratio : tuple of float
        Scatter of the upper half over that of the lower half, and its error. NaN where the
        quantity does not vary, or there are fewer than 4 values in a half.
    """
    unknown = (np.nan, np.nan), (np.nan, np.nan)
    known = np.isfinite(away) & np.isfinite(value) & (np.abs(away) < OUTLIER_SIGMAS)
    if not known.any():
        return unknown
    high = value > np.median(value[known])
    parts = [away[known & high], away[known & ~high]]
    if min(map(len, parts)) < LEAST_IN_HALF:
        return unknown
    rms = [part.std(ddof=1) for part in parts]
    error = np.sqrt(sum(s**2 / len(part) for s, part in zip(rms, parts, strict=True)))
    ratio = rms[0] / rms[1]
    return ((float(parts[0].mean() - parts[1].mean()), float(error)),
            (float(ratio), float(ratio * np.sqrt(sum(0.5 / len(part) for part in parts)))))


def checks(model, clones, joined, nights, sky_ratio, scales, left_out=()):
    """The certificate: what all sources and sites together must hold.

    Parameters
    ----------
    model, clones : list of SiteResult
        Sites with light by the PSF, and by copies of stars.
    joined : list of SiteResult
        The nights of the first, as they are joined for a light curve.
    nights : ndarray of int, shape (n_images,)
        Night of each image.
    sky_ratio : ndarray of float, shape (n_images,)
        Noise of the sky over what its level and the read noise predict.
    scales : sequence of str
        Series of another brightness than the lens, see `linearity`.
    left_out : list of SiteResult, optional
        Stars that are neither in the PSF nor in the coefficient, each as one source.

    Returns
    -------
    list of Check

    Notes
    -----
    Static pulls of the sites are expected at 1 or below: a systematic error that is quoted too
    large is no fault. Errors of the checks are joined with what a right set is off by itself.
    """
    found, images = [], np.arange(len(nights))
    # Scatter, static bias and slope, by the PSF and by copies of stars
    for kind, what, sites in (("model", "scatter", model), ("model", "nights: scatter", joined),
                              ("clone", "scatter", clones)):
        if sites and len(sites[0].index) > 2:
            ratio, error, dof, _ = scatter(sites)
            found.append(_pooled(f"{kind}: {what} / random error", ratio, error, 1.0, TOLERANCE,
                                 dof.sum()))
    for kind, sites in (("model", model), ("clone", clones)):
        if sites:
            bias, error, quoted, pulls = static_bias(sites)
            found += [
                _rms(f"{kind}: static bias / quoted systematic, rms of the sites", pulls),
                _pooled(f"{kind}: mean static bias (%)", 100 * bias, 100 * np.hypot(error, quoted),
                        0.0, 0.0, len(sites)),
                _pooled(f"{kind}: slope of found against injected", *slope(sites), 1.0,
                        SLOPE_TOLERANCE, len(sites))]
    # Copies of stars of several brightnesses: a PSF that is wrong for all, or for some of them
    widths = np.reshape([site.width for site in clones], (-1, 2))
    found.append(_rms("clone: width against the PSF / error, rms of the sites",
                      widths[:, 0] / np.hypot(widths[:, 1], WIDTH_TOLERANCE)))
    change, error = linearity(model, scales)
    found.append(_pooled("model: half and double against the lens's own brightness (%)",
                         100 * change, np.maximum(100 * error, 1e-4), 0.0, 0.0, len(model)))
    # What the noise of images, of nights and of two sources has in common
    part, error, n = common_part(model, images, same_site=False)
    of_psf = float(np.mean([np.nanmean(site.psf_sigma**2 / site.sigma**2) for site in model]))
    found.append(_pooled("model: noise common to an image, part of the variance", part, error,
                         of_psf, COMMON_TOLERANCE, n))
    predicted, seen, error = correlations(model)
    upper = np.triu_indices(len(seen), 1)
    found.append(_pooled("model: correlation between sources, found - predicted",
                         (seen - predicted)[upper], error[upper], 0.0, CORRELATION_TOLERANCE,
                         len(upper[0])))
    part, error, n = common_part(model, nights, same_site=True)
    found.append(_pooled("model: noise common to a night, part of the variance", part, error, 0.0,
                         COMMON_TOLERANCE, n))
    if left_out:
        ratio, error, dof, _ = scatter(left_out)
        part, of_part, n = common_part(left_out, nights, same_site=True)
        found += [_pooled("stars left out: scatter / error", ratio, error, 1.0, STAR_TOLERANCE,
                          dof.sum()),
                  _pooled("stars left out: noise common to a night, part of the variance", part,
                          of_part, 0.0, COMMON_TOLERANCE, n)]
    known = np.isfinite(sky_ratio)
    if known.sum() > 1:
        error = 1.25 * np.std(sky_ratio[known]) / np.sqrt(known.sum())  # of a median
        found.append(_pooled("noise of the sky / expected of its level",
                             np.median(sky_ratio[known]), error, 1.0, SKY_TOLERANCE, known.sum()))
    return [check for check in found if check is not None]


def _pooled(what, values, errors, expected, tolerance, n):
    """Return the `Check` of the weighted mean of some values; None where none is known."""
    values, errors = np.atleast_1d(values), np.atleast_1d(errors)
    known = np.isfinite(values) & (errors > 0)
    if not known.any():
        return None
    mean, error = weighted(values[known], errors[known])
    return Check(what, float(mean), float(np.hypot(error, tolerance)), expected, int(n))


def _rms(what, pulls):
    """Return the `Check` of the root mean square of pulls, at most 1; None without any."""
    known = pulls[np.isfinite(pulls)]
    if not known.size:
        return None
    return Check(what, float(np.sqrt(np.mean(known**2))), float(1 / np.sqrt(2 * known.size)), 1.0,
                 int(known.size), is_upper=True)
