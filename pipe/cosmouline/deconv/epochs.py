"""The stamps of all epochs that a joint fit is made of."""

import functools
from dataclasses import dataclass, fields, replace

from cosmouline import library
from cosmouline.deconv.epoch_images import PAD_PX, Geometry
from cosmouline.psf.model import pad_narrow

import numpy as np

ndimage = library("scipy.ndimage")


@dataclass(frozen=True, eq=False)
class Epochs:
    """Stamps, PSFs and geometry of n_epochs exposures of the same objects.

    Parameters
    ----------
    data_e : ndarray of float, shape (n_epochs, side, side)
        Electrons of each exposure, on its own pixels, sky subtracted. NaN: not used.
    sky_variance_e2 : ndarray of float, shape (n_epochs, side, side)
        Variance of the sky and of the read-out, without that of the objects.
    good : ndarray of bool, shape (n_epochs, side, side)
        Pixels that may be used; cosmic rays are not marked here.
    cosmic : ndarray of bool, shape (n_epochs, side, side)
        Suspected cosmic rays. They are left out of the first pass only: the masks of the fit
        come from its own residuals.
    coeff : ndarray of float, shape (n_epochs,)
        What brings electrons of each exposure to the common scale, by multiplication.
    psf : ndarray of float, shape (n_epochs, m, m)
        Narrow PSFs of sum 1 on small pixels, see `pad_psf` for m.
    linear : ndarray of float, shape (n_epochs, 2, 2)
        Maps of offsets (x, y) in the reference frame to those in each image.
    shift_px : ndarray of float, shape (n_epochs, 2)
        Start: where the origin of the reference frame lies, from the centre of each stamp.
    fwhm_px : ndarray of float, shape (n_epochs,)
        Seeing.
    shift_sigma_px : ndarray of float, shape (n_epochs,), optional
        Errors of `shift_px` per coordinate, apart from an offset that all share, where they are
        known (from the stars of the image); NaN, and default: ``options.shift_prior_px``.
    camera : ndarray of int, shape (n_epochs,), optional
        Epochs of one number see the galaxy with the same brightness. Default: all of them.

    Raises
    ------
    ValueError
        If shapes do not go together, a mask is not of bool, or a PSF, map, shift, coefficient or
        FWHM is not finite.
    """

    data_e: np.ndarray
    sky_variance_e2: np.ndarray
    good: np.ndarray
    cosmic: np.ndarray
    coeff: np.ndarray
    psf: np.ndarray
    linear: np.ndarray
    shift_px: np.ndarray
    fwhm_px: np.ndarray
    shift_sigma_px: np.ndarray | None = None
    camera: np.ndarray | None = None

    def __post_init__(self):
        if self.camera is None:
            object.__setattr__(self, "camera", np.zeros(len(self.data_e), int))
        if self.shift_sigma_px is None:
            object.__setattr__(self, "shift_sigma_px", np.full(len(self.data_e), np.nan))
        shape = np.shape(self.data_e)
        if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
            raise ValueError(f"data_e must have the shape (n_epochs, side, side), not {shape}")
        n_epochs, n_small = shape[0], np.shape(self.psf)[-1]
        shapes = {"sky_variance_e2": shape[1:], "good": shape[1:], "cosmic": shape[1:],
                  "linear": (2, 2), "shift_px": (2,), "coeff": (), "fwhm_px": (),
                  "shift_sigma_px": (), "camera": (), "psf": (n_small, n_small)}
        for name, of_epoch in shapes.items():
            if np.shape(getattr(self, name)) != (n_epochs, *of_epoch):
                raise ValueError(f"{name} must have the shape {(n_epochs, *of_epoch)}, not "
                                 f"{np.shape(getattr(self, name))}")
        for name in ("good", "cosmic"):
            if getattr(self, name).dtype != bool:
                raise ValueError(f"{name} must be an array of bool")
        if n_small % (shape[1] + PAD_PX):
            raise ValueError(
                f"psf must have a side of (side + {PAD_PX}) * upsampling small pixels, a multiple "
                f"of {shape[1] + PAD_PX}, not {n_small}"
            )
        for name in ("coeff", "psf", "linear", "shift_px", "fwhm_px"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{name} must be finite")
        if np.min(self.coeff) <= 0 or np.min(self.fwhm_px) <= 0:
            raise ValueError("coeff and fwhm_px must be positive")

    def __len__(self):
        return len(self.data_e)

    @property
    def geometry(self):
        """Sides of the stamps and of the PSFs."""
        side = self.data_e.shape[1]
        return Geometry(side, self.psf.shape[1] // (side + PAD_PX))

    @property
    def fwhm_reference_px(self):
        """Seeing in pixels of the reference frame."""
        return self.fwhm_px / np.sqrt(np.abs(np.linalg.det(self.linear)))

    @functools.cached_property
    def usable(self):
        """Pixels that have a value and an error, and are good."""
        finite = np.isfinite(self.data_e) & np.isfinite(self.sky_variance_e2)
        return self.good & finite & (self.sky_variance_e2 > 0)

    def with_sky_sigma(self, factor):
        """Return the same with scaled sky noise, and NaN as variance where not usable."""
        variance = np.where(self.usable, self.sky_variance_e2, np.nan) * factor**2
        return replace(self, sky_variance_e2=variance)

    def take(self, index):
        """Return the same of some of the epochs."""
        chosen = {field.name: getattr(self, field.name)[index] for field in fields(self)}
        return replace(self, **chosen)


def pad_psf(narrow, side_px, upsampling):
    """Pad narrow PSFs (..., m, m) with zeros, or crop them, to the side that a fit needs.

    Of stamps of `side_px` pixels that is ``(side_px + 16) * upsampling`` small pixels; m is even.
    """
    return pad_narrow(narrow, Geometry(side_px, upsampling).n_small)


def in_reference(stamp, linear, shift_px, order=1, outside=0.0):
    """Lay a stamp on the pixels of the reference frame, whose middle is the origin of positions.

    The image of x is ``linear @ x + shift_px`` from the centre of the stamp; splines of `order`,
    and `outside` where the stamp does not reach.
    """
    by_rows = linear[::-1, ::-1]  # arrays are [y, x]
    middle = (stamp.shape[-1] - 1) / 2
    offset = middle + shift_px[::-1] - by_rows @ [middle, middle]
    return ndimage.affine_transform(stamp, by_rows, offset, order=order, cval=outside)


def pixel_offsets(epochs):
    """Offsets (x, y) of the pixels of the reference frame from its middle, (side, side, 2)."""
    side = epochs.data_e.shape[-1]
    axis = np.arange(side) - (side - 1) / 2
    return np.stack(np.meshgrid(axis, axis), -1)
