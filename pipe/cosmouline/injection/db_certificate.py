"""Gather what the fits of the sites found, next to what was injected."""

from cosmouline.database.columns import column, texts
from cosmouline.deconv import db_products
from cosmouline.deconv.io_fit import read_fit, read_made_of
from cosmouline.errors import UserError
from cosmouline.injection import db_sites
from cosmouline.injection.certificate import SiteResult, weighted
from cosmouline.injection.db_inject import mean_fluxes, true_fluxes
from cosmouline.injection.db_site_fit import site_path

import numpy as np


def site_results(images, settings):
    """Return a `SiteResult` of every site that was fitted.

    `images` are the rows of the deconvolution in the order of its epochs. Raises UserError where
    nothing was fitted, or the fits are of another fit of the lens.
    """
    fit, _ = db_products.joint_fit(settings)
    names = [image["img_name"] for image in images]
    sites, mjd = db_sites.read(settings), column(images, "mjd")
    flux = true_fluxes(sites, fit, mjd)
    nominal, found = mean_fluxes(images, settings), []
    now = images[0][f"dec_fit__{settings.dec_name}"]
    for site, true in zip(sites, flux, strict=True):
        path = site_path(site, settings)
        if not path.is_file():
            continue
        one, psf_error = read_fit(path)
        of_site, made = read_made_of(path)
        if made.get("dec_fit") != now:
            raise UserError(f"{path} is of another fit of the lens. Run fac_injection from "
                            "2_inject.py again.")
        index = np.array([names.index(name) for name in of_site])
        rows, true = [images[k] for k in index], true[index]
        norm = np.zeros(len(index))
        if site["star"]:
            # The star shines with its mean flux; its light has the error of the coefficient
            true = true * star_flux(rows, site["star"], settings)[:, None] / nominal[site["star"]]
            norm = coefficient_error(rows, settings)
        psf_sigma = np.nan_to_num(np.abs(psf_error * one.flux))
        level = np.where(np.isfinite(one.flux), one.flux, 0.0)
        covariance = (one.covariance_total + (psf_sigma**2)[:, :, None] * np.eye(one.flux.shape[1])
                      + norm[:, None, None] ** 2 * level[:, :, None] * level[:, None])
        found.append(SiteResult(site["name"], site["series"], site["star"], index, true, one.flux,
                                covariance, psf_sigma, one.flux_systematic, width_of(one)))
    if not found:
        raise UserError("no site has a fit. Run fac_injection/3_fit.py first.")
    return found


def left_out_stars(images, sites, settings):
    """Return a `SiteResult` of each star that is copied, in each set: its own flux is constant.

    Its flux by the PSF and the coefficient of the other stars; the errors are those of the flux
    and of the coefficient. Filters of two cameras show a star of another colour than the others
    by another factor: its flux is a constant of each set. `images` are in the order of the epochs.
    """
    found, sets = [], np.array(texts(images, "set_name"))
    for star in dict.fromkeys(site.star for site in sites if site.star):
        flux, sigma = _star_fluxes(images, star, settings)
        true = star_flux(images, star, settings)
        for name in np.unique(sets):
            index = np.flatnonzero(np.isfinite(flux) & (sigma > 0) & (sets == name))
            if len(index) > 1:
                found.append(SiteResult(
                    f"{star} {name}", "constant", star, index, true[index, None],
                    flux[index, None], sigma[index, None, None] ** 2, np.zeros((len(index), 1)),
                    np.zeros(1)))
    return found


def width_of(fit):
    """Return by how much the images of a fit are wider than the PSF, and the error of that."""
    found = fit.found_width or {}
    return found.get("width", np.nan), found.get("sigma", np.nan)


def star_flux(images, star, settings):
    """Return the mean flux of a copied star in the set of each image; NaN where a set has none.

    By the PSF and the coefficient of the other stars.
    """
    flux, sigma = _star_fluxes(images, star, settings)
    sets, mean = np.array(texts(images, "set_name")), np.full(len(images), np.nan)
    for name in np.unique(sets):
        mean[sets == name] = weighted(flux[sets == name], sigma[sets == name])[0]
    return mean


def _star_fluxes(images, star, settings):
    """Return flux and error of a copied star in each image, on the common scale."""
    key = f"{settings.dec_name}__{star}"
    coeff = column(images, f"injection_coeff__{settings.dec_name}")
    flux = column(images, f"injection_star_e__{key}") * coeff
    return flux, np.hypot(column(images, f"injection_star_sigma_e__{key}") * coeff,
                          coefficient_error(images, settings) * flux)


def coefficient_error(rows, settings):
    """Return the relative error of the coefficient of each image, (n,)."""
    coeff, sigma = (column(rows, f"{name}__{settings.dec_name}")
                    for name in ("dec_coeff", "dec_coeff_sigma"))
    return np.nan_to_num(sigma / coeff)


def sky_ratio(images):
    """Return the noise of the sky of each image over what its level predicts, (n,)."""
    return column(images, "sky_noise_ratio")
