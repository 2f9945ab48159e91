"""The galaxy in the light of each camera: brighter or fainter against the mean star."""

from dataclasses import replace
from typing import NamedTuple

from cosmouline.deconv.normal_equations import eliminate
from cosmouline.deconv.problem import AMPLITUDE
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np

PRIOR_SD = 0.1  # of a scale about 1: filters of one name, galaxies and stars of 4000 to 6000 K
SCALE_RANGE = (0.5, 2.0)
SMALLEST_CHANGE = 1e-4  # of a scale, below which nothing is solved again
TINY = 1e-30


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

    `sweep` is at `state`, with its `on_nodes` where there is a field; `normal` is of that sweep.

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
    # x W L and x W r of each epoch: the galaxy, and the field where there is one
    n_local = normal.local_rhs.shape[1]
    galaxy = n_local + AMPLITUDE
    products = state.shared[AMPLITUDE] * sweep.products[:, :, galaxy]
    if sweep.on_nodes is not None:
        products = products + np.einsum("ejk,j->ek", sweep.on_nodes, state.node_flux)
    # The equation and its right side, the unknowns of each epoch eliminated
    response = -np.einsum("ekl,el->ek", normal.local_covariance, products[:, :n_local])
    square = (problem.weight * sweep.extended**2).sum((1, 2))
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


def rescaled(problem, state, sweep, with_nodes):
    """Return the state with the scales that fit best, its sweep and its normal equations."""
    normal = eliminate(problem, state, sweep)
    scale = camera_scales(problem, state, sweep, normal).scale
    if np.abs(scale - state.extended_scale).max() < SMALLEST_CHANGE:
        return state, sweep, normal
    state = replace(state, extended_scale=scale)
    sweep = sweep_epochs(problem, state, with_nodes)
    return state, sweep, eliminate(problem, state, sweep)
