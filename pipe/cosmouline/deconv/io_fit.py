"""Files of a joint fit: what goes in, and what comes out. No pickle is needed to read them."""

import hashlib
import json
from dataclasses import fields, replace
from typing import NamedTuple

from cosmouline.deconv.epochs import Epochs
from cosmouline.deconv.held.equations import Equations
from cosmouline.deconv.result import LensFit
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path

import numpy as np

SINGLE = ("data_e", "sky_variance_e2", "psf")  # images, which are kept in single precision
EQUATIONS = "equations_"  # before the names of their arrays in the file of a fit


class EpochFile(NamedTuple):
    """What goes into a joint fit.

    `names` are the images of the epochs; `centre_px` (2,) is the pixel (x, y) of the reference
    image from which the positions of the sources are counted; `draws` (n_draws, n_epochs, m, m)
    are draws of the PSFs, in single precision when read, and `draw_scale` (n_draws, n_epochs) the
    fluxes of the PSF stars under them, None where there are none. `keys` say of each epoch which
    files it is made of, and `place_px` (n_epochs, 2, 2) where it lies in its stamp and on its
    image.
    """

    epochs: Epochs
    names: list
    centre_px: np.ndarray
    draws: np.ndarray | None
    draw_scale: np.ndarray | None
    keys: list | None = None
    place_px: np.ndarray | None = None


def write_epochs(path, content):
    """Write an `EpochFile` as npz, images in single precision."""
    arrays = {f"epochs_{field.name}": getattr(content.epochs, field.name)
              for field in fields(Epochs)}
    arrays |= {"names": np.array(content.names), "centre_px": content.centre_px}
    if content.draws is not None:
        arrays |= {"draws": content.draws, "draw_scale": content.draw_scale}
    if content.keys:
        arrays |= {"keys": np.array(content.keys), "place_px": content.place_px}
    for name in (*(f"epochs_{name}" for name in SINGLE), "draws"):
        if name in arrays:
            arrays[name] = arrays[name].astype(np.float32, copy=False)
    _save(path, arrays)


def read_epochs(path):
    """Return the `EpochFile` of a file."""
    with np.load(path, allow_pickle=False) as arrays:
        epochs = Epochs(**{field.name: _double(arrays[f"epochs_{field.name}"])
                           for field in fields(Epochs) if f"epochs_{field.name}" in arrays})
        draws, scale = (arrays.get(name) for name in ("draws", "draw_scale"))
        keys = (arrays["keys"].tolist(), arrays["place_px"]) if "keys" in arrays else ()
        return EpochFile(epochs, arrays["names"].tolist(), arrays["centre_px"], draws, scale,
                         *keys)


def read_centre(path):
    """Return the pixel (x, y) of the reference image from which a file of epochs counts."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["centre_px"]


def write_fit(path, fit, psf_error, names=(), made_of=None):
    """Write a `LensFit`, its equations, and the relative errors of its fluxes from the PSFs.

    The errors are (n_epochs, n_sources). With them, the images of its epochs and a dict of texts
    on what it was made of. The CPU time is not kept (0 when read): the same fit gives the same
    file.
    """
    # Arrays as they are, all else as JSON: no pickle is needed to read the file
    arrays, header = fit.to_arrays()
    header["cpu_s"] = 0.0
    if fit.equations is not None:
        arrays |= {EQUATIONS + name: array for name, array in fit.equations.to_arrays().items()}
    _save(path, arrays | {"psf_error": psf_error, "header": np.array(json.dumps(header)),
                          "names": np.array(names, str),
                          "made_of": np.array(json.dumps(made_of or {}))})


def read_fit(path, with_equations=False):
    """Return the `LensFit` of a file, and the errors from the PSFs.

    Its equations, as large as all else, are read where they are asked for, and there are any.
    """
    with np.load(path, allow_pickle=False) as arrays:
        header = json.loads(str(arrays["header"]))
        fit = LensFit.from_arrays(arrays, header)
        stored = [name for name in arrays if with_equations and name.startswith(EQUATIONS)]
        if stored:
            fit = replace(fit, equations=Equations(**{
                name.removeprefix(EQUATIONS): arrays[name] for name in stored}))
        return fit, arrays["psf_error"]


def read_made_of(path):
    """Return the images of the epochs of a fit, and what it was made of."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["names"].tolist(), json.loads(str(arrays["made_of"]))


def digest(fit):
    """Return a short hash of what a fit found; the same for the same result on any machine."""
    return _hash(fit.to_arrays()[0])


def digest_epochs(content):
    """Return a short hash of what goes into a fit."""
    arrays = {field.name: getattr(content.epochs, field.name) for field in fields(Epochs)}
    arrays |= {"names": np.array(content.names), "centre_px": content.centre_px}
    if content.draws is not None:
        arrays["draws"] = content.draws
    # as they are in the file: the same before it is written and after
    return _hash(arrays | {name: arrays[name].astype(np.float32, copy=False)
                           for name in (*SINGLE, "draws") if name in arrays})


def digest_each(content):
    """Return a short hash of each epoch: stamp, masks, map, PSF and its draws.

    Without its coefficient and the start of its shift, which change when other epochs are added.
    """
    arrays = [getattr(content.epochs, field.name) for field in fields(Epochs)
              if field.name not in ("coeff", "shift_px", "shift_sigma_px")]
    if content.draws is not None:
        arrays += [content.draws.swapaxes(0, 1), content.draw_scale.T]
    return [_hash({str(k): array[e] for k, array in enumerate(arrays)})
            for e in range(len(content.names))]


def _hash(arrays):
    total = hashlib.sha256()
    for name in sorted(arrays):
        total.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return total.hexdigest()[:12]


def _save(path, arrays):
    found = origin.values()
    if found:
        arrays = arrays | {"origin": np.array(json.dumps(found))}
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def _double(array):
    return array.astype(float) if array.dtype.kind == "f" else array
