"""Put the light of the lens on the sites of an image: in stamps, never in a frame."""

import logging
import zlib
from typing import NamedTuple

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.astrometry.db_lens_position import lens_centre_and_radius
from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.deconv import db_gather, db_products
from cosmouline.errors import ImageRejected
from cosmouline.frames import db_nights
from cosmouline.injection import db_sites
from cosmouline.injection.clone import copied_light, copies, whole_positions
from cosmouline.injection.places import GOOD_CORE, core_state
from cosmouline.injection.scene import Scene, scene_light, seed_of, with_photons
from cosmouline.injection.series import injected_flux
from cosmouline.psf import db_build
from cosmouline.psf.core_cosmics import fluxes_without_hits
from cosmouline.psf.io_psf import read_psf, write_psf
from cosmouline.psf.model import field_coordinates
from cosmouline.psf.photometry import is_reliable
from cosmouline.sources import db_stars
from cosmouline.stamps import db_cut, db_stamps
from cosmouline.stamps.cosmics import cosmic_mask, spare_cores
from cosmouline.stamps.io_stamps import write_stamps
from cosmouline.stamps.stamps import MASK_COSMIC, Stamps, join_stamps, with_cosmics

import numpy as np

log = logging.getLogger("cosmouline")

STAR_CLIP = 5.0  # sigmas of a star from the median of its image
STAR_FLOOR = 0.003  # relative, of the stars in the coefficient without those that are copied


class Plan(NamedTuple):
    """What all images of a band share: sites, scene, and by image the light that falls there.

    `flux` (n_sites, n_epochs, n_sources), `place_px` and `star_px` (n_sites, n_epochs, 2) are
    fluxes on the common scale, and positions of sites and of copied stars on the images, where
    the stars predict them and as far off as the lens was; `star_flux` are mean fluxes by star.
    """

    sites: list
    names: list
    scene: Scene
    flux: np.ndarray
    place_px: np.ndarray
    extended_scale: np.ndarray
    radius_px: float
    side_px: int
    star_flux: dict


def plan(images, reference, settings):
    """Return the `Plan` of the images of a band."""
    content, (fit, _) = db_products.gathered_epochs(settings), db_products.joint_fit(settings)
    by_name = {image["img_name"]: image for image in images}
    rows = [by_name[name] for name in content.names]
    sites, mjd = db_sites.read(settings), column(rows, "mjd")
    # Where the stars predict each site, and as far from there as the lens was
    off_px = np.nan_to_num(fit.shift_px - content.epochs.shift_px)
    xy = np.array([[site["x_px"], site["y_px"]] for site in sites])
    place_px = np.array([db_gather.predicted_places(rows, one, settings)[0] for one in xy])
    aligned_px = np.array([apply(db_transform.matrix(row), xy) for row in rows]).swapaxes(0, 1)
    place_px = np.where(np.isfinite(place_px), place_px, aligned_px)
    _, radius_px = lens_centre_and_radius(reference, settings)
    return Plan(sites, content.names, Scene.of_fit(fit), true_fluxes(sites, fit, mjd),
                place_px + off_px, fit.extended_scale, radius_px, content.epochs.data_e.shape[1],
                mean_fluxes(rows, settings))


def spread_nights(images, n):
    """Return the names of at least `n` images in complete nights, spread over the campaign.

    All of them for 0, or where there are not more. Nights stay complete for what their images
    have in common.
    """
    groups = db_nights.grouped(images, "night", None)
    for n_nights in range(1, len(groups) + 1):
        chosen = np.unique(np.linspace(0, len(groups) - 1, n_nights).round().astype(int))
        names = {images[k]["img_name"] for night in chosen for k in groups[night]}
        if n and len(names) >= n:
            return names
    return {image["img_name"] for image in images}


def mean_fluxes(images, settings):
    """Return the mean flux of every star on the common scale, by name; NaN where not measured."""
    stars = [star.name for star in db_stars.object_stars(settings)]
    flux = db_sites.star_fluxes(images, stars, settings)
    return {star: float(np.nanmean(one)) if np.isfinite(one).any() else np.nan
            for star, one in zip(stars, flux.T, strict=True)}


def true_fluxes(sites, fit, mjd):
    """Return the injected fluxes on the common scale, (n_sites, n_epochs, n_sources)."""
    return np.array([injected_flux(site["series"], fit.flux, mjd) for site in sites])


def inject(image, settings, plan):
    """Write the stamps of all sites of one image with their light; return its fields.

    Where no PSF can be built without the stars that are copied, their sites are not usable.
    """
    epoch = plan.names.index(image["img_name"])
    xy = np.array([[site["x_px"], site["y_px"]] for site in plan.sites])
    stamps = db_cut.place_stamps(image, xy, plan.side_px, settings)
    names = [site["name"] for site in plan.sites]
    good, *_ = core_state(stamps, plan.radius_px + image["field_fwhm_px"])
    stamps.is_usable[:] &= (good >= GOOD_CORE) & np.isfinite(plan.flux[:, epoch]).any(1)
    stars = [site["star"] for site in plan.sites if site["star"]]
    fields, without, found = {}, None, []
    if stars:
        try:
            fields, without = _without_stars(image, settings, stars, plan.star_flux)
        except ImageRejected as reason:  # the image itself stays in use
            log.info("%s: no copies of stars: %s", image["img_name"], reason)
    for k, site in enumerate(plan.sites):
        one = stamps.only([k])
        if site["star"] and without is None:
            one.is_usable[:] = False
            found.append(one)
        elif site["star"]:
            found.append(_with_copies(one, image, settings, plan, k, epoch, without))
        else:
            found.append(_with_light(one, image, settings, plan, k, epoch))
    joined = found[0]
    for one in found[1:]:
        joined = join_stamps(joined, one)
    # Cosmic rays are looked for as on the stamps of the lens
    cosmic = cosmic_mask(joined, image["field_fwhm_px"], image["read_noise_e"],
                         image["sky_level_e"], settings.cosmic_sigma, settings.cosmic_fraction,
                         settings.cosmic_object)
    cosmic, _ = spare_cores(cosmic, joined, image["field_fwhm_px"], plan.radius_px)
    write_stamps(paths.injected_stamps(settings, image["img_name"]), with_cosmics(joined, cosmic),
                 names, {"img_name": image["img_name"]})
    return {f"n_injected__{settings.dec_name}": int(joined.is_usable.sum())} | fields


def draw_number(img_name, n_draws):
    """Return which draw of its PSF is the true PSF of the injected sources of an image."""
    return zlib.crc32(img_name.encode()) % n_draws


def site_psf(found, image, position_px):
    """Return the narrow PSF at a place of an image, and by how much it is not that of the lens."""
    shape = image["ny_px"], image["nx_px"]
    lens = field_coordinates(np.array([image["lens_x_px"], image["lens_y_px"]]), shape)
    narrow = found.psf.narrow(field_coordinates(np.asarray(position_px), shape))
    return narrow, narrow - found.psf.narrow(lens)


def _with_light(stamp, image, settings, plan, k, epoch):
    """Return one stamp with the lens by a draw from the posterior of the PSF."""
    name, coeff = image["img_name"], image[f"dec_coeff__{settings.dec_name}"]
    found = db_gather.psf_of_dec(image, settings)
    narrow, change = site_psf(found, image, stamp.position_px[0])
    scale = 1.0
    if found.draws is not None:
        number = draw_number(name, len(found.draws))
        # If the draw is true, the stars are brighter by its scale than the coefficient has them
        narrow, scale = found.draws[number] + change, found.draw_scale[number]
    points, extended = scene_light(
        plan.scene, np.nan_to_num(plan.flux[k, epoch]), narrow,
        db_transform.matrix(image)[:, :2], _origin(stamp, plan.place_px[k, epoch]), plan.side_px,
        plan.extended_scale[epoch])
    rng = np.random.default_rng(seed_of(name, plan.sites[k]["name"]))
    light_e = with_photons((points + extended) * scale / coeff, rng)
    stamp.data_e[0] += light_e.astype(np.float32)
    return stamp


def _with_copies(stamp, image, settings, plan, k, epoch, found):
    """Return one stamp with copies of a star as the images; galaxy and field by the PSF.

    It is in the pixels of the star: that is where the fit takes the PSF from.
    """
    site, name = plan.sites[k], image["img_name"]
    linear = db_transform.matrix(image)[:, :2]
    whole = whole_positions(plan.scene.position_px)
    where = copies(whole, linear)
    # The stamp of the star, larger by what the copies are moved
    star = next(one for one in db_stars.object_stars(settings) if one.name == site["star"])
    star_px = apply(db_transform.matrix(image), np.array([[star.x_px, star.y_px]]))
    first_px = plan.place_px[k, epoch] + linear @ plan.scene.position_px[0]
    middle = np.round(star_px[0]).astype(int)
    moved = np.round(first_px).astype(int) - middle
    edge = int(np.abs(where.offset_px + middle + moved - stamp.corner_px[0]
                      - plan.side_px // 2).max()) + 3
    large = db_cut.star_stamps(image, [star], plan.side_px + 2 * edge, settings)
    offset = where.offset_px + moved + large.corner_px[0] + edge - stamp.corner_px[0]
    share = np.nan_to_num(plan.flux[k, epoch]) / plan.star_flux[star.name]
    rng = np.random.default_rng(seed_of(name, site["name"]))
    light, variance, mask = copied_light(large, offset, share, plan.side_px, rng)
    # Galaxy and field
    narrow, _ = site_psf(found, image, star_px[0])
    origin = star_px[0] + moved - linear @ plan.scene.position_px[0]
    _, extended = scene_light(
        plan.scene, np.zeros(plan.flux.shape[2]), narrow, linear, _origin(stamp, origin),
        plan.side_px, plan.extended_scale[epoch])
    light = light + with_photons(extended / image[f"dec_coeff__{settings.dec_name}"], rng)
    sigma = np.sqrt(stamp.sky_sigma_e[0].astype(float) ** 2 + variance)
    is_usable = stamp.is_usable & large.is_usable & where.is_usable & (
        share.max() <= 1) & np.isfinite(share).all()
    return Stamps(stamp.data_e + light.astype(np.float32), sigma[None].astype(np.float32),
                  stamp.mask | mask, stamp.corner_px - moved, star_px, is_usable)


def _origin(stamp, place_px):
    """Return a position of the image from the centre of a stamp."""
    return place_px - stamp.corner_px[0] - (stamp.side_px - 1) / 2


def _without_stars(image, settings, left_out, star_flux):
    """Build the PSF without the stars that are copied; return the fields of the image and it.

    The coefficient is that of the other stars, by their fluxes with this PSF.
    """
    stamps, names, _ = db_stamps.psf_stamps(image, db_gather.settings_of_dec(image, settings))
    kept = [i for i, name in enumerate(names) if name not in left_out]
    fit, used, draws = db_build.build(stamps.only(kept), [names[i] for i in kept], image,
                                      db_gather.settings_of_dec(image, settings))
    path = paths.injected_psf(settings, image["img_name"])
    write_psf(path, fit, used, {"img_name": image["img_name"]}, **draws)
    found = read_psf(path)
    objects, names = db_stamps.of_photometry(
        image, fit.psf.side_px, db_gather.settings_of_dec(image, settings))
    use = objects.is_usable & (np.array(names) != "lens")
    shape = image["ny_px"], image["nx_px"]
    narrow = np.array([fit.psf.narrow(uv) for uv in field_coordinates(
        objects.position_px[use], shape)])
    stars, _ = fluxes_without_hits(
        objects.data_e[use], objects.sky_sigma_e[use] ** 2,
        (objects.mask[use] & ~MASK_COSMIC) == 0, narrow, fit.psf.upsampling,
        objects.offset_px[use], image["field_fwhm_px"])
    reliable = is_reliable(stars, image["field_fwhm_px"])
    names = np.array(names)[use]
    mean = np.array([star_flux.get(name, np.nan) for name in names])
    helps = reliable & np.isfinite(mean) & ~np.isin(names, left_out) & np.isin(
        names, [star.name for star in db_stars.renorm_stars(settings)])
    if not helps.any():
        raise ImageRejected("no star of the coefficient is left without those that are copied")
    ratio = (mean / stars.flux_e)[helps]
    relative = np.hypot(stars.flux_sigma_e / stars.flux_e, STAR_FLOOR)[helps]
    weight = (np.abs(ratio / np.median(ratio) - 1) < STAR_CLIP * relative) / relative**2
    coeff = np.average(ratio, weights=weight if weight.any() else None)
    fields = {f"injection_coeff__{settings.dec_name}": float(coeff)}
    for i in np.flatnonzero(reliable & np.isin(names, left_out)):
        key = f"{settings.dec_name}__{names[i]}"
        fields |= {f"injection_star_e__{key}": stars.flux_e[i],
                   f"injection_star_sigma_e__{key}": stars.flux_sigma_e[i]}
    return fields, found
