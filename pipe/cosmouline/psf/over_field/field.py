"""A PSF whose every pixel is a polynomial of the position, from the stars of a CCD."""

from dataclasses import dataclass

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.sources.ccds.elliptical_moments import elliptical_moments
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

optimize = library("scipy.optimize")

N_PASSES = 4
ACCURACY = 0.01  # error of the model per pixel in the noise of bright stars, as PSFEx has it
# (degree of the stretches, degree of each pixel): what may vary over the field
MODELS = ((0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (2, 2))
LEAST_STARS = (3, 6, 12, 15, 18, 36)  # of each
RICHER_GAIN = 0.001  # of chi2 on stars left out, for a richer model
N_FOLDS = 5
JUDGED_FWHM = 1.5  # radius within which stars are judged
WINGS_FWHM = 2.5  # beyond, the PSF is the same all over the field
WORST_CHI2 = 4.0  # times the median: such a star is left out
CORE_GOOD = 0.6  # fraction of the pixels of the core


@dataclass(frozen=True, eq=False)
class FieldPsf:
    """A PSF over a CCD.

    Parameters
    ----------
    terms : ndarray of float, shape (n_terms, side, side)
        Images of the polynomial terms 1, u, v, u^2, uv, v^2 up to the degree.
    degree : int
    origin_px, scale_px : ndarray of float, shape (2,)
        u, v = (x, y - origin) / scale.
    fwhm_px : float
        Median FWHM of its stars, Gaussian by adaptive moments.
    """

    terms: np.ndarray
    degree: int
    origin_px: np.ndarray
    scale_px: np.ndarray
    fwhm_px: float

    def at(self, x_px, y_px):
        """PSF images of sum 1 at positions (from 0), centred on the middle pixel.

        Returns ndarray of float, shape (n, side, side).
        """
        design = polynomials((np.column_stack([x_px, y_px]) - self.origin_px) / self.scale_px,
                             self.degree)
        images = np.tensordot(design, self.terms, 1)
        return images / images.sum((1, 2), keepdims=True)


@dataclass(frozen=True, eq=False)
class FieldFit:
    """A `FieldPsf` and what its stars say about it, arrays of shape (n,)."""

    psf: FieldPsf
    is_used: np.ndarray
    offset_px: np.ndarray  # (n, 2) of each star from the middle of its stamp
    flux: np.ndarray
    chi2: np.ndarray  # mean over the core, in units of the noise
    model: tuple  # of MODELS
    cross_chi2: tuple  # of stars left out, by MODELS; NaN where it was not tried


def polynomials(uv, degree):
    """Terms u^i v^j, i + j <= degree, in the order 1, u, v, u^2, uv, v^2; shape (n, n_terms)."""
    u, v = np.asarray(uv, dtype=float).T
    return np.column_stack([u ** (total - j) * v**j for total in range(degree + 1)
                            for j in range(total + 1)])


def shifted(images, offset_px):
    """Images (n, side, side) moved by (x, y) in pixels, by the phases of their Fourier modes."""
    side = images.shape[-1]
    kx, ky = 2 * np.pi * np.fft.rfftfreq(side), 2 * np.pi * np.fft.fftfreq(side)
    phase = np.exp(-1j * (kx * offset_px[:, 0, None])[:, None, :]
                   - 1j * (ky * offset_px[:, 1, None])[:, :, None])
    return np.fft.irfft2(np.fft.rfft2(images) * phase, images.shape[-2:])


def slopes(images):
    """Derivatives of images (..., side, side) along x and y, by their Fourier modes.

    Differences of neighbours would be 7 % too small at a FWHM of 3.5 px.
    """
    side = images.shape[-1]
    modes = np.fft.rfft2(images)
    kx, ky = 2j * np.pi * np.fft.rfftfreq(side), 2j * np.pi * np.fft.fftfreq(side)[:, None]
    return np.fft.irfft2(modes * kx, (side, side)), np.fft.irfft2(modes * ky, (side, side))


def fit_field(stamps, sky_variance, good, position_px, gain, shape, max_degree=2):
    """Fit the PSF of a CCD to its stars.

    Parameters
    ----------
    stamps : ndarray of float, shape (n, side, side)
        Without sky, around the pixels nearest to the stars; side is odd.
    sky_variance : float or ndarray of that shape
        Of the sky and the detector.
    good : ndarray of bool, of that shape
    position_px : ndarray of float, shape (n, 2)
        Of the stars on the CCD.
    gain : float
        Electrons per unit.
    shape : (ny, nx)
        Of the CCD.
    max_degree : int
        Which of `MODELS` it is decides the chi2 of stars that are left out.

    Returns
    -------
    FieldFit

    Raises
    ------
    ImageRejected
        If fewer than 3 stars can be measured.

    Notes
    -----
    Stars are moved to the middle of their stamps and fitted pixel by pixel with weights, as PSFEx
    does with BASIS_TYPE PIXEL (Bertin 2011, ASPC 442, 435). Positions and fluxes are refined
    against the model, so that errors of the first positions do not widen it; bad pixels take the
    model's value.
    """
    start = elliptical_moments(stamps, good)
    usable = np.isfinite(start.flux) & (start.flux > 0)
    side = stamps.shape[-1]
    fwhm_px = FWHM_PER_SIGMA * float(np.median(start.sigma_px[usable])) if usable.any() else np.nan
    axis = np.arange(side) - (side - 1) / 2
    radius = np.hypot(axis, axis[:, None])
    core = radius < JUDGED_FWHM * fwhm_px
    usable &= good[:, core].mean(1) > CORE_GOOD if core.any() else False
    if usable.sum() < LEAST_STARS[0]:
        raise ImageRejected(f"{usable.sum()} of {len(stamps)} stars can be measured (least "
                            f"{LEAST_STARS[0]})")
    origin, scale = (np.array(shape[::-1]) - 1) / 2, np.array(shape[::-1]) / 2
    uv = (position_px - origin) / scale
    offset = np.nan_to_num(np.stack([start.x_px, start.y_px], 1))
    flux = np.where(usable, 1.1 * start.flux, 1.0)
    model, chi2, cross = np.zeros_like(stamps), np.full(len(stamps), np.nan), ()
    # a simple model first; the evidence decides when the positions are good
    tried = MODELS[min(1, max_degree) if usable.sum() > LEAST_STARS[2] else 0]
    near = radius < (WINGS_FWHM + 1) * fwhm_px
    everywhere = np.ones_like(core)
    is_wing = (radius > WINGS_FWHM * fwhm_px)
    for k in range(N_PASSES):
        # bad pixels have no weight, and the value of the model so that they do not ring
        filled = np.where(good, stamps, flux[:, None, None] * model)
        centred = shifted(filled, -offset) / flux[:, None, None]
        light = np.maximum(shifted(model, -offset), 0) * flux[:, None, None]
        variance = sky_variance + light / gain + (ACCURACY * light) ** 2
        weight = np.where(good, flux[:, None, None] ** 2 / variance, 0.0)
        if k == N_PASSES - 2:
            cross = cross_validated(centred[:, near], weight[:, near], uv, usable,
                                    (side, near, is_wing[near]), max_degree)
            tried = MODELS[best_model(cross)]
        terms = _solved(centred[usable].reshape(-1, side**2), weight[usable].reshape(
            -1, side**2), uv[usable], tried, (side, everywhere, is_wing.ravel()))
        psf = FieldPsf(terms.reshape(-1, side, side), max(tried), origin, scale, fwhm_px)
        images = psf.at(*position_px.T)
        model = shifted(images, offset)
        # fluxes and positions of the stars, to first order, for the next pass
        amount, move = _refined(stamps, model, flux, sky_variance, good, gain, radius, fwhm_px)
        flux = np.where(usable & (amount > 0), amount, flux)
        offset = offset + np.where(usable[:, None], np.clip(np.nan_to_num(move), -0.3, 0.3), 0)
        residual = stamps - flux[:, None, None] * model
        noise = sky_variance + flux[:, None, None] * np.maximum(model, 0) / gain + (
            ACCURACY * flux[:, None, None] * model) ** 2
        chi2 = np.where(good, residual**2 / noise, 0)[:, core].sum(1) / np.maximum(
            good[:, core].sum(1), 1)
        keep = usable & (chi2 < WORST_CHI2 * np.median(chi2[usable]))
        if keep.sum() >= LEAST_STARS[0]:
            usable = keep
    return FieldFit(psf, usable, offset, flux, chi2, tried, cross)


def _solved(centred, weight, uv, model, square):
    """Images of the polynomial terms of a `MODELS` entry; `centred` has shape (n, n_pixels).

    The mean PSF is free in every pixel. Its stretches (larger, longer in x, longer along the
    diagonal) vary with the degree of the shape: a handful of numbers of all stars together. What
    is left may vary pixel by pixel with a degree of its own, but for the faint wings.
    """
    shape_degree, pixel_degree = model
    side, is_core, is_wing = square
    n_all = max(_n_terms(shape_degree), _n_terms(pixel_degree))
    terms = np.zeros((n_all, centred.shape[1]))
    terms[:1] = _by_pixel(centred, weight, uv, 0)
    for _ in range(2 if shape_degree else 1):
        if shape_degree:
            image = np.zeros((side, side))
            image[is_core] = terms[0]
            bases = stretches(image)[:, is_core]
            design = polynomials(uv, shape_degree)[:, 1:]
            # normal equations of (basis, term) pairs over stars and pixels
            pairs = (bases[:, None] * bases).reshape(9, -1)
            products = (weight @ pairs.T).reshape(-1, 3, 3)
            matrix = np.einsum("sbc,si,sj->bicj", products, design, design)
            pull = (weight * (centred - terms[0])) @ bases.T
            right = np.einsum("sb,si->bi", pull, design)
            n = right.size
            matrix = matrix.reshape(n, n)
            matrix += 1e-10 * np.trace(matrix) / n * np.eye(n)
            factors = np.linalg.solve(matrix, right.ravel()).reshape(right.shape)
            stretched = factors.T @ bases
            left = centred - design @ stretched
        else:
            stretched, left = np.zeros((0, centred.shape[1])), centred
        terms[:] = 0
        for those, degree in ((is_wing, 0), (~is_wing, pixel_degree)):
            terms[:_n_terms(degree), those] = _by_pixel(left[:, those], weight[:, those], uv,
                                                        degree)
        terms[1:1 + len(stretched)] += stretched
    return terms


def _n_terms(degree):
    """Number of the terms of a polynomial in two coordinates."""
    return (degree + 1) * (degree + 2) // 2


def _by_pixel(centred, weight, uv, degree):
    """Polynomial terms of each pixel by weighted least squares, shape (n_terms, n_pixels)."""
    if not centred.shape[1]:
        return np.zeros((_n_terms(degree), 0))
    design = polynomials(uv, degree)
    matrix = np.einsum("sp,si,sj->pij", weight, design, design)
    ridge = 1e-9 * np.trace(matrix, axis1=1, axis2=2).mean() + 1e-300
    matrix += ridge * np.eye(design.shape[1])
    right = np.einsum("sp,si,sp->pi", weight, design, centred)
    return np.linalg.solve(matrix, right[..., None])[..., 0].T


def stretches(image):
    """Change of a PSF when it grows, gets longer in x, longer along the diagonal.

    ndarray of float, shape (side, side) to (3, side, side). Of the round Moffat that fits the
    image best: differences of the image itself would multiply its noise by the radius.
    """
    axis = np.arange(len(image)) - (len(image) - 1) / 2
    x, y = axis[None, :], axis[:, None]
    square = x**2 + y**2
    peak = image.max()
    start = (peak, 2 * np.log((image > peak / 2).sum() / 2 + 1), np.log(2.0))
    (height, size, beta), _ = optimize.curve_fit(
        lambda r2, height, size, beta: height * (1 + r2 / np.exp(size)) ** (-1 - np.exp(beta)),
        square.ravel(), image.ravel(), start, maxfev=2000)
    alpha2, beta = np.exp(size), 1 + np.exp(beta)
    light = height * (1 + square / alpha2) ** -beta
    by_r = -2 * beta / alpha2 * light / (1 + square / alpha2)  # slope over radius
    return np.stack([-square * by_r - 2 * light, -(x**2 - y**2) * by_r, -2 * x * y * by_r])


def _refined(stamps, model, flux, sky_variance, good, gain, radius, fwhm_px):
    """Flux (n,) and shift (n, 2) of each star by linear least squares against the model."""
    dx, dy = slopes(model)
    design = np.stack([model, -dx, -dy, np.ones_like(model)], -1).reshape(len(stamps), -1, 4)
    noise = sky_variance + flux[:, None, None] * np.maximum(model, 0) / gain + (
        ACCURACY * flux[:, None, None] * model) ** 2
    weight = np.where(good & (radius < WINGS_FWHM * fwhm_px), 1 / noise, 0.0).reshape(
        len(stamps), -1)
    matrix = np.einsum("np,npi,npj->nij", weight, design, design)
    right = np.einsum("np,npi,np->ni", weight, design, stamps.reshape(len(stamps), -1))
    scale = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
    solved = np.linalg.solve(matrix + 1e-12 * scale * np.eye(4) + 1e-300 * np.eye(4),
                             right[..., None])[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return solved[:, 0], solved[:, 1:3] / solved[:, :1]


def cross_validated(centred, weight, uv, usable, square, max_degree):
    """Mean chi2 of stars left out of the fit, by `MODELS`; NaN with too few stars, or not tried.

    Within the core, where `square` (side, pixels, wings) has its pixels.
    """
    found = np.full(len(MODELS), np.nan)
    stars = np.flatnonzero(usable)
    for k, model in enumerate(MODELS):
        if max(model) > max_degree or len(stars) < LEAST_STARS[k]:
            continue
        total, n = 0.0, 0
        for fold in range(N_FOLDS):
            out = stars[fold::N_FOLDS]
            rest = np.setdiff1d(stars, out)
            terms = _solved(centred[rest], weight[rest], uv[rest], model, square)
            left = centred[out] - polynomials(uv[out], max(model)) @ terms
            total += float((left**2 * weight[out]).sum())
            n += left.size
        found[k] = total / n
    return tuple(float(value) for value in found)


def best_model(cross):
    """Number of the simplest model that no richer one beats by `RICHER_GAIN` on stars left out."""
    best = 0
    for richer in range(1, len(cross)):
        if cross[richer] < (1 - RICHER_GAIN) * cross[best]:
            best = richer
    return best
