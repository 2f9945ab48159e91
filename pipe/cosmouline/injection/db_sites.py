"""The sites: where what is injected, chosen by the images of a deconvolution."""

import logging
from functools import partial

from cosmouline.astrometry.db_lens_position import lens_centre_and_radius
from cosmouline.database import manifest, paths
from cosmouline.database.columns import column, family
from cosmouline.deconv import db_gather, db_products
from cosmouline.engine import tasks
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns, write_ecsv
from cosmouline.injection.clone import LARGEST_SHARE
from cosmouline.injection.places import candidate_places, choose_places, core_state
from cosmouline.injection.series import KINDS
from cosmouline.sources import db_stars
from cosmouline.stamps import db_cut

import numpy as np

log = logging.getLogger("cosmouline")

SITE_CORE_FWHM = 1.5  # the core of a site reaches this far beyond the images of the lens, in FWHM
MOST_PER_SITE = 6  # places that are measured for each site that is wanted
MOST_CLONES = 4  # stars that are copied: the PSF is built without them
LEAST_PSF_STARS = 4  # that are left for it
ISOLATED_FWHM = 4.0  # distance of a star that is copied from stars brighter than the next number
ISOLATED_FLUX = 0.02  # of its own flux
SEEN_FRACTION = 0.5  # of the images in which it is measured
CONSTANT_SCATTER = 0.02  # of the fluxes of a star that is copied: its truth is that it is constant
FIELDS = {
    "name": (str, "", "site: M with light by the PSF, C with copies of a star"),
    "x_px": (float, "px", "column on the reference image, from 0"),
    "y_px": (float, "px", "row on the reference image, from 0"),
    "series": (str, "", "light curves that are injected"),
    "star": (str, "", "star that is copied"),
}


def choose(images, reference, settings):
    """Choose the sites of a band; return a list of dict with the columns of `FIELDS`.

    Raises UserError where there is not one empty place.
    """
    content, (fit, _) = db_products.gathered_epochs(settings), db_products.joint_fit(settings)
    side_px, shape = content.epochs.data_e.shape[1], (reference["ny_px"], reference["nx_px"])
    _, radius_px = lens_centre_and_radius(reference, settings)
    places = candidate_places(content.centre_px, side_px, shape)
    field = db_stars.field_stars(settings)
    places = _away_from_stars(places, field, radius_px, reference)
    places = places[:MOST_PER_SITE * settings.n_injection_sites]
    if not len(places):
        raise UserError("no place of the field is a stamp away from the lens and from all stars: "
                        "nothing can be injected. Check lens_stamp_px.")
    # What the images show at the places
    work = partial(_measure, places=places, side_px=side_px, radius_px=radius_px)
    found = {image["img_name"]: values for image, values in tasks.results(
        work, images, settings, "image")}
    good, light, sigma = (np.array([found[image["img_name"]][k] for image in images])
                          for k in ("good", "light", "sigma"))
    chosen, refused = choose_places(places, good, light, sigma, side_px,
                                    settings.n_injection_sites)
    for reason, n in refused.items():
        if n:
            log.info("%d of %d places refused: %s", n, len(places), reason)
    if not len(chosen):
        raise UserError(f"none of {len(places)} places around the lens is empty and good in "
                        "enough frames: nothing can be injected.")
    if len(chosen) < settings.n_injection_sites:
        log.warning("%d sites instead of the %d of n_injection_sites: the field has no more empty "
                    "places near the lens", len(chosen), settings.n_injection_sites)
    sites = [{"name": f"M{i + 1}", "x_px": places[k, 0], "y_px": places[k, 1],
              "series": KINDS[i % len(KINDS)], "star": ""} for i, k in enumerate(chosen)]
    for i, star in enumerate(clone_stars(images, fit, settings)):
        k = chosen[i % len(chosen)]
        sites.append({"name": f"C{i + 1}", "x_px": places[k, 0], "y_px": places[k, 1],
                      "series": KINDS[i % len(KINDS)], "star": star})
    return sites


def clone_stars(images, fit, settings):
    """Return the names of the stars that are copied; often fewer than `MOST_CLONES`.

    Isolated and constant ones of those measured with the PSF, whose flux is at least twice that
    of the brightest injected image; every second one in the order of the flux, so that the PSF
    keeps bright ones; enough of the stars of the PSF are left for it.
    """
    psf_names = [star.name for star in db_stars.psf_stars(settings)]
    stars = [star for star in db_stars.object_stars(settings) if star.flux_e]
    field = db_stars.field_stars(settings)
    fwhm_px = np.median(column(images, "field_fwhm_px"))
    flux = star_fluxes(images, [star.name for star in stars], settings)
    mean = np.array([np.nanmean(one) if np.isfinite(one).mean() > SEEN_FRACTION
                     and np.nanstd(one) < CONSTANT_SCATTER * np.nanmean(one) else np.nan
                     for one in flux.T])
    brightest = 2 * np.nanmax(np.nanmean(fit.flux, axis=0))  # of the series "double"
    found = []
    for star, own in zip(stars, mean, strict=True):
        away = np.hypot(field["x_px"] - star.x_px, field["y_px"] - star.y_px)
        near = (away > db_stars.SAME_STAR_PX) & (away < ISOLATED_FWHM * fwhm_px)
        if LARGEST_SHARE * own >= brightest and not (
                field["flux_e"][near] > ISOLATED_FLUX * star.flux_e).any():
            found.append((own, star.name))
    ordered = [name for _, name in sorted(found, reverse=True)]
    # Stars that the PSF does not need first; then every second one
    ordered = [name for name in ordered if name not in psf_names] + [
        name for name in ordered if name in psf_names][1::2]
    chosen = []
    for name in ordered[:MOST_CLONES]:
        if len(set(psf_names) - {*chosen, name}) >= LEAST_PSF_STARS:
            chosen.append(name)
    if not chosen:
        log.warning("no star can be copied: it must be isolated, constant, %.0f times as bright "
                    "as the brightest image of the lens, and leave %d stars for the PSF. What is "
                    "wrong with the PSF itself is not tested: see doc/certificate.md.",
                    2 / LARGEST_SHARE, LEAST_PSF_STARS)
    return chosen


def star_fluxes(images, names, settings):
    """Return PSF fluxes of stars times the coefficient of each image, (n_images, n_stars)."""
    psf_names = [db_gather.settings_of_dec(image, settings).psf_name for image in images]
    flux = np.concatenate([family([image], f"star_flux_e__{psf}__{{star}}", names)
                           for image, psf in zip(images, psf_names, strict=True)])
    return flux * column(images, f"dec_coeff__{settings.dec_name}")[:, None]


def write(sites, settings):
    """Write the table of the sites; return its path."""
    path = paths.injection(settings) / "sites.ecsv"
    write_ecsv(path, [{k: v for k, v in site.items() if v != ""} for site in sites], FIELDS)
    return path


def read(settings):
    """Return the sites that 1_choose_sites wrote, as a list of dict."""
    path = paths.injection(settings) / "sites.ecsv"
    if not path.is_file():
        raise UserError(f"there is no {path}. Run fac_injection/1_choose_sites.py first.")
    manifest.check_step(path, settings)
    columns = read_ecsv_columns(path)
    return [dict(zip(columns, (one.item() if hasattr(one, "item") else one for one in values),
                     strict=True)) for values in zip(*columns.values(), strict=True)]


def _away_from_stars(places, field, radius_px, reference):
    """Return the places whose cores have no star of the catalogue."""
    xy = np.column_stack([field["x_px"], field["y_px"]])
    least_px = radius_px + SITE_CORE_FWHM * reference["field_fwhm_px"]
    away = np.hypot(*np.moveaxis(places[:, None] - xy, -1, 0)).min(1, initial=np.inf)
    return places[away > least_px]


def _measure(image, settings, places, side_px, radius_px):
    """Return what one image shows at the places, as a task."""
    stamps = db_cut.place_stamps(image, places, side_px, settings)
    good, light, sigma = core_state(stamps, radius_px + SITE_CORE_FWHM * image["field_fwhm_px"])
    coeff = image[f"dec_coeff__{settings.dec_name}"]
    return {"good": good, "light": light * coeff, "sigma": np.nan_to_num(sigma * coeff)}
