"""The PSF of one image, from the stamps of its stars: robust against bad pixels and stars."""

from dataclasses import dataclass

from cosmouline.psf.model import Psf
from cosmouline.psf.rounds import (
    curvature_gain,
    fit_rounds,
    make_frame,
    moffat_images,
    moffat_rounds,
)

import numpy as np

FIELDS = ("auto", "on", "off")


@dataclass(frozen=True)
class PsfOptions:
    """Choices of the PSF fit; the defaults need no tuning.

    Parameters
    ----------
    prior : (tau, ell, power)
        Prior of the residuals from the Moffat: their size, correlation length in FWHM, and power
        of the Moffat they follow. In 12 cases of S/N and seeing (.05, 1.2, 1) has 0.6-0.8 of the
        error of (.10, .80, .70); what is finer than a FWHM is no part of a PSF.
    wings : (tau, ell, power)
        A second part, far out and smooth; tau = 0: none. It costs no accuracy of the PSF, and the
        fluxes of a quad over a galaxy need it: without it the scatter of the faintest image of
        the SkyMaker demo is 2.06 %, with it 1.72 %.
    upsampling : int
        Small pixels per pixel. 2; 3 below a FWHM of 2 px; 1 will do for star photometry from
        3.5 px on.
    field : str
        Moffat linear over the field: "auto" (decided by the gain of chi2), "on", "off".
    field_min_stars : int
        Least number of stars for "auto".
    field_min_gain : float
        Least gain of chi2, for 6 coefficients. 20: never on without a gradient (15 fits), always
        on at 3 % change of FWHM and 12 stars.
    is_curved : bool
        The width of a Moffat that may vary over the field is a quadratic, with 9 stars or more.
    min_stars : int
        Fewer stars reject the image. 1 is possible.
    clip_sigma : float
        Residual in sigmas of noise and model error that masks a pixel.
    moffat_error, grid_error : float
        Relative error of the model where outliers are rejected after the Moffat and the grid.
    shift_error_px : float
        Error of the position there (see `pixel_rejection.model_error`).
    max_steps : int
        L-BFGS steps of the first pass; a third of it in the later ones.
    max_passes : int
        Passes of grid fit and rejection of pixels and stars.
    """

    prior: tuple = (0.05, 1.20, 1.0)
    wings: tuple = (0.02, 4.0, 0.5)
    upsampling: int = 2
    field: str = "auto"
    field_min_stars: int = 8
    field_min_gain: float = 20.0
    is_curved: bool = False
    min_stars: int = 3
    clip_sigma: float = 5.0
    moffat_error: float = 0.10
    grid_error: float = 0.02
    shift_error_px: float = 0.08
    max_steps: int = 150
    max_passes: int = 3

    def __post_init__(self):
        if self.field not in FIELDS:
            raise ValueError(f"field must be one of {', '.join(FIELDS)}: {self.field!r}")
        if self.upsampling < 1 or self.min_stars < 1 or self.max_passes < 1:
            raise ValueError("upsampling, min_stars and max_passes must be at least 1")


@dataclass(frozen=True, eq=False)
class PsfFit:
    """The PSF of an image, and how its stars agree with it.

    Parameters
    ----------
    psf : Psf
    x_px, y_px, flux_e : ndarray of float, shape (n,)
        Offsets of the stars from the centres of their stamps, and fluxes in electrons (rough for
        stars that are not used); NaN for a star that had too few good pixels to be fitted at all.
    is_used : ndarray of bool, shape (n,)
        Stars that made the PSF.
    good : ndarray of bool, shape (n, side_px, side_px)
        Pixels after the last rejection; those given, for stars that are not used.
    chi2 : ndarray of float, shape (n,)
        Mean squared residual in units of the noise and half `PsfOptions.grid_error`; NaN likewise.
    residual_fraction : ndarray of float, shape (n,)
        Residual in excess of the noise per flux; NaN likewise.
    variance_e2 : ndarray of float, shape (n, side_px, side_px)
        Noise maps: sky and model of the star.
    n_passes : int
        Passes of the grid fit.
    white : ndarray of float, shape (n_white,), or None
        White unknowns of the prior; None where the grid was fitted without it.
    uv : ndarray of float, shape (n, 2), or None
        Field coordinates of the stars.
    options : PsfOptions
    has_core : ndarray of bool, shape (n,), or None
        Stars of which at least half of the core is not masked (`star_rejection.StarQuality`).
    """

    psf: Psf
    x_px: np.ndarray
    y_px: np.ndarray
    flux_e: np.ndarray
    is_used: np.ndarray
    good: np.ndarray
    chi2: np.ndarray
    residual_fraction: np.ndarray
    variance_e2: np.ndarray
    n_passes: int
    white: np.ndarray
    uv: np.ndarray | None
    options: PsfOptions
    has_core: np.ndarray | None = None

    @property
    def offset_px(self):
        """Offsets (x, y) of the stars from the centres of their stamps, shape (n, 2)."""
        return np.stack([self.x_px, self.y_px], 1)


def fit_psf(stamps_data_e, sky_variance_e2, good, fwhm_px, options=None, uv=None, cosmic=None,
            fit_residual=None):
    """Fit the PSF of one image to the stamps of its stars.

    Parameters
    ----------
    stamps_data_e : ndarray of float, shape (n, side_px, side_px)
        Stamps in electrons, without sky. NaN only where `good` is False.
    sky_variance_e2 : ndarray of float, of the same shape
        Variance of sky and read noise in electrons squared, without the noise of the stars.
    good : ndarray of bool, of the same shape
        Pixels that may be used.
    fwhm_px : float
        Seeing in pixels, to start from.
    options : PsfOptions, optional
    uv : ndarray of float, shape (n, 2), optional
        Field coordinates of the stars (`model.field_coordinates`), for a PSF that varies.
    cosmic : ndarray of bool, shape (n, side_px, side_px), optional
        Suspected cosmic rays: left out of the first fit, then compared with the model as all
        pixels are.
    fit_residual : callable, optional
        Another way to fit the grid, see `rounds.fit_rounds`.

    Returns
    -------
    PsfFit

    Raises
    ------
    ImageRejected
        If fewer than `PsfOptions.min_stars` stars are usable, or the fit runs away.

    Notes
    -----
    First an elliptical Moffat, then the residuals on a grid of small pixels under a
    Gaussian-process prior (`residual_grid`). After each fit the noise is taken from the model,
    outliers among the pixels are rejected and bad stars are dropped. STARRED and LightCurver
    penalise starlets instead; no strength of theirs is good at all fluxes and seeings.
    """
    frame = make_frame(stamps_data_e, sky_variance_e2, good, fwhm_px, uv, options or PsfOptions())
    suspected = np.zeros(frame.good.shape, bool) if cosmic is None else cosmic
    state, grid, quality, was_fitted, n_passes = fit_rounds(frame, suspected, fit_residual)
    up = frame.options.upsampling
    psf = Psf(state.theta[:4], state.gradient, grid.residual, up, frame.side_px)
    # fluxes are amplitudes times the sum of the PSF at each star
    flux_e = state.amplitude * (moffat_images(frame, state) + grid.residual).sum((1, 2))
    stars = (*state.offset_px.T, flux_e, quality.chi2, quality.residual_fraction)
    x_px, y_px, flux_e, chi2, fraction = np.where(was_fitted, stars, np.nan)
    good = np.where(state.is_used[:, None, None], state.good, frame.good)
    return PsfFit(psf, x_px, y_px, flux_e, state.is_used, good, chi2, fraction, state.variance,
                  n_passes, grid.white, frame.uv, frame.options, quality.has_core)


def gain_of_curvature(stamps_data_e, sky_variance_e2, good, fwhm_px, options, uv, cosmic):
    """Gain of chi2 on stars that are left out by a width that is a quadratic over the field.

    Parameters and errors as `fit_psf`; NaN with fewer than 9 stars. The decision is that of many
    images: a shape of the optics is shared by all of a set.
    """
    frame = make_frame(stamps_data_e, sky_variance_e2, good, fwhm_px, uv, options)
    return curvature_gain(frame, moffat_rounds(frame, cosmic)[0])
