"""Fit a site as the lens is fitted: the same engine, from the same blind start."""

import logging

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.deconv import db_gather, db_products, db_sources, db_warm_start
from cosmouline.deconv.db_control import control, with_error
from cosmouline.deconv.db_fit import fit as fit_epochs
from cosmouline.deconv.epochs import pad_psf
from cosmouline.deconv.io_fit import read_fit, read_made_of, write_fit
from cosmouline.errors import UserError
from cosmouline.injection.clone import whole_positions
from cosmouline.injection.db_inject import draw_number, site_psf
from cosmouline.psf.io_psf import read_psf
from cosmouline.sources import db_stars
from cosmouline.stamps.io_stamps import read_stamps

import numpy as np

log = logging.getLogger("cosmouline")

LEAST_SITE_EPOCHS = 4  # of a site


@product_of("fac_injection/2_inject", paths.injected_stamps)
def injected_stamps(image, settings):
    """Return stamps, names and header of the sites of an image."""
    return read_stamps(paths.injected_stamps(settings, image["img_name"]))


@product_of("fac_injection/2_inject", paths.injected_psf)
def injected_psf(image, settings):
    """Return the PSF of an image without the stars that are copied."""
    return read_psf(paths.injected_psf(settings, image["img_name"]))


def site_path(site, settings):
    """Return the path of the fit of a site."""
    return paths.injection(settings) / f"{site['name']}_fit.npz"


def lens_control(images, settings):
    """Return what the control stars of the lens show; the sites have the same stars."""
    return control(images, db_products.joint_fit(settings)[0], settings)


def fit_site(item, settings):
    """Fit the epochs of one site and write the fit, as a task; return its hash.

    A fit that is there, of the same stamps and choices, stays: so a run that was killed goes on.
    """
    site, images, reference = item["site"], item["images"], item["reference"]
    content, images, start = site_epochs(site, images, settings)
    sources = db_sources.of_fit(start, content, images, reference, settings)
    names = [star.name for star in start]
    made = db_warm_start.made_of(content, sources, names, settings) | {
        "dec_fit": images[0][f"dec_fit__{settings.dec_name}"],
        "control": f"{item['control'].flux_error if item['control'] else 0:.6f}"}
    path = site_path(site, settings)
    earlier = None if settings.options.redo else _stored(path)
    if earlier is None or earlier[2] != made:
        fit, psf_error = fit_epochs(content, sources, settings)
        fit = with_error(fit, item["control"])
        fit = db_sources.with_doubts(fit, content, names,
                                     {"images": images, "reference": reference}, settings)
        log.info("%d epochs, %d sources, CPU %.1f s", len(content.names), len(names), fit.cpu_s)
        write_fit(path, fit, psf_error, content.names, made)
    else:
        log.info("nothing has changed: the stored fit stays")
    return {"made": made["epochs"]}


def site_epochs(site, images, settings):
    """Return the `EpochFile` of a site, the rows of its images, and its start positions.

    Raises UserError where it is usable in too few images.
    """
    lens, stars = db_products.gathered_epochs(settings), db_products.start_sources(settings)
    found = {image["img_name"]: injected_stamps(image, settings) for image in images}
    usable = [image for image in images for stamps, names, _ in [found[image["img_name"]]]
              if stamps.is_usable[names.index(site["name"])]]
    if len(usable) < LEAST_SITE_EPOCHS:
        raise UserError(f"only {len(usable)} images of {len(images)} can be used at this site "
                        f"({LEAST_SITE_EPOCHS} are needed).")
    psf_file = injected_psf if site["star"] else db_gather.psf_of_dec
    psfs = {image["img_name"]: psf_file(image, settings) for image in usable}
    read = (lambda image, _: found[image["img_name"]], lambda image, _: psfs[image["img_name"]])
    centre = np.array([site["x_px"], site["y_px"]])
    start = np.array([(star.x_px, star.y_px) for star in stars])
    if site["star"]:
        # In the pixels of the star, which is the first image; the others on whole pixels from it
        position = db_products.joint_fit(settings)[0].position_px
        star = next(one for one in db_stars.object_stars(settings) if one.name == site["star"])
        centre = np.array([star.x_px, star.y_px])
        moved = whole_positions(position) - position - position[0]
        rows = [image | {f"dec_coeff__{settings.dec_name}":
                         image[f"injection_coeff__{settings.dec_name}"]} for image in usable]
        content = db_gather.gather(rows, centre, settings, site["name"], *read, site["star"])
    else:
        moved = 0.0
        content = db_gather.gather(usable, centre, settings, site["name"], *read)
        content = without_truth(content, usable)
    content = with_local_draws(content, usable, site["name"], *read)
    places = start - lens.centre_px + centre + moved
    return content, usable, [star._replace(x_px=x, y_px=y) for star, (x, y) in zip(
        stars, places.tolist(), strict=True)]


def without_truth(content, images):
    """Return the epochs without the draws of the PSFs by which the light was made.

    They are the truth here: with them among the draws, the errors from the PSFs would know it.
    """
    if content.draws is None:
        return content
    n_draws = len(content.draws)
    keep = np.array([[k for k in range(n_draws) if k != draw_number(image["img_name"], n_draws)]
                     for image in images]).T
    if not len(keep):
        return content._replace(draws=None, draw_scale=None)
    epoch = np.arange(len(images))
    return content._replace(draws=content.draws[keep, epoch],
                            draw_scale=content.draw_scale[keep, epoch])


def with_local_draws(content, images, name, read, psf_of):
    """Return the epochs with the draws of the PSFs at the site, where the PSF varies.

    Those of the files are at the lens: their distance from the PSF at the site would count as its
    error. `read` and `psf_of` give stamps and PSF of an image, as in `db_gather.gather`.
    """
    if content.draws is None:
        return content
    draws = content.draws.copy()
    side, up = content.epochs.data_e.shape[1], content.epochs.geometry.upsampling
    for k, image in enumerate(images):
        found = psf_of(image, None)
        if found.psf.gradient is not None:
            stamps, names, _ = read(image, None)
            _, change = site_psf(found, image, stamps.position_px[names.index(name)])
            draws[:, k] += pad_psf(change, side, up)
    return content._replace(draws=draws)


def _stored(path):
    """Return the stored fit, its errors from the PSFs and what it was made of; None without."""
    try:
        return *read_fit(path), read_made_of(path)[1]
    except (OSError, ValueError, KeyError, EOFError, TypeError):
        return None


def in_order(images, settings):
    """Return the images of a deconvolution in the order of its epochs."""
    return sorted(images, key=lambda image: image[f"dec_number__{settings.dec_name}"])
