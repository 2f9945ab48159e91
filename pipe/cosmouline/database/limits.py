"""The limits of images in seeing, ellipticity, sky and coefficient."""

from typing import NamedTuple

import numpy as np


class Limits(NamedTuple):
    """Largest values of the images (or points) that a step uses; None: no limit.

    The sky is the level of the image itself, or on the scale of the reference image (level x
    coefficient) for what joins or stacks images: each step says which.
    """

    seeing: float | None = None
    ellipticity: float | None = None
    sky: float | None = None
    coefficient: float | None = None

    @classmethod
    def of(cls, settings, prefix=""):
        """Return the limits of the settings with a prefix: "" (no coefficient), "dec_", ..."""
        sky = "sky_max_e" if prefix else "sky_level_max_e"
        return cls(getattr(settings, f"{prefix}fwhm_max_arcsec"),
                   getattr(settings, f"{prefix}ellipticity_max"),
                   getattr(settings, prefix + sky),
                   getattr(settings, f"{prefix}coeff_max") if prefix else None)

    def beyond(self, **values):
        """Return by name which values (float or array) do not lie within the limits that are set.

        A value at the limit is within, NaN is beyond; what is None or not given is not compared.
        """
        return {name: ~(np.asarray(values[name], float) <= limit)
                for name, limit in self._asdict().items()
                if limit is not None and values.get(name) is not None}
