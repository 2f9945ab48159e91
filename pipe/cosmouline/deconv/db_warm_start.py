"""Go on from the stored joint fit when only the epochs have changed."""

import json
from typing import NamedTuple

from cosmouline.database import manifest, paths
from cosmouline.deconv.io_fit import digest_epochs, read_fit, read_made_of
from cosmouline.errors import UserError

import numpy as np

MOST_GROWTH = 2  # times the epochs of the fit that was made cold: its galaxy bounds the field


class Stored(NamedTuple):
    """A fit of an earlier run: itself, errors from the PSFs, its images, what it was made of."""

    fit: object
    psf_error: np.ndarray
    names: list
    made_of: dict


def made_of(content, sources, names, settings):
    """Return what a fit is made of, as texts: ``epochs``, ``choices`` (all else), ``scene``.

    The scene are those choices under which galaxy and field keep their meaning.
    """
    sigma = None if sources.sigma_px is None else np.nan_to_num(sources.sigma_px, nan=-1).tolist()
    scene = json.dumps([settings.deconv_engine, settings.extended_light, list(names),
                        sources.n_images, content.centre_px.round(4).tolist(),
                        content.epochs.psf.shape[1:], content.epochs.data_e.shape[1:]])
    choices = [scene, settings.dec_start_from, settings.psf_name, settings.dec_coefficient,
               settings.shift_prior, sources.start_px.round(4).tolist(), sigma,
               sorted(settings.source_epochs.items()), settings.n_control_stars]
    return {"epochs": digest_epochs(content), "choices": json.dumps(choices), "scene": scene}


def stored(settings, dec_name=None):
    """Return the `Stored` fit of the settings, or of another deconvolution; None without any."""
    name = paths.of_band(f"dec_{dec_name or settings.dec_name}", settings)
    path = settings.work_dir / name / "fit.npz"
    if manifest.step_trouble(path, settings):  # a backup, for example: its origin is unknown
        return None
    try:
        return Stored(*read_fit(path), *read_made_of(path))
    except (OSError, ValueError, KeyError, EOFError, TypeError):
        return None


def is_the_same(earlier, made):
    """Return whether a stored fit was made of the same epochs under the same choices."""
    return earlier is not None and earlier.made_of == made


def can_go_on(earlier, content, made):
    """Return whether a fit of these epochs can go on from a stored one.

    It can where the choices (`made_of`) are the same, the stored fit has converged and has some of
    the epochs, and these are not more than twice those of the fit that was once made cold.
    """
    if earlier is None or earlier.made_of.get("choices") != made["choices"]:
        return False
    return _has_enough(earlier, content)


def to_start_from(content, made, settings):
    """Return the `Stored` fit that `dec_start_from` names.

    Raises UserError if it is not there, of other sources (`made_of`), or has none of the images.
    """
    name = settings.dec_start_from
    earlier = stored(settings, name)
    if earlier is None:
        raise UserError(f"dec_start_from: there is no fit of '{name}'. Run 7_deconv/4_deconv.py "
                        f"with dec_name = '{name}' first.")
    if earlier.made_of.get("scene") != made["scene"]:
        raise UserError(f"dec_start_from: '{name}' has other sources, stamps or PSF sizes, or "
                        "another engine or extended_light.")
    if not _has_enough(earlier, content):
        raise UserError(f"dec_start_from: '{name}' has not settled, or less than half of the "
                        "images chosen here.")
    return earlier


def _has_enough(earlier, content):
    """Return whether a stored fit has settled, and has enough of the epochs."""
    if earlier.made_of["scene"].startswith('["starred"') or earlier.fit.ended != "converged":
        return False
    kept = [i for i, name in enumerate(earlier.names) if name in content.names]
    if not kept or len(content.names) > MOST_GROWTH * earlier.fit.n_started:
        return False
    return bool(np.isfinite(earlier.fit.flux[kept]).any(0).all())


def order(earlier, content):
    """Return the numbers of all epochs, those of the stored fit first, and the fit of these."""
    known = [i for i, name in enumerate(content.names) if name in earlier.names]
    new = [i for i in range(len(content.names)) if i not in set(known)]
    rows = [earlier.names.index(content.names[i]) for i in known]
    return np.array(known + new, int), earlier.fit.take(rows)
