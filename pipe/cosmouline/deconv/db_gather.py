"""Gather what a joint fit needs from the files of its images."""

from collections import Counter

from cosmouline.astrometry import db_transform, local_shift
from cosmouline.database.columns import column, family, members
from cosmouline.deconv.epochs import Epochs, pad_psf
from cosmouline.deconv.io_fit import EpochFile
from cosmouline.errors import UserError
from cosmouline.psf import db_psf
from cosmouline.psf.model import field_coordinates
from cosmouline.stamps import db_stamps
from cosmouline.stamps.stamps import MASK_COSMIC, crop

import numpy as np


def gather(images, centre_px, settings):
    """Return the `EpochFile` of the lens in these images.

    Parameters
    ----------
    images : list of dict
        Rows of the images, in their order.
    centre_px : ndarray of float, shape (2,)
        Middle of the lens on the reference image.
    settings : namespace

    Raises
    ------
    UserError
        If the stamps of the lens, or the PSFs, have not one size.
    """
    sides = {image["lens_side_px"] for image in images}
    if len(sides) > 1:
        raise UserError(f"the stamps of the lens have sides of {sorted(sides)} pixels. "
                        "Run 6_extract/1_extract_objects.py --redo.")
    side_px = sides.pop()
    stamps = [_lens(image, side_px, settings) for image in images]
    shift_px = np.concatenate([one.offset_px for one in stamps])
    position_px = np.concatenate([one.position_px for one in stamps])
    moved_px, shift_sigma_px = _by_the_stars(images, centre_px, position_px, settings)
    psfs = [_psf(image, side_px, settings) for image in images]
    shapes = Counter(narrow.shape for narrow, _, _ in psfs)
    if len(shapes) > 1:
        rare = shapes.most_common()[-1][0]
        odd = next(image["img_name"] for image, one in zip(images, psfs, strict=True)
                   if one[0].shape == rare)
        raise UserError(f"the PSFs were built with different psf_upsampling (of {odd}, for one). "
                        "Run 5_psf/4_build_psf.py on all images.")
    epochs = Epochs(
        data_e=np.stack([one.data_e[0] for one in stamps]).astype(float),
        sky_variance_e2=np.stack([one.sky_sigma_e[0] for one in stamps]).astype(float) ** 2,
        good=np.stack([(one.mask[0] & ~MASK_COSMIC) == 0 for one in stamps]),
        cosmic=np.stack([(one.mask[0] & MASK_COSMIC) != 0 for one in stamps]),
        coeff=column(images, f"dec_coeff__{settings.dec_name}"),
        psf=np.stack([narrow for narrow, _, _ in psfs]),
        linear=np.stack([db_transform.matrix(image)[:, :2] for image in images]),
        shift_px=shift_px + moved_px,
        fwhm_px=column(images, "field_fwhm_px"),
        shift_sigma_px=shift_sigma_px,
        camera=np.unique([image["telescope"] for image in images], return_inverse=True)[1],
    )
    draws, scale = _draws(psfs)
    return EpochFile(epochs, [image["img_name"] for image in images], centre_px, draws, scale)


def _by_the_stars(images, centre_px, position_px, settings):
    """Return how far the stars' centres say that the lens lies from its aligned place.

    Returns the offsets (n_images, 2), 0 where the stars were not asked, and their errors
    (n_images,), NaN there.
    """
    pattern = f"star_x_px__{settings.psf_name}__{{star}}"
    names = members(images, pattern) if settings.shift_prior == "stars" else []
    if not names:
        return np.zeros_like(position_px), np.full(len(images), np.nan)
    xy = np.stack([family(images, pattern.replace("_x_", f"_{axis}_"), names) for axis in "xy"],
                  axis=-1)
    sigma_px = family(images, pattern.replace("_x_", "_xy_sigma_"), names)
    matrices = np.stack([db_transform.matrix(image) for image in images])
    place_px, error_px = local_shift.predict(xy, sigma_px, matrices, centre_px)
    return np.where(np.isfinite(error_px)[:, None], place_px - position_px, 0.0), error_px


def _lens(image, side_px, settings):
    """Return the stamp of the lens alone; masked as a whole where it is not usable."""
    stamps, names, _ = db_stamps.objects(image, settings)
    first = names.index("lens")
    return crop(stamps.only([first]), side_px)


def _psf(image, side_px, settings):
    """Return the narrow PSF at the lens, its draws and their scales, padded for the fit."""
    found = db_psf.psf(image, settings)
    shape = image["ny_px"], image["nx_px"]
    uv = field_coordinates(np.array([image["lens_x_px"], image["lens_y_px"]]), shape)
    up = found.psf.upsampling
    draws = None if found.draws is None else pad_psf(found.draws.astype(float), side_px, up)
    return pad_psf(found.psf.narrow(uv), side_px, up), draws, found.draw_scale


def _draws(psfs):
    """Return draws (n_draws, n_epochs, m, m) and scales; None where an epoch has none."""
    counts = {0 if draws is None else len(draws) for _, draws, _ in psfs}
    n_draws = min(counts)
    if not n_draws:
        return None, None
    return (np.stack([draws[:n_draws] for _, draws, _ in psfs], axis=1),
            np.stack([scale[:n_draws] for _, _, scale in psfs], axis=1))


def check_chosen(content, images, settings):
    """Raise UserError where the epochs are not those of the images chosen now.

    Parameters
    ----------
    content : EpochFile
    images : list of dict
        Rows of the images that have a coefficient for the joint fit.
    settings : namespace
    """
    chosen = {image["img_name"]: image[f"dec_coeff__{settings.dec_name}"] for image in images}
    if chosen != dict(zip(content.names, content.epochs.coeff.tolist(), strict=True)):
        raise UserError("images or coefficients have changed since the epochs were gathered. "
                        "Run 7_deconv/2_apply_norm.py again.")
