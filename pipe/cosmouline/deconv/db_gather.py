"""Gather what a joint fit needs from the files of its images."""

import functools
from collections import Counter
from types import SimpleNamespace
from typing import NamedTuple

from cosmouline.astrometry import db_transform, local_shift
from cosmouline.database import manifest, paths
from cosmouline.database.columns import column, family, members
from cosmouline.database.limits import Limits
from cosmouline.deconv.epochs import Epochs, pad_psf
from cosmouline.deconv.io_fit import EpochFile
from cosmouline.errors import UserError
from cosmouline.psf import db_psf
from cosmouline.psf.model import field_coordinates
from cosmouline.stamps import db_stamps
from cosmouline.stamps.stamps import MASK_COSMIC, crop

import numpy as np

SAME_SCALE = 1.01  # ratio of pixel scales in arcsec, up to which two sets are of one camera


class OneEpoch(NamedTuple):
    """The stamp of one object on one image, the narrow PSF there with its draws, padded."""

    data_e: np.ndarray
    sky_variance_e2: np.ndarray
    good: np.ndarray
    cosmic: np.ndarray
    offset_px: np.ndarray
    position_px: np.ndarray
    psf: np.ndarray
    draws: np.ndarray
    draw_scale: np.ndarray | None


def settings_of_dec(image, settings):
    """Return the settings with the name of the PSF that the deconvolution of an image uses."""
    psf_name = image.get(f"dec_psf__{settings.dec_name}", settings.psf_name)
    return SimpleNamespace(**vars(settings) | {"psf_name": psf_name})


def psf_of_dec(image, settings):
    """Return what `io_psf.read_psf` reads: the PSF of an image that its deconvolution uses."""
    return db_psf.psf(image, settings_of_dec(image, settings))


def gather(images, centre_px, settings, name="lens", read=db_stamps.objects, psf_of=psf_of_dec,
           without=None, known=None):
    """Return the `EpochFile` of the lens, or of another object, in these images, in their order.

    Parameters
    ----------
    images : list of dict
    centre_px : ndarray of float, shape (2,)
        Its middle on the reference image.
    settings : namespace
    name : str
        Of the object among the stamps.
    read, psf_of : callable
        Of an image and the settings: stamps, names and header; and its PSF file.
    without : str, optional
        A star that does not help to place the object; default: the object itself.
    known : EpochFile, optional
        What is in it already, of the same files, is taken from there.

    Raises
    ------
    UserError
        If the stamps of the lens, or the PSFs, have different sizes.
    """
    sides = {image["lens_side_px"] for image in images}
    if len(sides) > 1:
        raise UserError(f"the stamps of the lens have sides of {sorted(sides)} pixels. "
                        "Run 6_extract/1_extract_objects.py --redo.")
    keys = [_made_of(image, settings_of_dec(image, settings)) for image in images]
    rows = {key: row for row, key in enumerate(known.keys or ()) if key} if known else {}
    parts = [_stored(known, rows[key]) if key in rows else
             _read(image, settings, name, read, psf_of)
             for image, key in zip(images, keys, strict=True)]
    psfs = [one.psf for one in parts]
    shapes = Counter(narrow.shape for narrow in psfs)
    if len(shapes) > 1:
        rare = shapes.most_common()[-1][0]
        one = next(image["img_name"] for image, narrow in zip(images, psfs, strict=True)
                   if narrow.shape == rare)
        raise UserError(f"the PSFs were built with different psf_upsampling (of {one}, for one). "
                        "Run 5_psf/4_build_psf.py on all images.")
    n_draws = min(len(one.draws) for one in parts)
    # Shifts: where the centres of the stars predict the lens, or where the alignment puts it
    shift_px = np.stack([one.offset_px for one in parts])
    shift_sigma_px = np.full(len(images), np.nan)
    if settings.shift_prior == "stars":
        place_px, shift_sigma_px = predicted_places(images, centre_px, settings, without or name)
        aligned_px = np.stack([one.position_px for one in parts])
        shift_px = shift_px + np.where(np.isfinite(shift_sigma_px)[:, None],
                                       place_px - aligned_px, 0.0)
    epochs = Epochs(
        data_e=np.stack([one.data_e for one in parts]),
        sky_variance_e2=np.stack([one.sky_variance_e2 for one in parts]),
        good=np.stack([one.good for one in parts]),
        cosmic=np.stack([one.cosmic for one in parts]),
        coeff=column(images, f"dec_coeff__{settings.dec_name}"),
        psf=np.stack(psfs),
        linear=np.stack([db_transform.matrix(image)[:, :2] for image in images]),
        shift_px=shift_px,
        fwhm_px=column(images, "field_fwhm_px"),
        shift_sigma_px=shift_sigma_px,
        camera=cameras(images),
    )
    return EpochFile(
        epochs, [image["img_name"] for image in images], centre_px,
        np.stack([one.draws[:n_draws] for one in parts], axis=1) if n_draws else None,
        np.stack([one.draw_scale[:n_draws] for one in parts], axis=1) if n_draws else None,
        keys, np.stack([(one.offset_px, one.position_px) for one in parts]),
    )


def predicted_places(images, point_px, settings, without=None):
    """Return where the stars put a point of the reference on each image, and its error.

    (n_images, 2) and (n_images,), see `local_shift.predict`; NaN where there are too few stars.
    """
    chosen = [settings_of_dec(image, settings).psf_name for image in images]
    names, (*xy, sigma_px) = star_places(images, chosen, without)
    if not names:
        return np.full((len(images), 2), np.nan), np.full(len(images), np.nan)
    matrices = np.stack([db_transform.matrix(image) for image in images])
    return local_shift.predict(np.stack(xy, axis=-1), sigma_px, matrices, point_px)


def cameras(images):
    """Number the cameras of images: sets of one telescope, and of one pixel scale to 1 %."""
    scales = {}
    for image in images:
        scales.setdefault((image["telescope"], image["set_name"]), []).append(
            image.get("pixel_scale_arcsec", np.nan))
    numbers, number, last = {}, -1, None
    for (telescope, name), scale in sorted(
            ((key, float(np.median(found))) for key, found in scales.items()),
            key=lambda one: (one[0][0], one[1])):
        if last is None or telescope != last[0] or scale > SAME_SCALE * last[1]:
            number += 1
        numbers[telescope, name], last = number, (telescope, scale)
    return np.array([numbers[image["telescope"], image["set_name"]] for image in images])


def _read(image, settings, name, read, psf_of):
    """Return the `OneEpoch` of an object, and of the PSF there, from their files."""
    objects, names, _ = read(image, settings)
    stamp = crop(objects.only([names.index(name)]), image["lens_side_px"])
    found = psf_of(image, settings)
    place = (image["lens_x_px"], image["lens_y_px"]) if name == "lens" else stamp.position_px[0]
    uv = field_coordinates(np.array(place), (image["ny_px"], image["nx_px"]))
    padded = functools.partial(pad_psf, side_px=image["lens_side_px"],
                               upsampling=found.psf.upsampling)
    return OneEpoch(
        stamp.data_e[0].astype(float), stamp.sky_sigma_e[0].astype(float) ** 2,
        (stamp.mask[0] & ~MASK_COSMIC) == 0, (stamp.mask[0] & MASK_COSMIC) != 0,
        stamp.offset_px[0], stamp.position_px[0], padded(found.psf.narrow(uv)),
        [] if found.draws is None else padded(found.draws.astype(np.float32)), found.draw_scale)


def _stored(known, row):
    """Return the `OneEpoch` of a row of an `EpochFile`."""
    epochs = known.epochs
    draws = ([], None) if known.draws is None else (known.draws[:, row], known.draw_scale[:, row])
    return OneEpoch(epochs.data_e[row], epochs.sky_variance_e2[row], epochs.good[row],
                    epochs.cosmic[row], *known.place_px[row], epochs.psf[row], *draws)


def _made_of(image, settings):
    """Return what the `OneEpoch` of the lens is made of; empty where its files are not noted."""
    name = image["img_name"]
    digests = [manifest.noted_digest(image, where(settings, name), settings)
               for where in (paths.objects, paths.psf)]
    place = [image[field] for field in ("lens_side_px", "lens_x_px", "lens_y_px")]
    return " ".join([name, *digests, *map(repr, place)]) if all(digests) else ""


def star_places(images, psf_names, without):
    """Return the stars of some images but one, and x, y and error (n images, n stars), in pixels.

    Of each image those that were measured with the PSF that it has in `psf_names`.
    """
    names = list(dict.fromkeys(star for psf in dict.fromkeys(psf_names) for star in members(
        images, f"star_x_px__{psf}__{{star}}") if star != without))
    return names, [np.concatenate([
        family([image], f"star_{what}_px__{psf}__{{star}}", names)
        for image, psf in zip(images, psf_names, strict=True)]) for what in ("x", "y", "xy_sigma")]


def check_chosen(content, images, settings):
    """Raise UserError where an `EpochFile` is not of the images chosen now, by their rows."""
    chosen = {image["img_name"]: image[f"dec_coeff__{settings.dec_name}"] for image in images}
    if chosen != dict(zip(content.names, content.epochs.coeff.tolist(), strict=True)):
        raise UserError("images or coefficients have changed since the epochs were gathered. "
                        "Run 7_deconv/2_apply_norm.py again.")


def values(image, coeff):
    """Return what the dec_ limits are compared with; None where it is not known."""
    return {"seeing": image.get("field_fwhm_arcsec"), "ellipticity": image.get(
        "field_ellipticity"), "sky": image.get("sky_level_e"), "coefficient": coeff}


def why_not(image, coeff, skipped, settings):
    """Return why an image is left out; empty if it is not.

    Its row, its coefficient (None: not known yet), and the images that the user leaves out, with
    comments.
    """
    if image["img_name"] in skipped:
        return f"skiplist: {skipped[image['img_name']]}"
    limits = Limits.of(settings, "dec_")
    for name, is_beyond in limits.beyond(**values(image, coeff)).items():
        if is_beyond:
            return f"{name} above {getattr(limits, name):g}"
    nearest, trail = settings.dec_trail_min_arcsec, image.get("trail_lens_arcsec")
    if None not in (nearest, trail) and trail < nearest:
        return f"a trail nearer to the lens than {nearest:g} arcsec"
    return ""
