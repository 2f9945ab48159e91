"""What injected sources say of a light curve: its nights, the line of its header, its factors."""

import logging

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.frames import db_nights
from cosmouline.injection.certificate import SiteResult
from cosmouline.injection.io_certificate import read_certificate
from cosmouline.lightcurve.error_bars import weighted_mean

import numpy as np

log = logging.getLogger("cosmouline")

QUOTED, INJECTED = "quoted", "injected"
ERRORS_ARGUMENT = {"--errors": {
    "choices": (QUOTED, INJECTED), "default": QUOTED,
    "help": "injected: magerr_X_cov and magsys_X times the factors of fac_injection/4_report"}}


def points_and_nights(images, settings):
    """Return the points of the light curve as groups of numbers of images, and nights (n,)."""
    nights, night = db_nights.grouped(images, "night", None), np.zeros(len(images), int)
    for number, group in enumerate(nights):
        night[group] = number
    if settings.join_by == "night":
        return nights, night
    return db_nights.grouped(images, settings.join_by, settings.join_minutes), night


def night_result(site, groups):
    """Return the `SiteResult` of the nights of a site, joined as the images of a light curve.

    `groups` are the numbers of the images of each night, among all images.
    """
    rows = []
    for number, group in enumerate(groups):
        here = np.flatnonzero(np.isin(site.index, group))
        if not len(here):
            continue
        true, flux = (weighted_mean(np.where(np.isfinite(site.residual[here]), one[here], np.nan),
                                    site.covariance[here], np.zeros(len(here)))
                      for one in (site.true, site.flux))
        psf = np.sqrt(np.nanmean(site.psf_sigma[here] ** 2, axis=0) / len(here))
        rows.append((number, true.flux_e, flux.flux_e, flux.cov_e2, psf))
    index, true, flux, covariance, psf = map(np.array, zip(*rows, strict=True))
    return SiteResult(site.name, site.series, site.star, index, true, flux, covariance, psf,
                      site.systematic, site.width)


def line(settings, dec_fits):
    """Return what the injection proved of a light curve, as one line; None where there is none.

    `dec_fits` are the hashes of the fits behind the curve.
    """
    found = read_certificate(paths.injection(settings))
    if found is None:
        return None
    sources, checks = found
    passed = checks["passed"].astype(bool)
    failed = ", ".join(checks["check"][~passed].tolist())
    parts = [f"{name} {one:.2f}+-{error:.2f}" for name, one, error in zip(
        sources["source"], *_scatter(sources), strict=True)]
    bias = ", ".join(f"{name} {100 * b:+.2f} (quoted {100 * q:.2f})" for name, b, q in zip(
        sources["source"], sources["bias"], sources["quoted_systematic"], strict=True))
    is_old = "" if str(sources["dec_fit"][0]) in dec_fits else " (of an earlier fit)"
    times = "; errors times its factors" if _is_wanted(settings) else ""
    return (f"injection{is_old}: {int(sources['n_sites'][0])} sites; scatter / error of nights: "
            f"{', '.join(parts)}; static bias in %: {bias}; {passed.sum()} of {len(passed)} "
            f"checks passed{f' (not: {failed})' if failed else ''}{times}")


def scaled(columns, sources, settings):
    """Return the columns of a curve with the errors times the factors that are offered.

    The six error bars of COSMOULINE stay. Returned are the columns unchanged without
    ``--errors injected``.

    Raises
    ------
    UserError
        If there is no certificate.
    """
    if not _is_wanted(settings):
        return columns
    found = read_certificate(paths.injection(settings))
    if found is None:
        raise UserError("--errors injected: nothing was injected to test the deconvolution "
                        f"'{settings.dec_name}'. Run fac_injection/4_report.py first.")
    random, systematic = ({name: float(value) for name, value in zip(
        found[0]["source"], found[0][key], strict=True)}
        for key in ("factor_random", "factor_systematic"))
    scaled_columns = dict(columns)
    for name, values in columns.items():
        kind, _, rest = name.partition("_")
        source, _, last = rest.rpartition("_")
        if kind == "magerr" and last == "cov":
            scaled_columns[name] = values * random.get(source, 1.0)
        elif kind == "magsys":
            scaled_columns[name] = values * systematic.get(rest, 1.0)
        elif kind == "magcov":
            scaled_columns[name] = values * random.get(source, 1.0) * random.get(last, 1.0)
    log.info("errors times the factors of the injected sources: random %s; systematic %s",
             *(", ".join(f"{source} {factors.get(source, 1.0):.2f}" for source in sources)
               for factors in (random, systematic)))
    return scaled_columns


def _is_wanted(settings):
    """Return whether the options ask for the factors."""
    return getattr(settings.options, "errors", QUOTED) == INJECTED


def _scatter(sources):
    """Return the scatter of nights and its error, or that of images where there are no nights."""
    has = np.isfinite(sources["night_scatter"])
    return (np.where(has, sources[f"night_{name}"], sources[name])
            for name in ("scatter", "scatter_error"))
