"""Go on from the stored joint fit when only the epochs have changed."""

import json
from typing import NamedTuple

from cosmouline.database import manifest, paths, provenance
from cosmouline.deconv.io_fit import digest_epochs, read_fit, read_made_of
from cosmouline.errors import UserError

import numpy as np

START, REFERENCE = "7_deconv/3_write_start", "3_align/1a_pick_reference"
SYSTEMATIC, CONTROL = "errors of the PSFs", "control stars"  # stages in the log of a fit
MOST_GROWTH = 2  # times the epochs of the fit that was made cold: its galaxy bounds the field


class Stored(NamedTuple):
    """A fit of an earlier run: itself, errors from the PSFs, its images, what it was made of."""

    fit: object
    psf_error: np.ndarray
    names: list
    made_of: dict


def made_of(content, sources, names, settings):
    """Return what a fit is made of, as texts: ``epochs``, ``choices`` (all else), ``scene``.

    ``keys`` are those of the epochs, see `EpochFile`.
    The scene are those choices under which galaxy and field keep their meaning.
    """
    sigma = None if sources.sigma_px is None else np.nan_to_num(sources.sigma_px, nan=-1).tolist()
    scene = json.dumps([settings.deconv_engine, settings.extended_light, list(names),
                        sources.n_images, content.centre_px.round(4).tolist(),
                        content.epochs.psf.shape[1:], content.epochs.data_e.shape[1:]])
    choices = [scene, settings.dec_start_from, settings.psf_name, settings.dec_coefficient,
               settings.shift_prior, sources.start_px.round(4).tolist(), sigma,
               sorted(settings.source_epochs.items()), settings.n_control_stars]
    return {"epochs": digest_epochs(content), "choices": json.dumps(choices), "scene": scene,
            "keys": json.dumps(content.keys)}


def stored(settings, dec_name=None):
    """Return the `Stored` fit of the settings, or of another deconvolution; None without any."""
    name = paths.of_band(f"dec_{dec_name or settings.dec_name}", settings)
    path = settings.work_dir / name / "fit.npz"
    if manifest.step_trouble(path, settings):  # a backup, for example: its origin is unknown
        return None
    try:
        return Stored(*read_fit(path, with_equations=True), *read_made_of(path))
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


def can_hold(earlier, content, settings):
    """Return whether new epochs can be added to a stored fit under its scene.

    It can where it goes on under the same choices (`can_go_on`), holds its equations, and all
    that it has measured are here, unchanged; and until `n_held_epochs` have been added
    since the last complete fit.
    """
    fit, n_new = earlier.fit, len(set(content.names) - set(earlier.names))
    if fit.equations is None or not earlier.made_of or fit.n_held + n_new > settings.n_held_epochs:
        return False
    keys = json.loads(earlier.made_of["keys"])
    measured = {key for key, is_measured in zip(keys, fit.measured, strict=True) if is_measured}
    return measured <= set(content.keys)


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


def common_errors(earlier):
    """Return what the log of a `Stored` fit says of errors that its epochs share, by stage.

    Nothing where it is not known what it was made of.
    """
    return {} if not earlier.made_of else {entry["stage"]: entry for entry in earlier.fit.log
                                           if entry["stage"] in (SYSTEMATIC, CONTROL)}


def known_psf_errors(earlier, content):
    """Return the relative errors from the PSFs, (n_epochs, n_sources), of a `Stored` fit.

    NaN for epochs that it does not have, or that have other stamps or another PSF now.
    """
    before = dict(zip(json.loads(earlier.made_of.get("keys", "null")) or (), earlier.psf_error,
                      strict=False))
    nothing = np.full(earlier.psf_error.shape[1], np.nan)
    return np.array([before.get(key, nothing) if key else nothing
                     for key in content.keys or [""] * len(content.names)])


def start_stays(images, settings, runs, names):
    """Return whether start.cat, made for some of these images, is kept for all of them.

    It is where it is sound, the settings in `names` are those under which it was made, the
    reference image is the same, and the images are at most twice as many.
    """
    path = paths.deconvolution(settings) / "start.cat"
    if settings.options.redo or not path.is_file() or manifest.step_trouble(path, settings):
        return False
    used, key = provenance.settings_used(settings, names), f"{START}:{settings.dec_name}"
    before = [image for image in images if f"dec_start__{settings.dec_name}" in image
              and not provenance.changed_settings(image, key, runs, used)
              and provenance.outcome(image, REFERENCE)[2] <= provenance.outcome(image, key)[1]]
    return 0 < len(images) <= MOST_GROWTH * len(before)


def order(earlier, content):
    """Return the numbers of all epochs, those of the stored fit first, and the fit of these."""
    known = [i for i, name in enumerate(content.names) if name in earlier.names]
    new = [i for i in range(len(content.names)) if i not in set(known)]
    rows = [earlier.names.index(content.names[i]) for i in known]
    return np.array(known + new, int), earlier.fit.take(rows)
