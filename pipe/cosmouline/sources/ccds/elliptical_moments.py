"""Adaptive moments with an elliptical Gaussian weight, of many stamps at once."""

from typing import NamedTuple

from cosmouline.sources.moments import START_SIGMA_PX

import numpy as np

N_ITERATIONS = 100  # most objects need 10 to 30
TOLERANCE = 1e-7  # of the trace, where an object is finished
CENTRE_MOVE_MAX_PX = 6.0  # a centre that walks farther belongs to another object
SIGMA_LEAST_PX = 0.3
BLOCK = 1000  # stamps in memory at a time


class EllipticalMoments(NamedTuple):
    """Adaptive moments of n stamps, shape (n,); all NaN for one where they fail."""

    x_px: np.ndarray  # centre from that of the stamp
    y_px: np.ndarray
    e1: np.ndarray  # (Mxx - Myy) / (Mxx + Myy), of x and y of the stamp
    e2: np.ndarray  # 2 Mxy / (Mxx + Myy)
    sigma_px: np.ndarray  # det(M)^(1/4)
    flux: np.ndarray  # of the Gaussian that fits


def elliptical_moments(stamps, good=None):
    """Measure objects with the Gaussian weight that has their own moments.

    Parameters
    ----------
    stamps : ndarray of float, shape (n, side, side)
        Without sky; the object near the middle.
    good : ndarray of bool, of the same shape, optional
        Pixels that are not good are taken as 0.

    Returns
    -------
    EllipticalMoments

    Notes
    -----
    The weight w = exp(-x' M^-1 x / 2) is iterated until M = 2 <x x'>_w and <x>_w = 0 (Bernstein &
    Jarvis 2002, AJ 123, 583; Hirata & Seljak 2003, MNRAS 343, 459): the Gaussian that fits best
    by least squares, what GalSim's HSM calls adaptive moments.
    """
    stamps = np.asarray(stamps, dtype=float)
    if good is not None:
        stamps = np.where(good, stamps, 0.0)
    n, side = len(stamps), stamps.shape[-1]
    axis = np.arange(side) - (side - 1) / 2
    centre, moments = np.zeros((n, 2)), np.tile(START_SIGMA_PX**2 * np.eye(2), (n, 1, 1))
    flux, state = np.zeros(n), np.zeros(n, dtype=int)  # 0: goes on, 1: finished, -1: failed
    with np.errstate(all="ignore"):
        for _ in range(N_ITERATIONS):
            todo = np.flatnonzero(state == 0)
            if not todo.size:
                break
            dx = axis[None, None, :] - centre[todo, 0][:, None, None]
            dy = axis[None, :, None] - centre[todo, 1][:, None, None]
            inverse = np.linalg.inv(moments[todo])
            light = stamps[todo] * np.exp(-0.5 * (
                inverse[:, 0, 0, None, None] * dx**2 + inverse[:, 1, 1, None, None] * dy**2)
                - inverse[:, 0, 1, None, None] * dx * dy)
            # sums by columns and rows are cheaper than by pixels
            by_x, by_y = light.sum(1), light.sum(2)
            x, y = dx[:, 0], dy[:, :, 0]
            total = by_x.sum(1)
            first = np.stack([(by_x * x).sum(1), (by_y * y).sum(1)], 1) / total[:, None]
            xy = ((light * dx).sum(2) * y).sum(1)
            second = np.stack([(by_x * x**2).sum(1), xy, xy, (by_y * y**2).sum(1)], 1)
            new = 2 * second.reshape(-1, 2, 2) / total[:, None, None]
            centre[todo] += 2 * first
            trace = new[:, 0, 0] + new[:, 1, 1]
            step = np.abs(new - moments[todo]).max((1, 2)) / trace + np.abs(first).max(1)
            failed = ~(total > 0) | ~(np.linalg.det(new) > SIGMA_LEAST_PX**4) | ~(
                np.abs(centre[todo]).max(1) < CENTRE_MOVE_MAX_PX) | ~(trace > 0)
            moments[todo] = np.where(failed[:, None, None], np.eye(2), new)
            flux[todo] = 2 * total
            state[todo] = np.where(failed, -1, np.where(step < TOLERANCE, 1, 0))
    trace = moments[:, 0, 0] + moments[:, 1, 1]
    valid = np.where(state == 1, 1.0, np.nan)
    return EllipticalMoments(
        centre[:, 0] * valid, centre[:, 1] * valid,
        (moments[:, 0, 0] - moments[:, 1, 1]) / trace * valid,
        2 * moments[:, 0, 1] / trace * valid,
        np.linalg.det(moments) ** 0.25 * valid, flux * valid)


def blocks_of(rows):
    """Yield an ndarray of row numbers in blocks of `BLOCK`."""
    for first in range(0, len(rows), BLOCK):
        yield rows[first:first + BLOCK]


def cut_around(image, x_px, y_px, side_px, fill=0.0):
    """Cut stamps (n, side, side) around the pixels nearest to positions, `fill` outside."""
    half = side_px // 2
    padded = np.pad(image, half + 1, constant_values=fill)
    # a position far outside gives an empty stamp
    ny, nx = image.shape
    x = np.clip(np.rint(np.nan_to_num(x_px, nan=-1e6)), -half - 1, nx + half).astype(int)
    y = np.clip(np.rint(np.nan_to_num(y_px, nan=-1e6)), -half - 1, ny + half).astype(int)
    grid = np.arange(side_px)
    rows = np.clip(y[:, None] + 1 + grid, 0, padded.shape[0] - 1)
    cols = np.clip(x[:, None] + 1 + grid, 0, padded.shape[1] - 1)
    return padded[rows[:, :, None], cols[:, None, :]]
