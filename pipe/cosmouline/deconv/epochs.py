"""The stamps of all epochs that a joint fit is made of."""

from dataclasses import dataclass, fields, replace

from cosmouline.deconv.epoch_images import PAD_PX, Geometry
from cosmouline.psf.model import pad_narrow

import numpy as np


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
        Pixels that may be used; cosmics are not marked here.
    cosmic : ndarray of bool, shape (n_epochs, side, side)
        Suspected cosmics. They are left out of the first pass only: the masks of the fit come
        from its own residuals.
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
        for name in ("sky_variance_e2", "good", "cosmic"):
            _expect(name, getattr(self, name), shape)
        for name in ("good", "cosmic"):
            if getattr(self, name).dtype != bool:
                raise ValueError(f"{name} must be an array of bool")
        n_epochs = shape[0]
        _expect("linear", self.linear, (n_epochs, 2, 2))
        _expect("shift_px", self.shift_px, (n_epochs, 2))
        _expect("coeff", self.coeff, (n_epochs,))
        _expect("fwhm_px", self.fwhm_px, (n_epochs,))
        _expect("shift_sigma_px", self.shift_sigma_px, (n_epochs,))
        _expect("camera", self.camera, (n_epochs,))
        n_small = np.shape(self.psf)[-1]
        _expect("psf", self.psf, (n_epochs, n_small, n_small))
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

    @property
    def usable(self):
        """Pixels that have a value and an error, and are good."""
        finite = np.isfinite(self.data_e) & np.isfinite(self.sky_variance_e2)
        return self.good & finite & (np.nan_to_num(self.sky_variance_e2) > 0)

    def with_sky_sigma(self, factor):
        """Return the same with another sky noise, and NaN as variance where not usable."""
        variance = np.where(self.usable, self.sky_variance_e2, np.nan) * factor**2
        return replace(self, sky_variance_e2=variance)

    def take(self, index):
        """Return the same of some of the epochs."""
        chosen = {field.name: getattr(self, field.name)[index] for field in fields(self)}
        return replace(self, **chosen)


def _expect(name, array, shape):
    """Raise ValueError when an array has another shape."""
    if np.shape(array) != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {np.shape(array)}")


def pad_psf(narrow, side_px, upsampling):
    """Narrow PSF of the side that a fit of stamps wants.

    Parameters
    ----------
    narrow : ndarray of float, shape (..., m, m)
        Narrow PSF on small pixels, m even.
    side_px : int
        Side of the stamps.
    upsampling : int
        Small pixels per pixel.

    Returns
    -------
    ndarray of float, shape (..., n_small, n_small)
        Padded with zeros, or cropped, to ``n_small = (side_px + 16) * upsampling``.
    """
    return pad_narrow(narrow, Geometry(side_px, upsampling).n_small)
