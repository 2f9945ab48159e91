"""The PSF of one image with STARRED: its model and its loss, compiled once per size of stamps.

jax and starred take seconds to import, so they are imported when the first PSF is fitted.
"""

from contextlib import contextmanager, nullcontext
from functools import lru_cache
from types import SimpleNamespace

from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.model import shift_operator
from cosmouline.psf.residual_grid import GridFit

import numpy as np

# Of the l1 penalty, in units of the noise of each starlet. Seven simulated sets of stars, .5 to 4
# tried: rms against the truth .24-1.3 %, as with the Gaussian process; .5 over-fits, twice as bad.
STRENGTH = 2.0
STEPS_PER_STEP = 2  # of adabelief, for one of the L-BFGS of the Gaussian process
RATE = 1e-3  # first step of adabelief, of a Moffat of unit peak; it falls to 0 as a cosine
STAR_STEP = 4  # number of stars is padded to a multiple of this: fewer compilations
STARLET_KERNEL = np.array([1, 4, 6, 4, 1]) / 16
UNUSED_VARIANCE = 1e12  # of pixels that are not used; those of a star of flux 1 have about 1e-6


def fit_starred_psf(data_e, variance, good, fwhm_px, options=None):
    """Fit the PSF of one image with STARRED.

    Parameters
    ----------
    data_e, variance, good, fwhm_px
        As in `fit.fit_psf`; `good` without suspected cosmic rays.
    options : PsfOptions, optional
        Its prior of the grid is not used.

    Returns
    -------
    PsfFit
        ``white`` is None: there is no Gaussian process to draw from.

    Raises
    ------
    ImageRejected
        If fewer than `PsfOptions.min_stars` stars are usable, or the fit runs away.
    ValueError
        If the options ask for a PSF that varies over the field.

    Notes
    -----
    STARRED (Michalewicz et al. 2023, JOSS 8, 5340; Millon et al. 2024, AJ 168, 55): a Moffat,
    then a grid under an l1 penalty on its starlets, minimised by adabelief. Differs from its
    ``build_psf`` in that the Moffat is fitted by Levenberg-Marquardt, that pixels and stars are
    rejected as for our own PSF, that the noise of each starlet comes from the exact curvature of
    chi2 instead of draws of one noise map, and that the step falls to 0. STARRED's field
    distortion is not offered.
    """
    options = options or PsfOptions()
    if options.field == "on":
        raise ValueError('psf_field = "on" needs psf_engine = "gp": the PSF that STARRED gives is '
                         "the same over the field")
    return fit_psf(data_e, variance, good, fwhm_px, options, fit_residual=fit_starlets)


def fit_starlets(frame, state, images, grid, max_steps):
    """Fit the grid to the used stars with the loss of STARRED.

    Parameters
    ----------
    frame : rounds.Frame
    state : rounds.State
    images : ndarray of float, shape (1, n_small, n_small)
        Moffat of unit peak; it is held.
    grid : GridFit
        Where to start; its residual is used.
    max_steps : int
        Half the number of steps of adabelief.

    Returns
    -------
    GridFit
        Of the used stars, in the order of the state; ``white`` is None.
    """
    import jax

    # single precision wants amplitudes of about 1; few sizes of arrays mean few compilations
    used, up, n_used = state.is_used, frame.options.upsampling, int(state.is_used.sum())
    unit = state.amplitude[used].mean() * up**2
    data = np.where(state.good[used], frame.data[used], 0.0) / unit
    variance = np.where(state.good[used], state.variance[used] / unit**2, UNUSED_VARIANCE)
    amplitude = state.amplitude[used] * up**2 / unit
    noise = starlet_noise(amplitude, state.offset_px[used], variance, up)
    start, amplitude = _padded(state.offset_px[used], 0.0), _padded(amplitude, 1.0)
    fixed = {"data": _single(_padded(data, 0.0)),
             "variance": _single(_padded(variance, UNUSED_VARIANCE)),
             # the loss multiplies by n / up^2
             "weights": _single(STRENGTH * noise * up**2 / len(amplitude)),
             "moffat": _single(starred_moffat(state.theta[:4]))}
    free = _single({"a": amplitude, "x0": start[:, 0], "y0": start[:, 1],
                    "background": grid.residual.ravel()})
    with single_precision():
        descend = _descent(len(amplitude), frame.side_px, up)
        found = jax.device_get(descend(free, fixed, STEPS_PER_STEP * max_steps))
    found = {name: np.asarray(value, float) for name, value in found.items()}
    offset_px = np.stack([found["x0"], found["y0"]], 1)[:n_used]
    residual = found["background"].reshape(images.shape[1:])
    return GridFit(None, residual, offset_px, found["a"][:n_used] * unit / up**2)


@contextmanager
def single_precision():
    """Context in which jax, in this thread, works in single precision.

    Graphics cards multiply with 10 bits unless the highest precision is set, with 23.
    """
    import jax

    is_cpu = jax.default_backend() == "cpu"
    exact = nullcontext() if is_cpu else jax.default_matmul_precision("highest")
    with jax.enable_x64(False), exact:
        yield


def starred_moffat(theta):
    """Moffat in the parameters of STARRED.

    Parameters
    ----------
    theta : ndarray of float, shape (4,)
        ln(FWHM in pixels), e1, e2, ln(beta), see `model.Psf`.

    Returns
    -------
    dict of float
        Keyword arguments ``kwargs_moffat`` of ``starred.psf.psf.PSF``, of unit peak.
    """
    ln_fwhm, e1, e2, ln_beta = theta
    e, fwhm_px = np.hypot(e1, e2), np.exp(ln_fwhm)
    axes = fwhm_px / np.sqrt(1 + e), fwhm_px / np.sqrt(1 - e)
    phi = 0.5 * np.arctan2(e2, e1)
    return {"fwhm_x": axes[0], "fwhm_y": axes[1], "phi": phi, "beta": np.exp(ln_beta), "C": 1.0}


def starlet_noise(amplitude, offset_px, variance, upsampling):
    """Noise of the gradient of chi2 / 2 by each starlet of the grid.

    Parameters
    ----------
    amplitude : ndarray of float, shape (n,)
        Fluxes of the stars in the unit of the root of `variance`.
    offset_px : ndarray of float, shape (n, 2)
    variance : ndarray of float, shape (n, side_px, side_px)
        Very large where a pixel is not used.
    upsampling : int
        Small pixels per pixel.

    Returns
    -------
    ndarray of float, shape (n_scales + 1, n_small, n_small)
        One per coefficient; 0 for the coarsest scale, which STARRED does not penalise.

    Notes
    -----
    A starlet is the difference of two separable images c_j - c_j+1, so its noise
    ``sum a^2 (R S C)^2 / variance``, with R and C the images of one axis, is a sum of three
    separable products: exact, for the price of some matrix products.
    """
    side_px = variance.shape[-1]
    n_small = side_px * upsampling
    weight = amplitude[:, None, None] ** 2 / variance
    rows = shift_operator(offset_px[:, 1], side_px, upsampling).swapaxes(1, 2)
    cols = shift_operator(offset_px[:, 0], side_px, upsampling).swapaxes(1, 2)
    # variance of c_j - c_j+1: that of both, less twice the covariance
    noise = []
    for scale in range(int(np.log2(n_small))):
        smoothing = smoothing_matrix(n_small, scale)
        rows_next, cols_next = smoothing @ rows, smoothing @ cols
        variances = rows**2 @ weight @ (cols**2).swapaxes(1, 2)
        variances += rows_next**2 @ weight @ (cols_next**2).swapaxes(1, 2)
        variances -= 2 * (rows * rows_next) @ weight @ (cols * cols_next).swapaxes(1, 2)
        noise.append(np.sqrt(np.maximum(variances.sum(0), 0)))
        rows, cols = rows_next, cols_next
    return np.array([*noise, np.zeros((n_small, n_small))])


def smoothing_matrix(n_small, scale):
    """Matrix that smooths one axis from one scale of the starlets to the next.

    Parameters
    ----------
    n_small : int
        Side of the grid.
    scale : int
        0 for the finest.

    Returns
    -------
    ndarray of float, shape (n_small, n_small)
        Beyond the edges there is 0, as in STARRED.
    """
    offsets = np.arange(-2, 3) * 2**scale
    return sum(value * np.eye(n_small, k=offset)
               for value, offset in zip(STARLET_KERNEL, offsets, strict=True))


def _padded(values, fill):
    """Return values of the stars with entries of `fill` after them."""
    n_more = -len(values) % STAR_STEP
    return np.concatenate([values, np.full((n_more, *values.shape[1:]), fill)])


def _single(values):
    """Return an array, or a dict of arrays, in the single precision of STARRED."""
    if isinstance(values, dict):
        return {name: _single(value) for name, value in values.items()}
    return np.asarray(values, np.float32)


@lru_cache(maxsize=16)
def _descent(n_stars, side_px, upsampling):
    """Return the compiled descent of STARRED's loss for stamps of one size."""
    import jax
    import optax
    from starred.psf.loss import Loss
    from starred.psf.psf import PSF

    model = PSF(image_size=side_px, number_of_sources=n_stars, upsampling_factor=upsampling,
                convolution_method="fft", include_moffat=True, elliptical_moffat=True)
    n_small = side_px * upsampling
    ones = np.ones((n_stars, side_px, side_px))
    weights = np.ones((int(np.log2(n_small)) + 1, n_small, n_small))
    loss = Loss(ones, model, None, ones, n_stars, regularization_strength_scales=1.0,
                regularization_strength_hf=1.0, regularize_full_psf=False, W=weights)

    def cost(free, fixed):
        def keywords(free):
            stars = {name: free[name] for name in ("a", "x0", "y0")}
            grid = {"background": free["background"], "mean": np.zeros(n_stars, np.float32)}
            return {"kwargs_moffat": fixed["moffat"], "kwargs_gaussian": stars,
                    "kwargs_background": grid, "kwargs_distortion": None}

        # data, noise and penalty are arguments of the compiled function, not constants in it
        loss.update_dataset(fixed["data"], fixed["variance"], fixed["weights"],
                            SimpleNamespace(args2kwargs=keywords))
        return loss.loss(free)

    gradient, search = jax.grad(cost), optax.adabelief(1.0)

    def descend(free, fixed, n_steps):
        def step(number, carry):
            free, memory = carry
            change, memory = search.update(gradient(free, fixed), memory, free)
            rate = 0.5 * RATE * (1 + jax.numpy.cos(np.pi * number / n_steps))
            return jax.tree.map(lambda x, d: x + rate * d, free, change), memory

        return jax.lax.fori_loop(0, n_steps, step, (free, search.init(free)))[0]

    return jax.jit(descend)
