"""What differs from camera to camera: the brightness of the galaxy, the width of the images."""

from dataclasses import replace
from typing import NamedTuple

from cosmouline.deconv.normal_equations import eliminate
from cosmouline.deconv.problem import WIDTH
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np

PRIOR_SD = 0.1  # of a scale about 1: filters of one name, galaxies and stars of 4000 to 6000 K
SCALE_RANGE = (0.5, 2.0)
SMALLEST_CHANGE = 1e-4  # of a scale, below which nothing is solved again
TINY = 1e-30
WIDTH_SD = 0.05  # of the width of the images in a camera about that in all
SMALLEST_WIDTH_CHANGE = 1e-5


class Scales(NamedTuple):
    """Scales of galaxy and field in each epoch.

    `scale` (n_epochs,) is the same for all epochs of a camera; the mean, weighted by what the
    epochs know of it, is 1. `relative_variance` (n_epochs,) is that of the scale of the camera, 0
    with a single one; `response` (n_epochs, n_sources + 3) the change of the fluxes, the sky and
    the shift for a scale of double size.
    """

    scale: np.ndarray
    relative_variance: np.ndarray
    response: np.ndarray


def camera_scales(problem, state, sweep, normal):
    """Return the `Scales` that fit best, sources and fluxes being solved along.

    `sweep` is at `state`; `normal` is of that sweep.

    Notes
    -----
    The coefficients hold for the mean star. Through another filter or on another detector a galaxy
    of another colour is brighter or fainter against it, and with one brightness for all cameras
    the images would take the difference: 5 % of it made images brighter by .6 to 1.1 % in one of
    two cameras. The scale of a camera is a linear parameter: with x the image of galaxy and field,
    L those of the local unknowns and C their covariance, its equation is the sum over the epochs
    of x W x - (x W L) C (L W x), its right side that of x W r, r being the residual.
    """
    n_epochs = len(problem.data)
    cameras = [] if problem.camera is None else np.unique(problem.camera)
    if len(cameras) < 2:
        none = np.zeros((n_epochs, normal.local_rhs.shape[1]))
        return Scales(state.extended_scale, np.zeros(n_epochs), none)
    # x W L, x W r and x W x of each epoch: the galaxy, and the field where there is one
    n_local = normal.local_rhs.shape[1]
    products, square = sweep.light[:, :-1], sweep.light[:, -1]
    # The equation and its right side, the unknowns of each epoch eliminated
    response = -np.einsum("ekl,el->ek", normal.local_covariance, products[:, :n_local])
    known = square + (response * products[:, :n_local]).sum(1)
    slope = products[:, -1] + (response * normal.local_rhs).sum(1)
    scale, variance = state.extended_scale.copy(), np.zeros(n_epochs)
    for camera in cameras:
        those = problem.camera == camera
        now = scale[those][0]
        information = known[those].sum() + (now / PRIOR_SD) ** 2
        step = slope[those].sum() - now * (now - 1) / PRIOR_SD**2
        scale[those] = np.clip(now * (1 + step / information), *SCALE_RANGE)
        variance[those] = 1 / information
    # A factor that all cameras share belongs to the galaxy and the field
    mean = np.average(scale, weights=np.maximum(known, 0) + 1e-12 * known.max() + TINY)
    return Scales(scale / mean, variance, response)


class Widths(NamedTuple):
    """Widths of the images in each epoch beyond that of all; see `Scales`.

    `width` (n_epochs,) is the same for all epochs of a camera, its weighted mean 0; `variance` its
    square error; `response` the change of fluxes, sky and shift for a width of 1.
    """

    width: np.ndarray
    variance: np.ndarray
    response: np.ndarray


def camera_widths(problem, state, sweep, normal):
    """Return the `Widths` that fit best, sources and fluxes being solved along.

    Notes
    -----
    The PSFs of a camera can be too wide or too narrow at the place of the lens, as where they
    vary over the field in a way that the stars do not show: with one width for two cameras, of
    which one had a PSF wider by a parabola of 10 % at its edges, the images were 2.6 % brighter in
    it than in the other. As for the scales, but the image is the derivative to the width.
    """
    n_epochs, n_local = normal.local_rhs.shape
    cameras = [] if problem.camera is None else np.unique(problem.camera)
    if problem.widened is None or len(cameras) < 2:
        return Widths(state.camera_width, np.zeros(n_epochs), np.zeros((n_epochs, n_local)))
    products = sweep.products[:, :, n_local + WIDTH]
    response = -np.einsum("ekl,el->ek", normal.local_covariance, products[:, :n_local])
    known = products[:, n_local + WIDTH] + (response * products[:, :n_local]).sum(1)
    slope = products[:, -1] + (response * normal.local_rhs).sum(1)
    width, variance = state.camera_width.copy(), np.zeros(n_epochs)
    for camera in cameras:
        those = problem.camera == camera
        now = width[those][0]
        information = known[those].sum() + WIDTH_SD**-2
        width[those] = now + (slope[those].sum() - now / WIDTH_SD**2) / information
        variance[those] = 1 / information
    # What all cameras share is the width of the images
    mean = np.average(width, weights=np.maximum(known, 0) + TINY)
    return Widths(width - mean, variance, response)


def rescaled(problem, state, sweep, with_nodes):
    """Return the state with the scales and widths that fit best, its sweep and its equations."""
    normal = eliminate(problem, state, sweep)
    scale = camera_scales(problem, state, sweep, normal).scale
    width = camera_widths(problem, state, sweep, normal).width
    if (np.abs(scale - state.extended_scale).max() < SMALLEST_CHANGE
            and np.abs(width - state.camera_width).max() < SMALLEST_WIDTH_CHANGE):
        return state, sweep, normal
    state = replace(state, extended_scale=scale, camera_width=width)
    sweep = sweep_epochs(problem, state, with_nodes)
    return state, sweep, eliminate(problem, state, sweep)
