"""Check the settings of fac_shapes: tables of which a lens gives only what differs."""

import os
from pathlib import Path

from cosmouline.errors import UserError, did_you_mean

TABLES = "shape_"  # how the names of these settings begin
MAY_BE_NONE = {"no_mag_taken_as"}  # beside those that are None in the sample


def check_shapes(settings, sample, path):
    """Put the tables of a lens over those of the sample; its paths become absolute ones.

    Raises UserError for an unknown key, a value of another type than in the sample, or a folder
    that is not absolute.
    """
    for name in (name for name in sample if name.startswith(TABLES)):
        own, default = getattr(settings, name), sample[name]
        for key, value in own.items():
            if key not in default:
                raise UserError(f"{path}: {name}: unknown key '{key}'."
                                f"{did_you_mean(key, default) or ' See configs/sample.'}")
            if not (_is_like(value, default[key]) or (value is None and key in MAY_BE_NONE)):
                raise UserError(f"{path}: {name}: {key} = {value!r}, but it must be like "
                                f"{default[key]!r}.")
        setattr(settings, name, default | own)
    folder = os.path.expanduser(os.path.expandvars(settings.shape_images["dir"]))
    if folder and not os.path.isabs(folder):
        raise UserError(f"{path}: shape_images: dir = {folder!r}: give an absolute path, or one "
                        "from '~'.")
    settings.shape_images["dir"] = str(Path(folder)) if folder else ""


def _is_like(value, default):
    """Return whether a value has the type of the default; None stands for a number."""
    if default is None or isinstance(default, float):
        return (isinstance(value, int | float) and not isinstance(value, bool)) or (
            default is None and value is None)
    if isinstance(default, tuple):
        return isinstance(value, tuple | list) and len(value) == len(default)
    return type(value) is type(default)
