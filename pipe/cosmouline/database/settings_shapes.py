"""Check the settings of fac_shapes: tables of which a lens gives only what differs."""

import math
import os
from pathlib import Path

from cosmouline.errors import UserError, did_you_mean

TABLES = "shape_"  # how the names of these settings begin
MAY_BE_NONE = {"no_mag_taken_as"}  # beside those that are None in the sample
ANY_SIGN = {"zero_point_mag", "halo_mag_max", "spike_mag_max", "no_mag_taken_as", "halo_slope",
            "spike_slope", "spike_angle_deg", "objects_plus", "spread_n_sigma", "spread_star_max",
            "spread_galaxy_min"}  # all others are 0 or more
LEAST_VALUE = {"gain_e_per_adu": 1e-6, "sigma": 0.1, "tile_sigma": 0.1, "min_area_px": 1,
               "tile_min_area_px": 1, "side_px": 11, "min_stars": 1, "max_chi2": 1e-6, "batch": 1,
               "target_sigma_arcsec": 1e-6}
LARGEST_VALUE = {"deblend": 1, "tile_deblend": 1, "missing_flag": 1, "missing_remove": 1,
                 "masked_max": 1, "max_degree": 2} | dict.fromkeys((
                     "border_flag", "halo_flag", "spike_flag", "objects_flag", "weight_flag"),
                     32767)  # bits of a FLAG of 16 bits


def check_shapes(settings, sample, path):
    """Put the tables of a lens over those of the sample; its paths become absolute ones.

    Raises UserError for an unknown key, a value of another type than in the sample or outside of
    its limits, or a folder that is not absolute.
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
            _check_limits(f"{path}: {name}", key, value)
        setattr(settings, name, default | own)
    folder = os.path.expanduser(os.path.expandvars(settings.shape_images["dir"]))
    if folder and not os.path.isabs(folder):
        raise UserError(f"{path}: shape_images: dir = {folder!r}: give an absolute path, or one "
                        "from '~'.")
    settings.shape_images["dir"] = str(Path(folder)) if folder else ""


def _check_limits(where, key, value):
    """Raise UserError where a number lies outside of its limits."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    least = LEAST_VALUE.get(key, -math.inf if key in ANY_SIGN else 0)
    largest = LARGEST_VALUE.get(key, math.inf)
    if not (least <= value <= largest and math.isfinite(value)):
        limits = f"from {least:g} to {largest:g}" if key in LARGEST_VALUE else (
            "a number" if key in ANY_SIGN else f"at least {least:g}")
        raise UserError(f"{where}: {key} = {value!r}, but it must be {limits}.")


def _is_like(value, default):
    """Return whether a value has the type of the default; None stands for a number."""
    if default is None or isinstance(default, float):
        return (isinstance(value, int | float) and not isinstance(value, bool)) or (
            default is None and value is None)
    if isinstance(default, tuple):
        return isinstance(value, tuple | list) and len(value) == len(default)
    return type(value) is type(default)
